//! The admin API: `/.pointsman/v1/`.
//!
//! [`ROUTES`] says which routes there are and who may take them. A request goes through three
//! doors: the host it came to, who sends it ([`Caller`]), and what that actor may do. Only then is
//! its body read.

mod body;
mod caller;
mod door;
mod explain;
mod fault;
mod limiter;
mod openapi;
mod request;
mod routes;

pub use body::{ACT_BODY_MS_MAX, ACT_BYTES_MAX, KEY_BYTES_MAX};
pub use caller::{ADMIN_TOKEN_NAME, Caller, Shown, by_token, must_be_of_this_site, shown, unknown};
pub use door::Door;
pub use explain::{Behind, EXPLAINED_HEADERS_MAX, Explained, Imagined, Removed};
pub use fault::{Code, Fault};
pub use limiter::{Counted, LOOKS_PER_MINUTE_MAX, Limiter, STRANGERS_PER_MINUTE_MAX};
pub use openapi::OPENAPI;
#[cfg(not(target_arch = "wasm32"))]
pub use openapi::document as openapi_document;
pub use request::{ApiRequest, Wanted, metrics_wanted, must_look};
pub use routes::{Found, METRICS_PAGE, Operation, PROXY_PAGE, ROUTES, Route, V1, find};
