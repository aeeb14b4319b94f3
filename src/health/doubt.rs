//! When the observer itself is at fault.
//!
//! An observer that has lost its own network sees every origin fail at once, and would take all of
//! them out of service. Origins in different regions share nothing but the observer. If a round
//! reaches **none** of them, in two regions or more, the observer's network is the likely cause.
//! Such a round is ignored: health stays as it was (fail static), and the documents report the
//! doubt.
//!
//! Only silence counts. A wrong status or body shows that the network works; all regions may have
//! the same broken release. Nor does a connection count that TLS or the resolver refused, since the
//! runtime does not say which: all regions may have the same expired certificate. Such failures are
//! evidence unless controls show that the observer is cut off.
//!
//! A recheck probes only the origins that failed, so all of its probes may fail again. If another
//! origin was reached just before, the observer is not in doubt.
//!
//! **Control targets** settle the question if the config has any: third-party URLs that fail only
//! if our own network fails. They are probed in the round after an origin was not reached. If no
//! control is reached, the failures of that round are ignored, even those of a single region. If
//! any control is reached, the failures are real, even if they affect all regions. Any response at
//! all counts as reached.
//!
//! Without controls, a real outage of all regions at once goes unnoticed. That costs nothing: there
//! is no other region to send traffic to.

use super::failure_reason::{FailureKind, FailureReason};
use super::verdict::{ProbeOutcome, Verdict, classify};
use crate::config::ExpectedResponse;
use crate::ids::RegionId;

/// Whether a round met nothing but silence, in at least two regions. Each verdict comes with the
/// region of its origin. Ask only if no origin outside the round was reached just before.
#[must_use]
pub fn is_blind(round: &[(&RegionId, &Verdict)]) -> bool {
    let Some((first, _)) = round.first() else { return false };
    let several_regions = round.iter().any(|(region, _)| region != first);
    several_regions && round.iter().all(|(_, verdict)| is_silent(verdict))
}

/// Whether the fault of a probe's failure can be the observer's network: nothing was reached.
#[must_use]
pub fn is_unreached(verdict: &Verdict) -> bool {
    let is_refused = |reason: &FailureReason| reason.kind == FailureKind::TlsOrDnsFailure;
    is_silent(verdict) || matches!(verdict, Verdict::Fail { reason } if is_refused(reason))
}

/// Whether a probe got no sign of life.
fn is_silent(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Pass { .. } => false,
        Verdict::Inconclusive { .. } => true,
        Verdict::Fail { reason } => match reason.kind {
            FailureKind::HttpTimeout
            | FailureKind::TcpConnectionFailed
            | FailureKind::TcpTimeout
            | FailureKind::NoRouteToHost
            | FailureKind::DnsUnknownHost => true,
            FailureKind::TlsOrDnsFailure
            | FailureKind::TlsHandshakeFailure
            | FailureKind::TlsUntrustedCertificate
            | FailureKind::RateLimited
            | FailureKind::ResponseCodeMismatch
            | FailureKind::ResponseBodyBroken
            | FailureKind::ResponseBodyTimeout
            | FailureKind::ResponseBodyMismatch
            | FailureKind::ResponseNotJson
            | FailureKind::ResponseJsonMismatch
            | FailureKind::ResponseHeaderMismatch
            | FailureKind::ResponseTooSlow => false,
        },
    }
}

/// Whether a control was reached: it responded itself, and not Cloudflare on its behalf.
#[must_use]
pub fn is_answered(outcome: &ProbeOutcome) -> bool {
    !is_unreached(&classify(outcome, &ExpectedResponse::default(), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::ProbeResponse;

    const LOST: Verdict = Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) };
    const WRONG: Verdict =
        Verdict::Fail { reason: FailureReason::of(FailureKind::ResponseCodeMismatch) };
    const REFUSED: Verdict =
        Verdict::Fail { reason: FailureReason::of(FailureKind::TlsOrDnsFailure) };
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
    fn one_certificate_that_expires_everywhere_is_no_fault_of_the_observer() {
        assert!(!blind(&[("eu", REFUSED), ("us", REFUSED)]));
        assert!(!blind(&[("eu", LOST), ("us", REFUSED)]));
        assert!(is_unreached(&REFUSED), "controls can still show that the observer is cut off");
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
            is_answered(&ProbeOutcome::Answered(ProbeResponse {
                status,
                body: Ok(String::new()),
                headers: Vec::new(),
                retry_after_ms: None,
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
