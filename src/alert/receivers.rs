//! What is remembered of a receiver.

use super::message::shortened;
use crate::json::fields;
use crate::time::Timestamp;

/// Longest reason that is kept of a failure, in bytes.
const FAILURE_BYTES_MAX: usize = 300;

/// What is remembered of a receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiverState {
    /// When it last took a message.
    pub delivered_at: Option<Timestamp>,
    /// How many it took.
    pub delivered: u64,
    /// How many were given up.
    pub given_up: u64,
    /// No try before this instant.
    pub not_before: Option<Timestamp>,
    /// Failed tries in a row.
    pub failures: u32,
    /// When they began.
    pub failing_since: Option<Timestamp>,
    /// How the last one failed; absent once it took a message.
    pub last_failure: Option<String>,
}

fields!(ReceiverState {
    delivered_at,
    delivered = 0,
    given_up = 0,
    not_before,
    failures = 0,
    failing_since,
    last_failure,
});

impl ReceiverState {
    pub(super) fn took_one(&mut self, now: Timestamp) {
        let Self { delivered, given_up, .. } = *self;
        let delivered = delivered.saturating_add(1);
        *self = Self { delivered_at: Some(now), delivered, given_up, ..Self::default() };
    }

    pub(super) fn failed(&mut self, why: &str, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        self.failing_since.get_or_insert(now);
        self.last_failure = Some(shortened(why, FAILURE_BYTES_MAX));
    }
}
