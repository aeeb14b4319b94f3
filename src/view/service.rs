//! A service: its regions in failover order, and its primary.

use super::instant::View;
use super::region::RegionStanding;
use crate::config::{FailoverMode, Primary, Service};
use crate::ids::{RegionId, ServiceId};

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
        let regions = service.regions.iter().map(|region| self.region(service, region)).collect();
        // It is the config's word alone: a primary that is Down is still the primary.
        let primary = service.steering.primary.as_ref();
        ServiceStanding { id, service, regions, primary }
    }
}
