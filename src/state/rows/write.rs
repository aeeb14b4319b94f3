//! From a state to the changes that make storage hold it.

use super::groups::{GROUPS, Group};
use super::writer::Writer;
use super::{Kept, Key, Kind, RENEW_MS, ROW_BYTES_MAX, ROWS_MAX, Row, RowChange};
use crate::geo::Area;
use crate::json;
use crate::ordered::{Map, Set};
use crate::recovery::StandbyMemory;
use crate::state::{Sight, State, TargetState};
use crate::target::Target;
use crate::time::Timestamp;

/// What has to be written, and what storage holds once it is.
#[derive(Debug, Default)]
#[must_use = "storage does not hold it yet"]
pub struct Saving {
    /// What to do, all of it or nothing.
    pub changes: Vec<RowChange>,
    /// What cannot be kept and was kept before, for people.
    pub left_out: Vec<String>,
    /// The groups of these rows; `None` where they are all.
    groups: Option<Vec<&'static Group>>,
    rows: Map<Key, String>,
    /// What these rows are made of.
    made_of: Box<State>,
    put: Vec<(Target, TargetState)>,
    gone: Vec<Target>,
    all_left_out: Set<Key>,
}

impl Saving {
    /// Of these groups.
    fn of(groups: Option<Vec<&'static Group>>, state: &State) -> (Self, Map<Key, String>) {
        let mut rows = Writer::default();
        let mut made_of = Box::<State>::default();
        let all = GROUPS.iter().filter(|_| groups.is_none());
        for group in groups.iter().flatten().copied().chain(all) {
            (group.write)(state, &mut rows);
            (group.copy)(state, &mut made_of);
        }
        (Self { groups, made_of, ..Self::default() }, rows.made())
    }

    /// Whether a row is one of these groups.
    fn is_about(&self, key: &Key) -> bool {
        self.groups.as_ref().is_none_or(|groups| groups.iter().any(|group| group.has(key)))
    }
}

impl Kept {
    /// What has to be written so that storage holds this state.
    pub fn changes(&self, state: &State) -> Saving {
        self.changes_within(state, ROWS_MAX)
    }

    pub(super) fn changes_within(&self, state: &State, rows_max: usize) -> Saving {
        let mut saving = self.news(state, rows_max).unwrap_or_else(|| all(state, rows_max));
        let resting = resting(state);
        for (key, value) in &saving.rows {
            if self.rows.get(key) != Some(resting.get(key).unwrap_or(value)) {
                saving.changes.push(put(key.0, key.1.clone(), value.clone()));
            }
        }
        let gone = self.rows.keys().filter(|key| saving.is_about(key));
        let gone = gone.filter(|key| !saving.rows.contains_key(*key));
        let gone: Vec<_> = gone.map(|(kind, id)| RowChange::delete(*kind, id.clone())).collect();
        saving.changes.extend(gone);
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

    /// The rows of the groups in which something is not as it was when they were last saved. `None`
    /// where that is not known, and where a row has no room: then all are looked at.
    fn news(&self, state: &State, rows_max: usize) -> Option<Saving> {
        let seen = self.seen.as_ref().filter(|_| self.left_out.is_empty())?;
        let groups = GROUPS.iter().filter(|group| !(group.is_same)(seen, state)).collect();
        let (mut saving, rows) = Saving::of(Some(groups), state);
        saving.rows = rows;
        let others = self.rows.keys().filter(|key| !saving.is_about(key)).count();
        let all = others.saturating_add(saving.rows.len()).saturating_add(state.targets.len());
        let fits = saving.rows.values().all(|value| value.len() <= ROW_BYTES_MAX);
        (all <= rows_max && fits).then_some(saving)
    }

    fn targets(&self, state: &State, rows_max: usize, saving: &mut Saving) {
        // Of some groups alone it is known that there is room.
        let rows = if saving.groups.is_some() { 0 } else { saving.rows.len() };
        let room = rows_max.saturating_sub(rows);
        // Both are in order.
        let mut kept = self.targets.iter().peekable();
        for (index, (target, known)) in state.targets.iter().enumerate() {
            while let Some((gone, _)) = kept.next_if(|(other, _)| *other < target) {
                saving.gone.push(gone.clone());
            }
            let saved = kept.next_if(|(same, _)| *same == target).map(|(_, saved)| saved);
            if index >= room {
                saving.all_left_out.insert((Kind::Target, target.to_string()));
                saving.gone.extend(saved.map(|_| target.clone()));
            } else if saved.is_none_or(|saved| is_due(saved, known)) {
                saving.changes.push(put(Kind::Target, target.to_string(), json::write(known)));
                saving.put.push((target.clone(), known.clone()));
            }
        }
        saving.gone.extend(kept.map(|(gone, _)| gone.clone()));
        let gone = saving.gone.iter().map(|t| RowChange::delete(Kind::Target, t.to_string()));
        saving.changes.extend(gone);
    }

    /// Notes that everything in `saving` was done.
    pub fn saved(&mut self, saving: Saving) {
        self.rows.retain(|key, _| !saving.is_about(key));
        self.rows.extend(saving.rows);
        match (&saving.groups, &mut self.seen) {
            (Some(groups), Some(seen)) => {
                for group in groups {
                    (group.copy)(&saving.made_of, seen);
                }
            }
            _ => self.seen = Some(saving.made_of),
        }
        self.left_out = saving.all_left_out;
        self.targets.extend(saving.put);
        saving.gone.iter().for_each(|target| drop(self.targets.remove(target)));
    }
}

/// All rows, as far as there is room.
fn all(state: &State, rows_max: usize) -> Saving {
    let (mut saving, rows) = Saving::of(None, state);
    for (key, value) in rows {
        if value.len() > ROW_BYTES_MAX || saving.rows.len() >= rows_max {
            saving.all_left_out.insert(key);
        } else {
            saving.rows.insert(key, value);
        }
    }
    saving
}

/// Whether the row of a target has to be written: something is believed that the row does not say,
/// or its instants are old.
fn is_due(saved: &TargetState, known: &TargetState) -> bool {
    // What is in motion with every probe may be as the row has it: the next probe tells it anew.
    let TargetState {
        memory,
        note,
        too_slow,
        damping,
        sights,
        probed_at,
        judged_at,
        reached_at,
        not_before: _,
        latency: _,
        floor: _,
        shift: _,
        lag: _,
        passed: _,
        fields: _,
    } = known;
    (memory, note, too_slow, damping)
        != (&saved.memory, &saved.note, &saved.too_slow, &saved.damping)
        || are_news(&saved.sights, sights)
        || is_old(saved.probed_at, *probed_at)
        || is_old(saved.judged_at, *judged_at)
        || is_old(saved.reached_at, *reached_at)
}

/// The same of how a target looks from each area.
fn are_news(saved: &Map<Area, Sight>, known: &Map<Area, Sight>) -> bool {
    let is_news = |((area, saved), (same, known)): ((&Area, &Sight), (&Area, &Sight))| {
        let Sight { memory, note, latency: _, probed_at: _, reached_at: _ } = known;
        (area, &saved.memory, &saved.note) != (same, memory, note)
    };
    saved.len() != known.len() || saved.iter().zip(known).any(is_news)
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
