//! What config and health ask for.
//!
//! Only knowledge moves anything: a region that is Unknown is neither a reason to leave nor a place
//! to go. Where no permitted region is Up, the record stays as it is (fail static); where an origin
//! is Unknown, its switch is left alone.

use crate::config::{
    Config, DnsTarget, FailoverMode, Origin, Publish, RecordKind, Region, Service,
};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::json::{fields, words};
use crate::ordered::{Map, Set, sort_by};
use crate::residency::{Allow, Mode, Rule};
use crate::state::State;
use crate::time::Timestamp;
use crate::view::View;

/// Everything that we want to be so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Desired {
    /// Record sets, sorted by name and type.
    pub records: Vec<DesiredRecords>,
    /// Pools, sorted by account and name.
    pub pools: Vec<DesiredPool>,
    /// Where the last usable origin must stay enabled.
    pub jurisdictions: Vec<Jurisdiction>,
}

/// One record set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DesiredRecords {
    /// The zone's name.
    pub zone: String,
    /// The records' name.
    pub name: String,
    /// The records' type.
    pub kind: RecordKind,
    /// The service that they follow.
    pub service: ServiceId,
    /// Time to live, for records that are not proxied.
    pub ttl_s: u32,
    /// The region that they should name, with the contents; `None` where no permitted region is Up.
    pub answer: Option<(RegionId, Set<String>)>,
    /// The first permitted region with its contents, whatever its health: where records go that say
    /// something that is not permitted while nothing permitted is Up.
    pub refuge: Option<(RegionId, Set<String>)>,
    /// Everything that the law lets the records say.
    pub permitted: Set<String>,
    /// Whether a person moves the answer; we then only keep it inside the law.
    pub manual: bool,
}

/// Origins of one service of which one must stay in use: all of them, and those that a rule or a
/// pin permits. A balancer that runs out of origins in a jurisdiction goes on outside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Jurisdiction {
    /// The service.
    pub service: ServiceId,
    /// What permits them, in words; `None` for the service as a whole.
    pub under: Option<String>,
    /// Addresses of the origins.
    pub addresses: Set<String>,
}

/// One pool.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DesiredPool {
    /// The account's id.
    pub account: String,
    /// The pool's name.
    pub name: String,
    /// The service that it follows.
    pub service: ServiceId,
    /// What to do with each of our origins, by address.
    pub origins: Map<String, Switch>,
}

words! {
    /// What an origin's `enabled` should be.
    pub enum Switch {
        /// It is up: enable it, if it was us who disabled it.
        Enable = "enable",
        /// Nobody knows: leave it.
        Leave = "leave",
        /// It is down: disable it.
        Disable = "disable",
    }
}

fields!(Desired { records, pools, jurisdictions });
fields!(DesiredRecords { zone, name, kind, service, ttl_s, answer, refuge, permitted, manual });
fields!(Jurisdiction { service, under, addresses });
fields!(DesiredPool { account, name, service, origins });

/// Derives what we want from what the operator wrote and what is believed now.
#[must_use]
pub fn desired(config: &Config, state: &State, now: Timestamp) -> Desired {
    let view = &View { config, state, now };
    let mut desired = Desired::default();
    for (id, service) in &config.services {
        for publish in &service.publish {
            match publish {
                Publish::Dns(target) => desired.records.push(records(view, id, service, target)),
                Publish::Pool(target) => desired.pools.push(DesiredPool {
                    account: target.account.clone(),
                    name: target.name.clone(),
                    service: id.clone(),
                    origins: switches(view, service),
                }),
                // Which pools a balancer uses is not kept yet.
                Publish::LoadBalancer(_) => {}
            }
        }
    }
    desired.jurisdictions = jurisdictions(view);
    sort_by(&mut desired.records, |a, b| (&a.name, a.kind).cmp(&(&b.name, b.kind)));
    sort_by(&mut desired.pools, |a, b| (&a.account, &a.name).cmp(&(&b.account, &b.name)));
    desired
}

/// Whether traffic at Cloudflare moves only when a person moves it. The proxy goes by health all
/// the same: it decides about one request, and nothing has to be moved back.
fn is_manual(service: &Service) -> bool {
    service.failover.mode == FailoverMode::Manual
}

/// What a plane that knows no draining should take an origin for.
fn health(view: &View<'_>, service: &Service, origin: &Origin) -> Health {
    view.standing(&service.monitor, origin).for_new_clients()
}

fn records(
    view: &View<'_>,
    id: &ServiceId,
    service: &Service,
    target: &DnsTarget,
) -> DesiredRecords {
    let permitted = view.permitted_to_everybody(service, &target.name);
    let manual = is_manual(service);
    let answer = permitted.iter().filter(|_| !manual).find_map(|region| {
        let up = view.origins_in(region).filter(|o| health(view, service, o) == Health::Up);
        let contents = contents(target.kind, up);
        (!contents.is_empty()).then(|| ((*region).clone(), contents))
    });
    let refuge = permitted
        .first()
        .map(|region| ((*region).clone(), contents(target.kind, view.origins_in(region))));
    // Of a region with several hosts each may be named, and a CNAME names one at a time.
    let each = |region: &&RegionId| {
        Set::of(view.origins_in(region).flat_map(|origin| contents(target.kind, [origin])))
    };
    DesiredRecords {
        zone: target.zone.clone(),
        name: target.name.clone(),
        kind: target.kind,
        service: id.clone(),
        ttl_s: target.ttl_s,
        answer,
        refuge,
        permitted: Set::of(permitted.iter().flat_map(each)),
        manual,
    }
}

/// A pool knows origins by address alone: of several at one address, one that is up keeps it.
fn switches(view: &View<'_>, service: &Service) -> Map<String, Switch> {
    let mut switches = Map::new();
    for (_, origin) in view.origins_of(service) {
        let switch = match health(view, service, origin) {
            _ if is_manual(service) => Switch::Leave,
            Health::Up => Switch::Enable,
            Health::Unknown => Switch::Leave,
            Health::Down => Switch::Disable,
        };
        switches.insert_min(origin.url.host().to_owned(), switch);
    }
    switches
}

/// The parts of each service with pools of which one origin must stay in use: all of it, what each
/// rule and each pin permits of it, and what all of them permit together.
fn jurisdictions(view: &View<'_>) -> Vec<Jurisdiction> {
    let mut jurisdictions = Vec::new();
    let pooled = |service: &Service| service.publish.iter().any(|p| matches!(p, Publish::Pool(_)));
    for (id, service) in view.config.services.iter().filter(|(_, service)| pooled(service)) {
        let mut seen = Set::new();
        let mut add = |under: Option<String>, allows: &[&Allow]| {
            let permitted = |region: &Region| allows.iter().all(|a| view.permits(a, region));
            let origins = view.origins_of(service).filter(|(region, _)| permitted(region));
            let addresses = Set::of(origins.map(|(_, origin)| origin.url.host().to_owned()));
            // Many tenants are pinned alike.
            if seen.insert(addresses.clone()) {
                jurisdictions.push(Jurisdiction { service: id.clone(), under, addresses });
            }
        };
        add(None, &[]);
        let rules = rules_over(view, service);
        let pins = service.steering.tenancy.iter().flat_map(|_| view.config.tenants.iter());
        let mut together: Vec<&Allow> = Vec::new();
        for rule in rules {
            add(Some(format!("rule `{}`", rule.id)), &[&rule.allow]);
            together.push(&rule.allow);
        }
        add(Some("all rules together".to_owned()), &together);
        for (tenant, pin) in pins {
            add(Some(format!("tenant `{tenant}`")), &[pin]);
            let with_pin: Vec<&Allow> = together.iter().copied().chain([pin]).collect();
            add(Some(format!("tenant `{tenant}` and all rules together")), &with_pin);
        }
    }
    jurisdictions
}

/// The strict rules that can guard a request to the service, by any name that leads to it.
fn rules_over<'a>(view: &View<'a>, service: &Service) -> Vec<&'a Rule> {
    let hosts = service.hosts.iter().map(String::as_str);
    let published = service.publish.iter().filter_map(|publish| match publish {
        Publish::Dns(dns) => Some(dns.name.as_str()),
        Publish::LoadBalancer(balancer) => Some(balancer.name.as_str()),
        Publish::Pool(_) => None,
    });
    let names: Vec<&str> = hosts.chain(published).collect();
    let guards = |rule: &&Rule| {
        rule.mode == Mode::Strict && (names.is_empty() || rule.when.may_guard(&names))
    };
    view.config.residency.iter().filter(guards).collect()
}

fn contents<'o>(kind: RecordKind, origins: impl IntoIterator<Item = &'o Origin>) -> Set<String> {
    let origins = origins.into_iter();
    match kind {
        RecordKind::A => Set::of(origins.filter_map(|o| o.ipv4).map(|ip| ip.to_string())),
        RecordKind::Aaaa => Set::of(origins.filter_map(|o| o.ipv6).map(|ip| ip.to_string())),
        RecordKind::Cname => Set::of(origins.take(1).map(|o| o.url.host().to_owned())),
    }
}
