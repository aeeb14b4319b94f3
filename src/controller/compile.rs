//! From config and state to the routing table.

use crate::config::{Config, Publish, Region, Service};
use crate::country::Country;
use crate::fingerprint::Fingerprint;
use crate::ids::{RegionId, TenantId};
use crate::json::Shape;
use crate::ordered::{Map, Set};
use crate::recovery::Recovery;
use crate::residency::{Allow, Rule, When, sets};
use crate::routes::{
    CandidateEntry, HeaderEntry, LastingEntry, RegionEntry, Routes, RuleEntry, ServiceEntry,
    SteeringEntry, TenancyEntry, VERSION, WhenEntry,
};
use crate::state::State;
use crate::time::Timestamp;
use crate::view::{OriginStanding, RegionStanding, ServiceStanding, View};
use std::fmt::Write as _;
use std::net::IpAddr;

/// The routing table as of now.
#[must_use]
pub fn routes(view: &View<'_>) -> Routes {
    let standings: Vec<_> = view.services().collect();
    routes_by(view, &standings)
}

/// The same, where it is known how all services stand.
pub(super) fn routes_by(view: &View<'_>, standings: &[ServiceStanding<'_>]) -> Routes {
    let config = view.config;
    let services = standings.iter().map(|it| (it.id.clone(), service_entry(view, it)));
    let now = &|allow: &Allow| permitted(view, allow);
    let mut routes = Routes {
        version: VERSION,
        generation: view.state.generation,
        as_of: view.now,
        config: config.fingerprint,
        law: Fingerprint::of(b""),
        regions: config.regions.iter().map(|(id, region)| region_entry(id, region)).collect(),
        services: Map::of(services),
        rules: config.residency.iter().map(|rule| rule_entry(view, rule)).collect(),
        tenants: by_name(&config.tenants, now),
        sets: permitted_sets(view, now),
        tenant_countries: tenant_countries(config),
        admin: config.admin.clone(),
        law_until: law_until(view),
        lasting: None,
    };
    routes.lasting = routes.law_until.map(|_| lasting(view));
    routes.law = law_fingerprint(view, &routes);
    routes
}

/// The routing table of a config alone: the law and every region, all of unknown health. A proxy
/// without a table can serve by it, inside the law. Its `as_of` is the epoch, so that whatever the
/// Controller writes is newer. `None` where the config cannot be read.
#[must_use]
pub fn routes_of(config: &str, now: Timestamp) -> Option<Routes> {
    let config = Config::parse(config).ok()?;
    let made = routes(&View::new(&config, &State::default(), now));
    Some(Routes { as_of: Timestamp::default(), ..made })
}

/// When the first membership ends that permits some region something.
fn law_until(view: &View<'_>) -> Option<Timestamp> {
    let config = view.config;
    let rules = config.residency.iter().map(|rule| &rule.allow);
    let allows = rules.chain(config.tenants.values()).chain(config.sets.values());
    let ends = allows.flat_map(|allow| {
        let regions = config.regions.iter();
        regions.filter_map(|(id, region)| allow.next_end(region.place(id), view.now))
    });
    let known = sets::names().filter(|_| knows_kv_tenants(view));
    ends.chain(known.filter_map(|name| sets::builtin(name)?.next_change(view.now))).min()
}

/// What memberships without an end permit.
fn lasting(view: &View<'_>) -> LastingEntry {
    let lastingly = &|allow: &Allow| {
        let lasts = |(id, region): &(&RegionId, &Region)| {
            allow.permits_lastingly(region.place(id), view.now)
        };
        view.config.regions.iter().filter(lasts).map(|(id, _)| id.clone()).collect()
    };
    let rules = view.config.residency.iter().map(|rule| lastingly(&rule.allow));
    LastingEntry {
        rules: rules.collect(),
        tenants: by_name(&view.config.tenants, lastingly),
        sets: permitted_sets(view, lastingly),
    }
}

/// A fingerprint of everything that the law says: every rule with the regions that it permits,
/// every pin and set, every region with its country and the addresses of its origins, every service
/// with its hosts, regions, published objects, how it finds a tenant and whom it asks for a second
/// country, and the version of the built-in sets. Health, latency and the choice among permitted
/// regions do not change it. The proof of a config names it, so that a proof can be matched to a
/// routing table.
fn law_fingerprint(view: &View<'_>, routes: &Routes) -> Fingerprint {
    let mut law = String::from(sets::DATASET);
    let mut add = |said: &dyn std::fmt::Display| {
        // Writing to a string cannot fail.
        let _ = write!(law, "\n{said}");
    };
    for (id, region) in &view.config.regions {
        add(&format_args!("region {id} {}", region.country));
        region.origins.iter().for_each(|origin| {
            let ips = (origin.ipv4.map(IpAddr::V4), origin.ipv6.map(IpAddr::V6));
            add(&origin.url);
            [ips.0, ips.1].into_iter().flatten().for_each(|ip| add(&ip));
        });
    }
    for (id, service) in &view.config.services {
        add(&format_args!("service {id}"));
        service.hosts.iter().for_each(|host| add(host));
        service.regions.iter().for_each(|region| add(region));
        service.publish.iter().for_each(|publish| match publish {
            Publish::Dns(dns) => add(&format_args!("{} {}", dns.name, dns.kind.as_str())),
            Publish::Pool(pool) => {
                add(&format_args!("{} {}", pool.account, pool.name));
                pool.regions.iter().for_each(|region| add(region));
            }
            Publish::LoadBalancer(balancer) => add(&balancer.name),
        });
        let entry = routes.services.get(id);
        add(&entry.map(|entry| entry.tenancy.write()).unwrap_or_default());
        if let Some(witness) = entry.and_then(|entry| entry.second_witness.as_ref()) {
            add(&witness.write());
        }
        service.steering.primary.iter().for_each(|primary| add(&primary.region));
    }
    add(&routes.rules.write());
    add(&routes.tenants.write());
    if !routes.tenant_countries.is_empty() {
        add(&routes.tenant_countries.write());
    }
    add(&routes.sets.write());
    add(&routes.law_until.write());
    add(&routes.lasting.write());
    Fingerprint::of(law.as_bytes())
}

pub(super) fn region_entry(id: &RegionId, region: &Region) -> RegionEntry {
    RegionEntry { id: id.clone(), country: region.country, location: region.location }
}

pub(super) fn service_entry(view: &View<'_>, standing: &ServiceStanding<'_>) -> ServiceEntry {
    let (service, primary) = (standing.service, standing.primary);
    let steering = &service.steering;
    ServiceEntry {
        hosts: service.hosts.clone(),
        try_timeout_ms: service.try_timeout_ms,
        timeout_ms: service.timeout_ms,
        steering: SteeringEntry {
            policy: steering.policy,
            band_ms: steering.band_ms,
            min_gain_ms: steering.min_gain_ms,
            geo: steering.geo.clone(),
            affinity: steering.affinity.clone(),
            // What spills moves as health changes.
            spill: steering.spill && standing.corruption.is_none(),
            primary: primary.map(|primary| primary.region.clone()),
            max_lag_s: primary.map_or(0, |primary| primary.config.max_lag_s.into()),
            read_your_writes_s: primary
                .map_or(0, |primary| primary.config.read_your_writes_s.into()),
            prefer: standing.led_to.cloned(),
            no_writer: standing.has_no_writer(),
        },
        tenancy: steering.tenancy.clone().map(|tenancy| TenancyEntry {
            source: tenancy.source,
            required: tenancy.required,
            kv: tenancy.kv,
        }),
        second_witness: steering.second_witness.clone(),
        proxy: service.proxy.clone(),
        trial_path: trial_path(view, service),
        frozen: standing.corruption.is_some(),
        regions: standing
            .regions
            .iter()
            .map(|region| CandidateEntry {
                host_headers: host_headers(service, region),
                leaving: standing.leaves(region.id),
                away: view.away(service, region),
                area_latency_ms: view.area_latencies((standing.id, service), region),
                ..candidate_entry(region)
            })
            .collect(),
        epoch: standing.recovery.and_then(Recovery::told_epoch),
    }
}

/// The path that the service's first monitor probes, of those that ask where clients do.
fn trial_path(view: &View<'_>, service: &Service) -> String {
    let leaves = view.config.leaves(&service.monitor);
    let mut monitors = leaves.iter().filter_map(|id| view.config.monitors.get(id));
    let first = monitors.find(|monitor| monitor.asking.is_at_the_door());
    first.map_or_else(|| "/".to_owned(), |monitor| monitor.path.clone())
}

fn candidate_entry(region: &RegionStanding<'_>) -> CandidateEntry {
    fn base<'o>(origin: &OriginStanding<'o>) -> &'o str {
        origin.origin.url.base()
    }
    let origins: Vec<&str> = region.usable().map(base).collect();
    let used: Set<&str> = origins.iter().copied().collect();
    let unused = region.origins.iter().map(base).filter(|origin| !used.contains(origin));
    let unused: Vec<String> = unused.map(str::to_owned).collect();
    let origins: Vec<String> = origins.into_iter().map(str::to_owned).collect();
    CandidateEntry {
        id: region.id.clone(),
        health: region.health_for_choice(),
        draining: region.is_draining,
        usable: count(origins.len()),
        all: count(region.origins.len()),
        latency_ms: region.latency_ms(),
        lag_s: region.lag_s(),
        weight: region.share.weight,
        canary: region.share.canary_percent,
        shed: region.share.shed_percent,
        leaving: false,
        away: Vec::new(),
        area_latency_ms: Map::new(),
        returned: region.left_percent().map(u32::from),
        lost: region.is_lost(),
        host_headers: Vec::new(),
        unused,
        origins,
    }
}

/// What each usable origin of a region is told; nothing if each is told its own host.
fn host_headers(service: &Service, region: &RegionStanding<'_>) -> Vec<String> {
    let told = region.usable().map(|usable| usable.origin.told_by(service).unwrap_or_default());
    let told: Vec<String> = told.map(str::to_owned).collect();
    if told.iter().all(String::is_empty) { Vec::new() } else { told }
}

pub(super) fn rule_entry(view: &View<'_>, rule: &Rule) -> RuleEntry {
    let When { countries, hosts, paths, methods, headers, tenants } = rule.when.clone();
    let header = |(name, texts)| HeaderEntry { name, texts };
    RuleEntry {
        id: rule.id.clone(),
        mode: rule.mode,
        when: WhenEntry {
            countries: countries.map(|countries| countries.iter().collect()),
            hosts: hosts.map(|hosts| hosts.into_iter().collect()),
            paths,
            methods,
            headers: headers.into_iter().map(header).collect(),
            tenants: tenants.map(|tenants| tenants.into_iter().collect()),
        },
        permits: permitted(view, &rule.allow),
        basis: rule.basis.clone(),
    }
}

fn permitted(view: &View<'_>, allow: &Allow) -> Vec<RegionId> {
    view.permitted_by(allow).into_iter().cloned().collect()
}

fn by_name<K: Ord + Clone>(
    allows: &Map<K, Allow>,
    permitted: &dyn Fn(&Allow) -> Vec<RegionId>,
) -> Map<K, Vec<RegionId>> {
    Map::of(allows.iter().map(|(name, allow)| (name.clone(), permitted(allow))))
}

/// The countries of tenants, if a service asks for them.
pub(super) fn tenant_countries(config: &Config) -> Map<TenantId, Country> {
    let mut asked = config.services.values().filter_map(|s| s.steering.second_witness.as_ref());
    if asked.any(|witness| witness.tenant) { config.tenant_countries.clone() } else { Map::new() }
}

/// Whether a pin in KV can name a set. Without such pins the table does not carry any.
pub(super) fn knows_kv_tenants(view: &View<'_>) -> bool {
    let tenancies = view.config.services.values().filter_map(|s| s.steering.tenancy.as_ref());
    tenancies.into_iter().any(|tenancy| tenancy.kv)
}

/// The regions that each named set permits.
fn permitted_sets(
    view: &View<'_>,
    permitted: &dyn Fn(&Allow) -> Vec<RegionId>,
) -> Map<String, Vec<RegionId>> {
    if !knows_kv_tenants(view) {
        return Map::new();
    }
    let mut permitted_sets = by_name(&view.config.sets, permitted);
    for name in sets::names() {
        let members = sets::builtin(name).into_iter().flat_map(sets::NamedSet::members);
        let allow = Allow::of(members.map(Into::into));
        permitted_sets.insert(name.to_owned(), permitted(&allow));
    }
    permitted_sets
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
