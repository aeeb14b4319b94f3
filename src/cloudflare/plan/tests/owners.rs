//! Other tools write to records of ours: each of five facts has its own message, with both values
//! and both times, and what is ours by its id stays ours.

use super::*;
use crate::owned::{Gone, OwnedRecord, OwnedRecords, RecordValue, Theirs};
use crate::time::{MINUTE, Timestamp};

const NOON: u64 = 1_767_268_800_000;

fn minutes(minutes: u64) -> Timestamp {
    Timestamp::from_millis(NOON + minutes * MINUTE)
}

fn says(content: &str, ttl_s: u32, comment: &str) -> RecordValue {
    let (content, comment) = (content.to_owned(), comment.to_owned());
    RecordValue { content, ttl_s, comment, ..RecordValue::default() }
}

/// We left 192.0.2.1 at noon, and others made something else of it ten minutes later.
fn changed(theirs: RecordValue) -> OwnedRecord {
    OwnedRecord {
        zone: "example.com".to_owned(),
        name: "files.example.com".to_owned(),
        kind: "A".to_owned(),
        service: service(),
        ours: says("192.0.2.1", 60, "pointsman:files"),
        at: minutes(0),
        theirs: Some(Theirs { value: theirs, at: minutes(10) }),
        undone: vec![minutes(10)],
        gone: None,
    }
}

fn with(note: OwnedRecord) -> Circumstances {
    let owned: OwnedRecords = [("r1".to_owned(), note)].into();
    Circumstances { now: minutes(10), owned, ..Circumstances::default() }
}

/// The plan for a record as others left it.
fn after(desired: &Desired, theirs: RecordValue, undone: &[u64]) -> Plan {
    let mut seen = record("r1", &theirs.content, Some(&theirs.comment));
    seen.ttl = theirs.ttl_s;
    let mut note = changed(theirs);
    note.undone = undone.iter().map(|at| minutes(*at)).collect();
    let now = undone.last().copied().unwrap_or(10);
    let known = Circumstances { now: minutes(now), ..with(note) };
    plan(desired, &observed_records(vec![seen]), &Set::new(), &known)
}

/// No rule binds the name; the config knows 192.0.2.1 and 192.0.2.2.
fn free(contents: &[&str]) -> Desired {
    let mut desired = wanted_records(contents);
    desired.records[0].is_guarded = false;
    desired
}

#[test]
fn a_lost_marker_is_written_back_and_told() {
    let plan = after(&free(&["192.0.2.1"]), says("192.0.2.1", 60, ""), &[10]);
    let RecordOp::Patch { comment, tags, content, .. } = &ops(&plan)[0] else { panic!() };
    assert_eq!(comment.as_deref(), OURS);
    assert_eq!((tags, content.as_str()), (&None, "192.0.2.1"));
    assert_eq!(urgencies(&plan), [Urgency::Upkeep]);
    assert_eq!(
        told(&plan),
        ["files.example.com A: restore its settings; record `r1` was changed by others: its \
             marker is lost (`no comment` instead of `pointsman:files`), found at \
             2026-01-01T12:10:00.000Z, ours since 2026-01-01T12:00:00.000Z"]
    );
    assert_eq!(withheld(&plan), [""; 0]);
}

#[test]
fn the_marker_goes_before_words_that_others_wrote_and_lost_words_and_tags_come_back() {
    let of = |seen: Record, note: OwnedRecord| {
        let desired = free(&["192.0.2.1"]);
        let plan = plan(&desired, &observed_records(vec![seen]), &Set::new(), &with(note));
        match &ops(&plan)[0] {
            RecordOp::Patch { comment, tags, .. } => (comment.clone().unwrap(), tags.clone()),
            other => panic!("{other:?}"),
        }
    };
    let mut note = changed(says("192.0.2.1", 60, ""));
    note.ours.comment = "pointsman:files asked for by ann".to_owned();
    note.ours.tags = texts(&["team:edge"]);
    let theirs = record("r1", "192.0.2.1", Some("managed by octodns"));
    let written = of(theirs, note.clone());
    assert_eq!(written, ("pointsman:files managed by octodns".to_owned(), None));
    let written = of(record("r1", "192.0.2.1", None), note.clone());
    let all = ("pointsman:files asked for by ann".to_owned(), Some(texts(&["team:edge"])));
    assert_eq!(written, all);
    let mut tagged = record("r1", "192.0.2.1", None);
    tagged.tags = Some(texts(&["team:dns"]));
    assert_eq!(of(tagged, note).1, None, "tags of theirs stay");
}

#[test]
fn a_content_that_was_moved_is_moved_back_and_both_values_are_told() {
    for comment in ["pointsman:files", ""] {
        let plan = after(&free(&["192.0.2.1"]), says("192.0.2.2", 60, comment), &[10]);
        assert_eq!(urgencies(&plan), [Urgency::Restore]);
        let told = &told(&plan)[0];
        assert!(told.contains("its content is `192.0.2.2` instead of `192.0.2.1`"), "{told}");
        assert_eq!(told.contains("its marker is lost"), comment.is_empty(), "{told}");
    }
}

#[test]
fn a_ttl_that_was_changed_is_told_with_both() {
    let plan = after(&free(&["192.0.2.1"]), says("192.0.2.1", 3_600, "pointsman:files"), &[10]);
    assert_eq!(ops(&plan), [patch("r1", "192.0.2.1", "192.0.2.1")]);
    assert!(told(&plan)[0].contains("its TTL is 3600 s instead of 60 s"), "{:?}", told(&plan));
}

#[test]
fn a_record_that_is_gone_is_told_whether_or_not_it_is_made_anew() {
    let mut note = changed(says("192.0.2.1", 60, ""));
    note.theirs = None;
    note.gone = Some(Gone { at: minutes(10), by_us: false });
    for manage in [false, true] {
        let mut desired = free(&["192.0.2.1"]);
        desired.records[0].manage = manage;
        let known = with(note.clone());
        let plan = plan(&desired, &observed_records(Vec::new()), &Set::new(), &known);
        let all = [told(&plan), withheld(&plan)].concat();
        assert_eq!(all.len(), 1);
        let gone = "record `r1` (192.0.2.1) is gone, found at 2026-01-01T12:10:00.000Z, ours since \
                    2026-01-01T12:00:00.000Z";
        assert!(all[0].contains(gone), "{all:?}");
        assert_eq!(plan.actions.len(), usize::from(manage));
    }
    note.gone = Some(Gone { at: minutes(10), by_us: true });
    let plan = plan(&free(&["192.0.2.1"]), &observed_records(Vec::new()), &Set::new(), &with(note));
    assert_eq!(ops(&plan), [create("192.0.2.1")], "what we deleted we may make anew");
    assert!(!told(&plan)[0].contains("is gone"), "nobody else did");
}

#[test]
fn what_others_gave_to_another_purpose_is_left_alone_and_told() {
    let plan = after(&free(&["192.0.2.1"]), says("198.51.100.7", 60, ""), &[10]);
    assert_eq!(plan.actions, []);
    let all = withheld(&plan).join("\n");
    assert!(all.contains("its records (`198.51.100.7`) are not marked as ours"), "{all}");
    assert!(all.contains("its content is `198.51.100.7` instead of `192.0.2.1`"), "{all}");
    let marked = after(&free(&["192.0.2.1"]), says("198.51.100.7", 60, "pointsman:files"), &[10]);
    assert_eq!(ops(&marked), [patch("r1", "198.51.100.7", "192.0.2.1")], "the marker says ours");
}

#[test]
fn under_a_rule_a_record_of_ours_never_stays_abroad() {
    let mut desired = wanted_records(&["192.0.2.1"]);
    desired.records[0].regions = vec![region("eu-west"), region("us-east")];
    for undone in [vec![10], vec![1, 2, 3, 4, 5, 6]] {
        let plan = after(&desired, says("198.51.100.7", 60, ""), &undone);
        assert_eq!(urgencies(&plan), [Urgency::Law]);
        assert!(matches!(&ops(&plan)[0], RecordOp::Patch { comment: Some(_), .. }));
    }
}

#[test]
fn a_record_that_was_only_adopted_or_marked_for_another_is_not_ours_by_its_id() {
    let mut note = changed(says("192.0.2.2", 60, ""));
    note.ours.comment = "by hand".to_owned();
    let desired = free(&["192.0.2.1"]);
    let adopted = observed_records(vec![record("r1", "192.0.2.2", None)]);
    assert_eq!(plan(&desired, &adopted, &Set::new(), &with(note)).actions, []);
    let other = observed_records(vec![record("r1", "192.0.2.2", Some("pointsman:other"))]);
    let note = changed(says("192.0.2.2", 60, ""));
    assert_eq!(plan(&desired, &other, &Set::new(), &with(note)).actions, []);
}

#[test]
fn two_owners_are_told_from_the_second_time_on() {
    let told_after = |undone: &[u64]| {
        told(&after(&free(&["192.0.2.1"]), says("192.0.2.2", 60, "pointsman:files"), undone))
            .join("")
    };
    assert!(!told_after(&[10]).contains("two owners"));
    let told = told_after(&[10, 1_440]);
    let times = "two owners: others changed it 2 times since 2026-01-01T12:10:00.000Z";
    assert!(told.contains(times), "{told}");
    let week = 7 * 24 * 60;
    assert!(told_after(&[10, 9 + week]).contains("two owners"));
    assert!(!told_after(&[10, 10 + week]).contains("two owners"), "a week later it is forgotten");
}

#[test]
fn a_record_is_set_right_so_often_within_an_hour_and_then_left_and_told() {
    let after = |theirs: RecordValue, undone: &[u64]| after(&free(&["192.0.2.1"]), theirs, undone);
    let slow = || says("192.0.2.1", 3_600, "pointsman:files");
    let moved = || says("192.0.2.2", 60, "pointsman:files");
    for theirs in [slow, moved] {
        assert_eq!(after(theirs(), &[0, 1]).actions.len(), 1);
        assert_eq!(after(theirs(), &[0, 1, 2]).actions.len(), 1);
        let left = after(theirs(), &[0, 1, 2, 3]);
        assert_eq!(left.actions, []);
        assert_eq!(left.withheld[0].why, WithheldReason::TwoOwners);
        let told = &withheld(&left)[0];
        assert!(told.contains("it was set right 3 times within the hour"), "{told}");
        assert!(told.contains("two owners: others changed it 4 times"), "{told}");
        assert_eq!(after(theirs(), &[0, 1, 2, 59]).actions, []);
        assert_eq!(after(theirs(), &[0, 1, 2, 60]).actions.len(), 1, "an hour later it goes on");
    }
}

#[test]
fn nobody_is_left_at_what_is_down_because_another_owner_insists() {
    let mut desired = free(&["192.0.2.1"]);
    desired.records[0].permitted.insert("192.0.2.2".to_owned(), member(Switch::Disable, "us-east"));
    let plan = after(&desired, says("192.0.2.2", 60, "pointsman:files"), &[0, 1, 2, 3, 4, 5]);
    assert_eq!(urgencies(&plan), [Urgency::Failover]);
    assert!(told(&plan)[0].contains("two owners: others changed it 6 times"));
}

#[test]
fn what_is_not_changed_for_another_reason_is_told_all_the_same() {
    let mut desired = free(&[]);
    desired.records[0].manual = true;
    let plan = after(&desired, says("192.0.2.1", 3_600, "pointsman:files"), &[10]);
    assert!(withheld(&plan)[0].contains("its TTL is 3600 s instead of 60 s"), "{plan:?}");
}

#[test]
fn of_two_records_the_one_that_says_more_is_changed_in_place() {
    let mut two = vec![
        record("r1", "192.0.2.8", OURS),
        record("r2", "192.0.2.9", Some("pointsman:files asked for by ann")),
        record("r3", "192.0.2.7", OURS),
    ];
    let planned = |records: &[Record]| {
        ops(&planned(&free(&["192.0.2.1"]), &observed_records(records.to_vec())))
    };
    assert_eq!(
        planned(&two),
        [
            patch("r2", "192.0.2.9", "192.0.2.1"),
            delete("r1", "192.0.2.8"),
            delete("r3", "192.0.2.7")
        ]
    );
    two[2].tags = Some((0..30).map(|n| format!("t:{n}")).collect());
    assert_eq!(planned(&two)[0], patch("r3", "192.0.2.7", "192.0.2.1"));
}

#[test]
fn a_record_that_is_made_anew_takes_over_words_and_tags_of_the_one_that_it_replaces() {
    let mut note = changed(RecordValue::default());
    note.theirs = None;
    note.ours = says("192.0.2.2", 60, "pointsman:files asked for by ann");
    note.ours.tags = texts(&["team:edge"]);
    note.gone = Some(Gone { at: minutes(10), by_us: true });
    let created = |contents: &[&str]| {
        let seen = observed_records(vec![record("r0", "192.0.2.1", OURS)]);
        ops(&plan(&free(contents), &seen, &Set::new(), &with(note.clone())))
    };
    let as_before = RecordOp::Create {
        content: "192.0.2.2".to_owned(),
        ttl_s: 60,
        proxied: false,
        comment: "pointsman:files asked for by ann".to_owned(),
        tags: texts(&["team:edge"]),
    };
    assert_eq!(created(&["192.0.2.1", "192.0.2.2"]), [as_before]);
    assert_eq!(created(&["192.0.2.1", "192.0.2.3"]), [create("192.0.2.3")], "another content");
}

#[test]
fn what_a_stranger_says_already_is_not_said_twice_and_ours_leaves_what_is_down() {
    let mut desired = free(&["192.0.2.1"]);
    desired.records[0].permitted.insert("192.0.2.2".to_owned(), member(Switch::Disable, "us-east"));
    let stranger = record("r9", "192.0.2.1", None);
    let seen = observed_records(vec![record("r1", "192.0.2.2", OURS), stranger.clone()]);
    let plan_of = |desired: &Desired, seen: &Observed, known: &Circumstances| {
        plan(desired, seen, &Set::new(), known)
    };
    let leaves = plan_of(&desired, &seen, &Circumstances::default());
    assert_eq!(ops(&leaves), [delete("r1", "192.0.2.2")]);
    let mut note = changed(RecordValue::default());
    note.theirs = None;
    note.ours = says("192.0.2.2", 60, "pointsman:files");
    note.gone = Some(Gone { at: minutes(10), by_us: true });
    let alone = observed_records(vec![stranger]);
    let settled = plan_of(&desired, &alone, &with(note.clone()));
    assert_eq!(settled.actions, []);
    assert!(withheld(&settled)[0].contains("are also led to `192.0.2.1`"), "{settled:?}");
    let mut back = free(&["192.0.2.2"]);
    back.records[0].permitted.insert("192.0.2.1".to_owned(), member(Switch::Disable, "us-east"));
    let returned = plan_of(&back, &alone, &with(note.clone()));
    assert_eq!(ops(&returned), [create("192.0.2.2")], "what we deleted we may make anew");
    note.gone = Some(Gone { at: minutes(10), by_us: false });
    assert_eq!(plan_of(&back, &alone, &with(note)).actions, [], "others deleted it");
}
