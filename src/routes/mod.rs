//! The routing table: everything a proxy needs to decide, in one KV value.
//!
//! The Controller compiles it, KV carries it, and each isolate reads it once a generation into a
//! [`Table`]. Rules travel in the same document as the regions that they constrain, with the
//! regions that they permit at this instant, so a proxy can never hold new regions with old rules,
//! and needs no calendar of the law. A table that does not read is no table: a proxy refuses rather
//! than guesses.

mod document;
mod law_book;
mod table;

pub use document::{
    CandidateEntry, HeaderEntry, LastingEntry, RegionEntry, Routes, RuleEntry, ServiceEntry,
    SteeringEntry, TenancyEntry, WhenEntry,
};
pub use law_book::{LawBook, Pin};
pub use table::{BadRoutes, Candidate, Serving, Table};

use crate::time::{MINUTE, Millis};

/// The KV key.
pub const KEY: &str = "routes";
/// The version that this build writes and reads.
pub const VERSION: u32 = 2;
/// A table older than this is called stale: two heartbeats were missed, and KV had time to spread
/// the third.
pub const STALE_AFTER: Millis = 12 * MINUTE;
