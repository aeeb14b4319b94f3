//! A record set of all members that are up.

use super::*;

/// A set whose members are given with what their health asks for.
fn wanted(members: &[(&str, Switch)]) -> Desired {
    let mut desired = wanted_records(&[]);
    let records = &mut desired.records[0];
    records.mode = DnsMode::Members;
    records.permitted = Map::of(
        members.iter().map(|(content, switch)| ((*content).to_owned(), member(*switch, "eu-west"))),
    );
    desired
}

fn observed(contents: &[&str]) -> Observed {
    observed_records(contents.iter().map(|content| record(content, content, OURS)).collect())
}

const UP: Switch = Switch::Enable;
const UNKNOWN: Switch = Switch::Leave;
const DOWN: Switch = Switch::Disable;

#[test]
fn who_comes_up_is_answered_and_who_goes_down_is_not() {
    let plan = planned(&wanted(&[("a", UP), ("b", UP)]), &observed(&["a"]));
    assert_eq!(ops(&plan), [create("b")]);
    assert_eq!(urgencies(&plan), [Urgency::Restore]);
    let plan = planned(&wanted(&[("a", UP), ("b", DOWN)]), &observed(&["a", "b"]));
    assert_eq!(ops(&plan), [delete("b", "b")]);
    assert_eq!(urgencies(&plan), [Urgency::Failover]);
}

#[test]
fn who_comes_up_takes_the_record_of_who_goes_down() {
    let plan = planned(&wanted(&[("a", UP), ("b", DOWN), ("c", UP)]), &observed(&["a", "b"]));
    assert_eq!(ops(&plan), [patch("b", "b", "c")]);
    assert_eq!(told(&plan), ["files.example.com A: answer a, c"]);
}

#[test]
fn a_set_never_shrinks_to_nothing() {
    let plan = planned(&wanted(&[("a", DOWN), ("b", DOWN)]), &observed(&["a", "b"]));
    assert_eq!(plan.actions, []);
    assert_eq!(plan.withheld[0].why, WithheldReason::NoneUp);
}

#[test]
fn of_whom_nobody_knows_it_stays_as_it_is() {
    let wanted = wanted(&[("a", UP), ("b", UNKNOWN), ("c", UNKNOWN)]);
    let plan = planned(&wanted, &observed(&["a", "b"]));
    assert_eq!((plan.actions, plan.withheld), (Vec::new(), Vec::new()));
}

#[test]
fn where_nobody_is_known_to_be_up_nobody_leaves() {
    let plan = planned(&wanted(&[("a", DOWN), ("b", UNKNOWN)]), &observed(&["a", "b"]));
    assert_eq!(plan.actions, []);
    assert_eq!(plan.withheld[0].why, WithheldReason::NoneUp);
}

#[test]
fn who_is_not_permitted_leaves_even_where_nobody_is_up() {
    let plan = planned(&wanted(&[("a", DOWN), ("b", UNKNOWN)]), &observed(&["a", "z"]));
    assert_eq!(ops(&plan), [delete("z", "z")]);
    assert_eq!(urgencies(&plan), [Urgency::Law]);
}

#[test]
fn a_set_of_a_service_that_fails_over_by_hand_changes_only_for_the_law() {
    let mut desired = wanted(&[("a", UP), ("b", UP)]);
    desired.records[0].manual = true;
    let plan = planned(&desired, &observed(&["a"]));
    assert_eq!((plan.actions, plan.withheld[0].why), (Vec::new(), WithheldReason::Manual));
    let plan = planned(&desired, &observed(&["a", "z"]));
    assert_eq!(ops(&plan), [delete("z", "z")]);
}

#[test]
fn members_have_their_settings_kept() {
    let mut seen = observed(&["a", "b"]);
    seen.records.get_mut("files.example.com").unwrap()[1].ttl = 300;
    let plan = planned(&wanted(&[("a", UP), ("b", UP)]), &seen);
    assert_eq!(ops(&plan), [patch("b", "b", "b")]);
    assert_eq!(urgencies(&plan), [Urgency::Upkeep]);
}
