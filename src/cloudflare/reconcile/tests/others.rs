//! Each of five facts about a record that another owner touched, from its first sight to its end:
//! told when it begins, counted, left after so many times, and taken back by command.

use super::model::{Account, text};
use super::properties::Life;
use super::world::{OURS, World};
use super::*;
use crate::config::Guards;
use crate::other_owner::{FactTurn, ForeignFact};
use crate::time::{MINUTE, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;

const SET: &str = "files.example.com A";

/// An address set that no rule binds: two regions are up, and the first one should answer.
fn one() -> Life {
    life(DesiredRecords { mode: DnsMode::Failover, ..wanted() }, &["192.0.2.1"])
}

/// The same as a set of members, so that both answer.
fn both() -> Life {
    life(DesiredRecords { mode: DnsMode::Members, ..wanted() }, &["192.0.2.1", "192.0.2.2"])
}

fn wanted() -> DesiredRecords {
    DesiredRecords {
        is_guarded: false,
        answer: Some((region("us-east"), ["192.0.2.1".to_owned()].into())),
        ..addresses(&["192.0.2.1", "192.0.2.2"])
    }
}

fn row(id: &str, content: &str, comment: Option<&str>) -> Value {
    json!({"id": id, "type": "A", "name": "files.example.com", "content": content, "ttl": 60,
           "proxied": false, "comment": comment, "tags": []})
}

fn life(set: DesiredRecords, contents: &[&str]) -> Life {
    let desired = Desired { records: vec![set], ..Desired::default() };
    let rows = contents.iter().enumerate();
    let records = rows.map(|(n, content)| row(&format!("r{n}"), content, Some(OURS))).collect();
    let account = Account { records, ..Account::default() };
    let mut life = Life::new(World { desired, account, holds: Set::new() }, Vec::new());
    life.pass(Allowance::default());
    assert_eq!((life.writes, life.news.len()), (0, 0));
    life
}

/// What another tool does that leads to a fact.
fn deed(life: &mut Life, fact: ForeignFact) {
    let rows = &mut life.account.records;
    match fact {
        ForeignFact::MarkerLost => rows[0]["comment"] = Value::Null,
        ForeignFact::ContentMoved => rows[0]["content"] = json!("192.0.2.3"),
        ForeignFact::TtlChanged => rows[0]["ttl"] = json!(3_600),
        ForeignFact::SecondRecord => rows.push(row("x", "203.0.113.9", None)),
        ForeignFact::Gone => rows.retain(|row| row["content"] != "192.0.2.1"),
    }
}

/// The facts and turns that were told since the last time.
fn told(life: &mut Life) -> Vec<(ForeignFact, FactTurn)> {
    std::mem::take(&mut life.news).into_iter().map(|it| (it.owner.fact, it.turn)).collect()
}

fn after(life: &mut Life, minutes: u64) -> PassReport {
    life.now = life.now.plus(minutes * MINUTE);
    life.pass(Allowance::default())
}

const ENDS: FactTurn = FactTurn::Ends { is_published: true };

fn begins(is_set_right: bool) -> FactTurn {
    FactTurn::Begins { is_set_right }
}

/// What we can set right; whose record the second one is, is not ours to say.
const MENDED: [ForeignFact; 4] = [
    ForeignFact::MarkerLost,
    ForeignFact::ContentMoved,
    ForeignFact::TtlChanged,
    ForeignFact::Gone,
];

#[test]
fn each_fact_is_seen_by_the_regular_look_told_set_right_and_over() {
    for fact in MENDED {
        let mut life = one();
        deed(&mut life, fact);
        after(&mut life, 10);
        assert_eq!(told(&mut life), [(fact, begins(true))]);
        assert_eq!(life.writes, 1, "{fact:?}");
        after(&mut life, 1);
        assert_eq!(told(&mut life), [(fact, ENDS)]);
        after(&mut life, 10);
        assert_eq!((told(&mut life), life.writes), (vec![], 1));
        let [row] = life.account.records.as_slice() else { panic!("{fact:?}") };
        assert_eq!((text(row, "content"), text(row, "comment")), ("192.0.2.1", OURS));
        assert_eq!(row["ttl"], 60);
    }
}

#[test]
fn a_second_record_is_told_and_left_and_over_once_its_owner_deletes_it() {
    let mut life = one();
    deed(&mut life, ForeignFact::SecondRecord);
    for _ in 0..3 {
        after(&mut life, 10);
    }
    assert_eq!(told(&mut life), [(ForeignFact::SecondRecord, begins(false))]);
    assert_eq!((life.writes, life.account.records.len()), (0, 2));
    life.account.records.retain(|row| row["id"] != "x");
    after(&mut life, 10);
    assert_eq!(told(&mut life), [(ForeignFact::SecondRecord, ENDS)]);
}

#[test]
fn one_write_of_a_tool_may_be_three_facts() {
    let mut life = one();
    for fact in [ForeignFact::MarkerLost, ForeignFact::ContentMoved, ForeignFact::TtlChanged] {
        deed(&mut life, fact);
    }
    life.account.records[0]["content"] = json!("192.0.2.2");
    after(&mut life, 10);
    let facts: Vec<ForeignFact> = told(&mut life).into_iter().map(|(fact, _)| fact).collect();
    assert_eq!(
        facts,
        [ForeignFact::MarkerLost, ForeignFact::ContentMoved, ForeignFact::TtlChanged]
    );
    assert_eq!(life.writes, 1);
}

/// A tool that does the same every five minutes until we stop to set it right.
fn until_stopped(life: &mut Life, fact: ForeignFact) {
    for attempt in 1..=3 {
        deed(life, fact);
        after(life, 5);
        assert_eq!(told(life), [(fact, begins(true))], "{fact:?} {attempt}");
        assert_eq!(life.writes, attempt, "{fact:?}");
        // The look that judges our write, unless the tool comes first.
        if attempt == 2 {
            after(life, 1);
            assert_eq!(told(life), [(fact, ENDS)]);
        }
    }
    deed(life, fact);
    after(life, 5);
    assert_eq!(told(life), [(fact, begins(false)), (fact, FactTurn::Stops)], "{fact:?}");
    after(life, 5);
    assert_eq!((told(life), life.writes), (vec![], 3), "{fact:?}");
}

#[test]
fn each_fact_is_set_right_three_times_within_the_hour_and_then_left_and_said_so() {
    for fact in MENDED {
        let mut life = both();
        until_stopped(&mut life, fact);
        let last = life.news.len();
        assert_eq!(last, 0);
        assert!(life.others.values().any(|owner| owner.stopped && owner.fact == fact));
        assert!(life.told.last().unwrap().contains("`pointsman take-back files.example.com A`"));
        after(&mut life, 60);
        assert_eq!(life.writes, 4, "an hour later it is set right again: {fact:?}");
    }
}

#[test]
fn each_fact_that_is_left_is_set_right_at_once_when_it_is_taken_back() {
    for fact in MENDED {
        let mut life = both();
        until_stopped(&mut life, fact);
        life.take_backs.insert(SET.to_owned(), life.now);
        after(&mut life, 1);
        assert_eq!((life.writes, life.take_backs.len()), (4, 0), "{fact:?}");
        after(&mut life, 1);
        assert_eq!(told(&mut life), [(fact, ENDS)]);
        let said = life.account.records.iter().map(|row| text(row, "content").to_owned());
        assert_eq!(Set::of(said), Set::of(["192.0.2.1".to_owned(), "192.0.2.2".to_owned()]));
        assert!(life.account.records.iter().all(|row| row["ttl"] == 60 && row["comment"] == OURS));
        // And it has all its attempts again.
        deed(&mut life, fact);
        after(&mut life, 1);
        assert_eq!(life.writes, 5, "{fact:?}");
    }
}

#[test]
fn an_outage_moves_a_record_that_is_left_to_another_owner() {
    let mut life = one();
    until_stopped(&mut life, ForeignFact::TtlChanged);
    let set = &mut life.desired.records[0];
    set.answer = Some((region("us-east"), ["192.0.2.2".to_owned()].into()));
    set.permitted.get_mut("192.0.2.1").unwrap().switch = Switch::Disable;
    after(&mut life, 1);
    assert_eq!(life.account.records[0]["content"], "192.0.2.2");
    assert_eq!(life.writes, 4);
}

#[test]
fn a_record_whose_name_has_no_answer_without_it_is_made_anew_within_the_budget_of_its_service() {
    let mut life = one();
    life.is_counting = true;
    let most = Guards::default().changes_per_hour as usize;
    for _ in 0..most + 5 {
        life.account.records.retain(|row| text(row, "comment") != OURS);
        after(&mut life, 1);
    }
    assert_eq!(life.writes, most);
    assert!(life.others.values().any(|it| it.stopped && it.fact == ForeignFact::Gone));
    assert!(told(&mut life).contains(&(ForeignFact::Gone, FactTurn::Stops)));
}

#[test]
fn what_was_given_to_another_purpose_is_ours_again_when_it_is_taken_back() {
    let mut life = one();
    life.account.records[0] = row("r0", "198.51.100.7", Some("the new shop"));
    after(&mut life, 10);
    assert_eq!(life.writes, 0);
    life.take_backs.insert(SET.to_owned(), life.now);
    after(&mut life, 1);
    assert_eq!(
        life.account.records,
        [row("r0", "192.0.2.1", Some("pointsman:files the new shop"))]
    );
    assert!(life.take_backs.is_empty());
}

#[test]
fn the_only_record_without_a_marker_becomes_ours_when_it_is_taken_back_and_no_other() {
    let unmarked = || row("u", "192.0.2.2", None);
    let taken_back = |rows: Vec<Value>| {
        let mut life = one();
        life.account.records = Vec::new();
        // As if nothing were remembered.
        let mut fresh = Life::new(
            World { desired: life.desired, account: life.account, holds: Set::new() },
            Vec::new(),
        );
        fresh.desired.records[0].manage = false;
        fresh.account.records = rows;
        fresh.take_backs.insert(SET.to_owned(), fresh.now);
        after(&mut fresh, 1);
        after(&mut fresh, 1);
        assert!(fresh.take_backs.is_empty());
        (fresh.account.records, fresh.told.join("\n"))
    };
    let (rows, _) = taken_back(vec![unmarked()]);
    assert_eq!(rows, [row("u", "192.0.2.1", Some(OURS))]);
    let several = vec![unmarked(), row("v", "192.0.2.3", None)];
    let (rows, told) = taken_back(several.clone());
    assert_eq!(rows, several, "nobody knows which is meant");
    assert!(told.contains("are not marked as ours"), "{told}");
    let theirs = vec![row("u", "192.0.2.2", Some("pointsman:other"))];
    assert_eq!(taken_back(theirs.clone()).0, theirs, "it is another's");
    let mixed = vec![unmarked(), row("o", "192.0.2.3", Some("pointsman:other"))];
    let (rows, _) = taken_back(mixed.clone());
    assert_eq!(rows, [row("u", "192.0.2.1", Some(OURS)), mixed[1].clone()]);
}

#[test]
fn a_record_that_another_owner_marked_is_not_taken_back() {
    let mut life = one();
    life.account.records[0]["comment"] = json!("pointsman:nobody");
    life.take_backs.insert(SET.to_owned(), life.now);
    let before = life.account.clone();
    after(&mut life, 1);
    assert_eq!((life.account.records, life.writes), (before.records, 0));
}

#[test]
fn what_cannot_be_written_now_is_taken_back_later() {
    let mut life = one();
    until_stopped(&mut life, ForeignFact::ContentMoved);
    life.take_backs.insert(SET.to_owned(), life.now);
    life.now = life.now.plus(MINUTE);
    life.pass(Allowance { calls: 1, upkeep: 0 });
    assert_eq!((life.writes, life.take_backs.len()), (3, 1), "there is no call left to write");
    after(&mut life, 1);
    assert_eq!((life.writes, life.take_backs.len()), (4, 0));
}

/// What a foreign writer does next, and how many minutes before.
fn deeds() -> impl Strategy<Value = Vec<(Deed, u64)>> {
    let all = vec![
        Deed::LoseMarker,
        Deed::Move("192.0.2.2"),
        Deed::Move("198.51.100.7"),
        Deed::Slow,
        Deed::Put("192.0.2.2"),
        Deed::Put("198.51.100.7"),
        Deed::Delete,
        Deed::Second("203.0.113.9"),
        Deed::Second("192.0.2.1"),
        Deed::Second("192.0.2.2"),
        Deed::DeleteSecond,
        Deed::Nothing,
    ];
    proptest::collection::vec((select(all), 1..15_u64), 1..60)
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    LoseMarker,
    Move(&'static str),
    Slow,
    /// A PUT without a comment, with a TTL of its own.
    Put(&'static str),
    Delete,
    Second(&'static str),
    DeleteSecond,
    Nothing,
}

/// Does it to the first record that is not a second one, as the API lets it.
fn carry_out(life: &mut Life, deed: Deed, next: usize) {
    let rows = &mut life.account.records;
    let is_second = |row: &Value| text(row, "id").starts_with('x');
    let is_taken =
        |rows: &[Value], content: &str| rows.iter().any(|r| text(r, "content") == content);
    let ours = rows.iter().position(|row| !is_second(row));
    match (deed, ours) {
        (Deed::Second(content), _) if !is_taken(rows, content) => {
            rows.push(row(&format!("x{next}"), content, None));
        }
        (Deed::DeleteSecond, _) => rows.retain(|row| !is_second(row)),
        (Deed::LoseMarker, Some(at)) => rows[at]["comment"] = Value::Null,
        (Deed::Move(content), Some(at)) if !is_taken(rows, content) => {
            rows[at]["content"] = json!(content);
        }
        (Deed::Slow, Some(at)) => rows[at]["ttl"] = json!(3_600),
        (Deed::Put(content), Some(at)) if !is_taken(rows, content) => {
            let id = text(&rows[at], "id").to_owned();
            rows[at] = row(&id, content, None);
            rows[at]["ttl"] = json!(120);
        }
        (Deed::Delete, Some(at)) => drop(rows.remove(at)),
        _ => {}
    }
}

fn seconds(account: &Account) -> Vec<Value> {
    account.records.iter().filter(|row| text(row, "id").starts_with('x')).cloned().collect()
}

/// The most writes within any hour.
fn most_in_an_hour(writes: &[Timestamp]) -> usize {
    let within = |from: &Timestamp| {
        writes.iter().filter(|at| **at >= *from && at.since(*from) < 60 * MINUTE).count()
    };
    writes.iter().map(within).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_others_do_we_write_so_often_an_hour_and_a_record_that_is_taken_back_is_right(
        deeds in deeds(),
        is_one in any::<bool>(),
    ) {
        let mut life = if is_one { one() } else { both() };
        life.is_counting = true;
        let mut writes = Vec::new();
        // What may leave the name without an answer, which is not left to anybody.
        let mut is_gentle = true;
        for (next, (deed, minutes)) in deeds.into_iter().enumerate() {
            carry_out(&mut life, deed, next);
            is_gentle &= !matches!(deed, Deed::Delete | Deed::Second(_));
            let (before, theirs) = (life.writes, seconds(&life.account));
            after(&mut life, minutes);
            writes.extend(vec![life.now; life.writes - before]);
            prop_assert_eq!(seconds(&life.account), theirs, "records of others stay as they are");
        }
        let most = if is_gentle { 3 } else { Guards::default().changes_per_hour as usize };
        prop_assert!(most_in_an_hour(&writes) <= most, "{writes:?}");
        // The foreign writer is gone with its records, and a person takes ours back.
        life.account.records.retain(|row| !text(row, "id").starts_with('x'));
        after(&mut life, 61);
        life.take_backs.insert(SET.to_owned(), life.now);
        for _ in 0..3 {
            after(&mut life, 1);
        }
        prop_assert!(life.take_backs.is_empty());
        let said = life.account.records.iter().map(|row| text(row, "content").to_owned());
        let right: &[&str] = if is_one { &["192.0.2.1"] } else { &["192.0.2.1", "192.0.2.2"] };
        let right = Set::of(right.iter().map(|content| (*content).to_owned()));
        prop_assert_eq!(Set::of(said), right);
        for row in &life.account.records {
            prop_assert!(row["ttl"] == 60 && text(row, "comment") == OURS, "{row}");
        }
        prop_assert!(life.others.values().all(|owner| !owner.is_standing()), "{:?}", life.others);
    }
}

#[test]
fn what_is_made_anew_in_the_place_of_a_record_that_was_taken_counts_by_that() {
    let mut life = both();
    life.is_counting = true;
    let theirs = "198.51.100.7";
    let deeds = [Deed::LoseMarker, Deed::Move(theirs), Deed::Move(theirs), Deed::Put(theirs)];
    for (next, deed) in deeds.into_iter().enumerate() {
        carry_out(&mut life, deed, next);
        after(&mut life, 1);
    }
    assert_eq!(life.writes, 3);
}
