//! What a pass remembers of our records: what it found, and what it wrote.

use super::{Reconcile, bodies};
use crate::cloudflare::name::normal;
use crate::cloudflare::observed::Record;
use crate::cloudflare::owned::{Known, SetName, note, seen, value};
use crate::cloudflare::plan::{Action, Change, RecordOp};
use crate::owned::{Gone, OwnedRecords};
use crate::time::Timestamp;

impl Reconcile {
    /// Notes what others did, before the plan is made.
    pub(super) fn note_seen(&mut self) {
        let circumstances = &self.circumstances;
        let known = Known {
            owned: &circumstances.owned,
            open: &circumstances.open,
            now: circumstances.now,
        };
        let owned = seen(&self.desired.records, &self.observed, &known);
        self.report.owned.clone_from(&owned);
        self.circumstances.owned = owned;
    }

    /// Notes what was written, as the reply shows it.
    pub(super) fn note_written(&mut self, actions: &[Action], written: &[Record]) {
        let now = self.circumstances.now;
        let owned = &mut self.report.owned;
        for action in actions {
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
    match owned.get_mut(&row.id) {
        Some(known) => known.is_as(value, true, now),
        None => drop(owned.insert(row.id.clone(), note(set, value, now))),
    }
}

fn note_deleted(owned: &mut OwnedRecords, id: &str, now: Timestamp) {
    if let Some(known) = owned.get_mut(id) {
        known.gone = Some(Gone { at: now, by_us: true });
    }
}
