//! Services whose primary is another's to choose: the word of a failover manager is followed.
//!
//! Nothing is promoted here and nothing fenced; the manager does both. What changes is where writes
//! go. If the manager's documents contradict each other, they stay where they are, and people are
//! told.

use super::Controller;
use crate::config::{Follow, Service};
use crate::ids::{RegionId, ServiceId};
use crate::journal::{Event, EventKind};
use crate::recovery::manager::{self, Belief, Document};
use crate::recovery::{Change, Recovery, Telling};
use crate::time::{Millis, Timestamp};
use crate::view::{ServiceStanding, View};

/// What the manager of one service is taken to say.
struct Heard {
    service: ServiceId,
    manager: &'static str,
    current: RegionId,
    belief: Belief,
    silent_ms: Millis,
}

impl Controller {
    /// Lets writes go where failover managers say that the primary is.
    pub(super) fn follow_managers(&mut self, now: Timestamp) {
        let Some(view) = self.view(now) else { return };
        let follows = |_: &ServiceId, service: &Service| service.failover.follow.is_some();
        let heard: Vec<Heard> =
            view.services_that(follows).filter_map(|it| heard(&view, &it)).collect();
        for (id, recovery) in self.state.recoveries.iter_mut() {
            if !heard.iter().any(|it| it.service == *id) {
                recovery.manager = Telling::default();
            }
        }
        for heard in heard {
            self.state.recoveries.insert_if_absent(heard.service.clone(), Recovery::default());
            if let Some(recovery) = self.state.recoveries.get_mut(&heard.service) {
                let told = follow(recovery, heard, now);
                for event in told {
                    self.news.tell(event);
                }
            }
        }
    }
}

fn heard(view: &View<'_>, standing: &ServiceStanding<'_>) -> Option<Heard> {
    let follow = standing.service.failover.follow.as_ref()?;
    let current = standing.primary?.region;
    // What was declared corrupt must not move, whoever moved the database.
    if standing.corruption.is_some() {
        return None;
    }
    let regions = || standing.service.regions.iter();
    let latest = manager::latest_timeline(regions().flat_map(|id| documents(view, id, follow)));
    let silent_ms = silent_ms(view, follow);
    let until = (silent_ms, view.now);
    let claim = |id| (id, manager::claim(documents(view, id, follow), follow, latest, until));
    let said: Vec<_> = regions().map(claim).collect();
    Some(Heard {
        service: standing.id.clone(),
        manager: follow.manager.as_str(),
        current: current.clone(),
        belief: manager::believe(Some(current), &said, follow.manager.has_many()),
        silent_ms,
    })
}

/// What the origins of a region said last under the manager's monitor.
fn documents<'v>(
    view: &View<'v>,
    region: &RegionId,
    follow: &Follow,
) -> impl Iterator<Item = &'v Document> {
    let region = view.config.regions.get(region);
    let origins = region.into_iter().flat_map(|region| &region.origins);
    let known = |id| view.state.targets_of(id).get(&follow.monitor).map(|known| &known.fields);
    origins.filter_map(|origin| known(&origin.id)).collect::<Vec<_>>().into_iter()
}

/// How long an origin may be silent: the longest pause between two of its probes, and one probe.
fn silent_ms(view: &View<'_>, follow: &Follow) -> Millis {
    let monitor = view.config.monitors.get(&follow.monitor);
    monitor.map_or(0, |monitor| monitor.longest_interval_ms() + monitor.timeout_ms)
}

/// Does what follows from a belief. Returns what people are to be told.
fn follow(recovery: &mut Recovery, heard: Heard, now: Timestamp) -> Vec<Event> {
    let Heard { service, manager, current, belief, silent_ms } = heard;
    let event = |kind, region: Option<&RegionId>, text: String| {
        Event::new(kind, text, now).about(Some(&service), region)
    };
    let mut told = Vec::new();
    let wrong = match belief {
        Belief::Stays => None,
        Belief::Nobody { why } => Some(why),
        Belief::Moves(to) => {
            // Whoever acts for the last primary acts for an older epoch.
            recovery.epoch = recovery.epoch.saturating_add(1);
            let text = format!("writes of `{service}` go to `{to}` and no longer to `{current}`");
            let why = format!("{manager} says that it is the primary");
            told.push(event(EventKind::Promoted, Some(&to), text).because(why));
            recovery.primary = Some(to);
            None
        }
    };
    told.extend(recovery.manager.news(wrong, silent_ms, now).map(|wrong| match wrong {
        Change::Wrong(why) => {
            let text = format!("nobody is believed to be the primary of `{service}`: {why}");
            let stays = format!("writes stay at `{current}`");
            event(EventKind::NotReady, None, text).because(stays)
        }
        Change::Right => {
            let text = format!("what {manager} says of `{service}` is clear again");
            event(EventKind::Ready, None, text)
        }
    }));
    told
}

#[cfg(test)]
mod tests;
