//! When the observer doubts itself.
//!
//! An observer that has lost its own network sees every origin fail at once, and would take all of
//! them out of service. Origins of different regions share nothing but the observer, so a round in
//! which **all** of them fail to be reached, in two regions or more, says more about the observer
//! than about them. Such a round is no evidence: what was believed stays believed (fail static),
//! and the doubt itself is told.
//!
//! Only failures to reach count. A wrong status or body was fetched from somewhere, so the network
//! was there, and all regions can well have the same broken release.
//!
//! A recheck asks only those that failed. That none of them answers is no news while somebody
//! else has just been reached, so a witness outside the round clears the observer.
//!
//! **Control targets** settle the question where the config has some: addresses of others that
//! fail only with our own network. They are asked in the round after somebody was not reached. If
//! none of them is reached either, what was not reached in that round is no evidence, not even of
//! one region; if any is, the failures are real, even of all regions at once. A control that
//! answers anything at all was reached.
//!
//! The price without them: where all regions really do vanish at once, they stay believed in.
//! Nothing is lost by that which could be had: there is nowhere else to send anybody.

use super::failure_reason::FailureReason;
use super::verdict::{ProbeOutcome, Verdict, classify};
use crate::config::ExpectedResponse;
use crate::ids::RegionId;

/// Whether a round of probes, each with the region of its origin, is no evidence, where nobody
/// outside the round has just been reached.
#[must_use]
pub fn is_blind(round: &[(&RegionId, &Verdict)]) -> bool {
    let Some((first, _)) = round.first() else { return false };
    let several_regions = round.iter().any(|(region, _)| region != first);
    several_regions && round.iter().all(|(_, verdict)| is_unreached(verdict))
}

/// Whether a probe did not get through to anybody.
#[must_use]
pub fn is_unreached(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Pass { .. } => false,
        Verdict::Inconclusive { .. } => true,
        Verdict::Fail { reason } => match reason {
            FailureReason::HttpTimeout
            | FailureReason::TcpConnectionFailed
            | FailureReason::TcpTimeout
            | FailureReason::NoRouteToHost
            | FailureReason::DnsUnknownHost => true,
            FailureReason::TlsHandshakeFailure
            | FailureReason::TlsUntrustedCertificate
            | FailureReason::ResponseCodeMismatch
            | FailureReason::ResponseBodyMismatch
            | FailureReason::ResponseNotJson
            | FailureReason::ResponseJsonMismatch
            | FailureReason::ResponseHeaderMismatch
            | FailureReason::ResponseTooSlow => false,
        },
    }
}

/// Whether a control was reached: it answered, and not the edge in its place.
#[must_use]
pub fn is_answered(outcome: &ProbeOutcome) -> bool {
    !is_unreached(&classify(outcome, &ExpectedResponse::default(), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::ProbeResponse;

    const LOST: Verdict = Verdict::Fail { reason: FailureReason::HttpTimeout };
    const WRONG: Verdict = Verdict::Fail { reason: FailureReason::ResponseCodeMismatch };
    const PASS: Verdict = Verdict::Pass { latency_ms: 1, lag_s: None };

    fn blind(round: &[(&str, Verdict)]) -> bool {
        let named: Vec<_> =
            round.iter().map(|(id, verdict)| (RegionId::parse(id).unwrap(), verdict)).collect();
        is_blind(&named.iter().map(|(id, verdict)| (id, *verdict)).collect::<Vec<_>>())
    }

    #[test]
    fn when_nothing_anywhere_is_reached_the_observer_is_to_blame() {
        assert!(blind(&[("eu", LOST), ("us", LOST), ("br", LOST)]));
    }

    #[test]
    fn one_answer_of_any_kind_shows_that_the_network_is_there() {
        assert!(!blind(&[("eu", LOST), ("us", PASS)]));
        assert!(!blind(&[("eu", LOST), ("us", WRONG)]));
    }

    #[test]
    fn one_region_alone_can_well_be_gone() {
        assert!(!blind(&[("eu", LOST), ("eu", LOST)]));
        assert!(!blind(&[("eu", LOST)]));
        assert!(!blind(&[]));
    }

    #[test]
    fn a_control_that_answers_anything_was_reached_but_not_by_an_answer_of_the_edge() {
        let answered = |status| {
            let (body, headers) = (String::new(), Vec::new());
            is_answered(&ProbeOutcome::Answered(ProbeResponse {
                status,
                body,
                headers,
                latency_ms: 1,
            }))
        };
        assert!(answered(200) && answered(301) && answered(404) && answered(503) && answered(525));
        assert!(!answered(522) && !answered(523) && !answered(530));
        assert!(!is_answered(&ProbeOutcome::TimedOut));
        assert!(!is_answered(&ProbeOutcome::NoConnection("Network connection lost.".to_owned())));
        assert!(!is_answered(&ProbeOutcome::NotMade("limit".to_owned())));
    }
}
