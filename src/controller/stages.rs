//! Where each service stands between well and failed over.

use super::Controller;
use super::actuation::is_settled;
use crate::config::Policy;
use crate::documents::{RecoveryStatus, is_worth_telling};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::journal::{Event, EventKind};
use crate::ordered::Map;
use crate::recovery::{PlanKind, Recovery, Stage};
use crate::time::Timestamp;
use crate::view::{Reason, RegionStanding, ServiceStanding, View};

impl Controller {
    /// Brings the stage of each service to what the view and its plan say, and tells what changed.
    /// A suspicion is told to nobody: most of them come to nothing.
    pub(super) fn follow_stages(&mut self, now: Timestamp) {
        let Some(view) = self.view(now) else { return };
        let mut changed = Vec::new();
        for standing in view.services() {
            let stage = self.stage(&view, &standing);
            let known = standing.recovery.map_or(Stage::Normal, |recovery| recovery.stage);
            if stage != known {
                let down = places(&standing).into_iter().find(|region| is_down(&standing, region));
                // The return belongs to what began with the outage.
                let region = down.or_else(|| self.incident_place(standing.id));
                changed.push((standing.id.clone(), (known, stage), region.cloned()));
            }
        }
        for (id, (known, stage), region) in changed {
            self.enter(&id, (known, stage), region.as_ref(), now);
        }
    }

    /// The region of an open incident that hurts a service, or has hurt it.
    fn incident_place(&self, id: &ServiceId) -> Option<&RegionId> {
        let mut hurting = self.state.open_incidents_of(id);
        hurting.find_map(|incident| incident.region.as_ref())
    }

    /// What `status` says of services, without what changes often.
    pub(super) fn recovery_status(&self) -> Map<ServiceId, RecoveryStatus> {
        let recoveries = self.state.recoveries.iter();
        let told = recoveries.filter(|(_, recovery)| is_worth_telling(recovery));
        Map::of(told.map(|(id, it)| (id.clone(), RecoveryStatus::of(it).lasting())))
    }

    fn enter(
        &mut self,
        id: &ServiceId,
        (known, stage): (Stage, Stage),
        region: Option<&RegionId>,
        now: Timestamp,
    ) {
        let Some(recovery) = self.recovery_mut(id) else { return };
        let since = (stage != Stage::Normal).then_some(now);
        (recovery.stage, recovery.since) = (stage, since);
        if *recovery == Recovery::default() {
            self.state.recoveries.remove(id);
        }
        let is_quiet = |stage| matches!(stage, Stage::Normal | Stage::Suspected);
        if is_quiet(known) && is_quiet(stage) {
            return;
        }
        let text = format!("`{id}` is {} (was {})", stage.as_str(), known.as_str());
        self.news.tell(Event::new(EventKind::Stage, text, now).about(Some(id), region));
    }

    fn stage(&self, view: &View<'_>, standing: &ServiceStanding<'_>) -> Stage {
        let recovery = standing.recovery;
        let plan = recovery.and_then(Recovery::under_way);
        if view.orders().halt(Some(standing.id)).is_some() {
            return Stage::Halted;
        }
        if let Some(plan) = plan {
            let is_return = plan.kind == PlanKind::Failback;
            return if is_return { Stage::FailingBack } else { Stage::FailingOver };
        }
        if standing.has_no_writer() {
            return Stage::FailingOver;
        }
        let places = places(standing);
        let lost: Vec<&RegionId> =
            places.iter().copied().filter(|region| is_down(standing, region)).collect();
        if !lost.is_empty() {
            return if self.has_moved(view, standing, &lost) {
                Stage::FailedOver
            } else {
                Stage::FailingOver
            };
        }
        if recovery.is_some_and(|recovery| !recovery.returns.is_empty()) {
            return Stage::FailingBack;
        }
        let home = standing.service.steering.primary.as_ref().map(|primary| &primary.region);
        if standing.primary.is_some_and(|primary| Some(primary.region) != home) {
            return Stage::FailedOver;
        }
        let mut regions = standing.regions_of(places);
        if regions.any(is_suspect) { Stage::Suspected } else { Stage::Normal }
    }

    /// Whether the clients of regions that are down are elsewhere: proxies know, the account has
    /// what it should, and there is a region that takes them. A primary that is down is nowhere
    /// else.
    fn has_moved(
        &self,
        view: &View<'_>,
        standing: &ServiceStanding<'_>,
        lost: &[&RegionId],
    ) -> bool {
        let service = standing.service;
        let promotes = service.failover.promote.is_some() && standing.primary.is_some();
        let takes = |region: &RegionStanding<'_>| region.health == Health::Up;
        if promotes || !standing.regions.iter().any(takes) {
            return false;
        }
        let is_told = |region: &&RegionId| {
            let mut open = self.state.open_incidents();
            open.any(|incident| incident.region.as_ref() == Some(*region) && incident.is_told)
        };
        (service.hosts.is_empty() || lost.iter().all(is_told))
            && (service.publish.is_empty() || is_settled(view))
    }
}

/// The regions that serve while all is well: the primary, the first of a failover order, or all
/// that have a share.
fn places<'a>(standing: &ServiceStanding<'a>) -> Vec<&'a RegionId> {
    if let Some(primary) = standing.primary {
        return vec![primary.region];
    }
    if standing.service.steering.policy == Policy::Ordered {
        return standing.service.regions.first().into_iter().collect();
    }
    let regions = standing.regions.iter();
    regions.filter(|region| region.share.weight > 0).map(|region| region.id).collect()
}

fn is_down(standing: &ServiceStanding<'_>, id: &RegionId) -> bool {
    standing.region(id).is_some_and(|region| region.health == Health::Down)
}

fn is_suspect(region: &RegionStanding<'_>) -> bool {
    region.origins.iter().any(|origin| {
        let has_failed = matches!(origin.observed.reason, Some(Reason::Failed(_)));
        has_failed && origin.health == Health::Up
    })
}
