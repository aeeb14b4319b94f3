//! When a refusal of the API's is believed.
//!
//! A single 401 or 403 may be a mistake of the API's, or of a part of it that does not know a new
//! token yet. So a permission is believed to be missing after [`SIGHTINGS`] refusals that are
//! [`APART_MS`] apart; until then what needs it is tried again like after any failure. Then it is
//! tried every [`DENIED_MS`], because a person has to act first. A failover, a repair of a breach
//! and whatever may show one are tried every [`URGENT_MS`] all the same: a person may act any time,
//! and nobody should wait for us then.

use crate::cloudflare::PassReport;
use crate::ordered::Map;
use crate::state::{Actuation, Denied};
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// Refusals after which a permission is believed to be missing.
pub(super) const SIGHTINGS: u32 = 3;
/// How far apart they are at least. With the waits after failed passes, 2, 4 and 8 s, a permission
/// is believed to be missing after 14 s.
pub(super) const APART_MS: Millis = 5 * SECOND;
/// How long what needs a missing permission is not tried.
pub(super) const DENIED_MS: Millis = 10 * MINUTE;
/// The same for what is urgent.
pub(super) const URGENT_MS: Millis = MINUTE;
/// How to make a pass try everything now.
const NOW: &str = "`POST /.pointsman/compare` tries now";

/// What is believed to be missing and need not be tried at `now`, with what the API said.
pub(super) fn believed(actuation: &Actuation, now: Timestamp) -> Map<String, String> {
    let waits = |denied: &Denied| is_believed(denied) && now < tried_again_at(denied);
    let denied = actuation.denied.iter().filter(|(_, denied)| waits(denied));
    Map::of(denied.map(|(grant, denied)| (grant.clone(), denied.said.clone())))
}

pub(super) fn is_believed(denied: &Denied) -> bool {
    denied.sightings >= SIGHTINGS
}

fn tried_again_at(denied: &Denied) -> Timestamp {
    denied.last_at.unwrap_or(denied.at).plus(DENIED_MS)
}

/// Takes in what a pass was refused and granted.
pub(super) fn note(actuation: &mut Actuation, report: &PassReport, now: Timestamp) {
    let mut known = std::mem::take(&mut actuation.denied);
    for (grant, said) in report.denied.iter() {
        let before = known.remove(grant);
        let denied = match before {
            Some(before) if !report.refused.contains(grant) => before,
            before => sighted(before, said, now),
        };
        actuation.denied.insert(grant.clone(), denied);
    }
    // A pass that met everything would have met these. One that did not says nothing about them.
    let is_whole = report.is_planned && report.put_off.is_none();
    known.retain(|grant, denied| {
        !is_whole && !report.granted.contains(grant) && now < tried_again_at(denied)
    });
    actuation.denied.extend(known);
}

fn sighted(before: Option<Denied>, said: &str, now: Timestamp) -> Denied {
    let said = said.to_owned();
    let first = Denied {
        at: now,
        said: said.clone(),
        sightings: 1,
        last_at: Some(now),
        ..Denied::default()
    };
    let Some(before) = before else { return first };
    let last_at = before.last_at.unwrap_or(before.at);
    if now.since(last_at) < APART_MS {
        return Denied { said, ..before };
    }
    let sightings = before.sightings.saturating_add(1);
    Denied { said, sightings, last_at: Some(now), ..before }
}

/// How long to wait if nothing but missing permissions stands in the way; `None` if something else
/// does.
pub(super) fn wait_ms(
    actuation: &Actuation,
    report: &PassReport,
    now: Timestamp,
) -> Option<Millis> {
    let of = |told: &String| actuation.denied.iter().find(|(_, denied)| denied.said == *told);
    let mut wait_ms = None;
    for told in &report.failures {
        let (grant, denied) = of(told).filter(|(_, denied)| is_believed(denied))?;
        let this_ms = if report.urgent.contains(grant) {
            URGENT_MS
        } else {
            tried_again_at(denied).since(now).max(SECOND)
        };
        wait_ms = Some(wait_ms.map_or(this_ms, |least: Millis| least.min(this_ms)));
    }
    wait_ms
}

/// Says in the failures when each refusal is tried again, and notes the instant. Returns what a
/// person has to see to: what is newly believed to be missing, and once more every [`DENIED_MS`].
pub(super) fn say(actuation: &mut Actuation, report: &PassReport, now: Timestamp) -> Vec<String> {
    let mut found = Vec::new();
    let retry_at = actuation.retry_at.map(|at| at.max(now));
    let all = std::mem::take(&mut actuation.denied);
    for (grant, mut denied) in all {
        let is_believed = is_believed(&denied);
        let waits_longer = is_believed && !report.urgent.contains(&grant);
        let due_at = Some(tried_again_at(&denied).max(now)).filter(|_| waits_longer).or(retry_at);
        denied.next_at = due_at;
        let how_often = match (is_believed, waits_longer) {
            (false, _) => "it is tried again in a moment".to_owned(),
            (true, false) => format!("it is tried every {} s, and {NOW}", URGENT_MS / SECOND),
            (true, true) => format!("it is tried every {} s, and {NOW}", DENIED_MS / SECOND),
        };
        for failure in actuation.failures.iter_mut().filter(|told| **told == denied.said) {
            *failure = format!("{failure}; {how_often}");
        }
        let is_due = denied.told_at.is_none_or(|at| now.since(at) >= DENIED_MS);
        if is_believed && is_due && report.refused.contains(&grant) {
            denied.told_at = Some(now);
            let due_at = due_at.map(|at| at.to_string()).unwrap_or_default();
            found.push(format!("{}; the next try is at {due_at}, {NOW}", denied.said));
        }
        actuation.denied.insert(grant, denied);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ordered::Set;

    const GRANT: &str = "DNS Read on example.com";

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    /// A pass in which the API refused this, and nothing else went wrong.
    fn refusal(is_urgent: bool) -> PassReport {
        let urgent = if is_urgent { Set::from([GRANT.to_owned()]) } else { Set::new() };
        PassReport {
            denied: [(GRANT.to_owned(), "no".to_owned())].into(),
            refused: [GRANT.to_owned()].into(),
            failures: vec!["no".to_owned()],
            urgent,
            ..PassReport::default()
        }
    }

    /// What is known after refusals at these instants.
    fn refused(instants: &[u64]) -> Actuation {
        let mut actuation = Actuation::default();
        for ms in instants {
            note(&mut actuation, &refusal(false), at(*ms));
        }
        actuation
    }

    #[test]
    fn a_missing_permission_is_believed_after_three_refusals_that_are_apart() {
        for (instants, is_believed) in [
            (&[0][..], false),
            (&[0, 5_000], false),
            (&[0, 5_000, 10_000], true),
            (&[0, 5_000, 10_000, 15_000], true),
            // Refusals of one moment are one.
            (&[0, 1, 2, 3, 4_999], false),
            (&[0, 4_999, 9_998], false),
            // The waits after failed passes.
            (&[0, 2_000, 6_000], false),
            (&[0, 2_000, 6_000, 14_000], true),
        ] {
            let last = at(*instants.last().unwrap());
            let told = believed(&refused(instants), last);
            assert_eq!(told.len(), usize::from(is_believed), "{instants:?}");
        }
    }

    #[test]
    fn what_is_believed_is_tried_again_after_ten_minutes_and_urgent_wishes_every_minute() {
        let actuation = refused(&[0, 5_000, 10_000]);
        let last = 10_000;
        for (ms, waits) in [(DENIED_MS - 1, true), (DENIED_MS, false), (DENIED_MS + 1, false)] {
            assert_eq!(believed(&actuation, at(last + ms)).len(), usize::from(waits));
        }
        let wait = |is_urgent| wait_ms(&actuation, &refusal(is_urgent), at(last));
        assert_eq!((wait(false), wait(true)), (Some(DENIED_MS), Some(URGENT_MS)));
        assert_eq!(wait_ms(&refused(&[0]), &refusal(false), at(0)), None, "not believed");
        let mut more = refusal(false);
        more.failures.push("something else".to_owned());
        assert_eq!(wait_ms(&actuation, &more, at(last)), None);
    }

    #[test]
    fn a_call_that_succeeds_or_a_pass_that_meets_all_ends_what_was_seen() {
        let granted = PassReport { granted: [GRANT.to_owned()].into(), ..PassReport::default() };
        let whole = PassReport { is_planned: true, ..PassReport::default() };
        let cut_short = PassReport::default();
        for (report, left) in [(granted, 0), (whole, 0), (cut_short, 1)] {
            let mut actuation = refused(&[0, 5_000]);
            note(&mut actuation, &report, at(6_000));
            assert_eq!(actuation.denied.len(), left);
        }
        // A refusal of long ago is no part of a series.
        let mut actuation = refused(&[0, 5_000]);
        note(&mut actuation, &PassReport::default(), at(5_000 + DENIED_MS));
        assert_eq!(actuation.denied.len(), 0);
    }

    #[test]
    fn what_is_told_says_how_often_it_is_tried_and_what_tries_now() {
        let say_of = |instants: &[u64], is_urgent| {
            let mut actuation = refused(instants);
            let now = at(*instants.last().unwrap());
            actuation.failures = vec!["no".to_owned(), "something else".to_owned()];
            actuation.retry_at = Some(now.plus(URGENT_MS));
            let found = say(&mut actuation, &refusal(is_urgent), now);
            (actuation, found)
        };
        let (once, found) = say_of(&[0], false);
        assert_eq!(once.failures, ["no; it is tried again in a moment", "something else"]);
        assert_eq!(found, [""; 0]);
        let (settled, found) = say_of(&[0, 5_000, 10_000], false);
        assert_eq!(
            settled.failures[0],
            "no; it is tried every 600 s, and `POST /.pointsman/compare` tries now"
        );
        assert_eq!(found, [format!("no; the next try is at 1970-01-01T00:10:10.000Z, {NOW}")]);
        let denied = settled.denied.get(GRANT).unwrap();
        assert_eq!((denied.next_at, denied.told_at), (Some(at(610_000)), Some(at(10_000))));
        let (urgent, _) = say_of(&[0, 5_000, 10_000], true);
        assert!(urgent.failures[0].starts_with("no; it is tried every 60 s"));
        assert_eq!(urgent.denied.get(GRANT).unwrap().next_at, Some(at(70_000)));
    }

    #[test]
    fn a_person_is_called_once_and_again_every_ten_minutes() {
        let mut actuation = refused(&[0, 5_000]);
        let mut called = Vec::new();
        for second in (10..1_300).step_by(60) {
            let now = at(second * SECOND);
            note(&mut actuation, &refusal(true), now);
            if !say(&mut actuation, &refusal(true), now).is_empty() {
                called.push(second);
            }
        }
        assert_eq!(called, [10, 610, 1_210]);
    }
}
