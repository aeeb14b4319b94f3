//! The operations of a pass.

use crate::cloudflare::plan::{Action, Change, Parent, Urgency};
use crate::hold::Hold;
use serde_json::Value;

const ZONES: &str = "Zone Read";
const RECORDS: [&str; 2] = ["DNS Read", "DNS Write"];
const POOLS: [&str; 2] =
    ["Load Balancing: Monitors and Pools Read", "Load Balancing: Monitors and Pools Write"];
const BALANCERS: [&str; 2] = ["Load Balancers Read", "Load Balancers Write"];

/// Changes between which no order is needed: equally urgent, and none refers to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stage {
    pub(super) urgency: Urgency,
    rank: u8,
}

impl Stage {
    /// The stage of an action.
    pub(super) fn of(action: &Action) -> Self {
        Self { urgency: action.urgency, rank: action.change.rank() }
    }
}

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
        /// The stage of the change.
        stage: Stage,
    },
}

/// The zone of an action on records.
pub(super) fn zone(action: &Action) -> Option<&String> {
    match &action.change {
        Change::Records { zone, .. } => Some(zone),
        Change::Origins { .. } | Change::Fields { .. } => None,
    }
}

/// The zone or account of an action.
pub(super) fn scope(action: &Action) -> &str {
    match &action.change {
        Change::Records { zone, .. } => zone,
        Change::Origins { account, .. } => account,
        Change::Fields { parent: Parent::Zone(scope) | Parent::Account(scope), .. } => scope,
    }
}

impl Operation {
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
            Self::Plan => String::new(),
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
            Self::Plan => "",
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
            Self::WriteRecords(_)
            | Self::ReadPool(_)
            | Self::WritePool { .. }
            | Self::WriteFields(_) => self.change().map_or("", scope),
            Self::ReadBack { takes, gives, .. } => {
                takes.iter().chain(gives).next().map_or("", |hold| &hold.account)
            }
            Self::Plan => "",
        }
    }

    /// Whether its call changes anything.
    pub(super) fn is_write(&self) -> bool {
        matches!(self, Self::WriteRecords(_) | Self::WritePool { .. } | Self::WriteFields(_))
    }

    /// The id of the pool that its call changes, and the stage of that.
    pub(super) fn pool_change(&self) -> Option<(String, Stage)> {
        let (Self::WritePool { action, .. } | Self::WriteFields(action)) = self else {
            return None;
        };
        match &action.change {
            Change::Origins { id, .. } | Change::Fields { kind: "pools", id: Some(id), .. } => {
                Some((id.clone(), Stage::of(action)))
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

    /// Its change; of several records, the first.
    pub(super) fn change(&self) -> Option<&Action> {
        match self {
            Self::WriteRecords(actions) => actions.first(),
            Self::ReadPool(action) | Self::WritePool { action, .. } | Self::WriteFields(action) => {
                Some(action)
            }
            _ => None,
        }
    }

    /// The stage of its change; `None` for what is read for the plan.
    pub(super) fn stage(&self) -> Option<Stage> {
        match self {
            Self::ReadBack { stage, .. } => Some(*stage),
            _ => self.change().map(Stage::of),
        }
    }

    /// The urgency of its change; `None` for reads.
    pub(super) fn urgency(&self) -> Option<Urgency> {
        self.stage().map(|stage| stage.urgency)
    }
}
