//! The difference between desired and observed, explained.

use super::MARKER;
use super::desired::{Desired, DesiredPool, DesiredRecords, Jurisdiction, Switch};
use super::observed::{Observed, Pool, Record};
use crate::config::RecordKind;
use crate::hold::Hold;
use crate::ids::ServiceId;
use crate::ordered::{Map, Set};
use std::fmt;

/// Most records of one name and type that are compared; a page of the API's list.
pub const RECORDS_MAX: usize = 100;

/// What to do, in this order, and what not to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Changes; those that take traffic away from what is down come first.
    pub actions: Vec<Action>,
    /// What was deliberately left undone.
    pub withheld: Vec<Withheld>,
    /// Origins are enabled, so that what was withheld may be right once they are.
    pub is_partial: bool,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Make one record set say something else.
    Records {
        /// The zone's name.
        zone: String,
        /// The records' name.
        name: String,
        /// The records' type.
        kind: RecordKind,
        /// The changes.
        ops: Vec<RecordOp>,
        /// Why.
        reason: String,
    },
    /// Switch origins of one pool.
    Pool {
        /// The account's id.
        account: String,
        /// The pool's id.
        id: String,
        /// The pool's name.
        name: String,
        /// What `enabled` becomes, by address. Never [`Switch::Leave`].
        switches: Map<String, Switch>,
    },
}

/// One change to one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordOp {
    /// A record of ours says something else.
    Patch {
        /// Its id.
        id: String,
        /// What it says from now on.
        content: String,
        /// Its time to live from now on.
        ttl_s: u32,
    },
    /// One more record.
    Create {
        /// What it says.
        content: String,
        /// Its time to live.
        ttl_s: u32,
        /// Whether Cloudflare answers with its own addresses.
        proxied: bool,
        /// Its comment, which makes it ours.
        comment: String,
    },
    /// One record of ours less.
    Delete {
        /// Its id.
        id: String,
    },
}

/// Something that was deliberately left undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// What it is about.
    pub what: String,
    /// Why.
    pub why: String,
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Records { name, kind, reason, .. } => write!(f, "{name} {kind}: {reason}"),
            Self::Pool { name, switches, .. } => {
                let one = |(address, switch): (&String, &Switch)| match switch {
                    Switch::Enable => format!("enable {address}"),
                    Switch::Disable => format!("disable {address}"),
                    Switch::Leave => format!("leave {address}"),
                };
                let all = switches.iter().map(one).collect::<Vec<_>>().join(", ");
                write!(f, "pool {name}: {all}")
            }
        }
    }
}

impl Action {
    /// Whether this takes traffic away from something that is down.
    fn is_urgent(&self) -> bool {
        match self {
            Self::Records { .. } => true,
            Self::Pool { switches, .. } => switches.values().any(|s| *s == Switch::Disable),
        }
    }
}

/// Compares. The result depends only on the arguments, not on the order in which the API listed
/// things.
#[must_use]
pub fn plan(desired: &Desired, observed: &Observed, holds: &Set<Hold>) -> Plan {
    let mut plan = Plan::default();
    for records in &desired.records {
        plan_records(records, observed, &mut plan);
    }
    let services = Set::of(desired.pools.iter().map(|pool| &pool.service));
    for service in services {
        plan_pools(service, desired, observed, holds, &mut plan);
    }
    let (urgent, later) = plan.actions.drain(..).partition(Action::is_urgent);
    plan.actions = urgent;
    plan.actions.extend::<Vec<_>>(later);
    plan.is_partial &= !plan.withheld.is_empty();
    plan
}

fn plan_records(wanted: &DesiredRecords, observed: &Observed, plan: &mut Plan) {
    let what = format!("{} {}", wanted.name, wanted.kind);
    let Some(records) = observed.records.get(&(wanted.name.clone(), wanted.kind)) else {
        return;
    };
    let mut withhold = |why: String| plan.withheld.push(Withheld { what: what.clone(), why });
    if records.len() >= RECORDS_MAX {
        return withhold(format!("{} records or more are too many to compare", records.len()));
    }
    let ours: Vec<&Record> = records.iter().filter(|record| is_ours(record)).collect();
    if ours.is_empty() {
        let foreign = records.len();
        return withhold(format!(
            "none of its {foreign} records is ours; put `{MARKER}{}` into the comment of one",
            wanted.service
        ));
    }
    let lawful = |record: &&Record| wanted.permitted.contains(&normal(&record.content));
    if wanted.permitted.is_empty() && !ours.iter().all(lawful) {
        // Nothing may be answered any more, as when a membership has ended. No answer is lawful.
        return plan.actions.push(Action::Records {
            zone: wanted.zone.clone(),
            name: wanted.name.clone(),
            kind: wanted.kind,
            ops: ours.iter().map(|record| RecordOp::Delete { id: record.id.clone() }).collect(),
            reason: "no region is permitted any more".to_owned(),
        });
    }
    let (region, contents) = match (&wanted.answer, &wanted.refuge) {
        (Some(answer), _) => answer,
        // Nothing permitted is up. To stay is right only where the law permits what is said.
        (None, Some(refuge)) if !ours.iter().all(lawful) => refuge,
        (None, _) if wanted.manual => {
            return withhold("its service fails over by hand".to_owned());
        }
        (None, _) => {
            return withhold("no permitted region is up, so the answer stays".to_owned());
        }
    };
    let ops = record_ops(wanted, contents, &ours);
    if !ops.is_empty() {
        let contents = contents.iter().cloned().collect::<Vec<_>>().join(", ");
        plan.actions.push(Action::Records {
            zone: wanted.zone.clone(),
            name: wanted.name.clone(),
            kind: wanted.kind,
            ops,
            reason: format!("answer {contents} ({region})"),
        });
    }
}

/// A content as we write it: DNS knows neither the case nor the dot at the end.
fn normal(content: &str) -> String {
    content.trim_end_matches('.').to_ascii_lowercase()
}

fn is_ours(record: &Record) -> bool {
    record.comment.as_ref().is_some_and(|comment| comment.starts_with(MARKER))
}

/// Pairs records that say something unwanted with contents that nobody says yet, so that a failover
/// is one change of one record and the name is never without an answer.
fn record_ops(wanted: &DesiredRecords, contents: &Set<String>, ours: &[&Record]) -> Vec<RecordOp> {
    let mut missing = Set::of(contents.iter());
    let mut spare = Map::new();
    let mut ops = Vec::new();
    let proxied = ours.iter().any(|record| record.proxied);
    for record in ours {
        let content = normal(&record.content);
        if !missing.remove(&content) {
            spare.insert(&record.id, *record);
        } else if !record.proxied && record.ttl != wanted.ttl_s {
            ops.push(RecordOp::Patch { id: record.id.clone(), content, ttl_s: wanted.ttl_s });
        }
    }
    let mut spare = spare.into_iter().map(|(_, record)| record);
    for content in missing {
        let content = content.clone();
        ops.push(match spare.next() {
            Some(record) => {
                let ttl_s = if record.proxied { record.ttl } else { wanted.ttl_s };
                RecordOp::Patch { id: record.id.clone(), content, ttl_s }
            }
            None => RecordOp::Create {
                content,
                // As its siblings: a record that shows an origin's address by mistake is no repair.
                ttl_s: if proxied { 1 } else { wanted.ttl_s },
                proxied,
                comment: format!("{MARKER}{}", wanted.service),
            },
        });
    }
    ops.extend(spare.map(|record| RecordOp::Delete { id: record.id.clone() }));
    ops
}

/// Plans the pools of one service together, because its last usable origin may be in any of them.
fn plan_pools(
    service: &ServiceId,
    desired: &Desired,
    observed: &Observed,
    holds: &Set<Hold>,
    plan: &mut Plan,
) {
    let pools: Vec<(&DesiredPool, &Pool)> = desired
        .pools
        .iter()
        .filter(|wanted| wanted.service == *service)
        .filter_map(|wanted| Some((wanted, find_pool(wanted, observed, plan)?)))
        .collect();
    let in_use = Set::of(pools.iter().flat_map(|(wanted, pool)| enabled_and_up(wanted, pool)));
    let emptied: Vec<&Jurisdiction> = desired
        .jurisdictions
        .iter()
        .filter(|j| j.service == *service && j.addresses.is_disjoint(&in_use))
        .collect();
    for (wanted, pool) in pools {
        let enable = switches(wanted, pool, holds, Switch::Enable);
        let mut disable = switches(wanted, pool, holds, Switch::Disable);
        plan.is_partial |= !enable.is_empty();
        disable.retain(|address, _| {
            match emptied.iter().find(|j| j.addresses.contains(&normal(address))) {
                None => true,
                Some(jurisdiction) => {
                    plan.withheld.push(last_one(pool, address, jurisdiction));
                    false
                }
            }
        });
        for switches in [enable, disable].into_iter().filter(|switches| !switches.is_empty()) {
            plan.actions.push(Action::Pool {
                account: wanted.account.clone(),
                id: pool.id.clone(),
                name: pool.name.clone(),
                switches,
            });
        }
    }
}

fn last_one(pool: &Pool, address: &str, jurisdiction: &Jurisdiction) -> Withheld {
    let permitted = match &jurisdiction.under {
        Some(under) => format!(" under {under}"),
        None => String::new(),
    };
    let service = &jurisdiction.service;
    Withheld {
        what: format!("pool {}: disable {address}", pool.name),
        why: format!("0 origins of `{service}`{permitted} are up and enabled"),
    }
}

fn find_pool<'o>(
    wanted: &DesiredPool,
    observed: &'o Observed,
    plan: &mut Plan,
) -> Option<&'o Pool> {
    let pools = observed.pools.get(&wanted.account)?;
    let found = pools.iter().find(|pool| pool.name == wanted.name);
    let mut withhold = |why: &str| {
        let what = format!("pool {}", wanted.name);
        plan.withheld.push(Withheld { what, why: why.to_owned() });
    };
    match found {
        None => withhold("the account has no pool of this name"),
        Some(pool)
            if !pool.origins.iter().any(|o| wanted.origins.contains_key(&normal(&o.address))) =>
        {
            withhold("none of its origins has an address of this config");
        }
        Some(_) => {}
    }
    found
}

/// Origins that get traffic now and should.
fn enabled_and_up<'o>(
    wanted: &'o DesiredPool,
    pool: &'o Pool,
) -> impl Iterator<Item = String> + 'o {
    let up = |address: &str| wanted.origins.get(&normal(address)) == Some(&Switch::Enable);
    let origins = pool.origins.iter().filter(move |o| pool.enabled && o.enabled && up(&o.address));
    origins.map(|origin| normal(&origin.address))
}

fn switches(
    wanted: &DesiredPool,
    pool: &Pool,
    holds: &Set<Hold>,
    which: Switch,
) -> Map<String, Switch> {
    let held = |address: &str| {
        holds.contains(&Hold {
            account: wanted.account.clone(),
            pool: wanted.name.clone(),
            address: address.to_owned(),
        })
    };
    let switched = pool
        .origins
        .iter()
        .filter(|origin| wanted.origins.get(&normal(&origin.address)) == Some(&which))
        .filter(|origin| match which {
            Switch::Disable => origin.enabled,
            Switch::Enable => !origin.enabled && held(&origin.address),
            Switch::Leave => false,
        });
    Map::of(switched.map(|origin| (origin.address.clone(), which)))
}

#[cfg(test)]
mod tests;
