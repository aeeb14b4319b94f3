//! What a drill measured, held against the contract.

use crate::config::{Estate, RecoveryTime, Service};
use crate::contract::recovered::{self, Asserted};
use crate::controller::Controller;
use crate::controller::contracting::{losses, times};
use crate::drill::{Drill, DrillTraffic, Finding, Held, Milestone, Outcome};
use crate::ids::ServiceId;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use crate::traffic::{Counts, Sum};

/// Longest time of a drill whose requests are looked at: minutes are kept for an hour.
const TRAFFIC_MS_MAX: Millis = 60 * MINUTE;

impl Controller {
    /// Adds what was measured to a drill that ends. Returns how it ends: one that was too slow has
    /// failed.
    pub(super) fn held_against_contract(
        &self,
        drill: &mut Drill,
        finding: Finding,
        now: Timestamp,
    ) -> Finding {
        if !drill.kind.moves() || drill.reached.is_empty() {
            return finding;
        }
        drill.traffic = self.traffic_of(&drill.service, drill.began, now);
        let service = self.config.as_ref().and_then(|it| it.services.get(&drill.service));
        let Some((service, moved)) = service.cloned().zip(drill.at(Milestone::Verified)) else {
            return finding;
        };
        let detection_ms = self.detection_ms(&service);
        let took_ms = moved.since(drill.began).saturating_add(detection_ms);
        let worst = format!(
            "; of these {} s are the longest detection, which a drill does not have",
            detection_ms / SECOND
        );
        let rto = times(&service).into_iter().map(|(component, promised_ms)| {
            let held = recovered::rto(component, promised_ms, took_ms, true);
            Asserted { words: format!("{}{worst}", held.words), ..held }
        });
        let mut asserted: Vec<Asserted> = rto.collect();
        if drill.to.is_some() {
            let losses = losses(&service).into_iter();
            asserted.extend(losses.map(|(component, promised_s)| {
                recovered::rpo(component, promised_s, drill.loss_bound_s)
            }));
        }
        let broken = asserted.iter().find(|it| !it.is_kept).map(|it| it.words.clone());
        let held = |it: Asserted| {
            let Asserted { component, words, is_kept } = it;
            Held { component, words, is_kept }
        };
        drill.asserted = asserted.into_iter().map(held).collect();
        match broken.filter(|_| finding.outcome == Outcome::Succeeded) {
            Some(why) => Finding::new(Outcome::Failed, why),
            None => finding,
        }
    }

    /// How long it takes at most until a fault is detected.
    fn detection_ms(&self, service: &Service) -> Millis {
        let Some(config) = &self.config else { return 0 };
        let worst = RecoveryTime::of(config, &Estate::of(config), service);
        worst.map_or(0, |worst| worst.detection.total_ms())
    }

    /// What became of the requests of clients since then; `None` where proxies told of none.
    fn traffic_of(
        &self,
        service: &ServiceId,
        began: Timestamp,
        now: Timestamp,
    ) -> Option<DrillTraffic> {
        let took_ms = now.since(began).min(TRAFFIC_MS_MAX);
        let within = |ms: Millis| self.state.traffic.window(service, None, ms, now);
        let all = within(took_ms);
        (!all.is_empty()).then(|| {
            let minutes = minutes(within, took_ms, now);
            let (last_good, first_good) = around_failures(&minutes);
            DrillTraffic {
                requests: all.requests,
                failures: all.failures,
                unanswered: all.unanswered,
                last_good,
                first_good,
            }
        })
    }
}

/// The counts of each minute of the last milliseconds, with its first instant, the oldest first.
fn minutes(
    within: impl Fn(Millis) -> Counts,
    took_ms: Millis,
    now: Timestamp,
) -> Vec<(Timestamp, Counts)> {
    let this = now.millis() / MINUTE;
    let first = now.minus(took_ms).millis() / MINUTE;
    let mut later = Counts::default();
    let mut counted = Vec::new();
    for minute in (first..=this).rev() {
        let begins = Timestamp::from_millis(minute.saturating_mul(MINUTE));
        // The minute in which a window begins counts whole.
        let since = within(now.since(begins));
        let failures = since.failures.saturating_sub(later.failures);
        let requests = since.requests.saturating_sub(later.requests);
        counted.push((begins, Counts { requests, failures, ..Counts::default() }));
        later = since;
    }
    counted.reverse();
    counted
}

/// When the last good minute before the first failure ended, and when the first good one after the
/// last failure began.
fn around_failures(minutes: &[(Timestamp, Counts)]) -> (Option<Timestamp>, Option<Timestamp>) {
    let is_bad = |(_, counts): &(Timestamp, Counts)| counts.failures > 0;
    let is_good = |it: &&(Timestamp, Counts)| !is_bad(it) && it.1.requests > 0;
    let (Some(first), Some(last)) =
        (minutes.iter().position(is_bad), minutes.iter().rposition(is_bad))
    else {
        return (None, None);
    };
    let before = minutes.iter().take(first).rfind(is_good);
    let after = minutes.iter().skip(last.saturating_add(1)).find(is_good);
    (before.map(|(at, _)| at.plus(MINUTE)), after.map(|(at, _)| *at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u64) -> Timestamp {
        Timestamp::from_millis(minute * MINUTE)
    }

    #[test]
    fn the_last_good_minute_and_the_first_one_lie_around_all_failures() {
        let minute = |index: u64, requests: u64, failures: u64| {
            (at(index), Counts { requests, failures, ..Counts::default() })
        };
        let all = [
            minute(0, 10, 0),
            minute(1, 0, 0),
            minute(2, 10, 1),
            minute(3, 10, 0),
            minute(4, 10, 10),
            minute(5, 0, 0),
            minute(6, 10, 0),
        ];
        assert_eq!(around_failures(&all), (Some(at(1)), Some(at(6))));
        assert_eq!(around_failures(&all[..5]), (Some(at(1)), None));
        assert_eq!(around_failures(&all[..2]), (None, None));
    }

    #[test]
    fn what_windows_say_is_taken_apart_by_the_minute() {
        // One request at the beginning of each minute; that of minute 8 fails.
        let now = at(10).plus(30_000);
        let within = |ms: Millis| {
            let first = now.minus(ms).millis() / MINUTE;
            let (requests, failures) = (11 - first, u64::from(first <= 8));
            Counts { requests, failures, ..Counts::default() }
        };
        let told = minutes(within, 3 * MINUTE, now);
        let failures: Vec<_> = told.iter().map(|(at, it)| (*at, it.failures)).collect();
        assert_eq!(failures, [(at(7), 0), (at(8), 1), (at(9), 0), (at(10), 0)]);
        assert!(told.iter().all(|(_, counts)| counts.requests == 1));
    }
}
