//! Guards screen a finished plan. A guard can only withhold a change, never permit one, and each
//! refusal states its numbers.
//!
//! A change that ends a breach of a residency rule passes every guard, because waiting would
//! prolong the breach. Two guards are elsewhere: the last usable origin in `pools.rs`, which
//! withholds single origins, and NS records in `records.rs`.

use super::action::{Action, Change, Plan, Urgency, Withheld, WithheldReason};
use super::moves::{Moved, counted};
use super::pairs::units;
use super::pools::{held, in_use};
use crate::cloudflare::desired::{Desired, PoolMember, ServiceLoad};
use crate::cloudflare::observed::{Observed, Pool};
use crate::config::Guards;
use crate::hold::Hold;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::{Map, Set};
use crate::owned::OwnedRecords;
use crate::time::{SECOND, Timestamp};

/// A smaller zone may change as a whole.
const ZONE_RECORDS_MIN: usize = 10;

/// What is known beyond the desired and the observed state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// The time of the pass.
    pub now: Timestamp,
    /// The limits that the operator set.
    pub guards: Guards,
    /// Since when the observer has doubted itself.
    pub doubted_since: Option<Timestamp>,
    /// When traffic of each service last moved.
    pub moved_at: Map<ServiceId, Timestamp>,
    /// What people halted.
    pub halts: Halts,
    /// Changes of each service in the last hour.
    pub changes: Map<ServiceId, u32>,
    /// What is remembered of our records, by their ids.
    pub owned: OwnedRecords,
    /// Record sets that a person takes back, such as `files.example.com A`, and since when.
    pub take_backs: Map<String, Timestamp>,
    /// Changes that were begun and that no reply has confirmed, in words.
    pub open: Vec<String>,
    /// Records of each zone that changed in the last hour without a failure behind it.
    pub zone_changes: Map<String, u32>,
    /// What failovers took away and is not back.
    pub moved: Moved,
}

/// What people halted by order: in words, by whom and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Halts {
    /// Everything.
    pub all: Option<String>,
    /// These services.
    pub services: Map<ServiceId, String>,
}

/// Screens the actions in order and counts the effects of those that pass.
struct Watch<'w> {
    circumstances: &'w Circumstances,
    loads: &'w Map<ServiceId, ServiceLoad>,
    /// How many records each zone has.
    totals: &'w Map<String, usize>,
    away: Set<RegionId>,
    changes: Map<ServiceId, u32>,
    /// Records of each zone that changed in the last hour, or would, without a failure behind it.
    changing: Map<String, usize>,
}

/// Moves the actions that a guard withholds out of the plan.
pub(super) fn screen(
    plan: &mut Plan,
    desired: &Desired,
    observed: &Observed,
    holds: &Set<Hold>,
    circumstances: &Circumstances,
) {
    let mut watch =
        Watch {
            circumstances,
            loads: &desired.loads,
            away: away_now(desired, observed, holds),
            changes: circumstances.changes.clone(),
            totals: &observed.records_total,
            changing: Map::of(circumstances.zone_changes.iter().map(|(zone, count)| {
                (zone.clone(), usize::try_from(*count).unwrap_or(usize::MAX))
            })),
        };
    let mut passed = Vec::new();
    for unit in units(std::mem::take(&mut plan.actions)) {
        match watch.refusal_of(&unit) {
            Some((why, because)) => plan.withheld.extend(unit.iter().map(|action| Withheld {
                what: action.to_string(),
                why,
                because: because.clone(),
            })),
            None => passed.extend(unit),
        }
    }
    plan.actions = passed;
}

/// Regions that are out of service because we disabled all their origins.
fn away_now(desired: &Desired, observed: &Observed, holds: &Set<Hold>) -> Set<RegionId> {
    let mut away = Set::new();
    for wanted in &desired.pools {
        let is_its = |hold: &&Hold| hold.account == wanted.account && hold.pool == wanted.name;
        for hold in holds.iter().filter(is_its) {
            for PoolMember { region, .. } in held(wanted, hold) {
                if !is_in_use(desired, observed, &wanted.service, region) {
                    away.insert(region.clone());
                }
            }
        }
    }
    away
}

/// Whether an origin of the region gets traffic of the service and is up.
fn is_in_use(
    desired: &Desired,
    observed: &Observed,
    service: &ServiceId,
    region: &RegionId,
) -> bool {
    desired.pools.iter().filter(|wanted| wanted.service == *service).any(|wanted| {
        let is_used = |pool: &Pool| in_use(wanted, pool).any(|(_, used)| used == *region);
        let mut pools = observed.pools_of(&wanted.account).iter();
        pools.any(|pool| pool.name == wanted.name && is_used(pool))
    })
}

impl Watch<'_> {
    /// Why what happens together may not, and if it may, counts it.
    fn refusal_of(&mut self, unit: &[Action]) -> Option<(WithheldReason, String)> {
        let before = (self.away.clone(), self.changes.clone(), self.changing.clone());
        for action in unit {
            if let Some(refusal) = self.refusal(action) {
                (self.away, self.changes, self.changing) = before;
                return Some(refusal);
            }
            self.count(action);
        }
        None
    }

    fn refusal(&self, action: &Action) -> Option<(WithheldReason, String)> {
        if action.urgency == Urgency::Law {
            return None;
        }
        self.halted(action)
            .or_else(|| self.doubt(action))
            .or_else(|| self.hold_down(action))
            .or_else(|| self.change_budget(action))
            .or_else(|| self.regions_away(action))
            .or_else(|| self.capacity(action))
            .or_else(|| self.zone_share(action))
    }

    fn count(&mut self, action: &Action) {
        self.away.extend(action.effect.away.iter().cloned());
        if let Some(service) = &action.service {
            let changes = self.changes.get(service).copied().unwrap_or(0);
            self.changes.insert(service.clone(), changes.saturating_add(1));
        }
        if let Change::Records { zone, .. } = &action.change {
            let before = self.changing.get(zone).copied().unwrap_or(0);
            let counted = counted(action, &self.circumstances.moved);
            self.changing.insert(zone.clone(), before.saturating_add(counted));
        }
    }

    fn halted(&self, action: &Action) -> Option<(WithheldReason, String)> {
        let Circumstances { guards, halts, .. } = self.circumstances;
        let by_config = || guards.halted.then(|| "`guards.halted` is set".to_owned());
        let of_service = || halts.services.get(action.service.as_ref()?).cloned();
        let because = halts.all.clone().or_else(of_service).or_else(by_config)?;
        Some((WithheldReason::Halted, because))
    }

    fn doubt(&self, action: &Action) -> Option<(WithheldReason, String)> {
        let since = self.circumstances.doubted_since?;
        let moves = action.urgency != Urgency::Upkeep;
        let because = || format!("the observer has doubted itself since {since}");
        moves.then(|| (WithheldReason::ObserverDoubt, because()))
    }

    fn hold_down(&self, action: &Action) -> Option<(WithheldReason, String)> {
        let moved_at = *self.circumstances.moved_at.get(action.service.as_ref()?)?;
        let stays_ms = self.circumstances.guards.hold_down_ms;
        let because = || {
            let (seconds, until) = (stays_ms / SECOND, moved_at.plus(stays_ms));
            format!("traffic moved at {moved_at} and stays for {seconds} s, until {until}")
        };
        let is_soon = self.circumstances.now.since(moved_at) < stays_ms;
        let waits = action.urgency == Urgency::Restore && is_soon;
        waits.then(|| (WithheldReason::HoldDown, because()))
    }

    /// Upkeep may use half of the budget, so that it never uses up a failover's changes.
    fn change_budget(&self, action: &Action) -> Option<(WithheldReason, String)> {
        let service = action.service.as_ref()?;
        let most = self.circumstances.guards.changes_per_hour;
        let most = if action.urgency == Urgency::Upkeep { most.div_ceil(2) } else { most };
        let changes = self.changes.get(service).copied().unwrap_or(0);
        let because =
            || format!("`{service}` used {changes} of its {most} changes in the last hour");
        (changes >= most).then(|| (WithheldReason::ChangeBudget, because()))
    }

    fn regions_away(&self, action: &Action) -> Option<(WithheldReason, String)> {
        let most = self.circumstances.guards.regions_away?;
        let mut away = self.away.clone();
        away.extend(action.effect.away.iter().cloned());
        let because = || {
            let names: Vec<&str> = away.iter().map(RegionId::as_str).collect();
            format!(
                "{} regions would be away ({}), at most {most} may be",
                away.len(),
                names.join(", ")
            )
        };
        let is_more = away.len() > self.away.len();
        let is_too_many = away.len() > usize::try_from(most).unwrap_or(usize::MAX);
        (is_more && is_too_many).then(|| (WithheldReason::RegionsAway, because()))
    }

    fn capacity(&self, action: &Action) -> Option<(WithheldReason, String)> {
        let load = self.loads.get(action.service.as_ref()?)?;
        let serving = action.effect.serving.as_ref()?;
        let capacity = |region: &RegionId| load.capacity_rps.get(region).copied().map(u64::from);
        let left: u64 = serving.iter().filter_map(capacity).sum();
        let because =
            || format!("the remaining regions carry {left} rps, the peak is {} rps", load.peak_rps);
        let is_loss = !action.effect.away.is_empty() && left < u64::from(load.peak_rps);
        is_loss.then(|| (WithheldReason::Capacity, because()))
    }

    /// Lets as many changes pass as an hour may have. They come in the order of the plan, which is
    /// the same each time, so what is withheld now comes first later.
    fn zone_share(&self, action: &Action) -> Option<(WithheldReason, String)> {
        let Change::Records { zone, .. } = &action.change else { return None };
        let counted = counted(action, &self.circumstances.moved);
        let total = self.totals.get(zone).copied().unwrap_or(0);
        let percent = usize::try_from(self.circumstances.guards.zone_percent).unwrap_or(100);
        let most = total.saturating_mul(percent) / 100;
        let before = self.changing.get(zone).copied().unwrap_or(0);
        let is_too_many = total >= ZONE_RECORDS_MIN && before.saturating_add(counted) > most;
        let because = || {
            format!(
                "{before} of {total} records of {zone} changed within the hour without a failure \
                 behind it, and this would change {counted} more; at most {percent} % may ({most}, \
                 `guards.zone_percent`)"
            )
        };
        (counted > 0 && is_too_many).then(|| (WithheldReason::ZoneShare, because()))
    }
}
