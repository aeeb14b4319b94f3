//! The routing table: everything a proxy needs to decide, in one KV value.
//!
//! The Controller compiles it, KV carries it, and each isolate reads it once a generation into a
//! [`Table`]. Rules travel in the same document as the regions, together with the regions that each
//! permits at this instant. So a proxy never has new regions with old rules, and needs no dates of
//! the law. A table that cannot be read is not used: without a table the proxy refuses.

mod document;
mod law_book;
mod odd;
mod origin;
mod pin;
mod table;

pub use document::{
    CandidateEntry, HeaderEntry, LastingEntry, RegionEntry, Routes, RuleEntry, ServiceEntry,
    SteeringEntry, TenancyEntry, WhenEntry,
};
pub use law_book::LawBook;
pub use odd::OddRegions;
pub use pin::{BadPin, PIN_BYTES_MAX, Pin, ReadPin};
pub use table::{BadRoutes, Candidate, Serving, Table};

use crate::time::{MINUTE, Millis};

/// The KV key.
pub const KEY: &str = "routes";
/// The version that this build writes and reads.
pub const VERSION: u32 = 2;
/// Largest text of a table that is written or read. KV would hold 25 MiB; an isolate has 128 MB for
/// everything in it. Reading takes 4 times the text, compiling 9 times, and the Controller may
/// share an isolate with a proxy: at this size they take 52 MiB together, and a proxy reads for
/// some 150 ms. Measured on the wasm; ADR-0013.
pub const ROUTES_BYTES_MAX: usize = 4 * 1024 * 1024;
/// A table older than this is stale: two heartbeats were missed, and the third had time to spread
/// in KV.
pub const STALE_AFTER: Millis = 12 * MINUTE;
/// How far the clock of the Controller may be ahead of a proxy's. A table from later than that has
/// a wrong date: nobody knows how old it is, so it counts as stale, and gives way to any other.
pub const CLOCK_SKEW_MAX: Millis = 5 * MINUTE;
