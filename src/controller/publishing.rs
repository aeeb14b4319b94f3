//! What becomes of documents on their way to KV.
//!
//! KV takes one write a second of a key, and a write may fail. A document that was sent, or whose
//! write ended, less than [`KEY_REST_MS`] ago waits: a write may take seconds to get there. After a
//! restart nobody knows when a key was last written, so each waits once. What did not arrive is
//! tried again after a while that doubles with each failure; rounds try it as well.

use super::rationing::Rations;
use crate::ordered::{Map, Set};
use crate::routes;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// How long a key of KV rests after a write. Source: developers.cloudflare.com/kv/platform/limits,
/// "Writes/second to same key: 1".
pub const KEY_REST_MS: Millis = SECOND;
/// Largest document but `routes`. KV holds 25 MiB; the rest is for what grows while it is written.
pub const DOCUMENT_BYTES_MAX: usize = 24 * 1024 * 1024;
/// First wait after a write that failed; each further one waits twice as long.
const BACKOFF_MS: Millis = 2 * SECOND;
/// Longest wait after a write that failed.
const BACKOFF_MS_MAX: Millis = MINUTE;

/// Documents on their way.
#[derive(Debug, Default)]
pub(super) struct Publishing {
    /// Failures in a row.
    attempts: u32,
    retry_at: Option<Timestamp>,
    /// When each document was last sent.
    sent: Map<String, Timestamp>,
    /// When the first document may be sent that is due and rests.
    rests_until: Option<Timestamp>,
    /// Keys of documents that are too large to be written.
    pub(super) too_large: Set<String>,
    /// What the day's writes leave.
    pub(super) rations: Rations,
    /// Whether anything was asked for since the start.
    has_begun: bool,
}

/// Most bytes that may be written under a key.
pub(super) fn bytes_max(key: &str) -> usize {
    if key == routes::KEY { routes::ROUTES_BYTES_MAX } else { DOCUMENT_BYTES_MAX }
}

/// Whether so many bytes may be written under a key.
pub(super) fn fits(key: &str, bytes: usize) -> bool {
    bytes <= bytes_max(key)
}

impl Publishing {
    /// Lets the keys rest that may have been written just before a restart.
    pub(super) fn begin<'k>(&mut self, written: impl Iterator<Item = &'k String>, now: Timestamp) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.sent.extend(written.map(|key| (key.clone(), now)));
        }
    }

    /// Takes the keys that are due. Returns those that may be sent now.
    pub(super) fn rested(&mut self, due: &[String], now: Timestamp) -> Set<String> {
        self.sent.retain(|_, at| now.since(*at) < KEY_REST_MS);
        let resting = due.iter().filter_map(|key| self.sent.get(key));
        self.rests_until = resting.map(|at| at.plus(KEY_REST_MS)).min();
        due.iter().filter(|key| !self.sent.contains_key(*key)).cloned().collect()
    }

    /// Forgets what a clock that was wrong put ahead of `now`, so that nothing waits for it.
    pub(super) fn forget_the_future(&mut self, now: Timestamp) {
        self.sent.retain(|_, at| !at.is_ahead(now));
        self.rations.forget_the_future(now);
        self.rests_until = self.rests_until.filter(|at| at.since(now) <= KEY_REST_MS);
        self.retry_at = self.retry_at.map(|at| at.min(now.plus(BACKOFF_MS_MAX)));
    }

    /// Notes that a document is sent, or that its write has ended.
    pub(super) fn touching(&mut self, key: &str, now: Timestamp) {
        self.sent.insert(key.to_owned(), now);
    }

    /// Notes whether all arrived of what was sent at once.
    pub(super) fn sent(&mut self, all_arrived: bool, now: Timestamp) {
        if all_arrived {
            (self.attempts, self.retry_at) = (0, None);
            return;
        }
        let backoff = BACKOFF_MS.saturating_mul(1 << self.attempts.min(8)).min(BACKOFF_MS_MAX);
        self.attempts = self.attempts.saturating_add(1);
        self.retry_at = Some(now.plus(backoff));
    }

    /// When documents are to be sent that need not wait for a round.
    pub(super) fn next_try(&self) -> Option<Timestamp> {
        self.retry_at.into_iter().chain(self.rests_until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_may_have_so_many_bytes_and_no_more() {
        let limits = [("routes", routes::ROUTES_BYTES_MAX), ("state", DOCUMENT_BYTES_MAX)];
        for (key, most) in limits {
            assert!(fits(key, most - 1));
            assert!(fits(key, most));
            assert!(!fits(key, most + 1));
        }
    }

    #[test]
    fn a_key_rests_for_a_second_and_no_longer() {
        let at = Timestamp::from_millis;
        let mut publishing = Publishing::default();
        publishing.touching("status", at(1_000));
        let due = ["routes".to_owned(), "status".to_owned()];
        for (ms, sent) in [(1_999, 1), (2_000, 2), (2_001, 2)] {
            let mut publishing = Publishing { sent: publishing.sent.clone(), ..Default::default() };
            assert_eq!(publishing.rested(&due, at(ms)).len(), sent, "{ms}");
            assert_eq!(publishing.next_try(), (sent == 1).then_some(at(2_000)));
        }
    }
}
