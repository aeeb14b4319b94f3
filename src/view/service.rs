//! A service: its regions in failover order, and its primary.

use super::instant::View;
use super::region::RegionStanding;
use crate::config::{FailoverMode, Primary, Service};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::order::Order;

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
    pub primary: Option<&'a Primary>,
    /// The region that an order prefers to all others, and the order.
    pub switched: Option<(&'a Order, &'a RegionId)>,
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
        self.region(&self.primary?.region)
    }

    /// The region that an order prefers to all others, while it can take all of their clients: it
    /// is Up and takes new clients.
    #[must_use]
    pub fn preferred(&self) -> Option<&'a RegionId> {
        let (_, to) = self.switched?;
        self.region(to).filter(|it| it.health == Health::Up && !it.is_draining).map(|it| it.id)
    }

    /// Whether traffic at Cloudflare moves only when a person moves it. The proxy goes by health
    /// all the same: it decides about one request, and nothing has to be moved back.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        self.service.failover.mode == FailoverMode::Manual
    }
}

impl<'a> View<'a> {
    /// How every service stands, in the order of their ids.
    pub fn services(&self) -> impl Iterator<Item = ServiceStanding<'a>> {
        self.config.services.iter().map(|(id, service)| self.service(id, service))
    }

    /// How one service stands.
    #[must_use]
    pub fn service(&self, id: &'a ServiceId, service: &'a Service) -> ServiceStanding<'a> {
        let regions = service.regions.iter();
        let regions = regions.map(|region| self.region((id, service), region)).collect();
        // It is the config's word alone: a primary that is Down is still the primary.
        let primary = service.steering.primary.as_ref();
        let orders = self.orders();
        let switched = orders.switch(id).filter(|(_, to)| service.regions.contains(to));
        let corruption = orders.corruption(Some(id));
        ServiceStanding { id, service, regions, primary, switched, corruption }
    }
}
