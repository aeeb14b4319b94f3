//! When the observer itself is at fault.
//!
//! An observer that has lost its own network sees every origin fail at once, and would take all of
//! them out of service. So a failure **without a sign of life** is no evidence by itself. It counts
//! only with a *witness*: something else that was reached since the target's last probe, and not
//! only after this one began. A witness is another target, or a control. Without one, health stays
//! as it was (fail static), the target is rechecked, and the documents report the doubt.
//! `tick::testimony` has the rule and why it suffices, `tick::witness` who is asked.
//!
//! Only silence needs a witness. A wrong status or body shows that the network works; all regions
//! may have the same broken release. A connection that TLS or the resolver refused needs one only
//! if there are controls: the runtime does not say which of the two it was, all regions may have
//! the same expired certificate, and without controls nobody could tell that from a lost resolver.
//!
//! **Controls** are third-party URLs that fail only if our own network fails. They are asked
//! together with the recheck after an origin was not reached. A control that answers makes failures
//! real, even if they affect all regions. One that does not answer says nothing where another
//! region is reached: somebody may block it. Any response at all counts as reached.
//!
//! Without controls, a real outage of all regions at once goes unnoticed. That costs little: there
//! is no other region to send traffic to.

use super::failure_reason::{FailureKind, FailureReason};
use super::verdict::{ProbeOutcome, Verdict, classify};
use crate::config::ExpectedResponse;

/// Whether the fault of a probe's failure can be the observer's network: nothing was reached.
#[must_use]
pub fn is_unreached(verdict: &Verdict) -> bool {
    let is_refused = |reason: &FailureReason| reason.kind == FailureKind::TlsOrDnsFailure;
    is_silent(verdict) || matches!(verdict, Verdict::Fail { reason } if is_refused(reason))
}

/// Whether a probe got no sign of life.
#[must_use]
pub fn is_silent(verdict: &Verdict) -> bool {
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
            | FailureKind::RedirectElsewhere
            | FailureKind::TooManyRedirects
            | FailureKind::ResponseBodyBroken
            | FailureKind::ResponseBodyTimeout
            | FailureKind::ResponseBodyUnread
            | FailureKind::ResponseBodyTooLong
            | FailureKind::ResponseBodyEmpty
            | FailureKind::ResponseBodyMismatch
            | FailureKind::ResponseIsMarkup
            | FailureKind::ResponseNotJson
            | FailureKind::ResponseJsonMismatch
            | FailureKind::ResponseJsonMissing
            | FailureKind::ResponseJsonNull
            | FailureKind::ResponseJsonNoNumber
            | FailureKind::ResponseJsonBelowMin
            | FailureKind::ResponseJsonAboveMax
            | FailureKind::ResponseJsonNoTime
            | FailureKind::ResponseJsonNoZone
            | FailureKind::ResponseJsonTooOld
            | FailureKind::ResponseJsonAhead
            | FailureKind::ResponseJsonBehind
            | FailureKind::ResponseHeaderMismatch
            | FailureKind::ResponseTooSlow
            | FailureKind::AddressUnreachable => false,
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

    #[test]
    fn silence_is_no_sign_of_life_and_a_wrong_answer_is_one() {
        assert!(is_silent(&LOST) && is_unreached(&LOST));
        for answered in [PASS, WRONG] {
            assert!(!is_silent(&answered) && !is_unreached(&answered));
        }
    }

    #[test]
    fn a_certificate_or_a_resolver_that_refuses_is_not_reached_and_not_silent() {
        assert!(!is_silent(&REFUSED), "all may have the same expired certificate");
        assert!(is_unreached(&REFUSED), "and the observer may have lost its resolver");
    }

    #[test]
    fn a_control_that_answers_anything_was_reached_but_not_by_an_answer_of_the_edge() {
        let answered = |status| {
            is_answered(&ProbeOutcome::Answered(ProbeResponse {
                status,
                latency_ms: 1,
                ..ProbeResponse::default()
            }))
        };
        assert!(answered(200) && answered(301) && answered(404) && answered(503) && answered(525));
        assert!(!answered(522) && !answered(523) && !answered(530));
        assert!(!is_answered(&ProbeOutcome::TimedOut));
        assert!(!is_answered(&ProbeOutcome::NoConnection("Network connection lost.".to_owned())));
        assert!(!is_answered(&ProbeOutcome::NotMade("limit".to_owned())));
    }
}
