//! Routing tables of any size, by chance.

use crate::random::Random;
use pointsman::config::{Affinity, Geo, Policy, Proxying};
use pointsman::country::{COUNTRIES, Country};
use pointsman::fingerprint::Fingerprint;
use pointsman::health::Health;
use pointsman::ids::{RegionId, RuleId, ServiceId, TenantId};
use pointsman::latency::Location;
use pointsman::ordered::Map;
use pointsman::residency::{Mode, Pattern, TenantSource};
use pointsman::routes::{
    CandidateEntry, RegionEntry, Routes, RuleEntry, ServiceEntry, SteeringEntry, Table,
    TenancyEntry, VERSION, WhenEntry,
};
use pointsman::time::Timestamp;

/// When the tables are made.
pub const NOW: Timestamp = Timestamp::from_millis(1_795_348_800_000);

/// How large a table is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Regions, all of one service.
    pub regions: usize,
    /// Residency rules, each about some countries and one host.
    pub rules: usize,
    /// Pinned tenants.
    pub tenants: usize,
}

/// What is left to chance beside the sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Everything up, steered by latency: the common case, to be measured.
    Plain,
    /// Anything: every policy, health, condition.
    Wild,
}

/// Hosts in a table; a rule is about one of them.
pub const HOSTS: usize = 20;

/// The name of a host.
#[must_use]
pub fn host(number: usize) -> String {
    format!("s{number}.example.com")
}

/// The name of a tenant.
#[must_use]
pub fn tenant(number: usize) -> String {
    format!("tenant-{number:07}")
}

/// A table. Ids are numbered, so they are always slugs, and every region that is named is there.
///
/// # Panics
///
/// Never: the sizes of a `Size` always make a table.
#[must_use]
pub fn table(size: Size, form: Form, random: &mut Random) -> Table {
    let regions: Vec<RegionEntry> = (0..size.regions).map(|index| region(index, random)).collect();
    let rules = (0..size.rules).map(|index| rule(index, size, form, random)).collect();
    let pins = (0..size.tenants).filter_map(|index| {
        Some((TenantId::parse(&tenant(index)).ok()?, some_regions(size.regions, random)))
    });
    let routes = Routes {
        version: VERSION,
        generation: 1,
        as_of: NOW,
        config: Fingerprint::of(b""),
        law: Fingerprint::of(b""),
        tenants: Map::of(pins.collect::<Vec<_>>()),
        services: Map::of(
            ServiceId::parse("service").ok().map(|id| (id, service(size, form, random))),
        ),
        regions,
        rules,
        sets: Map::new(),
        admin: None,
        tenant_countries: Map::new(),
        law_until: None,
        lasting: None,
    };
    match Table::try_from(routes) {
        Ok(table) => table,
        Err(bad) => panic!("{bad}"),
    }
}

fn region_id(index: usize) -> Option<RegionId> {
    RegionId::parse(&format!("region-{index}")).ok()
}

fn some_regions(regions: usize, random: &mut Random) -> Vec<RegionId> {
    // The first is always there, so that most requests go somewhere.
    (0..regions).filter(|index| *index == 0 || random.percent(60)).filter_map(region_id).collect()
}

fn any_country(random: &mut Random) -> Option<Country> {
    Country::from_index(u8::try_from(random.below(COUNTRIES)).ok()?)
}

fn region(index: usize, random: &mut Random) -> RegionEntry {
    let (id, country) = (region_id(index), any_country(random));
    let place = Location::new(random.between(-60.0, 70.0), random.between(-180.0, 180.0));
    match id.zip(country) {
        Some((id, country)) => RegionEntry { id, country, location: place },
        None => panic!("region {index} has a name and a country"),
    }
}

fn rule(index: usize, size: Size, form: Form, random: &mut Random) -> RuleEntry {
    let wild = form == Form::Wild;
    let countries = (0..=random.below(3)).filter_map(|_| any_country(random)).collect();
    let path = |random: &mut Random| {
        let text = ["/api/*", "/login", "/*"][random.below(3)];
        Pattern::parse(text).ok().into_iter().collect()
    };
    let method = |random: &mut Random| vec![["GET", "POST"][random.below(2)].to_owned()];
    let when = WhenEntry {
        countries: Some(countries),
        hosts: Some(vec![host(random.below(HOSTS))]),
        paths: (wild && random.percent(30)).then(|| path(random)),
        methods: (wild && random.percent(20)).then(|| method(random)),
        headers: Vec::new(),
        tenants: None,
    };
    match RuleId::parse(&format!("rule-{index}")) {
        Ok(id) => RuleEntry {
            id,
            mode: if wild && random.percent(20) { Mode::Preferred } else { Mode::Strict },
            when,
            permits: some_regions(size.regions, random),
            basis: None,
        },
        Err(bad) => panic!("{bad}"),
    }
}

fn service(size: Size, form: Form, random: &mut Random) -> ServiceEntry {
    let policies = Policy::ALL;
    let wild = form == Form::Wild;
    let policy = if wild { policies[random.below(policies.len())] } else { Policy::Latency };
    ServiceEntry {
        epoch: None,
        hosts: (0..HOSTS).map(host).collect(),
        try_timeout_ms: 1_000,
        timeout_ms: 5_000,
        steering: SteeringEntry {
            no_writer: false,
            policy,
            band_ms: if wild { random.number() % 40 } else { 5 },
            min_gain_ms: 5,
            geo: Geo::nowhere(),
            affinity: Affinity::None,
            spill: wild && policy == Policy::Ordered,
            primary: if wild && random.percent(20) { region_id(0) } else { None },
            max_lag_s: 60,
            read_your_writes_s: 30,
            prefer: None,
        },
        tenancy: (size.tenants > 0).then(|| TenancyEntry {
            source: TenantSource::Header("x-tenant".to_owned()),
            required: false,
            kv: false,
        }),
        second_witness: None,
        frozen: false,
        proxy: Proxying::default(),
        trial_path: "/".to_owned(),
        regions: (0..size.regions)
            .filter_map(|index| Some(candidate(region_id(index)?, form, random)))
            .collect(),
    }
}

fn candidate(id: RegionId, form: Form, random: &mut Random) -> CandidateEntry {
    let wild = form == Form::Wild;
    let health = match random.below(10) {
        0..=1 if wild => Health::Down,
        2 if wild => Health::Unknown,
        _ => Health::Up,
    };
    let small = |random: &mut Random, below| u32::try_from(random.below(below)).unwrap_or(0);
    let origins = vec![format!("https://{id}.example.net")];
    CandidateEntry {
        leaving: false,
        returned: None,
        host_headers: Vec::new(),
        unused: Vec::new(),
        lost: false,
        id,
        health,
        draining: wild && random.percent(5),
        usable: 1 + small(random, 3),
        all: 4,
        latency_ms: random.percent(90).then(|| random.number() % 300),
        away: Vec::new(),
        area_latency_ms: Map::new(),
        lag_s: random.percent(80).then(|| random.number() % 120),
        weight: if wild { small(random, 5) } else { 1 },
        canary: (wild && random.percent(10)).then(|| small(random, 100)),
        shed: if wild && random.percent(10) { small(random, 100) } else { 0 },
        origins,
    }
}
