//! From a state to the changes that make storage hold it.

use super::single::{Account, Alerts, Common, DrillTimes, LastConfig, LastEntry};
use super::{Kept, Key, Kind, RENEW_MS, ROW_BYTES_MAX, ROWS_MAX, Row, RowChange, Single};
use crate::geo::Area;
use crate::hold::Hold;
use crate::json::{self, Shape};
use crate::ordered::{Map, Set};
use crate::recovery::StandbyMemory;
use crate::state::{Episode, Sight, State, TargetState};
use crate::target::Target;
use crate::time::Timestamp;
use std::fmt::Display;

/// What has to be written, and what storage holds once it is.
#[derive(Debug, Default)]
#[must_use = "storage does not hold it yet"]
pub struct Saving {
    /// What to do, all of it or nothing.
    pub changes: Vec<RowChange>,
    /// What cannot be kept and was kept before, for people.
    pub left_out: Vec<String>,
    rows: Map<Key, String>,
    put: Vec<(Target, TargetState)>,
    gone: Vec<Target>,
    all_left_out: Set<Key>,
}

impl Kept {
    /// What has to be written so that storage holds this state.
    pub fn changes(&self, state: &State) -> Saving {
        self.changes_within(state, ROWS_MAX)
    }

    pub(super) fn changes_within(&self, state: &State, rows_max: usize) -> Saving {
        let mut saving = Saving::default();
        for (key, value) in rows(state) {
            if value.len() > ROW_BYTES_MAX || saving.rows.len() >= rows_max {
                saving.all_left_out.insert(key);
            } else {
                saving.rows.insert(key, value);
            }
        }
        let resting = resting(state);
        for (key, value) in &saving.rows {
            if self.rows.get(key) != Some(resting.get(key).unwrap_or(value)) {
                saving.changes.push(put(key.0, key.1.clone(), value.clone()));
            }
        }
        let gone = self.rows.keys().filter(|key| !saving.rows.contains_key(*key));
        saving.changes.extend(gone.map(|(kind, id)| RowChange::delete(*kind, id.clone())));
        for (key, value) in saving.rows.iter_mut() {
            if let Some(resting) = resting.get(key) {
                value.clone_from(resting);
            }
        }
        self.targets(state, rows_max, &mut saving);
        let new = saving.all_left_out.iter().filter(|key| !self.left_out.contains(*key));
        saving.left_out = new.map(|(kind, id)| format!("{} {id}", kind.as_str())).collect();
        saving
    }

    fn targets(&self, state: &State, rows_max: usize, saving: &mut Saving) {
        let room = rows_max.saturating_sub(saving.rows.len());
        for (index, (target, known)) in state.targets.iter().enumerate() {
            if index >= room {
                saving.all_left_out.insert((Kind::Target, target.to_string()));
            } else if self.targets.get(target).is_none_or(|saved| is_due(saved, known)) {
                saving.changes.push(put(Kind::Target, target.to_string(), json::write(known)));
                saving.put.push((target.clone(), known.clone()));
            }
        }
        let kept = |target: &Target| {
            state.targets.contains_key(target)
                && !saving.all_left_out.contains(&(Kind::Target, target.to_string()))
        };
        let gone: Vec<Target> = self.targets.keys().filter(|t| !kept(t)).cloned().collect();
        saving.changes.extend(gone.iter().map(|t| RowChange::delete(Kind::Target, t.to_string())));
        saving.gone = gone;
    }

    /// Notes that everything in `saving` was done.
    pub fn saved(&mut self, saving: Saving) {
        self.rows = saving.rows;
        self.left_out = saving.all_left_out;
        self.targets.extend(saving.put);
        saving.gone.iter().for_each(|target| drop(self.targets.remove(target)));
    }
}

/// Whether the row of a target has to be written: something is believed that the row does not say,
/// or its instants are old.
fn is_due(saved: &TargetState, known: &TargetState) -> bool {
    if saved == known {
        return false;
    }
    // What is in motion with every probe, as the row has it. The next probe tells it anew.
    let resting = TargetState {
        probed_at: saved.probed_at,
        judged_at: saved.judged_at,
        reached_at: saved.reached_at,
        not_before: saved.not_before,
        latency: saved.latency,
        floor: saved.floor,
        shift: saved.shift,
        lag: saved.lag,
        passed: saved.passed,
        fields: saved.fields.clone(),
        sights: resting_sights(saved, known),
        ..known.clone()
    };
    resting != *saved
        || is_old(saved.probed_at, known.probed_at)
        || is_old(saved.judged_at, known.judged_at)
        || is_old(saved.reached_at, known.reached_at)
}

/// How a target looks from each area, with what is in motion as the row has it.
fn resting_sights(saved: &TargetState, known: &TargetState) -> Map<Area, Sight> {
    Map::of(known.sights.iter().map(|(area, sight)| {
        let resting = saved.sights.get(area).map(|saved| Sight {
            latency: saved.latency,
            probed_at: saved.probed_at,
            reached_at: saved.reached_at,
            ..sight.clone()
        });
        (*area, resting.unwrap_or_else(|| sight.clone()))
    }))
}

/// What rows are compared by that have something in motion beside what they say: while no plan is
/// under way, what standbys say is written once a minute. After a restart the bound of a loss is
/// larger by that.
fn resting(state: &State) -> Map<Key, String> {
    let recoveries = state.recoveries.iter().filter(|(_, it)| it.under_way().is_none());
    let recoveries = recoveries.filter(|(_, it)| !it.standbys.is_empty());
    Map::of(recoveries.map(|(id, recovery)| {
        let mut recovery = recovery.clone();
        recovery.standbys.values_mut().for_each(StandbyMemory::rest);
        ((Kind::Recovery, id.to_string()), json::write(&recovery))
    }))
}

fn is_old(saved: Option<Timestamp>, known: Option<Timestamp>) -> bool {
    match (saved, known) {
        (Some(saved), Some(known)) => known.since(saved) >= RENEW_MS,
        (saved, known) => saved != known,
    }
}

fn put(kind: Kind, id: String, value: String) -> RowChange {
    RowChange::PutRow(Row { kind: kind.as_str().to_owned(), id, value })
}

/// All rows but those of targets.
pub(super) fn rows(state: &State) -> Map<Key, String> {
    let mut rows = Writer(Map::new());
    let actuation = &state.actuation;
    rows.single(Single::Controller, Some(&Common::of(state)));
    rows.single(Single::Run, state.run.as_ref());
    rows.single(Single::Refused, state.refused.as_ref());
    rows.single(Single::Actuation, Some(&Account::of(actuation)));
    rows.single(Single::Audit, LastEntry::of(&state.audit).as_ref());
    rows.single(Single::Configs, LastConfig::of(&state.configs).as_ref());
    rows.single(Single::Alerts, Alerts::of(state).as_ref());
    let hold_id = |hold: &Hold| format!("{}/{}/{}", hold.account, hold.pool, hold.address);
    rows.all(Kind::Hold, actuation.holds.iter().map(|hold| (hold_id(hold), hold)));
    rows.all(Kind::Claim, actuation.claims.iter().map(|claim| (hold_id(&claim.hold), claim)));
    rows.all(Kind::SlowMonitors, named(&actuation.slow_monitors));
    rows.all(Kind::Intent, actuation.intents.iter().map(|it| (it.what.clone(), it)));
    rows.all(Kind::Zone, named(&actuation.zone_ids));
    rows.all(Kind::ZoneSeen, named(&actuation.zones_seen));
    rows.all(Kind::Owned, named(&actuation.owned));
    rows.all(Kind::OtherOwner, named(&actuation.other_owners));
    rows.all(Kind::TakeBack, named(&actuation.take_backs));
    rows.all(Kind::Denied, named(&actuation.denied));
    rows.all(Kind::MovedAt, named(&actuation.moved_at));
    rows.all(Kind::Changes, named(&actuation.changes));
    rows.all(Kind::ZoneChanges, named(&actuation.zone_changes));
    rows.all(Kind::Moved, named(&actuation.moved));
    rows.all(Kind::Order, state.orders.iter().map(|order| (order_id(order.id), order)));
    rows.all(Kind::Incident, state.incidents.iter().map(|it| (it.id.clone(), it)));
    rows.all(Kind::Audit, state.audit.entries.iter().map(|entry| (order_id(entry.n), entry)));
    let revisions = state.configs.revisions.iter();
    rows.all(Kind::Revision, revisions.map(|revision| (order_id(revision.number), revision)));
    let outbox = &state.outbox;
    rows.all(Kind::Outbox, outbox.entries.iter().map(|entry| (order_id(entry.id), entry)));
    rows.all(Kind::Alert, named(&state.alerts.open));
    rows.all(Kind::Receiver, named(&outbox.receivers));
    rows.all(Kind::Remembered, state.remembered.iter().map(|act| (act.row_id(), act)));
    rows.all(Kind::Frozen, named(&state.frozen));
    rows.all(Kind::Recovery, named(&state.recoveries));
    let traffic = state.traffic.rows();
    rows.texts(Kind::Traffic, traffic.map(|(id, row)| (id.to_string(), row.clone())));
    let heard = state.traffic.heard_row().map(str::to_owned);
    let heard_id = Single::TrafficHeard.as_str().to_owned();
    rows.texts(Kind::Single, heard.map(|row| (heard_id, row)).into_iter());
    rows.all(Kind::Promises, named(&state.promises));
    rows.single(Single::Drills, DrillTimes::of(&state.drills).as_ref());
    rows.all(Kind::Drill, state.drills.drills.iter().map(|it| (order_id(it.number), it)));
    rows.all(Kind::Written, named(&state.written));
    rows.all(Kind::Failure, numbered(&actuation.failures));
    rows.all(Kind::Withheld, numbered(&actuation.withheld));
    let mut before = None;
    let mut index = 0_usize;
    for applied in &actuation.applied {
        // Several changes may have been acknowledged in one millisecond.
        index = if before == Some(applied.at) { index.saturating_add(1) } else { 0 };
        before = Some(applied.at);
        rows.put(Kind::Applied, format!("{} {index:02}", applied.at), applied);
    }
    for episode in &state.history {
        let Episode { since, service, region, health, because, .. } = episode;
        let (health, because) = (health.as_str(), because.as_str());
        let id = format!("{since} {service} {region} {health} {because}");
        rows.put(Kind::Episode, id, episode);
    }
    rows.0
}

/// Rows are sorted by their ids, so that orders and messages come back in the order in which they
/// were made.
fn order_id(id: u64) -> String {
    format!("{id:020}")
}

fn named<K: Display, V>(entries: &Map<K, V>) -> impl Iterator<Item = (String, &V)> {
    entries.iter().map(|(name, value)| (name.to_string(), value))
}

fn numbered<V>(items: &[V]) -> impl Iterator<Item = (String, &V)> {
    items.iter().enumerate().map(|(index, item)| (format!("{index:05}"), item))
}

struct Writer(Map<Key, String>);

impl Writer {
    fn put(&mut self, kind: Kind, id: String, value: &impl Shape) {
        self.0.insert((kind, id), json::write(value));
    }

    fn single(&mut self, id: Single, value: Option<&impl Shape>) {
        if let Some(value) = value {
            self.put(Kind::Single, id.as_str().to_owned(), value);
        }
    }

    /// Rows that are texts already.
    fn texts(&mut self, kind: Kind, rows: impl Iterator<Item = (String, String)>) {
        rows.for_each(|(id, text)| drop(self.0.insert((kind, id), text)));
    }

    fn all<'v, V: Shape + 'v>(&mut self, kind: Kind, rows: impl Iterator<Item = (String, &'v V)>) {
        rows.for_each(|(id, value)| self.put(kind, id, value));
    }
}
