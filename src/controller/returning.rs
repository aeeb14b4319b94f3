//! Regions that return by stages: which are out, which stage comes next, and what a person says to
//! it.
//!
//! A region that is Down for a service is *away*; from the moment that it is up again its clients
//! return. The view reads both, so there is no instant between the two at which all come at once.

use super::Controller;
use crate::config::{FIGURES_SETTLE_MS, Failback, Service};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::journal::{Event, EventKind, Incident, Phase};
use crate::order::{ActRefusal, ActRequest, Acted};
use crate::ordered::Map;
use crate::recovery::{
    ALL_PERCENT, Away, Compared, REGRESSIONS_MAX, Recovery, Return, Returning, Turn, Yardstick,
    compare,
};
use crate::state::State;
use crate::time::{MINUTE, Millis, Timestamp};
use crate::traffic::{Counts, Sum};
use crate::view::{RegionStanding, ServiceStanding, View};

/// How long before an outage the usual latency of a region is taken from.
const USUAL_MS: Millis = 60 * MINUTE;

/// What became of the returns of one service.
struct Followed {
    service: ServiceId,
    recovery: Recovery,
    events: Vec<Event>,
    /// Regions of which more, or fewer, clients have returned.
    moved: Vec<RegionId>,
}

impl Controller {
    /// Begins returns, brings them on and back, and ends them.
    pub(super) fn follow_returns(&mut self, now: Timestamp) {
        let Some(view) = self.view(now) else { return };
        // While the observer is in doubt nobody knows how anything is.
        if view.state.doubted_since.is_some() {
            return;
        }
        // Of a service without stages only what is left of them has to be forgotten.
        let recoveries = &view.state.recoveries;
        let may_return = |id: &ServiceId, service: &Service| {
            service.failover.failback.is_some() || recoveries.contains_key(id)
        };
        let followed: Vec<Followed> = view
            .services_that(may_return)
            .filter_map(|standing| followed(&view, &standing))
            .collect();
        for Followed { service, recovery, events, moved } in followed {
            self.state.recoveries.insert(service.clone(), recovery);
            for event in events {
                self.news.tell(event);
            }
            for region in &moved {
                self.note_return(&service, region);
            }
        }
    }

    /// Lets the incident of a region know that another part of its clients has returned: proxies
    /// have to be told, and only with the last stage are all back.
    fn note_return(&mut self, service: &ServiceId, region: &RegionId) {
        let State { incidents, recoveries, .. } = &mut self.state;
        let is_back = recoveries.get(service).is_none_or(|it| it.percent_of(region).is_none());
        let is_about = |incident: &&mut Incident| {
            incident.is_open() && incident.region.as_ref() == Some(region)
        };
        for incident in incidents.iter_mut().filter(is_about) {
            (incident.is_told, incident.returned_at) = (false, None);
            if !is_back {
                incident.phases.forget(Phase::Back);
            }
        }
    }

    /// Brings a region one stage further, because a person says so.
    pub(super) fn bring_on(
        &mut self,
        (service, region): (&ServiceId, &RegionId),
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        let view = self.view(now);
        let standing = view.and_then(|view| view.services().find(|it| it.id == service));
        let here = standing.as_ref().and_then(|it| Some((it, it.region(region)?)));
        let Some((standing, here)) = here else {
            let problem = format!("`{region}` is no region of `{service}`");
            return Err(ActRefusal::not_found(problem));
        };
        let Some(failback) = &standing.service.failover.failback else {
            let problem = format!("`{service}` has no `failback`, so its clients return at once");
            return Err(ActRefusal::conflict(problem));
        };
        if here.health != Health::Up {
            let problem = format!("{region} is {} for `{service}`", here.health.as_str());
            return Err(ActRefusal::conflict(problem));
        }
        let known = standing.recovery.and_then(|it| it.returns.get(region));
        let Some(back) = known.filter(|back| back.percent < ALL_PERCENT) else {
            return Err(ActRefusal::conflict(format!(
                "all clients of `{service}` have returned to {region}"
            )));
        };
        if let Some(wall) = wall(standing, here) {
            return Err(ActRefusal::conflict(format!(
                "no clients of `{service}` return to {region}: {wall}"
            )));
        }
        let percent = back.next(stages(standing.service, failback)).unwrap_or(ALL_PERCENT);
        let change = format!(
            "{service}: {percent} % of its clients return to {region}, {} % before",
            back.percent
        );
        let is_dry = request.is_dry;
        if !is_dry {
            let recovery = self.state.recoveries.get_mut(service);
            let back = recovery.and_then(|recovery| recovery.returns.get_mut(region));
            if let Some(back) = back {
                back.go_on(percent, true, now);
            }
            // The chain of changes has the act, the incident and the alerts have the stage.
            self.tell_act(request, now);
            let event = Event::new(EventKind::Stage, change.clone(), now).by(request.who.clone());
            let event = event.about(Some(service), Some(region));
            self.news.tell(event.because(request.reason.clone()));
            self.note_return(service, region);
        }
        Ok(Acted { changes: vec![change], is_dry, ..Acted::default() })
    }
}

/// Fewer stages than the config's where nothing divides the clients.
fn stages<'f>(service: &Service, failback: &'f Failback) -> &'f [u8] {
    if service.has_shares() { &failback.stages } else { &[ALL_PERCENT] }
}

/// What becomes of the returns of one service; `None` where nothing does.
fn followed(view: &View<'_>, standing: &ServiceStanding<'_>) -> Option<Followed> {
    let before = standing.recovery;
    if standing.corruption.is_some() {
        return None;
    }
    let mut following = Following {
        view,
        standing,
        recovery: before.cloned().unwrap_or_default(),
        events: Vec::new(),
        moved: Vec::new(),
    };
    if let Some(failback) = &standing.service.failover.failback {
        following.follow(failback);
    } else {
        // Proxies hear of it like of a last stage.
        following.moved = following.recovery.returns.keys().cloned().collect();
        following.recovery.away = Map::new();
        following.recovery.returns = Map::new();
    }
    let Following { recovery, events, moved, .. } = following;
    let is_same = match before {
        Some(before) => *before == recovery,
        None => recovery == Recovery::default(),
    };
    (!is_same).then(|| Followed { service: standing.id.clone(), recovery, events, moved })
}

/// The returns of one service while they are followed.
struct Following<'f> {
    view: &'f View<'f>,
    standing: &'f ServiceStanding<'f>,
    recovery: Recovery,
    events: Vec<Event>,
    moved: Vec<RegionId>,
}

impl Following<'_> {
    fn follow(&mut self, failback: &Failback) {
        let standing = self.standing;
        let is_ours = |id: &RegionId| standing.region(id).is_some();
        self.recovery.away.retain(|id, _| is_ours(id));
        self.recovery.returns.retain(|id, _| is_ours(id));
        for region in &standing.regions {
            if region.health == Health::Down {
                self.leave(region);
            } else if let Some(back) = self.recovery.returns.get(region.id).cloned() {
                self.turn(region, back, failback);
            } else if region.health == Health::Up
                && let Some(away) = self.recovery.away.get(region.id).cloned()
            {
                self.begin(region, &away, failback);
            }
        }
    }

    fn tell(&mut self, region: &RegionStanding<'_>, text: &str, why: String) {
        let event = self.event(region, text, why);
        self.events.push(event);
    }

    /// The same, and after too many regressions a person has to look.
    fn tell_regression(
        &mut self,
        region: &RegionStanding<'_>,
        text: &str,
        (why, regressions): (String, u32),
    ) {
        let event = self.event(region, text, why);
        let is_last = regressions >= REGRESSIONS_MAX;
        self.events.push(if is_last { event.urgent() } else { event });
    }

    fn event(&self, region: &RegionStanding<'_>, text: &str, why: String) -> Event {
        let text = format!("{}: {text}", self.standing.id);
        let event = Event::new(EventKind::Stage, text, self.view.now).because(why);
        event.about(Some(self.standing.id), Some(region.id))
    }

    /// A region is out.
    fn leave(&mut self, region: &RegionStanding<'_>) {
        let back = self.recovery.returns.remove(region.id);
        if self.recovery.away.contains_key(region.id) {
            return;
        }
        let mut away = Away { since: self.view.now, regressions: 0, usual_ms: None };
        match back {
            Some(back) => {
                // What fails under the load of a stage has failed it.
                let fell = u32::from(back.percent > 0);
                away.regressions = back.regressions.saturating_add(fell);
                away.usual_ms = back.usual_ms;
                let returned = back.percent;
                let text = format!("{} went down when {returned} % had returned to it", region.id);
                let why = region.why().unwrap_or_default();
                let regressions = if fell > 0 { away.regressions } else { 0 };
                self.tell_regression(region, &text, (why, regressions));
            }
            None => away.usual_ms = self.counts([region.id], USUAL_MS).mean_latency_ms(),
        }
        self.recovery.away.insert(region.id.clone(), away);
    }

    /// A region is up again.
    fn begin(&mut self, region: &RegionStanding<'_>, away: &Away, failback: &Failback) {
        self.recovery.away.remove(region.id);
        self.moved.push(region.id.clone());
        if let Some(why) = self.whole_at_once(region) {
            let text = format!("all clients return to {} at once", region.id);
            self.tell(region, &text, why);
            return;
        }
        let back = Return::begin(self.view.now, away.regressions, away.usual_ms);
        let text = format!("{} is up again, and none of its clients have returned", region.id);
        let why = format!("the first stage comes at {}", back.watched_until(failback));
        self.recovery.returns.insert(region.id.clone(), back);
        self.tell(region, &text, why);
    }

    /// Why a region does not return by stages.
    fn whole_at_once(&self, region: &RegionStanding<'_>) -> Option<String> {
        if wall(self.standing, region).is_some() {
            return None;
        }
        if self.standing.preferred() == Some(region.id) {
            return Some("a person switched the service to it".to_owned());
        }
        let mut others = self.standing.regions.iter().filter(|other| other.id != region.id);
        let is_alone = !others.any(RegionStanding::is_settled);
        is_alone.then(|| "no other region serves all of its clients".to_owned())
    }

    fn turn(&mut self, region: &RegionStanding<'_>, mut back: Return, failback: &Failback) {
        let now = self.view.now;
        if back.percent < ALL_PERCENT
            && region.health == Health::Up
            && let Some(why) = self.whole_at_once(region)
        {
            self.recovery.returns.remove(region.id);
            self.moved.push(region.id.clone());
            let text = format!("all clients return to {} at once", region.id);
            self.tell(region, &text, why);
            return;
        }
        let stages = stages(self.standing.service, failback);
        let obstacle = self.obstacle(region);
        let compared = self.compared(region, &back, failback);
        let seen = Returning { failback, stages, obstacle, compared };
        match back.turn(&seen, now) {
            Turn::Stays(held) => {
                let is_news = held.is_some() && back.held.is_none();
                back.held = held;
                if let (true, Some(why)) = (is_news, back.held.clone()) {
                    let text = format!("{} stays at {} %", region.id, back.percent);
                    self.tell(region, &text, why);
                }
            }
            Turn::On { percent, why } => {
                let before = back.percent;
                let text = format!(
                    "{percent} % of its clients return to {}, {before} % before",
                    region.id
                );
                back.go_on(percent, false, now);
                self.moved.push(region.id.clone());
                self.tell(region, &text, why);
            }
            Turn::Back { percent, why } => {
                let text =
                    format!("{} goes back from {} % to {percent} %", region.id, back.percent);
                back.go_back(percent, now);
                self.moved.push(region.id.clone());
                self.tell_regression(region, &text, (why, back.regressions));
            }
            Turn::Over => {
                self.recovery.returns.remove(region.id);
                let text = format!("{} has all of its clients again, and is well", region.id);
                self.tell(region, &text, "its last stage was watched".to_owned());
                return;
            }
        }
        self.recovery.returns.insert(region.id.clone(), back);
    }

    /// What stands in the way of the next stage.
    fn obstacle(&self, region: &RegionStanding<'_>) -> Option<String> {
        if region.health != Health::Up {
            return Some(format!("its health is {}", region.health.as_str()));
        }
        if region.is_draining {
            return Some("it takes no new clients".to_owned());
        }
        let halted = self.view.orders().halt(Some(self.standing.id));
        let halted = halted.map(|order| format!("changes are halted {}", order.told()));
        halted.or_else(|| wall(self.standing, region))
    }

    /// How its requests of this stage compare with the others'.
    fn compared(&self, region: &RegionStanding<'_>, back: &Return, by: &Failback) -> Compared {
        let ms = self.view.now.since(back.since).saturating_sub(FIGURES_SETTLE_MS);
        if ms == 0 {
            return Compared::Silent;
        }
        let others = self.standing.regions.iter();
        let others = others.filter(|other| other.id != region.id && !other.is_returning());
        let others = others.map(|other| other.id);
        let by = Yardstick {
            others: self.counts(others, ms),
            usual_ms: back.usual_ms,
            analysis: &by.analysis,
        };
        compare(&self.counts([region.id], ms), by)
    }

    /// The tries that regions had in the last milliseconds.
    fn counts<'i>(&self, regions: impl IntoIterator<Item = &'i RegionId>, ms: Millis) -> Counts {
        let View { state, now, .. } = *self.view;
        let mut all = Counts::default();
        for region in regions {
            all.add(&state.traffic.window(self.standing.id, Some(region), ms, now));
        }
        all
    }
}

/// What keeps all clients from a region that is up: whether its data are what they should be.
fn wall(standing: &ServiceStanding<'_>, region: &RegionStanding<'_>) -> Option<String> {
    let primary = standing.primary?;
    if standing.recovery.is_some_and(|it| it.unconfirmed.contains(region.id)) {
        return Some(format!(
            "nobody has said that its data are back in sync (`pointsman confirm {} {}`)",
            standing.id, region.id
        ));
    }
    if primary.region == region.id {
        return None;
    }
    let max_s = u64::from(primary.config.max_lag_s);
    match region.lag_s() {
        None => Some("its replication lag is not known".to_owned()),
        // Without the figure: it changes all the time, and what is held would be news each time.
        Some(lag_s) if lag_s > max_s => Some(format!("its replication lag is above {max_s} s")),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
