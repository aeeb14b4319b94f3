//! One thing to do in a pass.

use super::holds;
use crate::cloudflare::desired::Desired;
use crate::cloudflare::plan::{Action, Change, Parent, Urgency};
use crate::hold::Hold;
use crate::ordered::{Map, Set};
use serde_json::Value;

const ZONES: &str = "Zone Read";
const RECORDS: [&str; 2] = ["DNS Read", "DNS Write"];
const POOLS: [&str; 2] =
    ["Load Balancing: Monitors and Pools Read", "Load Balancing: Monitors and Pools Write"];
const BALANCERS: [&str; 2] = ["Load Balancers Read", "Load Balancers Write"];

/// Most changes in one batch of records. Source: the limit of the free plan,
/// developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes.
const BATCH_MAX: usize = 200;

/// One thing to do.
#[derive(Debug)]
pub(super) enum Operation {
    FindZone {
        zone: String,
    },
    /// All records of a zone, a page at a time.
    ListRecords {
        zone: String,
        page: usize,
    },
    /// The records of one name, where the zone has too many.
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
        holds: Vec<Hold>,
    },
    /// Changes of one zone that are equally urgent: one call, or one transaction.
    WriteRecords(Vec<Action>),
    ReadPool(Action),
    WritePool {
        action: Action,
        origins: Vec<Value>,
    },
    WriteFields(Action),
}

/// What has to be read before there can be a plan, the first of it last.
pub(super) fn reads(desired: &Desired, zone_ids: &Map<String, String>) -> Vec<Operation> {
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
    let unknown = Set::of(zones.filter(|zone| !zone_ids.contains_key(zone.as_str())));
    let accounts = Set::of(desired.pools.iter().map(|pool| &pool.account));
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

/// What carries out the actions, the first of it last. Changes of records that are equally urgent
/// are made together, as far as nothing else comes between.
pub(super) fn writes(actions: Vec<Action>) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut batches = Vec::new();
    for action in actions {
        if let Change::Records { .. } = action.change {
            add(&mut batches, action);
            continue;
        }
        finish(&mut operations, &mut batches);
        operations
            .push(Operation::Intend { what: action.to_string(), holds: holds::taken(&action) });
        operations.push(match action.change {
            Change::Origins { .. } => Operation::ReadPool(action),
            Change::Records { .. } | Change::Fields { .. } => Operation::WriteFields(action),
        });
    }
    finish(&mut operations, &mut batches);
    operations.reverse();
    operations
}

/// Adds an action to the first batch that has room for it and is of its kind.
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
        operations.push(Operation::Intend { what: operation.subject(), holds: Vec::new() });
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

/// How many records an action changes.
fn ops(action: &Action) -> usize {
    match &action.change {
        Change::Records { ops, .. } => ops.len(),
        Change::Origins { .. } | Change::Fields { .. } => 0,
    }
}

/// The zone or account that an action is in.
fn scope(action: &Action) -> &str {
    match &action.change {
        Change::Records { zone, .. } => zone,
        Change::Origins { account, .. } => account,
        Change::Fields { parent: Parent::Zone(scope) | Parent::Account(scope), .. } => scope,
    }
}

impl Operation {
    /// What it is about, as it is told and as its intent is called.
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
            Self::Plan | Self::Intend { .. } => String::new(),
        }
    }

    /// The permission that its call needs, in the words of the dashboard.
    pub(super) fn needs(&self) -> &'static str {
        let [read_records, write_records] = RECORDS;
        let [read_pools, write_pools] = POOLS;
        let [read_balancers, write_balancers] = BALANCERS;
        match self {
            Self::FindZone { .. } => ZONES,
            Self::ListRecords { .. } | Self::ListName { .. } => read_records,
            Self::ListPools { .. } | Self::ListMonitors { .. } | Self::ReadPool(_) => read_pools,
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

    /// What a token must be granted for it: a permission, and where. One may be missing on one zone
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
            Self::FindZone { .. } | Self::Plan | Self::Intend { .. } => "",
        };
        let about = match self {
            Self::ListMonitors { .. } => " (monitors)",
            Self::WriteFields(action) if action.change.is_monitor() => " (monitors)",
            _ => "",
        };
        [self.needs(), " on ", scope, about].concat()
    }

    /// Whether its call changes something.
    pub(super) fn is_write(&self) -> bool {
        matches!(self, Self::WriteRecords(_) | Self::WritePool { .. } | Self::WriteFields(_))
    }

    /// How urgent the change is that it is part of.
    pub(super) fn urgency(&self) -> Option<Urgency> {
        match self {
            Self::WriteRecords(actions) => actions.first().map(|action| action.urgency),
            Self::ReadPool(action) | Self::WritePool { action, .. } | Self::WriteFields(action) => {
                Some(action.urgency)
            }
            _ => None,
        }
    }
}
