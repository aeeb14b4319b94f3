//! A region as one service sees it.
//!
//! A region is as healthy as its best origin. Traffic goes to its usable origins alone: those that
//! are as healthy as the best one, and where some of these are drained, to the others. So a region
//! drains only when every origin that could serve is drained.

use super::instant::View;
use super::origin::{OriginStanding, Whose};
use super::share::Share;
use crate::config::Service;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::order::Order;
use crate::time::Millis;

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
    /// Its part of the service's clients, as the config has it.
    pub share: Share,
    /// How it stood when corruption was declared, while nothing of the service moves.
    pub frozen: Option<Frozen<'a>>,
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
        Self { id, origins, health, is_draining, share, frozen }
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
    /// How a region stands for a service.
    #[must_use]
    pub fn region(
        &self,
        (name, service): (&ServiceId, &Service),
        id: &'a RegionId,
    ) -> RegionStanding<'a> {
        let origins = self.config.regions.get(id).into_iter().flat_map(|region| &region.origins);
        let whose = Whose { service: Some(name), region: id };
        let origins = origins.map(|origin| self.origin(whose, &service.monitor, origin)).collect();
        RegionStanding::of(id, origins, Share::of(service, id), self.frozen(name, id))
    }

    fn frozen(&self, service: &ServiceId, region: &RegionId) -> Option<Frozen<'a>> {
        let health = *self.state.frozen.get(service)?.get(region)?;
        Some(Frozen { health, order: self.orders().corruption(Some(service))? })
    }
}
