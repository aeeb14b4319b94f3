//! Pools: which origins take traffic. All pools of a service are planned together, because its last
//! usable origin may be in any of them.

use super::action::{Action, Change, Effect, OriginEdit, Parent, Urgency, WithheldReason};
use super::members::{Member, member, members, members_at};
use super::{FieldChange, Planner};
use crate::cloudflare::desired::{DesiredPool, Jurisdiction, PoolMember, Switch};
use crate::cloudflare::endpoint;
use crate::cloudflare::marker::{self, Owner};
use crate::cloudflare::observed::{LbMonitor, Pool, PoolOrigin, Weight};
use crate::config::PoolSwitch;
use crate::hold::Hold;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::{Map, Set};
use serde_json::{Value, json};

/// The address in a hold of a whole pool.
pub(in crate::cloudflare) const WHOLE_POOL: &str = "*";

/// A desired pool and the observed pool of its name.
pub(super) type MatchedPool<'p> = (&'p DesiredPool, &'p Pool);

impl<'p> Planner<'p> {
    pub(super) fn pools(&mut self) {
        let desired = self.desired;
        for service in Set::of(desired.pools.iter().map(|pool| &pool.service)) {
            let wanted = desired.pools.iter().filter(|pool| pool.service == *service);
            let found: Vec<MatchedPool<'p>> =
                wanted.filter_map(|wanted| Some((wanted, self.find_pool(wanted)?))).collect();
            let (mut used, mut serving) = (Set::new(), Set::new());
            for (key, region) in found.iter().flat_map(|(wanted, pool)| in_use(wanted, pool)) {
                used.insert(key);
                serving.insert(region);
            }
            let is_emptied =
                |j: &&Jurisdiction| j.service == *service && j.origins.is_disjoint(&used);
            let emptied: Vec<_> = desired.jurisdictions.iter().filter(is_emptied).collect();
            self.tell_of_strays(service, &found);
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
        let is_empty = wanted.origins.is_empty() && pool.origins.is_empty();
        if !is_empty && !pool.origins.iter().any(|origin| member(wanted, pool, origin).is_some()) {
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
        disable.retain(|origin, _| match last_one(emptied, &keys_at(found, origin)) {
            None => true,
            Some(because) => {
                let what = format!("pool {}: disable {origin}", pool.name);
                self.withhold(what, WithheldReason::LastUsable, because);
                false
            }
        });
        for (edits, urgency) in [(disable, Urgency::Failover), (enable, Urgency::Restore)] {
            if edits.is_empty() {
                continue;
            }
            let effect = Effect {
                away: lost(regions_at(found, edits.keys()), urgency, serving),
                serving: Some(serving.clone()),
            };
            self.plan.actions.push(edit(found, edits, urgency, effect));
        }
    }

    fn switches(&self, (wanted, pool): MatchedPool<'p>, which: Switch) -> Map<String, OriginEdit> {
        let enabled = Some(which == Switch::Enable);
        let mut edits = Map::new();
        for origin in &pool.origins {
            let differs = match which {
                Switch::Disable => origin.enabled,
                Switch::Enable => !origin.enabled && self.is_held(pool, wanted, origin),
                Switch::Leave => false,
            };
            let member = member(wanted, pool, origin);
            if differs && member.is_some_and(|member| member.switch == which) {
                edits.insert(origin.written(), OriginEdit { enabled, ..OriginEdit::default() });
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
        } else if any_up && !pool.enabled && self.is_held_whole(wanted) {
            (true, Urgency::Restore, "enable it: one of its origins is up")
        } else {
            return;
        };
        let keys: Vec<String> = wanted.origins.keys().cloned().collect();
        if let Some(because) = last_one(emptied, &keys).filter(|_| !to) {
            let what = format!("pool {}: disable it", pool.name);
            return self.withhold(what, WithheldReason::LastUsable, because);
        }
        self.plan.is_partial |= to;
        let regions = wanted.origins.values().map(|member| member.region.clone());
        let change = field("enabled", pool.enabled.into(), to.into());
        let mut action = set(found, change, reason.to_owned(), urgency);
        action.effect =
            Effect { away: lost(regions, urgency, serving), serving: Some(serving.clone()) };
        self.plan.actions.push(action);
    }

    fn holds_of(&self, wanted: &DesiredPool) -> impl Iterator<Item = &'p Hold> {
        let (account, name) = (wanted.account.clone(), wanted.name.clone());
        self.holds.iter().filter(move |hold| hold.account == account && hold.pool == name)
    }

    fn is_held(&self, pool: &Pool, wanted: &DesiredPool, origin: &PoolOrigin) -> bool {
        let written = origin.written();
        self.holds_of(wanted)
            .any(|hold| pool.origins_at(&hold.address).any(|held| held.written() == written))
    }

    fn is_held_whole(&self, wanted: &DesiredPool) -> bool {
        self.holds_of(wanted).any(|hold| hold.address == WHOLE_POOL)
    }
}

/// The members of a pool that a hold is about.
pub(super) fn held<'w>(wanted: &'w DesiredPool, hold: &Hold) -> Vec<&'w PoolMember> {
    if hold.address == WHOLE_POOL {
        return wanted.origins.values().collect();
    }
    let (address, port) = endpoint::split(&hold.address);
    members_at(wanted, address, port).into_iter().map(|(_, member)| member).collect()
}

/// The members that are written like this in a pool.
fn members_written<'w>((wanted, pool): MatchedPool<'w>, origin: &str) -> Vec<Member<'w>> {
    pool.origins_at(origin).flat_map(|origin| members(wanted, pool, origin)).collect()
}

fn keys_at(found: MatchedPool<'_>, origin: &str) -> Vec<String> {
    members_written(found, origin).into_iter().map(|(key, _)| key.clone()).collect()
}

fn regions_at<'a>(
    found: MatchedPool<'a>,
    origins: impl Iterator<Item = &'a String>,
) -> impl Iterator<Item = RegionId> {
    let members = origins.flat_map(move |origin| members_written(found, origin));
    members.map(|(_, member)| member.region.clone())
}

/// The keys of origins that are enabled and up, with their regions.
pub(super) fn in_use<'p>(
    wanted: &'p DesiredPool,
    pool: &'p Pool,
) -> impl Iterator<Item = (String, RegionId)> + use<'p> {
    let enabled = pool.origins.iter().filter(|origin| pool.enabled && origin.enabled);
    enabled.flat_map(|origin| {
        let up = members(wanted, pool, origin).into_iter();
        let up = up.filter(|(_, member)| member.switch == Switch::Enable);
        up.map(|(key, member)| (key.clone(), member.region.clone()))
    })
}

/// The regions of the disabled origins that have no other origin in use.
fn lost(
    regions: impl Iterator<Item = RegionId>,
    urgency: Urgency,
    serving: &Set<RegionId>,
) -> Set<RegionId> {
    let is_lost = |region: &RegionId| urgency == Urgency::Failover && !serving.contains(region);
    regions.filter(is_lost).collect()
}

fn last_one(emptied: &[&Jurisdiction], keys: &[String]) -> Option<String> {
    let inside = |j: &&&Jurisdiction| keys.iter().any(|key| j.origins.contains(key));
    let Jurisdiction { service, under, .. } = emptied.iter().find(inside)?;
    let permitted = under.as_ref().map(|under| format!(" under {under}")).unwrap_or_default();
    Some(format!("0 origins of `{service}`{permitted} are up and enabled, so this stays enabled"))
}

/// The weights that differ, and in a pool that we manage the hosts that are told.
fn settings(wanted: &DesiredPool, pool: &Pool) -> Map<String, OriginEdit> {
    let mut edits = Map::new();
    for origin in &pool.origins {
        let Some(member) = member(wanted, pool, origin) else { continue };
        let weight = member.weight.filter(|weight| *weight != origin.weight);
        let host_header = member
            .host_header
            .clone()
            .filter(|host| wanted.manage && origin.host_header() != Some(host.as_str()));
        if weight.is_some() || host_header.is_some() {
            edits.insert(origin.written(), OriginEdit { enabled: None, weight, host_header });
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
    let origin = |member: &PoolMember| {
        let (weight, endpoint) = (member.weight.unwrap_or(Weight::ONE), &member.endpoint);
        json!({
            "name": member.id.as_str(),
            "address": endpoint.host,
            "port": endpoint.port,
            "enabled": true,
            "weight": crate::json::Shape::write(&weight),
            "header": {"Host": [member.host_header.as_ref().unwrap_or(&endpoint.host)]},
        })
    };
    let origins: Vec<Value> = wanted.origins.values().map(origin).collect();
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
