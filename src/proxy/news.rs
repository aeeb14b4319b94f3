//! The Controller is asked for a later table, behind a request.
//!
//! KV takes a while to spread a value: its cache alone holds one for 30 s. So an isolate that looks
//! for a new table also asks the Controller, with the generation of the one that it has. KV stays
//! the record, and all that there is while the Controller is out of reach.

use super::refresh::REFRESH_MS;
use crate::time::{Millis, SECOND, Timestamp};

/// How often an isolate asks at most. Each question is a request to the one Controller.
pub const NEWS_EVERY_MS: Millis = REFRESH_MS;
/// How rarely it asks at least, whatever the Controller says.
pub(super) const NEWS_EVERY_MS_MAX: Millis = 120 * NEWS_EVERY_MS;
/// How long an isolate does not ask after a question that was not answered.
pub(super) const NEWS_AFTER_FAILURE_MS: Millis = 4 * NEWS_EVERY_MS;
/// Longest wait for its answer. Nobody waits for it but the isolate.
pub const NEWS_TIMEOUT_MS: Millis = 2 * SECOND;

/// What became of the questions of one isolate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewsCounts {
    /// Questions.
    pub asked: u64,
    /// Those that brought a table which is in use now.
    pub taken: u64,
    /// Those that were not answered.
    pub failed: u64,
}

/// When the Controller is asked next.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct News {
    pub(super) not_before: Timestamp,
    pub(super) counts: NewsCounts,
}
