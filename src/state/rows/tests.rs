use super::*;
use crate::config::OverrideTo;
use crate::fingerprint::Fingerprint;
use crate::health::{
    Because, FailureKind, FailureReason, Field, Health, Hysteresis, Thresholds, Verdict,
};
use crate::hold::{Claim, Hold};
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId};
use crate::json;
use crate::latency::Estimate;
use crate::order::{Acted, Remembered};
use crate::other_owner::{ForeignFact, OtherOwner};
use crate::owned::{OwnedRecord, RecordValue};
use crate::recovery::{Reading, Recovery, StandbyMemory};
use crate::state::{
    Applied, Controls, Denied, Episode, Intent, Left, Reported, RetryWhy, Run, State,
};
use crate::tally::Tally;
use crate::testing::{operator, order, set_origin};
use crate::time::Timestamp;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Rows by kind and id, as storage has them.
type Stored = BTreeMap<(String, String), String>;

const THRESHOLDS: Thresholds = Thresholds { rise: 2, fall: 3, forgive: 2, window_ms: 60_000 };
const PASS: Verdict = Verdict::Pass { latency_ms: 20, lag_s: None };
const FAIL: Verdict = Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) };

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn carry_out(stored: &mut Stored, changes: &[RowChange]) {
    for change in changes {
        match change {
            RowChange::PutRow(Row { kind, id, value }) => {
                stored.insert((kind.clone(), id.clone()), value.clone());
            }
            RowChange::DeleteRow { kind, id } => {
                stored.remove(&((*kind).to_owned(), id.clone()));
            }
            RowChange::PutEntry { .. } | RowChange::DeleteEntry { .. } => panic!("{change:?}"),
        }
    }
}

fn listed(stored: &Stored) -> Vec<Row> {
    let row = |((kind, id), value): (&(String, String), &String)| Row {
        kind: kind.clone(),
        id: id.clone(),
        value: value.clone(),
    };
    stored.iter().map(row).collect()
}

/// Saves a state. Returns the rows that were written or deleted, and their bytes.
fn save(stored: &mut Stored, kept: &mut Kept, state: &State) -> (usize, usize) {
    let saving = kept.changes(state);
    let bytes = saving.changes.iter().map(|change| match change {
        RowChange::PutRow(row) => row.kind.len() + row.id.len() + row.value.len(),
        _ => 0,
    });
    let told = (saving.changes.len(), bytes.sum());
    carry_out(stored, &saving.changes);
    kept.saved(saving);
    told
}

fn target(origin: usize, monitor: usize) -> Target {
    let id = |word: &str, number: usize| format!("{word}-{number:03}-{}", "x".repeat(63 - 11));
    Target {
        origin: OriginId::parse(&id("origin", origin)).unwrap(),
        monitor: MonitorId::parse(&id("monito", monitor)).unwrap(),
    }
}

fn probed(known: &mut TargetState, verdict: &Verdict, now: Timestamp) {
    (known.probed_at, known.judged_at) = (Some(now), Some(now));
    known.memory.observe(verdict, THRESHOLDS, now);
    if *verdict == PASS {
        known.reached_at = Some(now);
        known.latency = Some(Estimate::with(known.latency, 20, now));
    }
}

/// 1,000 origins under 10 monitors, all up: as many targets as a run can have probes.
fn large() -> State {
    let mut state = State { run: Some(run(0)), ..State::default() };
    for origin in 0..1_000 {
        for monitor in 0..10 {
            let mut known = TargetState::default();
            (0..3).for_each(|ms| probed(&mut known, &PASS, at(ms)));
            state.targets.insert(target(origin, monitor), known);
        }
    }
    state
}

fn run(round: u32) -> Run {
    Run {
        scheduled: at(0),
        began: at(0),
        round,
        probes: round,
        controls: Controls::Idle,
        cron: None,
    }
}

/// Every target is probed once more.
fn round(state: &mut State, number: u32, now: Timestamp) {
    state.run = Some(run(number));
    state.targets.values_mut().for_each(|known| probed(known, &PASS, now));
}

#[test]
fn the_largest_deployment_saves_and_restores_and_a_quiet_round_writes_one_row() {
    let mut state = large();
    let (mut stored, mut kept) = (Stored::new(), Kept::default());
    let text = json::write(&state).len();
    let all = save(&mut stored, &mut kept, &state);
    round(&mut state, 1, at(60_000));
    let quiet = save(&mut stored, &mut kept, &state);
    round(&mut state, 2, at(120_000));
    let ill = state.targets.get_mut(&target(7, 7)).unwrap();
    probed(ill, &FAIL, at(120_000));
    let one_change = save(&mut stored, &mut kept, &state);
    round(&mut state, 3, at(RENEW_MS + 3));
    let renewal = save(&mut stored, &mut kept, &state);
    // One value of storage holds 2 MB.
    assert_eq!(text, 5_501_230);
    assert_eq!(all, (10_003, 5_520_538));
    assert_eq!(quiet, (1, 123));
    assert_eq!(one_change, (2, 689));
    assert_eq!(renewal, (10_001, 5_520_123));
    let longest = stored.values().map(String::len).max().unwrap();
    assert!(longest < 1_000, "{longest}");
    let restored = restore(listed(&stored));
    assert_eq!(restored.state, state);
    assert_eq!(restored.kept, kept);
    assert_eq!((restored.changes, restored.notes), (Vec::new(), Vec::new()));
}

#[test]
fn instants_in_motion_wait_and_whatever_is_believed_does_not() {
    let mut state = large();
    let (mut stored, mut kept) = (Stored::new(), Kept::default());
    save(&mut stored, &mut kept, &state);
    let rows = |change: &dyn Fn(&mut TargetState)| {
        let mut state = state.clone();
        change(state.targets.get_mut(&target(0, 0)).unwrap());
        kept.changes(&state).changes.len()
    };
    // The row says 2 ms.
    for (ms, written) in [(2 + RENEW_MS - 1, 0), (2 + RENEW_MS, 1), (2 + RENEW_MS + 1, 1)] {
        assert_eq!(rows(&|known| known.probed_at = Some(at(ms))), written, "{ms}");
        assert_eq!(rows(&|known| known.judged_at = Some(at(ms))), written, "{ms}");
        assert_eq!(rows(&|known| known.reached_at = Some(at(ms))), written, "{ms}");
    }
    assert_eq!(rows(&|known| known.latency = Some(Estimate::with(None, 9, at(5)))), 0);
    assert_eq!(rows(&|known| known.lag = Some(Reported { value_s: 1, at: at(5) })), 0);
    assert_eq!(rows(&|known| known.note = Some("why".to_owned())), 1);
    assert_eq!(rows(&|known| known.too_slow = true), 1);
    assert_eq!(rows(&|known| known.memory = Hysteresis::default()), 1);
    assert_eq!(rows(&|known| known.judged_at = None), 1);
    state.targets.remove(&target(0, 0));
    assert_eq!(save(&mut stored, &mut kept, &state), (1, 0));
    assert_eq!(restore(listed(&stored)).state, state);
}

#[test]
fn a_row_may_have_so_many_bytes_and_no_more() {
    for (bytes, is_kept) in
        [(ROW_BYTES_MAX - 1, true), (ROW_BYTES_MAX, true), (ROW_BYTES_MAX + 1, false)]
    {
        let mut state = State::default();
        // A text of JSON has two quotes.
        state.actuation.zone_ids.insert("example.com".to_owned(), "z".repeat(bytes - 2));
        let (mut stored, mut kept) = (Stored::new(), Kept::default());
        let first = kept.changes(&state).left_out;
        save(&mut stored, &mut kept, &state);
        assert_eq!(first, if is_kept { vec![] } else { vec!["zone example.com".to_owned()] });
        assert_eq!(restore(listed(&stored)).state == state, is_kept, "{bytes}");
        assert_eq!(kept.changes(&state).left_out, [""; 0], "it is said once");
        assert_eq!(kept.changes(&state).changes, [], "and tried once");
    }
}

#[test]
fn there_may_be_so_many_rows_and_no_more_and_what_is_worth_most_comes_first() {
    let mut state = State::default();
    for monitor in 0..3 {
        state.targets.insert(target(0, monitor), TargetState::default());
    }
    state.actuation.intents.push(Intent { at: at(1), what: "a change".to_owned() });
    // Controller, actuation, the intent, and three targets.
    for (rows_max, kept_targets) in [(7, 3), (6, 3), (5, 2), (3, 0)] {
        let (mut stored, mut kept) = (Stored::new(), Kept::default());
        let saving = kept.changes_within(&state, rows_max);
        assert_eq!(saving.left_out.len(), 3 - kept_targets, "{rows_max}");
        carry_out(&mut stored, &saving.changes);
        kept.saved(saving);
        assert_eq!(stored.len(), 3 + kept_targets);
        let restored = restore(listed(&stored)).state;
        assert_eq!(restored.actuation, state.actuation);
        assert_eq!(restored.targets.len(), kept_targets);
        assert_eq!(kept.changes_within(&state, rows_max).changes, []);
        let room = kept.changes_within(&state, 6).changes;
        assert_eq!(room.len(), 3 - kept_targets, "what finds room is written");
    }
}

#[test]
fn of_many_rows_that_do_not_read_so_many_are_put_aside() {
    for (rows, lost) in [(UNREADABLE_MAX - 1, 0), (UNREADABLE_MAX, 0), (UNREADABLE_MAX + 1, 1)] {
        let row = |number| Row {
            kind: "target".to_owned(),
            id: target(number / 20, number % 20).to_string(),
            value: "7".to_owned(),
        };
        let restored = restore((0..rows).map(row).collect());
        let puts = restored.changes.iter().filter(|change| matches!(change, RowChange::PutRow(_)));
        assert_eq!(puts.count(), rows - lost);
        assert_eq!(restored.notes.iter().any(|note| note.contains("are lost")), lost > 0);
    }
}

prop_compose! {
    fn known()(
        verdicts in vec(any::<bool>(), 0..8),
        note in proptest::option::of("[a-z ]{0,9}"),
        lag in proptest::option::of(0_u64..99),
    ) -> TargetState {
        let mut known = TargetState { note, ..TargetState::default() };
        for (ms, passes) in (1..).zip(verdicts) {
            probed(&mut known, if passes { &PASS } else { &FAIL }, at(ms * 1_000));
        }
        known.lag = lag.map(|value_s| Reported { value_s, at: at(9) });
        known
    }
}

fn episode(since: u64) -> Episode {
    Episode {
        service: ServiceId::parse("api").unwrap(),
        region: RegionId::parse("eu-west").unwrap(),
        health: Health::Down,
        because: Because::Observed,
        why: Some("w".to_owned()),
        since: at(since),
        until: (since > 2).then(|| at(since + 1)),
    }
}

fn other_owner(name: &str) -> OtherOwner {
    OtherOwner {
        fact: ForeignFact::Gone,
        record: format!("{name} A"),
        id: "r1".to_owned(),
        service: ServiceId::parse(name).unwrap(),
        ours: "192.0.2.1".to_owned(),
        ours_at: at(1),
        theirs: "no record".to_owned(),
        at: at(2),
        times: vec![at(2)],
        stopped: false,
        set_right_at: Some(at(3)),
        over_at: None,
    }
}

fn owned(name: &str) -> OwnedRecord {
    let ours = RecordValue { content: name.to_owned(), ..RecordValue::default() };
    OwnedRecord {
        zone: "example.com".to_owned(),
        name: name.to_owned(),
        kind: "A".to_owned(),
        service: ServiceId::parse(name).unwrap(),
        ours,
        at: at(1),
        theirs: None,
        undone: vec![at(2)],
        gone: None,
    }
}

prop_compose! {
    fn any_state()(
        generation in any::<u64>(),
        doubted in proptest::option::of(0_u64..99),
        targets in btree_map((0..3_usize, 0..3_usize), known(), 0..6),
        names in btree_set("[a-z]{1,6}", 0..4),
        texts in vec("[a-z/ ]{0,12}", 0..5),
        whats in btree_set("[a-z ]{1,12}", 0..4),
        instants in vec(0_u64..5, 0..6),
        retry in proptest::option::of(0_u64..99),
        round in proptest::option::of(0_u32..9),
    ) -> State {
        let mut state = State { generation, doubted_since: doubted.map(at), ..State::default() };
        state.run = round.map(run);
        state.substance = doubted.map(|ms| Fingerprint::of(&ms.to_be_bytes()));
        for ((origin, monitor), known) in targets {
            state.targets.insert(target(origin, monitor), known);
        }
        let actuation = &mut state.actuation;
        for name in &names {
            let service = ServiceId::parse(name).unwrap();
            actuation.zone_ids.insert(name.clone(), "id".to_owned());
            actuation.zones_seen.insert(name.clone(), at(5));
            actuation.owned.insert(name.clone(), owned(name));
            let denied = Denied {
                at: at(1),
                said: name.clone(),
                sightings: 2,
                last_at: Some(at(2)),
                next_at: Some(at(3)),
                told_at: None,
            };
            actuation.denied.insert(name.clone(), denied);
            actuation.moved_at.insert(service.clone(), at(2));
            let mut tally = Tally::default();
            tally.add(3, at(4));
            actuation.changes.insert(service, tally.clone());
            actuation.zone_changes.insert(name.clone(), tally);
            actuation.moved.insert(format!("{name} A"), ["192.0.2.1".to_owned()].into());
            actuation.take_backs.insert(format!("{name} A"), at(6));
            actuation.other_owners.insert(format!("{name} A gone"), other_owner(name));
            let hold = Hold {
                account: "a".to_owned(),
                pool: format!("p/{name}"),
                address: name.clone(),
            };
            let is_doubtful = name.len() % 2 == 0;
            let claim = Claim { hold: hold.clone(), begun: at(1), until: at(2), is_doubtful };
            actuation.claims.push(claim);
            actuation.holds.insert(hold);
            actuation.slow_monitors.insert(name.clone(), at(3));
            state.written.insert(format!("region:{name}"), Fingerprint::of(name.as_bytes()));
            let id = u64::try_from(state.orders.len()).unwrap() + 9;
            state.orders.push(order(id, set_origin(name, OverrideTo::Drain), Some(at(9))));
            state.remembered.push(Remembered {
                who: operator(name),
                key: "k".to_owned(),
                at: at(id),
                asked: Fingerprint::of(b"asked"),
                acted: Acted::default(),
            });
            let health = Map::of([(RegionId::parse(name).unwrap(), Health::Down)]);
            state.frozen.insert(ServiceId::parse(name).unwrap(), health);
        }
        actuation.failures = texts.clone();
        actuation.withheld = texts.clone();
        actuation.intents = whats.into_iter().map(|what| Intent { at: at(3), what }).collect();
        let mut instants = instants;
        instants.sort_unstable();
        let applied = |ms: &u64| Applied { at: at(*ms), what: "w".to_owned(), why: "y".to_owned() };
        actuation.applied = instants.iter().map(applied).collect();
        state.history = Set::of(instants.iter().copied()).iter().map(|ms| episode(*ms)).collect();
        let actuation = &mut state.actuation;
        (actuation.retry_at, actuation.attempts) = (retry.map(at), 7);
        actuation.left = round.map(|unread| Left { unread, undone: 2 });
        actuation.retry_why = retry.map(|_| RetryWhy::Upkeep);
        state
    }
}

proptest! {
    /// What is in motion is not compared: it is saved every [`RENEW_MS`] only.
    #[test]
    fn storage_holds_every_state_after_any_other(states in vec(any_state(), 1..4)) {
        let (mut stored, mut kept) = (Stored::new(), Kept::default());
        for state in &states {
            save(&mut stored, &mut kept, state);
            prop_assert_eq!(save(&mut stored, &mut kept, state), (0, 0));
            let restored = restore(listed(&stored));
            prop_assert_eq!(resting(&restored.state), resting(state));
            prop_assert_eq!(&restored.kept, &kept);
            prop_assert_eq!(restored.notes, [""; 0]);
        }
        let (mut stored, mut kept) = (Stored::new(), Kept::default());
        let last = states.last().unwrap();
        save(&mut stored, &mut kept, last);
        prop_assert_eq!(&restore(listed(&stored)).state, last, "without a past nothing waits");
    }

    #[test]
    fn a_row_that_does_not_read_loses_itself_alone(
        state in any_state(),
        which in any::<prop::sample::Index>(),
    ) {
        let (mut stored, mut kept) = (Stored::new(), Kept::default());
        save(&mut stored, &mut kept, &state);
        let mut rows = listed(&stored);
        let place = which.index(rows.len());
        let broken = Row { value: "{".to_owned(), ..rows[place].clone() };
        rows[place] = broken.clone();
        let restored = restore(rows.clone());
        prop_assert_eq!(restored.notes.len(), 1);
        let named = format!("{} {}", broken.kind, broken.id);
        prop_assert!(restored.notes[0].contains(&named));
        carry_out(&mut stored, &restored.changes);
        let mut kept = restored.kept;
        save(&mut stored, &mut kept, &restored.state);
        let aside = stored.remove(&("unreadable".to_owned(), named));
        prop_assert_eq!(aside, Some("{".to_owned()));
        let again = restore(listed(&stored));
        prop_assert_eq!(again.state, restored.state);
        prop_assert_eq!(again.notes, [""; 0]);
    }
}

/// A state without what waits.
fn resting(state: &State) -> State {
    let mut state = state.clone();
    for known in state.targets.values_mut() {
        (known.probed_at, known.judged_at, known.reached_at) = (None, None, None);
        (known.latency, known.floor, known.lag) = (None, None, None);
    }
    state
}

#[test]
fn what_standbys_say_is_saved_once_a_minute_and_each_time_while_a_plan_is_under_way() {
    let service = ServiceId::parse("api").unwrap();
    let region = |id: &str| RegionId::parse(id).unwrap();
    let (mut stored, mut kept) = (Stored::new(), Kept::default());
    let mut state = State::default();
    state.recoveries.insert(service.clone(), Recovery::default());
    let mut read = |state: &mut State, ms: u64| {
        let lag = Field::Number(ms.into());
        let (asked, contact_age) = (at(ms), lag.clone());
        let reading = Reading { asked, at: at(ms + 20), lag, contact_age, position: None };
        let memory = StandbyMemory { last: Some(reading), ..StandbyMemory::of(region("eu")) };
        let recovery = state.recoveries.get_mut(&service).unwrap();
        recovery.standbys.insert(region("us"), memory);
        save(&mut stored, &mut kept, state).0
    };
    read(&mut state, 60_000);
    for (ms, rows) in [(75_000, 0), (119_999, 0), (120_000, 1), (135_000, 0)] {
        assert_eq!(read(&mut state, ms), rows, "{ms}");
    }
    let plan = serde_json::json!({
        "epoch": 1, "kind": "failover", "to": "us", "why": "it failed", "began": at(0),
        "who": serde_json::from_str::<serde_json::Value>(&json::write(&operator("ann"))).unwrap(),
    });
    let recovery = state.recoveries.values_mut().next().unwrap();
    recovery.plan = Some(json::read(&plan.to_string()).unwrap());
    for ms in [136_000, 137_000] {
        assert_eq!(read(&mut state, ms), 1, "{ms}");
    }
}
