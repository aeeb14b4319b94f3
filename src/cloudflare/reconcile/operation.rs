//! The operations of a pass.

use super::holds;
use crate::cloudflare::desired::Desired;
use crate::cloudflare::plan::{Action, Change, Parent, Urgency};
use crate::hold::{Claim, Hold};
use crate::ordered::Set;
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

/// The reads that a plan needs, the first one last.
/// Accounts in which we hold something are read whether or not the config still has them.
pub(super) fn reads(
    desired: &Desired,
    is_known: impl Fn(&String) -> bool,
    holds: &Set<Hold>,
    claims: &[Claim],
) -> Vec<Operation> {
    let record_zones = Set::of(desired.records.iter().map(|records| &records.zone));
    let mut balanced: Vec<(&String, &String)> = Vec::new();
    for balancer in &desired.balancers {
        let one = (&balancer.zone, &balancer.account);
        if !balanced.contains(&one) {
            balanced.push(one);
        }
    }
    balanced.sort();
    let zones = record_zones.iter().copied().chain(balanced.iter().map(|(zone, _)| *zone));
    let unknown = Set::of(zones.filter(|zone| !is_known(zone)));
    let held = holds.iter().chain(claims.iter().map(|claim| &claim.hold));
    let held = held.map(|hold| &hold.account);
    let accounts = Set::of(desired.pools.iter().map(|pool| &pool.account).chain(held));
    let monitored = Set::of(desired.monitors.iter().map(|monitor| &monitor.account));
    let mut operations = Vec::new();
    for zone in unknown {
        operations.push(Operation::FindZone { zone: zone.clone() });
    }
    for zone in record_zones {
        operations.push(Operation::ListRecords { zone: zone.clone(), page: 1 });
    }
    for account in accounts {
        operations.push(Operation::ListPools { account: account.clone() });
    }
    for account in monitored {
        operations.push(Operation::ListMonitors { account: account.clone() });
    }
    for (zone, account) in balanced {
        operations.push(Operation::ListBalancers { zone: zone.clone(), account: account.clone() });
    }
    operations.push(Operation::Plan);
    operations.reverse();
    operations
}

/// The operations that carry out the actions, the first one last. Neighbouring changes of records
/// that are equally urgent are batched.
pub(super) fn writes(actions: Vec<Action>) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut batches = Vec::new();
    for action in actions {
        if let Change::Records { .. } = action.change {
            add(&mut batches, action);
            continue;
        }
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

/// Adds an action to the first batch of its zone and urgency that has room.
fn add(batches: &mut Vec<Vec<Action>>, action: Action) {
    let fits = |batch: &&mut Vec<Action>| {
        let same = batch
            .first()
            .is_some_and(|first| first.urgency == action.urgency && zone(first) == zone(&action));
        same && batch.iter().map(ops).sum::<usize>() + ops(&action) <= BATCH_MAX
    };
    match batches.iter_mut().find(fits) {
        Some(batch) => batch.push(action),
        None => batches.push(vec![action]),
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

    /// The permission that its call needs, as the dashboard names it.
    pub(super) fn needs(&self) -> &'static str {
        let [read_records, write_records] = RECORDS;
        let [read_pools, write_pools] = POOLS;
        let [read_balancers, write_balancers] = BALANCERS;
        match self {
            Self::FindZone { .. } => ZONES,
            Self::ListRecords { .. } | Self::ListName { .. } => read_records,
            Self::ListPools { .. }
            | Self::ListMonitors { .. }
            | Self::ReadPool(_)
            | Self::ReadBack { .. } => read_pools,
            Self::ListBalancers { .. } => read_balancers,
            Self::WriteRecords(_) => write_records,
            Self::WritePool { .. } => write_pools,
            Self::WriteFields(action) => match action.change {
                Change::Fields { kind: "load_balancers", .. } => write_balancers,
                _ => write_pools,
            },
            Self::Plan | Self::Intend { .. } => "",
        }
    }

    /// The grant that it needs: a permission on a zone or account. A token may have it on one zone
    /// and not on another.
    pub(super) fn grant(&self) -> String {
        let scope = match self {
            Self::ListRecords { zone, .. }
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
            Self::FindZone { .. } | Self::Plan | Self::Intend { .. } => "",
        };
        let about = match self {
            Self::ListMonitors { .. } => " (monitors)",
            Self::WriteFields(action) if action.change.is_monitor() => " (monitors)",
            _ => "",
        };
        [self.needs(), " on ", scope, about].concat()
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
