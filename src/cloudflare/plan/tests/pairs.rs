//! `A` and `AAAA` of one name.

use super::*;
use crate::config::Guards;

const FOUR: [&str; 2] = ["192.0.2.1", "192.0.2.2"];
const SIX: &str = "2001:db8::1";
/// Of the second region, if it has one.
const OTHER_SIX: &str = "2001:db8::2";

/// Both sets of a name over `eu-west` and `us-east`, which is second; the health of each. The
/// second region has IPv6 or not.
fn wanted(health: [Switch; 2], second_has_six: bool) -> Desired {
    let ids = ["eu-west", "us-east"];
    let sixes = [Some(SIX), second_has_six.then_some(OTHER_SIX)];
    let up = health.iter().position(|switch| *switch == Switch::Enable);
    let mut desired = wanted_records(&[]);
    let four = &mut desired.records[0];
    four.is_guarded = false;
    four.manage = true;
    four.regions = ids.map(region).to_vec();
    let mut six = DesiredRecords { kind: RecordKind::Aaaa, ..four.clone() };
    four.permitted = Map::new();
    six.permitted = Map::new();
    let mut follows = Map::new();
    for index in 0..2 {
        let as_member = member(health[index], ids[index]);
        four.permitted.insert(FOUR[index].to_owned(), as_member.clone());
        if let Some(content) = sixes[index] {
            six.permitted.insert(content.to_owned(), as_member);
        }
        let behind: Set<String> = sixes[index].into_iter().map(str::to_owned).collect();
        follows.insert(FOUR[index].to_owned(), behind);
    }
    four.answer = up.map(|up| (region(ids[up]), [FOUR[up].to_owned()].into()));
    six.answer = up.map(|up| (region(ids[up]), sixes[up].into_iter().map(str::to_owned).collect()));
    six.follows = Some(follows);
    desired.records.push(six);
    desired
}

fn six(id: &str, content: &str, comment: Option<&str>) -> Record {
    Record { kind: "AAAA".to_owned(), ..record(id, content, comment) }
}

fn both(four: &str, of_six: &[&str]) -> Observed {
    let sixes = of_six.iter().map(|content| six("r6", content, OURS));
    observed_records([record("r4", four, OURS)].into_iter().chain(sixes).collect())
}

const UP: Switch = Switch::Enable;
const UNKNOWN: Switch = Switch::Leave;
const DOWN: Switch = Switch::Disable;

#[test]
fn both_move_in_one_unit_and_are_equally_urgent() {
    let plan = planned(&wanted([DOWN, UP], true), &both(FOUR[0], &[SIX]));
    assert_eq!(ops(&plan), [patch("r4", FOUR[0], FOUR[1]), patch("r6", SIX, OTHER_SIX)]);
    assert_eq!(urgencies(&plan), [Urgency::Failover; 2]);
    assert_eq!(units(plan.actions).len(), 1);
}

#[test]
fn a_region_without_ipv6_takes_the_aaaa_away_and_its_end_brings_it_back() {
    let plan = planned(&wanted([DOWN, UP], false), &both(FOUR[0], &[SIX]));
    assert_eq!(ops(&plan), [patch("r4", FOUR[0], FOUR[1]), delete("r6", SIX)]);
    assert_eq!(units(plan.actions).len(), 1);
    let away = planned(&wanted([DOWN, UP], false), &both(FOUR[1], &[]));
    assert_eq!((away.actions, away.withheld), (Vec::new(), Vec::new()));
    let back = planned(&wanted([UP, UP], false), &both(FOUR[1], &[]));
    assert_eq!(ops(&back), [patch("r4", FOUR[1], FOUR[0]), create(SIX)]);
    assert_eq!(urgencies(&back), [Urgency::Restore; 2]);
    assert_eq!(units(back.actions).len(), 1);
}

#[test]
fn the_aaaa_stays_with_an_a_that_stays() {
    // The first region is unknown, which is no reason to leave it.
    let plan = planned(&wanted([UNKNOWN, UP], true), &both(FOUR[0], &[SIX]));
    assert_eq!(plan.actions, []);
    let strayed = planned(&wanted([UNKNOWN, UP], true), &both(FOUR[0], &[OTHER_SIX]));
    assert_eq!(ops(&strayed), [patch("r6", OTHER_SIX, SIX)]);
    let lost = planned(&wanted([DOWN, DOWN], true), &both(FOUR[0], &[OTHER_SIX]));
    assert_eq!(ops(&lost), [patch("r6", OTHER_SIX, SIX)]);
}

#[test]
fn a_guard_withholds_both_or_none() {
    let guards = Guards { changes_per_hour: 1, ..Guards::default() };
    let circumstances = Circumstances { guards, ..Circumstances::default() };
    let desired = wanted([DOWN, UP], true);
    let plan = plan(&desired, &both(FOUR[0], &[SIX]), &Set::new(), &circumstances);
    assert_eq!(plan.actions, []);
    let why: Vec<_> = plan.withheld.iter().map(|withheld| withheld.why).collect();
    assert_eq!(why, [WithheldReason::ChangeBudget; 2]);
    let guards = Guards { changes_per_hour: 2, ..Guards::default() };
    let circumstances = Circumstances { guards, ..Circumstances::default() };
    let plan = super::plan(&desired, &both(FOUR[0], &[SIX]), &Set::new(), &circumstances);
    assert_eq!(plan.actions.len(), 2);
}

#[test]
fn whatever_the_health_and_whatever_is_there_both_name_one_region_afterwards() {
    let all = [UP, UNKNOWN, DOWN];
    for has_six in [true, false] {
        for health in all.into_iter().flat_map(|a| all.map(|b| [a, b])) {
            for four in FOUR {
                for there in [&[][..], &[SIX], &[OTHER_SIX]] {
                    let plan = planned(&wanted(health, has_six), &both(four, there));
                    let mut said = [Some(four.to_owned()), there.first().map(|s| (*s).to_owned())];
                    for op in ops(&plan) {
                        let (slot, now) = match op {
                            RecordOp::Patch { id, content, .. } => (id == "r6", Some(content)),
                            RecordOp::Delete { id, .. } => (id == "r6", None),
                            RecordOp::Create { content, .. } => (true, Some(content)),
                        };
                        said[usize::from(slot)] = now;
                    }
                    let [four, six] = said;
                    let expected = match four.as_deref() {
                        Some("192.0.2.1") => Some(SIX),
                        _ => has_six.then_some(OTHER_SIX),
                    };
                    assert_eq!(six.as_deref(), expected, "{health:?} {four:?} {there:?}");
                }
            }
        }
    }
}

#[test]
fn where_a_person_moves_the_answer_neither_follows() {
    let mut desired = wanted([DOWN, UP], true);
    for set in &mut desired.records {
        (set.manual, set.answer) = (true, None);
    }
    assert_eq!(planned(&desired, &both(FOUR[1], &[SIX])).actions, []);
}

#[test]
fn an_aaaa_that_is_not_ours_is_told_and_the_a_moves_all_the_same() {
    let records = vec![record("r4", FOUR[0], OURS), six("r6", SIX, None)];
    let plan = planned(&wanted([DOWN, UP], true), &observed_records(records));
    assert_eq!(ops(&plan), [patch("r4", FOUR[0], FOUR[1])]);
    assert!(withheld(&plan).iter().any(|told| told.contains("foreign")), "{:?}", withheld(&plan));
}
