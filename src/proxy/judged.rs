//! What an isolate remembers of its last answer about how a service stands.

use crate::http::WorksHow;
use crate::time::Timestamp;

/// How a service stood by the last table that was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Judged {
    /// The index of the service in the table.
    pub(super) service: usize,
    /// When the table was made, and its generation.
    pub(super) made: (Timestamp, u64),
    /// How the service stood.
    pub(super) how: WorksHow,
}
