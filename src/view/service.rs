//! A service: its regions in failover order, and its primary.

use super::instant::View;
use super::region::RegionStanding;
use crate::config::{FailoverMode, Primary, Service};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::order::Order;
use crate::recovery::{Recovery, Step};

/// The region that takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrimaryStanding<'a> {
    /// The region: the one that was promoted last, or else the config's.
    pub region: &'a RegionId,
    /// What the config says of it.
    pub config: &'a Primary,
}

/// One service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceStanding<'a> {
    /// Its name.
    pub id: &'a ServiceId,
    /// What the operator wrote about it.
    pub service: &'a Service,
    /// Its regions in failover order.
    pub regions: Vec<RegionStanding<'a>>,
    /// The region that takes writes, with the bounds for the others; `None` where all regions do.
    pub primary: Option<PrimaryStanding<'a>>,
    /// How it recovers; absent where nothing was ever remembered of it.
    pub recovery: Option<&'a Recovery>,
    /// The region that an order prefers to all others, and the order.
    pub switched: Option<(&'a Order, &'a RegionId)>,
    /// The region that new clients are led to: an order's, or that of a plan under way.
    pub led_to: Option<&'a RegionId>,
    /// The order by which nothing of it moves, if corruption is declared.
    pub corruption: Option<&'a Order>,
}

impl<'a> ServiceStanding<'a> {
    /// How one of its regions stands; `None` where it is none of this service's.
    #[must_use]
    pub fn region(&self, id: &RegionId) -> Option<&RegionStanding<'a>> {
        self.regions.iter().find(|region| region.id == id)
    }

    /// Some of its regions, in the order given.
    pub fn regions_of<'r>(
        &'r self,
        ids: impl IntoIterator<Item = &'r RegionId>,
    ) -> impl Iterator<Item = &'r RegionStanding<'a>> {
        ids.into_iter().filter_map(|id| self.region(id))
    }

    /// How its primary stands.
    #[must_use]
    pub fn primary_region(&self) -> Option<&RegionStanding<'a>> {
        self.region(self.primary?.region)
    }

    /// The region that an order or a plan prefers to all others, or the one that was promoted: what
    /// cannot tell reads from writes must not lead elsewhere. Only while it can take all clients:
    /// it is Up and takes new clients.
    #[must_use]
    pub fn preferred(&self) -> Option<&'a RegionId> {
        let to = self.led_to.or(self.recovery.and_then(|recovery| recovery.primary.as_ref()))?;
        self.region(to).filter(|it| it.health == Health::Up && !it.is_draining).map(|it| it.id)
    }

    /// Whether a region is being left as planned: a plan under way leads its clients elsewhere.
    #[must_use]
    pub fn leaves(&self, id: &RegionId) -> bool {
        let leads = |it: &&Recovery| it.leads_to().is_some_and(|to| self.led_to == Some(to));
        let plan = self.recovery.filter(leads).and_then(Recovery::under_way);
        plan.is_some_and(|plan| plan.from.as_ref() == Some(id))
    }

    /// Whether a region was the primary and is not confirmed to be back in sync.
    #[must_use]
    pub fn is_unconfirmed(&self, id: &RegionId) -> bool {
        self.recovery.is_some_and(|recovery| recovery.unconfirmed.contains(id))
    }

    /// Whether traffic at Cloudflare moves only when a person moves it. The proxy goes by health
    /// all the same: it decides about one request, and nothing has to be moved back.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        match self.service.failover.mode {
            FailoverMode::Automatic => false,
            FailoverMode::Approve => !self.recovery.is_some_and(Recovery::has_approval),
            FailoverMode::Manual => true,
        }
    }

    /// Whether the primary takes no writes: it is fenced, or was fenced and nobody has confirmed
    /// that its data are in sync.
    #[must_use]
    pub fn has_no_writer(&self) -> bool {
        self.primary.is_some_and(|primary| self.is_unconfirmed(primary.region))
    }
}

impl<'a> View<'a> {
    /// What regions carry together, in requests a second; `None` where that of one is not known.
    pub fn capacity_rps<'r>(&self, regions: impl IntoIterator<Item = &'r RegionId>) -> Option<u64> {
        let capacity = |id| self.config.regions.get(id)?.capacity_rps.map(u64::from);
        regions.into_iter().map(capacity).sum()
    }

    /// How every service stands, in the order of their ids.
    pub fn services(&self) -> impl Iterator<Item = ServiceStanding<'a>> {
        self.config.services.iter().map(|(id, service)| self.service(id, service))
    }

    /// How those services stand that `wants` names: for whoever has nothing to ask of the others.
    pub fn services_that(
        &self,
        wants: impl Fn(&ServiceId, &Service) -> bool,
    ) -> impl Iterator<Item = ServiceStanding<'a>> {
        let wanted = self.config.services.iter().filter(move |(id, service)| wants(id, service));
        wanted.map(|(id, service)| self.service(id, service))
    }

    /// How the service of this id stands; `None` where the config has none.
    #[must_use]
    pub fn standing(&self, id: &ServiceId) -> Option<ServiceStanding<'a>> {
        let (id, service) = self.config.services.entry(id)?;
        Some(self.service(id, service))
    }

    /// The primary of a service: the region that was promoted, or else the config's. Health has no
    /// say in it: a primary that is Down is still the primary.
    #[must_use]
    pub fn primary(&self, id: &ServiceId, service: &'a Service) -> Option<PrimaryStanding<'a>> {
        let config = service.steering.primary.as_ref()?;
        let promoted = self.state.recoveries.get(id).and_then(|it| it.primary.as_ref());
        let region = promoted.filter(|region| service.regions.contains(region));
        Some(PrimaryStanding { region: region.unwrap_or(&config.region), config })
    }

    /// How one service stands.
    #[must_use]
    pub fn service(&self, id: &'a ServiceId, service: &'a Service) -> ServiceStanding<'a> {
        let by = self.by(&service.monitor);
        let regions = service.regions.iter();
        let regions = regions.map(|region| self.region((id, service), &by, region)).collect();
        let recovery = self.state.recoveries.get(id);
        let primary = self.primary(id, service);
        let orders = self.orders();
        let switched = orders.switch(id).filter(|(_, to)| service.regions.contains(to));
        // The plan of an order says since when, and the order until when.
        let plan = recovery.and_then(Recovery::under_way);
        let waits = |order: &Order| {
            plan.is_some_and(|plan| {
                plan.order == Some(order.id) && !plan.has_begun(&Step::Prefer {})
            })
        };
        let by_order = switched.filter(|(order, _)| !waits(order)).map(|(_, to)| to);
        let is_free = plan.is_some_and(|plan| plan.order.is_none());
        let by_plan = recovery.and_then(Recovery::leads_to).filter(|_| is_free);
        let led_to = by_plan.or(by_order);
        let led_to = led_to.filter(|to| service.regions.contains(to));
        let corruption = orders.corruption(Some(id));
        ServiceStanding { id, service, regions, primary, recovery, switched, led_to, corruption }
    }
}
