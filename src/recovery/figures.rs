//! What is known of the requests that a region answered, and how it compares to the others'.
//!
//! Success is compared with what the other regions of the service do at the same time, so a fault
//! that all have, such as a broken client, brings nobody back. Latency is compared with the others'
//! and with what the region itself had before it was out, whichever is more: a region that is
//! farther from its clients than the others is not slow for that.

use crate::config::Analysis;
use crate::time::Millis;
use crate::traffic::Counts;

/// Parts that a share of requests is told in.
const PARTS: u64 = 100_000;
/// A latency that is higher by less than this is not slow, whatever the ratio.
const LATENCY_GRAIN_MS: Millis = 20;

/// What a region is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Yardstick<'y> {
    /// The other regions at the same time.
    pub others: Counts,
    /// The latency that it had before it was out.
    pub usual_ms: Option<Millis>,
    /// What the config allows.
    pub analysis: &'y Analysis,
}

/// What the comparison says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// It has no requests.
    Silent,
    /// It has too few to say anything, in words.
    Few(String),
    /// It is as good as the others, in words.
    Good(String),
    /// It is worse, in words.
    Worse(String),
}

/// Compares a region with the others. Where they have too few requests, it is compared with a
/// service in which nothing fails.
#[must_use]
pub fn compare(region: &Counts, by: Yardstick<'_>) -> Compared {
    let Yardstick { others, usual_ms, analysis } = by;
    let least = u64::from(analysis.min_samples);
    if region.requests == 0 {
        return Compared::Silent;
    }
    if region.requests < least {
        return Compared::Few(format!("{} of {least} requests", region.requests));
    }
    let knows_others = others.requests >= least;
    let others = if knows_others { others } else { Counts::default() };
    let (failed, failed_there) =
        (region.failures_of(PARTS).unwrap_or(0), others.failures_of(PARTS).unwrap_or(0));
    let told = format!(
        "{} of {} requests failed, {} elsewhere",
        percent(failed),
        region.requests,
        percent(failed_there)
    );
    if failed > failed_there.saturating_add(analysis.max_success_drop_of_100_000.into()) {
        return Compared::Worse(told);
    }
    let there_ms = others.mean_latency_ms();
    let (Some(ms), Some(usual_ms)) = (region.mean_latency_ms(), there_ms.max(usual_ms)) else {
        return Compared::Good(told);
    };
    let told = format!("{told}; {ms} ms, where {usual_ms} ms are usual");
    if is_slow(ms, usual_ms, analysis) { Compared::Worse(told) } else { Compared::Good(told) }
}

/// Whether a latency is too high beside what is usual.
fn is_slow(ms: Millis, usual_ms: Millis, analysis: &Analysis) -> bool {
    let bound = usual_ms.saturating_mul(analysis.max_latency_percent.into()) / 100;
    ms > bound && ms > usual_ms.saturating_add(LATENCY_GRAIN_MS)
}

/// Parts of 100,000 as percent: `2.5 %`.
fn percent(parts: u64) -> String {
    let (whole, fraction) = (parts / 1_000, parts % 1_000);
    if fraction == 0 {
        return format!("{whole} %");
    }
    let fraction = format!("{fraction:03}");
    format!("{whole}.{} %", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FewSamples;

    const ANALYSIS: Analysis = Analysis {
        min_samples: 100,
        few_samples: FewSamples::Hold,
        max_success_drop_of_100_000: 1_000,
        max_latency_percent: 200,
    };

    fn figures(requests: u64, failures: u64, ms: u64) -> Counts {
        let latency_ms_sum = ms * (requests - failures);
        Counts { requests, failures, unanswered: 0, latency_ms_sum }
    }

    fn compared(region: Counts, others: Counts, usual_ms: Option<Millis>) -> Compared {
        compare(&region, Yardstick { others, usual_ms, analysis: &ANALYSIS })
    }

    fn is_worse(region: Counts, others: Counts, usual_ms: Option<Millis>) -> bool {
        matches!(compared(region, others, usual_ms), Compared::Worse(_))
    }

    #[test]
    fn fewer_requests_than_the_least_say_nothing() {
        let others = figures(1_000, 0, 50);
        assert_eq!(compared(figures(0, 0, 0), others, None), Compared::Silent);
        for requests in [1, 99] {
            let all_failed = compared(figures(requests, requests, 0), others, None);
            assert_eq!(all_failed, Compared::Few(format!("{requests} of 100 requests")));
        }
        assert!(is_worse(figures(100, 100, 50), others, None));
    }

    #[test]
    fn success_is_compared_with_the_others_and_not_with_perfection() {
        let others = figures(1_000, 20, 50);
        for (failures, worse) in [(29, false), (30, false), (31, true)] {
            assert_eq!(is_worse(figures(1_000, failures, 50), others, None), worse, "{failures}");
        }
        let told = compared(figures(1_000, 35, 50), others, None);
        let Compared::Worse(told) = told else { panic!("{told:?}") };
        assert_eq!(told, "3.5 % of 1000 requests failed, 2 % elsewhere");
    }

    #[test]
    fn where_nobody_else_serves_nothing_may_fail_but_the_drop() {
        let nobody = figures(99, 50, 50);
        for (failures, worse) in [(9, false), (10, false), (11, true)] {
            assert_eq!(is_worse(figures(1_000, failures, 50), nobody, None), worse, "{failures}");
        }
    }

    #[test]
    fn latency_is_compared_with_the_others_or_its_own_before_whichever_is_more() {
        let others = figures(1_000, 0, 50);
        for (ms, usual_ms, worse) in [
            (100, None, false),
            (101, None, true),
            (400, Some(200), false),
            (401, Some(200), true),
            (100, Some(20), false),
            (101, Some(20), true),
        ] {
            let found = is_worse(figures(200, 0, ms), others, usual_ms);
            assert_eq!(found, worse, "{ms} {usual_ms:?}");
        }
        assert!(!is_worse(figures(200, 0, 9_000), Counts::default(), None), "no yardstick");
    }

    #[test]
    fn a_few_milliseconds_are_no_slowness() {
        let others = figures(1_000, 0, 4);
        assert!(!is_worse(figures(200, 0, 24), others, None));
        assert!(is_worse(figures(200, 0, 25), others, None));
    }

    #[test]
    fn no_number_is_too_large_to_compare() {
        let [requests, failures, unanswered, latency_ms_sum] = [u64::MAX; 4];
        let most = Counts { requests, failures, unanswered, latency_ms_sum };
        assert!(!is_worse(most, most, Some(u64::MAX)));
    }
}
