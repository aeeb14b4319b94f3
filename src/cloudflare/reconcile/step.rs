//! The steps of a pass: one call each, and what it stakes.

use super::holds;
use super::operation::{Operation, zone};
use crate::cloudflare::plan::{Action, Change, units};
use crate::hold::Hold;

/// Most changes in one batch of records: the free plan's limit. Source:
/// developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes.
const BATCH_MAX: usize = 200;

/// One call that is to be made or is under way.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) operation: Operation,
    /// Whether nothing has to be recorded before the call: it only reads, or its intent is.
    pub(super) is_recorded: bool,
    pub(super) ours: Ours,
}

/// What a change disables, and what it enables. Once its intent is recorded: what it would newly
/// hold, and what it gives back.
#[derive(Debug, Clone, Default)]
pub(super) struct Ours {
    pub(super) takes: Vec<Hold>,
    pub(super) gives: Vec<Hold>,
}

impl Step {
    /// A call that only reads.
    pub(super) fn read(operation: Operation) -> Self {
        Self { operation, is_recorded: true, ours: Ours::default() }
    }

    /// A change, whose intent is to be recorded first.
    pub(super) fn change(operation: Operation, ours: Ours) -> Self {
        Self { operation, is_recorded: false, ours }
    }

    /// The next call of a change whose intent is recorded.
    pub(super) fn goes_on(operation: Operation, ours: &mut Ours) -> Self {
        Self { operation, is_recorded: true, ours: std::mem::take(ours) }
    }
}

/// The steps that carry out the actions, the first one last. Neighbouring changes of records that
/// are equally urgent are batched.
pub(super) fn writes(actions: Vec<Action>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut batches = Vec::new();
    for mut unit in units(actions) {
        let Some(action) = unit.pop_if(|action| !matches!(action.change, Change::Records { .. }))
        else {
            add(&mut batches, unit);
            continue;
        };
        finish(&mut steps, &mut batches);
        let (takes, gives) = (holds::switched(&action, false), holds::switched(&action, true));
        let is_read_first = matches!(action.change, Change::Origins { .. }) || !takes.is_empty();
        let operation = if is_read_first {
            Operation::ReadPool(action)
        } else {
            Operation::WriteFields(action)
        };
        steps.push(Step::change(operation, Ours { takes, gives }));
    }
    finish(&mut steps, &mut batches);
    steps.reverse();
    steps
}

/// Adds what happens together to the first batch of its zone and urgency that has room.
fn add(batches: &mut Vec<Vec<Action>>, unit: Vec<Action>) {
    let fits = |batch: &&mut Vec<Action>| {
        let same = batch.first().zip(unit.first()).is_some_and(|(first, action)| {
            first.urgency == action.urgency && zone(first) == zone(action)
        });
        same && batch.iter().chain(&unit).map(ops).sum::<usize>() <= BATCH_MAX
    };
    match batches.iter_mut().find(fits) {
        Some(batch) => batch.extend(unit),
        None => batches.push(unit),
    }
}

fn finish(steps: &mut Vec<Step>, batches: &mut Vec<Vec<Action>>) {
    let operations = std::mem::take(batches).into_iter().map(Operation::WriteRecords);
    steps.extend(operations.map(|operation| Step::change(operation, Ours::default())));
}

/// Number of records that an action changes.
fn ops(action: &Action) -> usize {
    match &action.change {
        Change::Records { ops, .. } => ops.len(),
        Change::Origins { .. } | Change::Fields { .. } => 0,
    }
}
