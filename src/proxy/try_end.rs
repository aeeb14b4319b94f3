//! How a try ends, and what that says about the region and about the request.

use super::progress::AskReason;
use crate::config::Proxying;
use crate::http::says_unreachable;
use crate::passive::TryOutcome;
use crate::time::SECOND;

/// The highest status that HTTP has (RFC 9110 §15). The runtime hands on higher ones, up to 999, but
/// makes no response that has one.
pub(super) const STATUS_MAX: u16 = 599;

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryEnd {
    /// With the head of a response.
    Answered {
        /// Its status.
        status: u16,
        /// For how many seconds it asks to be left alone.
        retry_after_s: Option<u64>,
    },
    /// Without a connection.
    Unreachable,
    /// Without a response in time.
    TimedOut,
    /// Before it began: the runtime refused to send it.
    Invalid,
}

/// What a status says about the region, and why the shell should ask again, if it should.
#[must_use]
pub fn classify(
    status: u16,
    retry_after_s: Option<u64>,
    proxy: &Proxying,
) -> (TryOutcome, Option<AskReason>) {
    match status {
        429 => {
            let asked_ms = retry_after_s.map(|seconds| seconds.saturating_mul(SECOND));
            (TryOutcome::PushedBack(asked_ms), Some(AskReason::PushedBack))
        }
        // The edge reports with a status of its own that it did not reach the origin.
        _ if proxy.retries_on(status) && says_unreachable(status) => {
            (TryOutcome::Silent, Some(AskReason::Unreachable))
        }
        _ if proxy.retries_on(status) => (TryOutcome::Failed, Some(AskReason::Failed)),
        500..=STATUS_MAX => (TryOutcome::Failed, None),
        600.. => (TryOutcome::Failed, Some(AskReason::BadStatus)),
        _ => (TryOutcome::Served, None),
    }
}
