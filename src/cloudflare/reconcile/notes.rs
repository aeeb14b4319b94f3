//! What a pass remembers of our records: what it found, and what it wrote.

use super::{Reconcile, bodies};
use crate::cloudflare::name::normal;
use crate::cloudflare::observed::Record;
use crate::cloudflare::owned::{Known, SetName, note, seen, value};
use crate::cloudflare::plan::{Action, Change, Plan, RecordOp};
use crate::owned::{Gone, OwnedRecord, OwnedRecords};
use crate::time::Timestamp;

impl Reconcile {
    /// Notes what others did, before the plan is made.
    pub(super) fn note_seen(&mut self) {
        let circumstances = &self.circumstances;
        let known = Known {
            owned: &circumstances.owned,
            open: &circumstances.open,
            take_backs: &circumstances.take_backs,
            now: circumstances.now,
        };
        let owned = seen(&self.desired.records, &self.observed, &known);
        self.report.owned.clone_from(&owned);
        self.circumstances.owned = owned;
    }

    /// Notes what others did and what a person takes back, as the plan says it.
    pub(super) fn note_others(&mut self, plan: &Plan) {
        let looked = &mut self.report.looked;
        looked.facts.clone_from(&plan.facts);
        for wanted in &self.desired.records {
            let set = wanted.set();
            let is_read = self.observed.records.contains_key(&wanted.name);
            if is_read {
                looked.read.insert(set.clone());
            }
            let is_about =
                |what: &str| what.strip_prefix(&set).is_some_and(|rest| rest.starts_with(": "));
            let waits = plan.actions.iter().any(|action| action.what() == set)
                || plan.withheld.iter().any(|withheld| is_about(&withheld.what));
            if is_read && !waits && self.circumstances.take_backs.contains_key(&set) {
                looked.taken_back.insert(set.clone());
            }
            looked.published.insert(set);
        }
    }

    /// Notes what was written, as the reply shows it.
    pub(super) fn note_written(&mut self, actions: &[Action], written: &[Record]) {
        let now = self.circumstances.now;
        let owned = &mut self.report.owned;
        let looked = &mut self.report.looked;
        for action in actions {
            if self.circumstances.take_backs.contains_key(&action.what()) {
                looked.taken_back.insert(action.what());
            }
            looked.written.insert(action.what());
            let Change::Records { zone, name, kind, .. } = &action.change else { continue };
            let Some(service) = &action.service else { continue };
            let set = SetName { zone, name, kind: kind.as_str(), service };
            for (_, _, op) in bodies::ops(std::slice::from_ref(action)) {
                note_op(owned, &set, op, written, now);
            }
        }
    }
}

fn note_op(
    owned: &mut OwnedRecords,
    set: &SetName<'_>,
    op: &RecordOp,
    written: &[Record],
    now: Timestamp,
) {
    let (id, content) = match op {
        RecordOp::Delete { id, .. } => return note_deleted(owned, id, now),
        RecordOp::Patch { id, content, .. } => (Some(id), content),
        RecordOp::Create { content, .. } => (None, content),
    };
    let is_it = |row: &&Record| match id {
        Some(id) => row.id == *id,
        None => normal(&row.name) == set.name && normal(&row.content) == *content,
    };
    let Some(row) = written.iter().find(is_it) else { return };
    let value = value(row);
    if let Some(known) = owned.get_mut(&row.id) {
        known.is_as(value, true, now);
        return;
    }
    let mut new = note(set, value, now);
    // What others did to the record that it takes the place of was done to this one.
    new.undone = before(owned, set, content).cloned().unwrap_or_default();
    owned.insert(row.id.clone(), new);
}

/// When others changed the record of this content that is lost.
fn before<'o>(
    owned: &'o OwnedRecords,
    set: &SetName<'_>,
    content: &str,
) -> Option<&'o Vec<Timestamp>> {
    let is_it = |note: &&OwnedRecord| {
        let is_of = note.zone == set.zone && note.name == set.name && note.kind == set.kind;
        is_of && note.service == *set.service && note.is_lost() && note.ours.content == content
    };
    owned.values().filter(is_it).map(|note| &note.undone).max_by_key(|undone| undone.len())
}

fn note_deleted(owned: &mut OwnedRecords, id: &str, now: Timestamp) {
    if let Some(known) = owned.get_mut(id) {
        known.gone = Some(Gone { at: now, by_us: true });
    }
}
