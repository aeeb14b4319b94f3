//! How a try ends, and what that says about the region and about the request.

use super::progress::AskReason;
use crate::config::Proxying;
use crate::http::{says_unreachable, says_unsent};
use crate::passive::TryOutcome;
use crate::time::{Millis, SECOND};

/// The highest status that HTTP has (RFC 9110 §15). The runtime hands on higher ones, up to 999,
/// but makes no response that has one.
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
    /// Without a connection that took the whole request.
    Unsent,
    /// Without the client's whole body: the client fell silent or broke off.
    ClientSilent,
}

/// Why the body of an answer is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEnd {
    /// The region sent nothing for so long.
    Stalled(Millis),
    /// The region ended the connection.
    BrokeOff,
}

/// The edge's word for an origin that it reached and that gave no answer, or none that can be read.
const NO_ANSWER: u16 = 520;
/// The edge's word for an origin that it reached and that did not answer in time.
const TOO_LATE: u16 = 524;

/// What a status says about the region, and why the shell should ask again, if it should.
///
/// The edge has statuses of its own for what it met at the origin, which arrive as ordinary
/// responses. Those that are listed mean what the same would mean without an edge: no connection, a
/// lost one, no answer in time. Behind 520 there is a region that was reached, so it counts as one
/// failure and does not open the breaker at once. Source:
/// developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors.
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
        // The region is well; whether its answer may be handed on depends on the request.
        421 => (TryOutcome::Served, Some(AskReason::Misdirected)),
        NO_ANSWER if proxy.retries_on(status) => (TryOutcome::Failed, Some(AskReason::Unreachable)),
        TOO_LATE if proxy.retries_on(status) => (TryOutcome::Silent, Some(AskReason::TimedOut)),
        _ if proxy.retries_on(status) && says_unsent(status) => {
            (TryOutcome::Silent, Some(AskReason::Unsent))
        }
        _ if proxy.retries_on(status) && says_unreachable(status) => {
            (TryOutcome::Silent, Some(AskReason::Unreachable))
        }
        _ if proxy.retries_on(status) => (TryOutcome::Failed, Some(AskReason::Failed)),
        500..=STATUS_MAX => (TryOutcome::Failed, None),
        600.. => (TryOutcome::Failed, Some(AskReason::BadStatus)),
        _ => (TryOutcome::Served, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_edge_says_of_an_origin_is_taken_for_what_it_met() {
        let proxy = Proxying::default();
        let as_met = |status| classify(status, None, &proxy);
        for status in [521, 523, 525, 526] {
            let unsent = (TryOutcome::Silent, Some(AskReason::Unsent));
            assert_eq!(as_met(status), unsent, "{status}");
        }
        for status in [522, 530] {
            let unreachable = (TryOutcome::Silent, Some(AskReason::Unreachable));
            assert_eq!(as_met(status), unreachable, "{status}");
        }
        assert_eq!(as_met(520), (TryOutcome::Failed, Some(AskReason::Unreachable)));
        assert_eq!(as_met(524), (TryOutcome::Silent, Some(AskReason::TimedOut)));
        for status in [502, 503, 504] {
            assert_eq!(as_met(status), (TryOutcome::Failed, Some(AskReason::Failed)), "{status}");
        }
        for status in [500, 501, 505, 519, 527, 531, 599] {
            assert_eq!(as_met(status), (TryOutcome::Failed, None), "{status}");
        }
        assert_eq!(as_met(404), (TryOutcome::Served, None));
    }

    #[test]
    fn a_status_that_nobody_listed_is_an_answer_of_the_origin() {
        let proxy = Proxying { retry_on: vec![], ..Proxying::default() };
        for status in 500..600 {
            assert_eq!(classify(status, None, &proxy), (TryOutcome::Failed, None), "{status}");
        }
    }
}
