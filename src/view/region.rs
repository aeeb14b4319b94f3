//! A region as one service sees it.
//!
//! A region is as healthy as its best origin. Traffic goes to its usable origins alone: those that
//! are as healthy as the best one, and where some of these are drained, to the others. So a region
//! drains only when every origin that could serve is drained.

use super::by::By;
use super::instant::View;
use super::origin::{OriginStanding, Whose};
use super::share::Share;
use crate::config::{DrillKind, Service};
use crate::drill::Drill;
use crate::geo::Area;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::order::Order;
use crate::ordered::Map;
use crate::recovery::ALL_PERCENT;
use crate::time::Millis;
use crate::traffic::WayLatency;

/// One region of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionStanding<'a> {
    /// The region.
    pub id: &'a RegionId,
    /// Its origins, in the order of the config.
    pub origins: Vec<OriginStanding<'a>>,
    /// The best health among its origins; Unknown where it has none.
    pub health: Health,
    /// Whether it takes no new clients although it is not Down: every usable origin is drained.
    pub is_draining: bool,
    /// Its part of the service's clients.
    pub share: Share,
    /// How it stood when corruption was declared, while nothing of the service moves.
    pub frozen: Option<Frozen<'a>>,
    /// The drill that leads its clients away.
    pub drill: Option<&'a Drill>,
}

/// How a region stood when corruption was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frozen<'a> {
    /// Its health then.
    pub health: Health,
    /// The order that declares it.
    pub order: &'a Order,
}

impl<'a> RegionStanding<'a> {
    fn of(
        id: &'a RegionId,
        origins: Vec<OriginStanding<'a>>,
        share: Share,
        frozen: Option<Frozen<'a>>,
    ) -> Self {
        let best = origins.iter().map(|origin| origin.health).min().unwrap_or_default();
        // What was away when corruption was declared does not come back by itself.
        let stays_away = frozen.is_some_and(|frozen| frozen.health == Health::Down);
        let health = if stays_away { Health::Down } else { best };
        let mut best = origins.iter().filter(|origin| origin.health == health);
        let can_serve = health != Health::Down && !origins.is_empty();
        let is_draining = can_serve && best.all(|origin| origin.is_draining);
        Self { id, origins, health, is_draining, share, frozen, drill: None }
    }

    /// Whether it is Down only because it was so when corruption was declared.
    #[must_use]
    pub fn stays_away(&self) -> bool {
        self.frozen.is_some_and(|frozen| frozen.health == Health::Down)
            && self.origins.iter().any(|origin| origin.health != Health::Down)
    }

    /// Whether it went Down after corruption was declared, and nobody ordered that: its clients
    /// must not go elsewhere.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        let served = self.frozen.is_some_and(|frozen| frozen.health != Health::Down);
        let is_ordered = || self.origins.iter().all(OriginStanding::is_set);
        served && self.health == Health::Down && !is_ordered()
    }

    /// The health that a choice among regions goes by: while nothing moves, the one that it had
    /// when corruption was declared.
    #[must_use]
    pub fn health_for_choice(&self) -> Health {
        match self.frozen {
            Some(frozen) if self.health != Health::Down || self.is_lost() => frozen.health,
            _ => self.health,
        }
    }

    /// The percentage of its clients that a proxy leaves there. A drill that empties it leads away
    /// those too who are pinned to it, as an outage would.
    #[must_use]
    pub fn left_percent(&self) -> Option<u8> {
        let emptied = self.drill.filter(|drill| drill.kind == DrillKind::Full);
        let left = emptied.map(|drill| ALL_PERCENT.saturating_sub(drill.percent));
        self.share.returned_percent.into_iter().chain(left).min()
    }

    /// Whether it takes no new clients because of a drill, and for no other reason.
    #[must_use]
    pub fn is_drilled_empty(&self) -> bool {
        let is_whole = self.drill.is_some_and(|drill| drill.kind == DrillKind::Full);
        is_whole && self.origins.iter().all(|it| it.order.is_none() && it.override_.is_none())
    }

    /// Whether not all of its clients have returned to it since it was out.
    #[must_use]
    pub fn is_returning(&self) -> bool {
        self.share.returned_percent.is_some()
    }

    /// Whether it serves all of its clients and takes new ones.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.health == Health::Up && !self.is_draining && !self.is_returning()
    }

    /// The origins that traffic goes to; none where the region is Down.
    pub fn usable(&self) -> impl Iterator<Item = &OriginStanding<'a>> {
        let fits = |origin: &&OriginStanding<'_>| {
            self.health != Health::Down
                && origin.health == self.health
                && origin.is_draining == self.is_draining
        };
        self.origins.iter().filter(fits)
    }

    /// Whether all of its origins are drained, those that are Down among them. Where one that is
    /// Down is not, [`Self::is_draining`] can be true and this is not.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        !self.origins.is_empty() && self.origins.iter().all(|origin| origin.is_draining)
    }

    /// The lowest fresh latency among its usable origins.
    #[must_use]
    pub fn latency_ms(&self) -> Option<Millis> {
        self.usable().filter_map(|origin| origin.observed.latency_ms).min()
    }

    /// The largest fresh replication lag among its usable origins: a region is as far behind as the
    /// replica that a request may meet there.
    #[must_use]
    pub fn lag_s(&self) -> Option<u64> {
        self.usable().filter_map(|origin| origin.observed.lag).map(|lag| lag.value_s).max()
    }
}

impl<'a> View<'a> {
    /// How a region stands for a service, whose monitor is `by`.
    #[must_use]
    pub fn region(
        &self,
        (name, service): (&ServiceId, &Service),
        by: &By<'_>,
        id: &'a RegionId,
    ) -> RegionStanding<'a> {
        let origins = self.config.regions.get(id).into_iter().flat_map(|region| &region.origins);
        let whose = Whose { service: Some(name), region: id };
        let origins = origins.map(|origin| self.origin(whose, by, origin)).collect();
        let share = Share::of(service, id, self.returned(name, service, id));
        let mut standing = RegionStanding::of(id, origins, share, self.frozen(name, id));
        standing.drill = self.state.drills.leading_away(name, id);
        if standing.health == Health::Down {
            // Nobody has to be kept from it.
            standing.share.returned_percent = None;
        }
        standing
    }

    /// The areas whose clients should go elsewhere: none of the region's usable origins can be
    /// reached from there, although the region is not down.
    #[must_use]
    pub fn away(&self, service: &Service, region: &RegionStanding<'_>) -> Vec<Area> {
        if self.config.areas.is_empty() {
            return Vec::new();
        }
        let by = self.by(&service.monitor);
        let is_out = |area: Area| {
            let mut usable = region.usable().peekable();
            let is_any = usable.peek().is_some();
            is_any
                && usable.all(|it| {
                    let health = || self.health_from(area, &by, &it.origin.id);
                    !it.is_set() && health() == Health::Down
                })
        };
        self.config.areas.iter().copied().filter(|area| is_out(*area)).collect()
    }

    /// What live requests of a service take to a region from each area that has enough of them.
    #[must_use]
    pub fn live_latencies(&self, service: &ServiceId, region: &RegionId) -> Map<Area, WayLatency> {
        self.state.traffic.latencies((service, region), self.now)
    }

    /// The latency of a region from each area that has one: the lowest fresh one of the usable
    /// origins, where probes come from areas, and else what live requests take. The two are never
    /// mixed: a request takes longer than a probe.
    #[must_use]
    pub fn area_latencies(
        &self,
        (name, service): (&ServiceId, &Service),
        region: &RegionStanding<'_>,
    ) -> Map<Area, Millis> {
        if self.config.areas.is_empty() {
            let live = self.live_latencies(name, region.id);
            return Map::of(live.iter().map(|(area, live)| (*area, live.mean_ms)));
        }
        let by = self.by(&service.monitor);
        let of = |area: Area| {
            let usable = region.usable();
            usable.filter_map(|it| self.latency_from(area, &by, &it.origin.id)).min()
        };
        let areas = self.config.areas.iter().copied();
        Map::of(areas.filter_map(|area| Some((area, of(area)?))))
    }

    /// The percentage of its clients that have returned to a region, where they return by stages;
    /// or that a drill leaves there.
    fn returned(&self, name: &ServiceId, service: &Service, id: &RegionId) -> Option<u8> {
        let recovery = self.state.recoveries.get(name);
        let recovery = recovery.filter(|_| service.failover.failback.is_some());
        let returned = recovery.and_then(|recovery| recovery.percent_of(id));
        // A region that is emptied drains, which all planes know.
        let drill = self.state.drills.leading_away(name, id);
        let drill = drill.filter(|drill| drill.kind == DrillKind::Canary);
        let left = drill.map(|drill| ALL_PERCENT.saturating_sub(drill.percent));
        returned.into_iter().chain(left).min()
    }

    fn frozen(&self, service: &ServiceId, region: &RegionId) -> Option<Frozen<'a>> {
        let health = *self.state.frozen.get(service)?.get(region)?;
        Some(Frozen { health, order: self.orders().corruption(Some(service))? })
    }
}
