//! What samples are made of.

use super::counters::Counters;
use super::known::is_proxied;
use crate::config::Origin;
use crate::documents::{ContractsPage, Status};
use crate::ids::{MonitorId, OriginId, RegionId};
use crate::state::State;
use crate::time::Timestamp;
use crate::view::{ServiceStanding, TargetStanding, View};

/// What samples are made of: the pages for people, the view that they are made of, and counters.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The view; absent while there is no config.
    pub view: Option<&'a View<'a>>,
    /// The state.
    pub state: &'a State,
    /// The live status.
    pub status: &'a Status,
    /// How services keep what they promise.
    pub contracts: &'a ContractsPage,
    /// What the Controller counted.
    pub counters: &'a Counters,
    /// The instant.
    pub now: Timestamp,
    /// How each service stands.
    pub(super) services: Vec<ServiceStanding<'a>>,
    /// What each monitor that probes observes of each origin.
    pub(super) targets: Vec<Observed<'a>>,
}

/// What a monitor observes of an origin.
#[derive(Debug)]
pub(super) struct Observed<'a> {
    pub(super) region: &'a RegionId,
    pub(super) origin: &'a OriginId,
    pub(super) monitor: &'a MonitorId,
    pub(super) standing: TargetStanding<'a>,
}

impl<'a> Sources<'a> {
    /// What there is to tell.
    #[must_use]
    pub fn of(
        (view, state, now): (Option<&'a View<'a>>, &'a State, Timestamp),
        (status, contracts): (&'a Status, &'a ContractsPage),
        counters: &'a Counters,
    ) -> Self {
        let (mut services, mut targets) = (Vec::new(), Vec::new());
        if let Some(view) = view {
            services.extend(view.services());
            observe(view, &mut targets);
        }
        Self { view, state, status, contracts, counters, now, services, targets }
    }

    /// The services that the proxy serves.
    pub(super) fn proxied(&self) -> impl Iterator<Item = &ServiceStanding<'a>> {
        self.services.iter().filter(|it| is_proxied(it.service))
    }
}

fn observe<'a>(view: &'a View<'a>, targets: &mut Vec<Observed<'a>>) {
    for (region, it) in &view.config.regions {
        for Origin { id: origin, .. } in &it.origins {
            for monitor in view.monitors_of(origin) {
                let standing = view.target(monitor, origin);
                targets.push(Observed { region, origin, monitor, standing });
            }
        }
    }
}
