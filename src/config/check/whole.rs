//! What only the config as a whole can get wrong: parts that are sound alone and not together.

use super::Checker;
use crate::config::diagnostic::Code;
use crate::config::raw::{Raw, RawPublish};
use crate::config::{Config, Publish};
use crate::ids::RegionId;
use crate::ordered::{Map, Set};

impl Checker {
    pub(super) fn whole(&mut self, raw: &Raw, config: &Config) {
        // Names as they were written: a service with another mistake still has its names.
        let services = || raw.services.values();
        let served =
            Set::of(services().flat_map(|service| &service.hosts).map(|host| written(host)));
        let published = services().flat_map(|service| &service.publish);
        let published = Set::of(published.filter_map(|publish| match publish {
            RawPublish::Dns(dns) => Some(written(&dns.name)),
            RawPublish::Pool(_) => None,
        }));
        self.published_once(config);
        self.rules_guard_something(config, &served, &published);
        self.origins_are_behind_us(config, &served, &published);
        self.every_target_can_be_probed(config);
    }

    /// Two services that publish one object would undo each other for ever.
    fn published_once(&mut self, config: &Config) {
        let mut seen = Set::new();
        for (id, service) in &config.services {
            for (index, publish) in service.publish.iter().enumerate() {
                let object = match publish {
                    Publish::Dns(dns) => format!("{} {}", dns.name, dns.kind.as_str()),
                    Publish::Pool(pool) => format!("pool {} of {}", pool.name, pool.account),
                };
                if !seen.insert(object.clone()) {
                    let path = format!("services.{id}.publish[{index}]");
                    let problem = format!("{object} is published twice");
                    self.report(path, Code::E005, problem, "one service for each object");
                }
            }
        }
    }

    /// A rule about a host that nobody serves is a rule about nothing, most likely a misspelt one.
    fn rules_guard_something(
        &mut self,
        config: &Config,
        served: &Set<String>,
        published: &Set<String>,
    ) {
        for (index, rule) in config.residency.iter().enumerate() {
            for host in rule.when.host.iter().flatten() {
                if !served.contains(host) && !published.contains(host) {
                    let path = format!("residency[{index}].when.host");
                    let problem = format!("`{host}` is neither served nor published");
                    self.report(path, Code::E006, problem, "a host or record of a service");
                }
            }
        }
    }

    /// An origin under a name that moves between regions is in no region, and one under a name that
    /// this Worker serves would be this Worker.
    fn origins_are_behind_us(
        &mut self,
        config: &Config,
        served: &Set<String>,
        published: &Set<String>,
    ) {
        let mut seen: Map<&str, &RegionId> = Map::new();
        for (id, region) in &config.regions {
            for (index, origin) in region.origins.iter().enumerate() {
                let path = format!("regions.{id}.origins[{index}].url");
                let host = origin.url.host().to_owned();
                if served.contains(&host) || published.contains(&host) {
                    let problem = format!("`{host}` is a name of a service, which moves");
                    self.report(path, Code::E008, problem, "a name of this origin's own");
                } else if let Some(other) = seen.insert(origin.url.base(), id) {
                    let problem = format!("`{}` stands in `{other}` already", origin.url);
                    self.report(path, Code::E005, problem, "a name of this origin's own");
                }
            }
        }
    }

    fn every_target_can_be_probed(&mut self, config: &Config) {
        let targets = u32::try_from(config.targets().count()).unwrap_or(u32::MAX);
        if targets > config.probes_per_run {
            let problem = format!(
                "{targets} targets and {} probes a run: some would never be probed",
                config.probes_per_run
            );
            let allowed = "at least one probe a run for each origin and monitor";
            self.report("limits.probes_per_run", Code::E007, problem, allowed);
        }
    }
}

fn written(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
