//! Combines the verdicts of several areas into one.
//!
//! Each area reaches the origin through its own networks, so a failure in one area may be a network
//! problem there. The operator chooses how many areas must agree. Only areas with a conclusive
//! verdict count.

use super::failure_reason::FailureReason;
use super::verdict::Verdict;
use crate::config::Quorum;
use crate::time::Millis;

/// The note if no area has a conclusive verdict.
const NOBODY: &str = "no area has a conclusive verdict";
/// The note if fewer areas have a conclusive verdict than must agree.
const TOO_FEW: &str = "fewer areas have a conclusive verdict than must agree";

/// The combined verdict. It is a failure if at least `quorum` of the conclusive areas saw one; the
/// reason is the most frequent one, and the first of equally frequent ones. Otherwise it is a pass
/// with the median latency and the largest lag.
#[must_use]
pub fn combine(quorum: Quorum, verdicts: &[(&str, Verdict)]) -> Verdict {
    let (mut reasons, mut latencies, mut lag_s) = (Vec::new(), Vec::new(), None);
    let mut note = None;
    for (_, verdict) in verdicts {
        match verdict {
            Verdict::Fail { reason } => reasons.push(*reason),
            Verdict::Pass { latency_ms, lag_s: lag } => {
                latencies.push(*latency_ms);
                lag_s = lag_s.max(*lag);
            }
            Verdict::Inconclusive { note: why } => note = note.or(Some(why)),
        }
    }
    let conclusive = reasons.len().saturating_add(latencies.len());
    if conclusive == 0 {
        let note = note.map_or_else(|| NOBODY.to_owned(), Clone::clone);
        return Verdict::Inconclusive { note };
    }
    let needed = match quorum {
        Quorum::Any => 1,
        Quorum::Majority => (conclusive / 2).saturating_add(1),
        Quorum::All => conclusive,
        Quorum::AtLeast(n) => usize::from(n.max(1)),
    };
    if needed > conclusive {
        return Verdict::Inconclusive { note: TOO_FEW.to_owned() };
    }
    match most_frequent(&reasons) {
        Some(reason) if reasons.len() >= needed => Verdict::Fail { reason },
        _ => Verdict::Pass { latency_ms: median(&mut latencies).unwrap_or(0), lag_s },
    }
}

fn most_frequent(reasons: &[FailureReason]) -> Option<FailureReason> {
    let count = |reason| reasons.iter().filter(|other| **other == reason).count();
    reasons.iter().rev().copied().max_by_key(|reason| count(*reason))
}

/// The middle value, or the mean of the two in the middle.
pub(super) fn median(values: &mut [Millis]) -> Option<Millis> {
    values.sort_unstable();
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get(values.len().checked_sub(1)? / 2)?;
    Some(lower.midpoint(upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::FailureKind;

    const HTTP_TIMEOUT: FailureReason = FailureReason::of(FailureKind::HttpTimeout);
    const MISMATCH: FailureReason = FailureReason::of(FailureKind::ResponseCodeMismatch);

    fn pass(latency_ms: Millis) -> Verdict {
        Verdict::Pass { latency_ms, lag_s: None }
    }

    fn fail(reason: FailureReason) -> Verdict {
        Verdict::Fail { reason }
    }

    fn silent() -> Verdict {
        Verdict::Inconclusive { note: "limit".to_owned() }
    }

    /// `p`, `f` and `i` in any mixture; the answer as one of these letters.
    fn combined(quorum: Quorum, letters: &str) -> char {
        let verdicts: Vec<_> = letters
            .chars()
            .map(|letter| match letter {
                'p' => ("area", pass(10)),
                'f' => ("area", fail(HTTP_TIMEOUT)),
                _ => ("area", silent()),
            })
            .collect();
        match combine(quorum, &verdicts) {
            Verdict::Pass { .. } => 'p',
            Verdict::Fail { .. } => 'f',
            Verdict::Inconclusive { .. } => 'i',
        }
    }

    #[test]
    fn each_quorum_tips_at_its_own_number_of_failures() {
        for (quorum, ladder, told) in [
            (Quorum::Any, ["ppp", "fpp", "ffp", "fff"], "pfff"),
            (Quorum::Majority, ["ppp", "fpp", "ffp", "fff"], "ppff"),
            (Quorum::All, ["ppp", "fpp", "ffp", "fff"], "pppf"),
            (Quorum::AtLeast(2), ["ppp", "fpp", "ffp", "fff"], "ppff"),
            (Quorum::AtLeast(3), ["ppp", "fpp", "ffp", "fff"], "pppf"),
            (Quorum::AtLeast(4), ["ppp", "fpp", "ffp", "fff"], "iiii"),
        ] {
            let got: String = ladder.iter().map(|letters| combined(quorum, letters)).collect();
            assert_eq!(got, told, "{quorum:?}");
        }
    }

    #[test]
    fn half_is_no_majority() {
        assert_eq!(combined(Quorum::Majority, "ffpp"), 'p');
        assert_eq!(combined(Quorum::Majority, "fffp"), 'f');
    }

    #[test]
    fn an_area_that_could_not_tell_is_not_counted() {
        assert_eq!(combined(Quorum::All, "ffi"), 'f');
        assert_eq!(combined(Quorum::Majority, "fip"), 'p');
        assert_eq!(combined(Quorum::AtLeast(2), "fii"), 'i');
        assert_eq!(combined(Quorum::Any, "ii"), 'i');
        assert_eq!(combined(Quorum::Any, ""), 'i');
    }

    #[test]
    fn with_one_area_it_is_that_verdict() {
        let lag = Verdict::Pass { latency_ms: 7, lag_s: Some(3) };
        for quorum in [Quorum::Any, Quorum::Majority, Quorum::All, Quorum::AtLeast(1)] {
            for verdict in [lag.clone(), fail(MISMATCH), silent()] {
                assert_eq!(combine(quorum, &[("weur", verdict.clone())]), verdict);
            }
        }
    }

    #[test]
    fn a_pass_has_the_median_latency_and_the_largest_lag() {
        let with = |latency_ms, lag_s| ("area", Verdict::Pass { latency_ms, lag_s });
        let odd = [with(90, None), with(10, Some(4)), with(20, Some(9))];
        let told = Verdict::Pass { latency_ms: 20, lag_s: Some(9) };
        assert_eq!(combine(Quorum::Majority, &odd), told);
        let even = [with(10, None), with(21, None)];
        let told = Verdict::Pass { latency_ms: 15, lag_s: None };
        assert_eq!(combine(Quorum::Majority, &even), told);
    }

    #[test]
    fn the_most_frequent_reason_is_told_and_of_several_the_first() {
        let reason = |reasons: &[FailureReason]| {
            let verdicts: Vec<_> = reasons.iter().map(|reason| ("area", fail(*reason))).collect();
            combine(Quorum::Any, &verdicts)
        };
        let several = [HTTP_TIMEOUT, MISMATCH, MISMATCH];
        assert_eq!(reason(&several), fail(MISMATCH));
        assert_eq!(reason(&[MISMATCH, HTTP_TIMEOUT]), fail(MISMATCH));
        assert_eq!(reason(&[HTTP_TIMEOUT, MISMATCH]), fail(HTTP_TIMEOUT));
    }
}
