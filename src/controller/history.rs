//! Which regions were not simply up, and when: what remains of an outage once it is over.

use super::Controller;
use crate::health::{Because, Health};
use crate::ids::{RegionId, ServiceId};
use crate::state::{EPISODES_MAX, Episode};
use crate::time::Timestamp;
use crate::view::{RegionStanding, ServiceStanding, View};

impl Controller {
    /// Begins and ends episodes, so that they say what the view says. Ended ones make room for new
    /// ones; those that go on are never dropped.
    pub(super) fn follow_health(&mut self, now: Timestamp) {
        let Some(view) = self.view(now) else { return };
        let standing: Vec<Episode> = standing(&view);
        let history = &mut self.state.history;
        for episode in history.iter_mut().filter(|episode| episode.until.is_none()) {
            if !standing.iter().any(|other| is_same(episode, other)) {
                episode.until = Some(now);
            }
        }
        for mut episode in standing {
            let is_known = |known: &Episode| known.until.is_none() && is_same(known, &episode);
            if !history.iter().any(is_known) && make_room(history) {
                // After an override the region may be as it was before it; that is a new episode.
                let ends = history.iter().filter(|known| is_about_the_same(known, &episode));
                let ends = ends.filter_map(|known| known.until);
                episode.since = ends.fold(episode.since, Timestamp::max);
                history.push(episode);
            }
        }
    }
}

/// An episode for each region of a service that is not simply up.
fn standing(view: &View<'_>) -> Vec<Episode> {
    let services = view.services();
    let of_service = |service: ServiceStanding<'_>| {
        let id = service.id;
        service.regions.iter().filter_map(|region| episode(id, region, view.now)).collect()
    };
    services.flat_map(|service| -> Vec<Episode> { of_service(service) }).collect()
}

fn episode(service: &ServiceId, region: &RegionStanding<'_>, now: Timestamp) -> Option<Episode> {
    let because = region.because();
    let sinces = || region.origins.iter().map(|origin| origin.observed.since);
    // Of a region that was never known nothing has happened.
    let is_new = region.health == Health::Unknown && sinces().all(|since| since.is_none());
    if region.health == Health::Up && because != Because::Drain || is_new {
        return None;
    }
    let region_id: &RegionId = region.id;
    let observed = sinces()
        .flatten()
        .max()
        .filter(|_| because == Because::Observed && region.health == Health::Down);
    Some(Episode {
        service: service.clone(),
        region: region_id.clone(),
        health: region.health,
        because,
        why: region.why(),
        // The last origin that went down took the region with it.
        since: observed.unwrap_or(now).min(now),
        until: None,
    })
}

fn is_about_the_same(a: &Episode, b: &Episode) -> bool {
    (&a.service, &a.region) == (&b.service, &b.region)
}

/// Why it stands so may change while it lasts; that is no new episode.
fn is_same(a: &Episode, b: &Episode) -> bool {
    (&a.service, &a.region, a.health, a.because) == (&b.service, &b.region, b.health, b.because)
}

/// Drops the oldest episodes that are over. Returns whether there is room for one more.
fn make_room(history: &mut Vec<Episode>) -> bool {
    while history.len() >= EPISODES_MAX {
        let Some(oldest) = history.iter().position(|episode| episode.until.is_some()) else {
            return false;
        };
        history.remove(oldest);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::Offered;
    use crate::testing::{config_text, run};
    use serde_json::{Value, json};

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn settled() -> Controller {
        let mut controller = Controller::default();
        assert_eq!(controller.offer_config(&config_text(), at(0)), Offered::Taken);
        controller.due_documents(at(1_000));
        run(&mut controller, 60_000, &[]);
        controller.due_documents(at(115_000));
        controller
    }

    /// The page as people read it; null where there is none.
    fn page(controller: &mut Controller, now: u64) -> Value {
        let due = controller.due_documents(at(now));
        let page = due.pages.iter().find(|document| document.key == "history");
        page.map_or(Value::Null, |page| serde_json::from_str(&page.text).unwrap())
    }

    fn written(controller: &mut Controller, now: u64) {
        for document in controller.due_documents(at(now)).pages {
            controller.written(&document, at(now));
        }
    }

    #[test]
    fn a_region_that_was_never_down_has_no_history() {
        let mut controller = settled();
        assert_eq!(controller.state().history, []);
        assert_eq!(page(&mut controller, 116_000), Value::Null);
    }

    #[test]
    fn an_outage_remains_after_recovery_with_its_beginning_end_and_reason() {
        let mut controller = settled();
        run(&mut controller, 120_000, &["eu-1"]);
        let during = page(&mut controller, 175_000);
        let episode = &during["episodes"][0];
        assert_eq!(episode["region"], "eu-west");
        assert_eq!((&episode["health"], &episode["because"]), (&json!("down"), &json!("observed")));
        assert_eq!((&episode["until"], &episode["lasted_s"]), (&Value::Null, &Value::Null));
        assert!(episode["why"].as_str().unwrap().starts_with("eu-1: "), "{episode}");
        written(&mut controller, 175_000);
        assert_eq!(page(&mut controller, 176_500), Value::Null, "it goes on, and that is no news");
        for minute in 3..6 {
            run(&mut controller, minute * 60_000, &[]);
        }
        let after = page(&mut controller, 359_000);
        let ended = &after["episodes"][0];
        assert_eq!((&ended["since"], &ended["why"]), (&episode["since"], &episode["why"]));
        let [since, until] = ["since", "until"]
            .map(|key| Timestamp::try_from(ended[key].as_str().unwrap().to_owned()).unwrap());
        assert_eq!(ended["lasted_s"], until.since(since) / 1_000);
        let both: Vec<&Value> = after["episodes"].as_array().unwrap().iter().collect();
        assert!(both.iter().all(|episode| episode["until"] != Value::Null), "{after}");
    }

    #[test]
    fn an_override_and_a_drain_are_episodes_with_the_name_of_who_asked() {
        for (set, health) in [("down", "down"), ("drain", "up")] {
            let mut controller = settled();
            let mut config: Value = serde_json::from_str(&config_text()).unwrap();
            let until = "1970-01-01T00:05:00Z";
            config["overrides"] = json!([
                {"origin": "eu-1", "set": set, "reason": "r", "author": "ada", "until": until},
            ]);
            assert_eq!(controller.offer_config(&config.to_string(), at(120_000)), Offered::Taken);
            let told = page(&mut controller, 120_000)["episodes"][0].clone();
            assert_eq!((&told["health"], &told["since"]), (&json!(health), &json!(at(120_000))));
            assert!(told["why"].as_str().unwrap().contains("by ada until"), "{told}");
            run(&mut controller, 240_000, &[]);
            let told = page(&mut controller, 300_000)["episodes"][0].clone();
            assert_eq!((&told["until"], &told["lasted_s"]), (&json!(at(300_000)), &json!(180)));
        }
    }

    #[test]
    fn so_many_episodes_are_kept_and_those_that_go_on_are_never_dropped() {
        let over = |index: usize| Episode {
            service: ServiceId::parse("api").unwrap(),
            region: RegionId::parse(&format!("r-{index}")).unwrap(),
            health: Health::Down,
            because: Because::Observed,
            why: None,
            since: at(1),
            until: Some(at(2)),
        };
        let open = |index: usize| Episode { until: None, ..over(index) };
        for len in [EPISODES_MAX - 1, EPISODES_MAX, EPISODES_MAX + 1] {
            let mut history: Vec<Episode> = (0..len).map(over).collect();
            assert!(make_room(&mut history));
            assert_eq!(history.len(), EPISODES_MAX - 1);
            assert_eq!(history.last(), Some(&over(len - 1)));
        }
        let mut history: Vec<Episode> = (0..EPISODES_MAX).map(open).collect();
        history[3] = over(3);
        assert!(make_room(&mut history));
        assert!(history.iter().all(|episode| episode.until.is_none()));
        history.push(open(EPISODES_MAX));
        assert!(!make_room(&mut history));
        assert_eq!(history.len(), EPISODES_MAX);
    }
}
