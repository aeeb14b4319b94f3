//! Why a change is made at Cloudflare: what asked for it, as it stood when the pass began.
//!
//! A plan knows what each origin's health calls for and not how that came about. So the pass takes
//! the grounds along: for each origin of a service that publishes something, why it is not up, or
//! since when it is.

use crate::cloudflare::{AppliedAction, Urgency};
use crate::config::Origin;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Map;
use crate::view::{OriginStanding, View};

/// Most grounds that one change is told with.
const GROUNDS_MAX: usize = 3;

/// The grounds of every change that a pass may make.
#[derive(Debug)]
pub(super) struct Grounds {
    services: Map<ServiceId, Vec<Ground>>,
    /// What the pass was made from.
    basis: String,
}

/// How one origin stood.
#[derive(Debug)]
struct Ground {
    region: RegionId,
    /// What may stand for it in an object: its host and its addresses.
    names: Vec<String>,
    takes_new_clients: bool,
    why: String,
}

impl Grounds {
    pub(super) fn of(view: &View<'_>, basis: String) -> Self {
        let publishing = view.services().filter(|standing| !standing.service.publish.is_empty());
        let services = publishing.map(|standing| {
            let origins = standing.regions.iter().flat_map(|region| {
                region.origins.iter().map(|origin| Ground::of(region.id, origin))
            });
            (standing.id.clone(), origins.collect())
        });
        Self { services: Map::of(services), basis }
    }

    /// Why a change was made.
    pub(super) fn why(&self, done: &AppliedAction) -> String {
        let of_config = || format!("config: {}", self.basis);
        match done.urgency {
            Urgency::Law => "law: the residency rules forbid what it said".to_owned(),
            Urgency::Upkeep => of_config(),
            Urgency::Failover | Urgency::Restore => {
                let grounds = self.about(done);
                if grounds.is_empty() { of_config() } else { grounds.join("; ") }
            }
        }
    }

    /// Of a failover, the origins that take no new clients in the regions that lose traffic; of a
    /// return, those that do and that the change names.
    fn about(&self, done: &AppliedAction) -> Vec<String> {
        let service = done.service.as_ref().and_then(|service| self.services.get(service));
        let all = || service.into_iter().flatten();
        let is_restore = done.urgency == Urgency::Restore;
        let fits = |ground: &&Ground| ground.takes_new_clients == is_restore;
        let is_left = |ground: &&Ground| done.effect.away.contains(&ground.region);
        let is_named = |ground: &&Ground| {
            let mut words = done.what.split([' ', ',']);
            words.any(|word| ground.names.iter().any(|name| name == word))
        };
        let mut told: Vec<&Ground> = all().filter(fits).filter(is_named).collect();
        if told.is_empty() && !is_restore {
            told = all().filter(fits).filter(is_left).collect();
        }
        if told.is_empty() && !is_restore {
            told = all().filter(fits).collect();
        }
        let more = told.len().saturating_sub(GROUNDS_MAX);
        let mut words: Vec<String> =
            told.into_iter().take(GROUNDS_MAX).map(|ground| ground.why.clone()).collect();
        words.extend((more > 0).then(|| format!("and {more} more")));
        words
    }
}

impl Ground {
    fn of(region: &RegionId, standing: &OriginStanding<'_>) -> Self {
        let Origin { id, url, ipv4, ipv6, .. } = standing.origin;
        let addresses = ipv4.map(|ip| ip.to_string()).into_iter();
        let addresses = addresses.chain(ipv6.map(|ip| ip.to_string()));
        let since = standing.observed.since.map(|at| format!(" since {at}")).unwrap_or_default();
        let why = match standing.why() {
            Some(why) => format!("{id} in {region}: {why}"),
            None => format!("{id} in {region}: up{since}"),
        };
        Self {
            region: region.clone(),
            names: [url.host().to_owned()].into_iter().chain(addresses).collect(),
            takes_new_clients: standing.for_new_clients() == Health::Up,
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudflare::Effect;
    use crate::config::Config;
    use crate::controller::Controller;
    use crate::ordered::Set;
    use crate::testing::{config_text, run};
    use crate::time::Timestamp;
    use serde_json::{Value, json};

    const NOW: u64 = 175_000;

    /// The grounds after a minute in which these origins were down, with overrides.
    fn grounds(down: &[&str], overrides: &Value) -> Grounds {
        let mut config: Value = serde_json::from_str(&config_text()).unwrap();
        config["overrides"] = overrides.clone();
        let mut controller = Controller::default();
        controller.offer_config(&config.to_string(), Timestamp::from_millis(0));
        run(&mut controller, 60_000, &[]);
        run(&mut controller, 120_000, down);
        let view = controller.view(Timestamp::from_millis(NOW)).unwrap();
        Grounds::of(&view, "the basis".to_owned())
    }

    fn action(urgency: Urgency, what: &str, away: &[&str]) -> AppliedAction {
        let away = Set::of(away.iter().map(|id| RegionId::parse(id).unwrap()));
        AppliedAction {
            what: what.to_owned(),
            service: ServiceId::parse(SERVICE).ok(),
            urgency,
            effect: Effect { away, serving: None },
            at: Timestamp::default(),
        }
    }

    const SERVICE: &str = "files";

    #[test]
    fn a_failover_names_what_is_down_since_when_and_how_it_fails() {
        let grounds = grounds(&["eu-1"], &json!([]));
        let done = action(Urgency::Failover, "files.example.com CNAME: answer x", &["eu-west"]);
        let why = grounds.why(&done);
        assert!(why.starts_with("eu-1 in eu-west: "), "{why}");
        assert!(why.contains(", down since 1970-01-01T00:02:"), "{why}");
    }

    #[test]
    fn a_drain_and_an_override_are_told_with_their_author() {
        for (set, said) in [("drain", "drained by ada until "), ("down", "set down by ada until ")]
        {
            let until = "1970-01-01T01:00:00Z";
            let grounds = grounds(
                &[],
                &json!([
                    {"origin": "eu-1", "set": set, "reason": "kernel", "author": "ada",
                     "until": until},
                ]),
            );
            let why = grounds.why(&action(Urgency::Failover, "answer x", &["eu-west"]));
            assert!(why.contains(said) && why.ends_with(": kernel"), "{why}");
        }
    }

    #[test]
    fn a_return_names_what_it_returns_to_and_since_when_that_is_up() {
        let config = Config::parse(&config_text()).unwrap();
        let (_, origin) = config.origin(&crate::ids::OriginId::parse("eu-1").unwrap()).unwrap();
        let what = format!("files.example.com CNAME: answer {} (eu-west)", origin.url.host());
        let why = grounds(&[], &json!([])).why(&action(Urgency::Restore, &what, &[]));
        assert!(why.starts_with("eu-1 in eu-west: up since 1970-01-01T00:01:"), "{why}");
    }

    #[test]
    fn what_health_does_not_ask_for_the_law_or_the_config_does() {
        let grounds = grounds(&[], &json!([]));
        let why = |urgency| grounds.why(&action(urgency, "answer x", &["eu-west"]));
        assert_eq!(why(Urgency::Law), "law: the residency rules forbid what it said");
        let of_config = [Urgency::Upkeep, Urgency::Failover, Urgency::Restore].map(why);
        assert_eq!(of_config, ["config: the basis"; 3]);
    }
}
