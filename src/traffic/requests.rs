//! What became of some requests, and how long they took.

use super::counts::{Counts, Ended};
use super::latencies::Latencies;
use super::sum::Sum;
use crate::time::Millis;

/// What became of some requests, and how long those took that did not fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requests {
    /// What became of them.
    pub counts: Counts,
    /// Times to the heads of answers, of all that did not fail.
    pub latencies: Latencies,
}

impl Requests {
    /// Counts one more request.
    pub fn note(&mut self, ended: Ended, took_ms: Millis) {
        self.counts.note(ended, took_ms);
        if ended == Ended::Well {
            self.latencies.note(took_ms);
        }
    }

    /// Takes back that one ended well: its answer broke off. The time of its head stays.
    pub fn lose(&mut self) {
        self.counts.lose();
    }
}

impl Sum for Requests {
    fn add(&mut self, others: &Self) {
        self.counts.add(&others.counts);
        self.latencies.add(&others.latencies);
    }

    fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
