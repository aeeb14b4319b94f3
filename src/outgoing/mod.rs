//! Calls of endpoints that belong to others: where they may go, how they are signed, how they end.
//!
//! Receivers of alerts, hooks and whoever takes metrics are called alike. Nothing here has a secret
//! but what makes a request, and nothing here decides what an answer means.

mod address;
mod headers;
mod outcome;
mod request;
mod signature;

pub use address::{BadAddress, address, heartbeat_address};
pub use headers::{BadHeaders, HEADER_VALUE_BYTES_MAX, HEADERS_MAX, headers};
pub use outcome::Outcome;
pub use request::{CannotSend, OutgoingRequest, REPLY_BYTES_MAX, Secrets, TIMEOUT_MS};
pub use signature::{BadSigningSecret, SigningSecret};
