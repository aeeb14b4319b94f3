//! The operations of a pass.

use super::holds;
use crate::cloudflare::plan::{Action, Change, Parent, Urgency, units};
use crate::hold::Hold;
use serde_json::Value;

const ZONES: &str = "Zone Read";
const RECORDS: [&str; 2] = ["DNS Read", "DNS Write"];
const POOLS: [&str; 2] =
    ["Load Balancing: Monitors and Pools Read", "Load Balancing: Monitors and Pools Write"];
const BALANCERS: [&str; 2] = ["Load Balancers Read", "Load Balancers Write"];

/// Most changes in one batch of records: the free plan's limit. Source:
/// developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes.
const BATCH_MAX: usize = 200;

/// One operation.
#[derive(Debug)]
pub(super) enum Operation {
    FindZone {
        zone: String,
    },
    /// One page of a zone's records.
    ListRecords {
        zone: String,
        page: usize,
    },
    /// The records of one name, in a zone that has too many.
    ListName {
        zone: String,
        name: String,
    },
    ListPools {
        account: String,
    },
    ListMonitors {
        account: String,
    },
    ListBalancers {
        zone: String,
        account: String,
    },
    Plan,
    Intend {
        what: String,
        /// What the change disables.
        takes: Vec<Hold>,
        /// What it enables.
        gives: Vec<Hold>,
    },
    /// Equally urgent changes in one zone, as one call or one batch.
    WriteRecords(Vec<Action>),
    /// A pool just before it is written.
    ReadPool(Action),
    WritePool {
        action: Action,
        origins: Vec<Value>,
    },
    WriteFields(Action),
    /// A pool after the reply to its change was lost: what was it that we did?
    ReadBack {
        id: String,
        takes: Vec<Hold>,
        gives: Vec<Hold>,
        urgency: Urgency,
    },
}

/// The operations that carry out the actions, the first one last. Neighbouring changes of records
/// that are equally urgent are batched.
pub(super) fn writes(actions: Vec<Action>) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut batches = Vec::new();
    for mut unit in units(actions) {
        let Some(action) = unit.pop_if(|action| !matches!(action.change, Change::Records { .. }))
        else {
            add(&mut batches, unit);
            continue;
        };
        finish(&mut operations, &mut batches);
        let (takes, gives) = (holds::switched(&action, false), holds::switched(&action, true));
        let is_read_first = matches!(action.change, Change::Origins { .. }) || !takes.is_empty();
        operations.push(Operation::Intend { what: action.to_string(), takes, gives });
        operations.push(if is_read_first {
            Operation::ReadPool(action)
        } else {
            Operation::WriteFields(action)
        });
    }
    finish(&mut operations, &mut batches);
    operations.reverse();
    operations
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

fn finish(operations: &mut Vec<Operation>, batches: &mut Vec<Vec<Action>>) {
    for actions in std::mem::take(batches) {
        let operation = Operation::WriteRecords(actions);
        operations.push(Operation::intend(operation.subject()));
        operations.push(operation);
    }
}

/// The zone of an action on records.
pub(super) fn zone(action: &Action) -> Option<&String> {
    match &action.change {
        Change::Records { zone, .. } => Some(zone),
        Change::Origins { .. } | Change::Fields { .. } => None,
    }
}

/// Number of records that an action changes.
fn ops(action: &Action) -> usize {
    match &action.change {
        Change::Records { ops, .. } => ops.len(),
        Change::Origins { .. } | Change::Fields { .. } => 0,
    }
}

/// The zone or account of an action.
fn scope(action: &Action) -> &str {
    match &action.change {
        Change::Records { zone, .. } => zone,
        Change::Origins { account, .. } => account,
        Change::Fields { parent: Parent::Zone(scope) | Parent::Account(scope), .. } => scope,
    }
}

impl Operation {
    /// An intent that takes and gives no holds.
    pub(super) fn intend(what: String) -> Self {
        Self::Intend { what, takes: Vec::new(), gives: Vec::new() }
    }

    /// The object or change, as named in reports and intents.
    pub(super) fn subject(&self) -> String {
        match self {
            Self::FindZone { zone } => format!("zone {zone}"),
            Self::ListRecords { zone, .. } => format!("records of {zone}"),
            Self::ListName { name, .. } => format!("records of {name}"),
            Self::ListPools { account } => format!("pools of account {account}"),
            Self::ListMonitors { account } => format!("monitors of account {account}"),
            Self::ListBalancers { zone, .. } => format!("load balancers of {zone}"),
            Self::WriteRecords(actions) => {
                actions.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            }
            Self::ReadPool(action) | Self::WritePool { action, .. } | Self::WriteFields(action) => {
                action.to_string()
            }
            Self::ReadBack { takes, gives, .. } => {
                let pool = takes.iter().chain(gives).next().map_or("", |hold| &hold.pool);
                format!("pool {pool}, read back")
            }
            Self::Plan | Self::Intend { .. } => String::new(),
        }
    }

    /// The permission that a token needs for all that is done with what the call is about, as the
    /// dashboard names it: what is read is also written, unless the pass is dry.
    pub(super) fn needs(&self, is_dry: bool) -> &'static str {
        let written = |[read, write]: [&'static str; 2]| if is_dry { read } else { write };
        match self {
            Self::FindZone { .. } => ZONES,
            Self::ListRecords { .. } | Self::ListName { .. } | Self::WriteRecords(_) => {
                written(RECORDS)
            }
            Self::ListBalancers { .. } => written(BALANCERS),
            Self::WriteFields(action) if !action.change.is_of_account() => written(BALANCERS),
            Self::ListPools { .. }
            | Self::ListMonitors { .. }
            | Self::ReadPool(_)
            | Self::ReadBack { .. }
            | Self::WritePool { .. }
            | Self::WriteFields(_) => written(POOLS),
            Self::Plan | Self::Intend { .. } => "",
        }
    }

    /// The grant that it needs: a permission on a zone or account. A token may have it on one zone
    /// and not on another, and may read where it may not write.
    pub(super) fn grant(&self) -> String {
        let needs = self.needs(!self.is_write());
        let about = match self {
            Self::ListMonitors { .. } => " (monitors)",
            Self::WriteFields(action) if action.change.is_monitor() => " (monitors)",
            _ => "",
        };
        [needs, " on ", self.scope(), about].concat()
    }

    /// The zone or account that its call is about.
    pub(super) fn scope(&self) -> &str {
        match self {
            Self::FindZone { zone }
            | Self::ListRecords { zone, .. }
            | Self::ListName { zone, .. }
            | Self::ListBalancers { zone, .. } => zone,
            Self::ListPools { account } | Self::ListMonitors { account } => account,
            Self::WriteRecords(actions) => actions.first().map_or("", |action| scope(action)),
            Self::ReadPool(action) | Self::WritePool { action, .. } | Self::WriteFields(action) => {
                scope(action)
            }
            Self::ReadBack { takes, gives, .. } => {
                takes.iter().chain(gives).next().map_or("", |hold| &hold.account)
            }
            Self::Plan | Self::Intend { .. } => "",
        }
    }

    /// Whether its call changes anything.
    pub(super) fn is_write(&self) -> bool {
        matches!(self, Self::WriteRecords(_) | Self::WritePool { .. } | Self::WriteFields(_))
    }

    /// The id of the pool that its call changes, and how urgent that is.
    pub(super) fn pool_change(&self) -> Option<(String, Urgency)> {
        let (Self::WritePool { action, .. } | Self::WriteFields(action)) = self else {
            return None;
        };
        match &action.change {
            Change::Origins { id, .. } | Change::Fields { kind: "pools", id: Some(id), .. } => {
                Some((id.clone(), action.urgency))
            }
            Change::Records { .. } | Change::Fields { .. } => None,
        }
    }

    /// The account whose pools it needs beside its zone.
    pub(super) fn account(&self) -> Option<&String> {
        match self {
            Self::ListBalancers { account, .. } => Some(account),
            _ => None,
        }
    }

    /// Whether it reads something of a zone whose id must be known.
    pub(super) fn is_of_zone(&self) -> bool {
        matches!(
            self,
            Self::ListRecords { .. } | Self::ListName { .. } | Self::ListBalancers { .. }
        )
    }

    /// The actions that its call carries out.
    pub(super) fn actions(&self) -> &[Action] {
        match self {
            Self::WriteRecords(actions) => actions,
            Self::WritePool { action, .. } | Self::WriteFields(action) => {
                std::slice::from_ref(action)
            }
            _ => &[],
        }
    }

    /// The urgency of its change; `None` for reads.
    pub(super) fn urgency(&self) -> Option<Urgency> {
        match self {
            Self::WriteRecords(actions) => actions.first().map(|action| action.urgency),
            Self::ReadPool(action) | Self::WritePool { action, .. } | Self::WriteFields(action) => {
                Some(action.urgency)
            }
            Self::ReadBack { urgency, .. } => Some(*urgency),
            _ => None,
        }
    }
}
