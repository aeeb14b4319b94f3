//! Pools: which origins take traffic. All pools of a service are planned together, because its last
//! usable origin may be in any of them.

use super::action::{Action, Change, Effect, OriginEdit, Parent, Urgency, WithheldReason};
use super::{FieldChange, Planner};
use crate::cloudflare::desired::{DesiredPool, Jurisdiction, PoolMember, Switch};
use crate::cloudflare::marker::{self, Owner};
use crate::cloudflare::name::normal;
use crate::cloudflare::observed::{LbMonitor, Pool, PoolOrigin, Weight};
use crate::config::PoolSwitch;
use crate::hold::Hold;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::{Map, Set};
use serde_json::{Value, json};

/// The address in a hold of a whole pool.
pub(in crate::cloudflare) const WHOLE_POOL: &str = "*";

/// A desired pool and the observed pool of its name.
type MatchedPool<'p> = (&'p DesiredPool, &'p Pool);

impl<'p> Planner<'p> {
    pub(super) fn pools(&mut self) {
        let desired = self.desired;
        for service in Set::of(desired.pools.iter().map(|pool| &pool.service)) {
            let wanted = desired.pools.iter().filter(|pool| pool.service == *service);
            let found: Vec<MatchedPool<'p>> =
                wanted.filter_map(|wanted| Some((wanted, self.find_pool(wanted)?))).collect();
            let (mut used, mut serving) = (Set::new(), Set::new());
            for (address, region) in found.iter().flat_map(|(wanted, pool)| in_use(wanted, pool)) {
                used.insert(address);
                serving.insert(region);
            }
            let is_emptied =
                |j: &&Jurisdiction| j.service == *service && j.addresses.is_disjoint(&used);
            let emptied: Vec<_> = desired.jurisdictions.iter().filter(is_emptied).collect();
            for found in found {
                self.pool(found, &emptied, &serving);
            }
        }
    }

    /// The observed pool. If there is none that we may manage, plans its creation or says why not.
    fn find_pool(&mut self, wanted: &DesiredPool) -> Option<&'p Pool> {
        let pools = self.observed.pools.get(&wanted.account)?;
        let found = pools.iter().find(|pool| pool.name == wanted.name);
        let what = format!("pool {}", wanted.name);
        let Some(pool) = found else {
            if wanted.manage {
                self.plan.actions.push(create(wanted));
            } else {
                let because =
                    "the account has no pool of this name; create it, or set `manage = true`";
                self.withhold(what, WithheldReason::Missing, because);
            }
            return None;
        };
        if let Owner::Other(other) = marker::owner(pool.description.as_deref(), &wanted.service) {
            self.withhold(what, WithheldReason::Foreign, format!("it is marked for `{other}`"));
            return None;
        }
        if !pool.origins.iter().any(|o| wanted.origins.contains_key(&normal(&o.address))) {
            let because = "none of its origins is in the config";
            self.withhold(what, WithheldReason::Foreign, because);
            return None;
        }
        Some(pool)
    }

    fn pool(&mut self, found: MatchedPool<'p>, emptied: &[&Jurisdiction], serving: &Set<RegionId>) {
        let (wanted, pool) = found;
        // Both run, so that what we disabled under an earlier `switch` setting is enabled again.
        self.switch_origins(found, emptied, serving);
        self.switch_pool(found, emptied, serving);
        let settings = settings(wanted, pool);
        if !settings.is_empty() {
            let action = edit(found, settings, Urgency::Upkeep, Effect::default());
            self.plan.actions.push(action);
        }
        if let Some(monitor) = &wanted.monitor {
            let known = self.observed.monitors_of(&wanted.account);
            let from = pool.monitor.as_ref().map(|id| name_of(known, id));
            if self.observed.monitors.contains_key(&wanted.account)
                && from.as_ref() != Some(monitor)
            {
                let change = field("monitor", from.into(), monitor.as_str().into());
                let reason = format!("attach {monitor}");
                self.plan.actions.push(set(found, change, reason, Urgency::Upkeep));
            }
        }
    }

    fn switch_origins(
        &mut self,
        found: MatchedPool<'p>,
        emptied: &[&Jurisdiction],
        serving: &Set<RegionId>,
    ) {
        let (wanted, pool) = found;
        let enable = self.switches(found, Switch::Enable);
        let mut disable = match wanted.switched {
            PoolSwitch::Origins => self.switches(found, Switch::Disable),
            PoolSwitch::Pool => Map::new(),
        };
        self.plan.is_partial |= !enable.is_empty();
        disable.retain(|address, _| match last_one(emptied, &[normal(address)]) {
            None => true,
            Some(because) => {
                let what = format!("pool {}: disable {address}", pool.name);
                self.withhold(what, WithheldReason::LastUsable, because);
                false
            }
        });
        for (edits, urgency) in [(disable, Urgency::Failover), (enable, Urgency::Restore)] {
            if edits.is_empty() {
                continue;
            }
            let effect = Effect {
                away: lost(wanted, edits.keys(), urgency, serving),
                serving: Some(serving.clone()),
            };
            self.plan.actions.push(edit(found, edits, urgency, effect));
        }
    }

    fn switches(&self, (wanted, pool): MatchedPool<'p>, which: Switch) -> Map<String, OriginEdit> {
        let enabled = Some(which == Switch::Enable);
        let mut edits = Map::new();
        for PoolOrigin { address, enabled: is_enabled, .. } in &pool.origins {
            let differs = match which {
                Switch::Disable => *is_enabled,
                Switch::Enable => !is_enabled && self.is_held(wanted, address),
                Switch::Leave => false,
            };
            if differs && member(wanted, address).is_some_and(|member| member.switch == which) {
                edits.insert(address.clone(), OriginEdit { enabled, ..OriginEdit::default() });
            }
        }
        edits
    }

    fn switch_pool(
        &mut self,
        found: MatchedPool<'p>,
        emptied: &[&Jurisdiction],
        serving: &Set<RegionId>,
    ) {
        let (wanted, pool) = found;
        let switches = || wanted.origins.values().map(|member| member.switch);
        let all_down = switches().all(|switch| switch == Switch::Disable);
        let any_up = switches().any(|switch| switch == Switch::Enable);
        let is_switched = wanted.switched == PoolSwitch::Pool;
        let (to, urgency, reason) = if is_switched && all_down && pool.enabled {
            (false, Urgency::Failover, "disable it: all its origins are down")
        } else if any_up && !pool.enabled && self.is_held(wanted, WHOLE_POOL) {
            (true, Urgency::Restore, "enable it: one of its origins is up")
        } else {
            return;
        };
        let addresses: Vec<String> = wanted.origins.keys().cloned().collect();
        if let Some(because) = last_one(emptied, &addresses).filter(|_| !to) {
            let what = format!("pool {}: disable it", pool.name);
            return self.withhold(what, WithheldReason::LastUsable, because);
        }
        self.plan.is_partial |= to;
        let change = field("enabled", pool.enabled.into(), to.into());
        let mut action = set(found, change, reason.to_owned(), urgency);
        action.effect = Effect {
            away: lost(wanted, wanted.origins.keys(), urgency, serving),
            serving: Some(serving.clone()),
        };
        self.plan.actions.push(action);
    }

    fn is_held(&self, wanted: &DesiredPool, address: &str) -> bool {
        self.holds.contains(&Hold {
            account: wanted.account.clone(),
            pool: wanted.name.clone(),
            address: address.to_owned(),
        })
    }
}

fn member<'w>(wanted: &'w DesiredPool, address: &str) -> Option<&'w PoolMember> {
    wanted.origins.get(&normal(address))
}

/// Origins that are enabled and up, with their regions.
pub(super) fn in_use<'p>(
    wanted: &'p DesiredPool,
    pool: &'p Pool,
) -> impl Iterator<Item = (String, RegionId)> + use<'p> {
    let enabled = pool.origins.iter().filter(|origin| pool.enabled && origin.enabled);
    enabled.filter_map(|origin| {
        let member = member(wanted, &origin.address)?;
        let is_up = member.switch == Switch::Enable;
        is_up.then(|| (normal(&origin.address), member.region.clone()))
    })
}

/// The regions of the disabled origins that have no other origin in use.
fn lost<'a>(
    wanted: &DesiredPool,
    addresses: impl Iterator<Item = &'a String>,
    urgency: Urgency,
    serving: &Set<RegionId>,
) -> Set<RegionId> {
    let mut lost = Set::new();
    for region in addresses.filter_map(|address| Some(&member(wanted, address)?.region)) {
        if urgency == Urgency::Failover && !serving.contains(region) {
            lost.insert(region.clone());
        }
    }
    lost
}

fn last_one(emptied: &[&Jurisdiction], addresses: &[String]) -> Option<String> {
    let inside = |j: &&&Jurisdiction| addresses.iter().any(|a| j.addresses.contains(a));
    let Jurisdiction { service, under, .. } = emptied.iter().find(inside)?;
    let permitted = under.as_ref().map(|under| format!(" under {under}")).unwrap_or_default();
    Some(format!("0 origins of `{service}`{permitted} are up and enabled, so this stays enabled"))
}

/// The weights that differ, and in a pool that we manage the hosts that are told.
fn settings(wanted: &DesiredPool, pool: &Pool) -> Map<String, OriginEdit> {
    let mut edits = Map::new();
    for origin in &pool.origins {
        let Some(member) = member(wanted, &origin.address) else { continue };
        let weight = member.weight.filter(|weight| *weight != origin.weight);
        let host_header = member
            .host_header
            .clone()
            .filter(|host| wanted.manage && origin.host_header() != Some(host.as_str()));
        if weight.is_some() || host_header.is_some() {
            edits.insert(origin.address.clone(), OriginEdit { enabled: None, weight, host_header });
        }
    }
    edits
}

/// The marker of a monitor, or its id if it is not ours.
fn name_of(monitors: &[LbMonitor], id: &str) -> String {
    let found = monitors.iter().find(|monitor| monitor.id == id);
    let marked = found.and_then(|monitor| monitor.description.clone());
    marked.filter(|text| !text.is_empty()).unwrap_or_else(|| format!("({id})"))
}

fn field(name: &str, from: Value, to: Value) -> FieldChange {
    FieldChange { name: name.to_owned(), from, to }
}

fn edit(
    (wanted, pool): MatchedPool<'_>,
    edits: Map<String, OriginEdit>,
    urgency: Urgency,
    effect: Effect,
) -> Action {
    let words = edits.iter().map(|(address, edit)| edit.words(address));
    Action {
        urgency,
        service: Some(wanted.service.clone()),
        reason: words.collect::<Vec<_>>().join(", "),
        change: Change::Origins {
            account: wanted.account.clone(),
            id: pool.id.clone(),
            name: pool.name.clone(),
            edits,
        },
        effect,
    }
}

fn set(
    (wanted, pool): MatchedPool<'_>,
    change: FieldChange,
    reason: String,
    urgency: Urgency,
) -> Action {
    fields(wanted, Some(pool.id.clone()), vec![change], reason, urgency)
}

fn fields(
    wanted: &DesiredPool,
    id: Option<String>,
    fields: Vec<FieldChange>,
    reason: String,
    urgency: Urgency,
) -> Action {
    let service: &ServiceId = &wanted.service;
    Action {
        urgency,
        service: Some(service.clone()),
        reason,
        change: Change::Fields {
            kind: "pools",
            parent: Parent::Account(wanted.account.clone()),
            account: wanted.account.clone(),
            id,
            name: wanted.name.clone(),
            fields,
        },
        effect: Effect::default(),
    }
}

/// A new pool with every origin enabled. The next plan disables those that are down, with the hold
/// that lets us enable them again.
fn create(wanted: &DesiredPool) -> Action {
    let origin = |(address, member): (&String, &PoolMember)| {
        let weight = member.weight.unwrap_or(Weight::ONE);
        json!({
            "name": member.id.as_str(),
            "address": address,
            "enabled": true,
            "weight": crate::json::Shape::write(&weight),
            "header": {"Host": [member.host_header.as_ref().unwrap_or(address)]},
        })
    };
    let origins: Vec<Value> = wanted.origins.iter().map(origin).collect();
    let new = |name: &str, to: Value| field(name, Value::Null, to);
    let mut changes = vec![
        new("name", wanted.name.as_str().into()),
        new("description", marker::of(&wanted.service).into()),
        new("origins", origins.into()),
    ];
    if let Some(monitor) = &wanted.monitor {
        changes.push(new("monitor", monitor.as_str().into()));
    }
    fields(wanted, None, changes, "create it".to_owned(), Urgency::Upkeep)
}
