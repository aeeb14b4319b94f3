//! Checks of the whole config: parts that are valid alone but not together.

use super::{Checker, item, under};
use crate::config::diagnostic::Code;
use crate::config::host::host_of;
use crate::config::raw::{Raw, RawPublish};
use crate::config::{Config, Origin, Promote, Publish, RecordKind};
use crate::ids::{RegionId, ServiceId};
use crate::ordered::{Map, Set};
use crate::residency::{Mode, Rule, wildcard_of};

/// Names that this Worker serves, or that move between regions.
pub(super) struct Moving {
    served: Set<String>,
    published: Set<String>,
}

impl Moving {
    pub(super) fn has(&self, host: &str) -> bool {
        self.serves(host) || self.published.contains(host)
    }

    /// Whether a service has this host.
    pub(super) fn serves(&self, host: &str) -> bool {
        is_named(&self.served, host)
    }
}

impl Checker<'_> {
    pub(super) fn whole(&mut self, raw: &Raw, config: &Config) {
        // Uses the names as written: a service with another mistake still has its names.
        let services = || raw.services.values();
        let moving = Moving {
            served: Set::of(services().flat_map(|s| &s.hosts).map(|host| written(host))),
            published: Set::of(services().flat_map(|s| &s.publish).filter_map(named)),
        };
        self.published_once(config);
        self.pairs(config);
        for (index, rule) in config.residency.iter().enumerate() {
            self.rule_guards_something(&item("residency", index), raw, index, rule, &moving);
            self.rule_has_an_effect(&item("residency", index), rule, config);
        }
        self.pins_hold(config);
        self.origins_are_behind_us(config, &moving);
        self.local_origins_stay_local(config);
        self.others_are_outside(config, &moving);
        self.host_headers(config);
        self.admin_hosts_are_its_own(config, &moving);
        self.every_target_can_be_probed(config);
        self.fields_can_be_read(config);
    }

    /// Two services that publish the same object would undo each other's changes for ever. And a
    /// name with a CNAME or a balancer can have nothing else. Source: RFC 1034 §3.6.2.
    fn published_once(&mut self, config: &Config) {
        let mut seen: Vec<(String, &str, &ServiceId)> = Vec::new();
        for (id, service) in &config.services {
            for (index, publish) in service.publish.iter().enumerate() {
                let (name, kind) = match publish {
                    Publish::Dns(dns) => (dns.name.clone(), dns.kind.as_str()),
                    Publish::Pool(pool) => (format!("{} of {}", pool.name, pool.account), "pool"),
                    Publish::LoadBalancer(balancer) => (balancer.name.clone(), "load balancer"),
                };
                let alone = |kind: &str| {
                    kind != RecordKind::A.as_str() && kind != RecordKind::Aaaa.as_str()
                };
                let clash = seen.iter().find(|(other, other_kind, _)| {
                    *other == name && (*other_kind == kind || alone(kind) || alone(other_kind))
                });
                if let Some((_, other_kind, other)) = clash {
                    let path = format!("services.{id}.publish[{index}]");
                    let problem = format!(
                        "{kind} `{name}` clashes with the {other_kind} that `{other}` publishes"
                    );
                    self.report(path, Code::E005, problem, "each name published once");
                }
                seen.push((name, kind, id));
            }
        }
    }

    /// A rule for a host that no service has, or for tenants that no service reads, never matches.
    /// It is most likely misspelt.
    fn rule_guards_something(
        &mut self,
        path: &str,
        raw: &Raw,
        index: usize,
        rule: &Rule,
        moving: &Moving,
    ) {
        let hosts = raw.residency.get(index).and_then(|raw| raw.when.host.as_ref());
        for (index, host) in hosts.iter().flat_map(|hosts| hosts.all.iter().enumerate()) {
            let name = written(host);
            let is_host = rule.when.hosts.as_ref().is_some_and(|hosts| hosts.contains(&name));
            if is_host
                && self.broken.is_empty()
                && !is_named(&moving.served, &name)
                && !moving.published.contains(&name)
            {
                let path =
                    hosts.map_or_else(String::new, |h| h.path(&under(path, "when.host"), index));
                let known: Vec<&str> = moving
                    .served
                    .iter()
                    .chain(moving.published.iter())
                    .map(String::as_str)
                    .collect();
                self.unknown(&path, "a host or record of any service", host, known.into_iter());
            }
        }
        let told = raw.services.values().filter(|service| service.tenant.is_some());
        let mut told = told.flat_map(|service| &service.hosts);
        let guards_told = told.any(|host| rule.when.may_guard(&[&written(host)]));
        let names_tenants = rule.when.tenants.as_ref().is_some_and(|tenants| !tenants.is_empty());
        if names_tenants && !guards_told && self.broken.is_empty() {
            let problem =
                "no service that the rule applies to has `tenant`, so the rule never matches";
            let path = under(path, "when.tenant");
            self.report(
                path,
                Code::E022,
                problem,
                "`tenant` in a service that the rule applies to",
            );
        }
    }

    /// A preferred rule that no region meets has no effect. A strict one refuses clients, which is
    /// reported at the service.
    fn rule_has_an_effect(&mut self, path: &str, rule: &Rule, config: &Config) {
        if rule.mode == Mode::Strict || rule.allow.names_nothing() || !self.broken.is_empty() {
            return;
        }
        let mut places = config.regions.iter().map(|(id, region)| region.place(id));
        if !places.any(|place| rule.allow.permits_at_some_time(place)) {
            let problem = "it permits no region, so the rule has no effect";
            let allowed = "a country with a region";
            self.report(under(path, "allow"), Code::E022, problem, allowed);
        }
    }

    /// A pin that is never applied is worse than none, because someone relies on it.
    fn pins_hold(&mut self, config: &Config) {
        let tenancies = || config.services.iter().map(|(id, s)| (id, s.steering.tenancy.as_ref()));
        let is_told = tenancies().any(|(_, tenancy)| tenancy.is_some());
        if !config.tenants.is_empty() && !is_told && self.broken.is_empty() {
            let problem = "no service has `tenant`, so no tenant is ever pinned";
            self.report("tenants", Code::E022, problem, "`tenant` in a service");
        }
        for (id, tenancy) in tenancies() {
            if config.tenants.is_empty()
                && tenancy.is_some_and(|tenancy| tenancy.required && !tenancy.kv)
                && self.broken.is_empty()
            {
                let problem = "no tenant is defined, so every request would be refused";
                let path = format!("services.{id}.tenant.required");
                self.report(path, Code::E014, problem, "a tenant in `tenants`, or `kv = true`");
            }
        }
    }

    /// An origin under a published name would move between regions. An origin under a name that
    /// this Worker serves would be this Worker itself: its probes would fail only once deployed,
    /// and each request would come back to us.
    fn origins_are_behind_us(&mut self, config: &Config, moving: &Moving) {
        let mut seen: Map<&str, &RegionId> = Map::new();
        let mut addresses: Map<String, &RegionId> = Map::new();
        for (id, region) in &config.regions {
            for (index, origin) in region.origins.iter().enumerate() {
                let path = format!("regions.{id}.origins[{index}].url");
                let host = origin.url.host();
                if is_named(&moving.served, host) {
                    let problem =
                        format!("this Worker serves `{host}`, so it would send requests to itself");
                    self.report(path, Code::E008, problem, "a host name that only this origin has");
                } else if moving.published.contains(host) {
                    let problem = format!("`{host}` is published and moves between regions");
                    self.report(path, Code::E008, problem, "a host name that only this origin has");
                } else if let Some(other) = seen.insert(origin.url.base(), id) {
                    let problem =
                        format!("`{}` is already an origin of region `{other}`", origin.url);
                    self.report(path, Code::E005, problem, "a host name that only this origin has");
                } else if !config.is_local() {
                    self.stands_once(&path, origin, id, &mut addresses);
                }
            }
        }
    }

    /// On one machine, regions differ by their ports. That is no harm as long as nothing else is
    /// there: no region elsewhere that could be taken for one of them, and no object at Cloudflare
    /// that would say `localhost` to the world.
    fn local_origins_stay_local(&mut self, config: &Config) {
        if config.is_local() {
            for (id, service) in &config.services {
                if !service.publish.is_empty() {
                    let path = format!("services.{id}.publish");
                    let problem = "all origins are on this machine, so nothing may be published";
                    self.report(
                        path,
                        Code::E008,
                        problem,
                        "no `publish` in a config for local use",
                    );
                }
            }
            return;
        }
        for (id, region) in &config.regions {
            for (index, origin) in region.origins.iter().enumerate() {
                if origin.url.is_local() {
                    let path = format!("regions.{id}.origins[{index}].url");
                    let problem = "this origin is on this machine and others are not";
                    let allowed = "either every origin on `localhost`, for a local run, or none";
                    self.report(path, Code::E008, problem, allowed);
                }
            }
        }
    }

    /// Pools identify an origin by its host, and records by its address. So the same host or
    /// address in two regions would be under the rules of both.
    fn stands_once<'c>(
        &mut self,
        path: &str,
        origin: &Origin,
        id: &'c RegionId,
        addresses: &mut Map<String, &'c RegionId>,
    ) {
        let ips = [origin.ipv4.map(|ip| ip.to_string()), origin.ipv6.map(|ip| ip.to_string())];
        for address in ips.into_iter().flatten().chain([origin.url.host().to_owned()]) {
            let problem = match addresses.insert(address.clone(), id) {
                Some(other) if other != id => {
                    format!("`{address}` is already an origin of region `{other}`")
                }
                _ => continue,
            };
            self.report(path, Code::E005, problem, "each host and address in one region");
        }
    }

    /// Controls and hooks must not lead back to this Worker, and a control that is an origin adds
    /// nothing to its probes.
    fn others_are_outside(&mut self, config: &Config, moving: &Moving) {
        let origins = || config.regions.values().flat_map(|region| &region.origins);
        for (index, control) in config.controls.iter().enumerate() {
            let path = item("observer.controls", index);
            let Some(host) = host_of(&control.url) else { continue };
            if moving.has(&host) {
                let problem =
                    format!("this Worker serves `{host}`, so it tells nothing about the network");
                self.report(path, Code::E008, problem, "a host that no service uses");
            } else if origins().any(|origin| origin.url.host() == host) {
                let problem =
                    format!("`{host}` is an origin, so the control would fail together with it");
                self.report(path, Code::E008, problem, "a host that is not an origin");
            }
        }
        let pushed_to = config.otlp.iter().find_map(|otlp| host_of(&otlp.url));
        if let Some(host) = pushed_to.filter(|host| moving.has(host)) {
            let problem = format!("this Worker serves `{host}`, and cannot reach itself");
            self.report("otlp.url", Code::E008, problem, "a host that no service uses");
        }
        for (id, service) in &config.services {
            for (key, hook) in service.failover.promote.iter().flat_map(Promote::hooks) {
                let mut hosts =
                    service.regions.iter().filter_map(|to| host_of(&hook.url_for(to.as_str())));
                let Some(host) = hosts.find(|host| moving.has(host)) else { continue };
                let path = format!("services.{id}.failover.{key}.url");
                let problem =
                    format!("`{host}` is a name of a service, which may be the one that is down");
                self.report(path, Code::E008, problem, "a host that no service uses");
            }
        }
    }

    fn every_target_can_be_probed(&mut self, config: &Config) {
        let targets = u32::try_from(config.targets().count()).unwrap_or(u32::MAX);
        if targets > config.probes_per_run && !self.has_mistake("limits") {
            let problem = format!(
                "{} is too small for {targets} targets: some would never be probed",
                config.probes_per_run
            );
            let allowed = format!("at least {targets}, one for each origin and monitor");
            self.report("limits.probes_per_run", Code::E014, problem, &allowed);
        }
    }
}

pub(super) fn written(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// The name of a published object that clients ask for.
fn named(publish: &RawPublish) -> Option<String> {
    let dns = publish.dns.as_ref().map(|dns| &dns.name);
    let balancer = publish.load_balancer.as_ref().map(|balancer| &balancer.name);
    dns.or(balancer).map(|name| written(name))
}

/// Whether a host is among `names`, itself or by way of a wildcard on either side.
fn is_named(names: &Set<String>, host: &str) -> bool {
    let covered = |name: &String| wildcard_of(name).is_some_and(|wildcard| wildcard == host);
    names.contains(host)
        || wildcard_of(host).is_some_and(|wildcard| names.contains(&wildcard))
        || names.iter().any(covered)
}
