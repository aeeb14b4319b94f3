//! Random configs, failures and requests.

use crate::random::Random;
use pointsman::config::Config;
use pointsman::controller::routes;
use pointsman::country::Country;
use pointsman::fingerprint::Fingerprint;
use pointsman::health::Verdict;
use pointsman::health::{FailureKind, FailureReason, Thresholds};
use pointsman::latency::Location;
use pointsman::routes::Table;
use pointsman::state::State;
use pointsman::steering::RequestFacts;
use pointsman::steering::stable_hash::StableHash;
use pointsman::time::Timestamp;
use pointsman::view::View;
use serde_json::{Map, Value, json};

/// Where regions may be, and clients.
pub(crate) const COUNTRIES: [&str; 10] =
    ["IE", "DE", "FR", "NO", "US", "BR", "JP", "CH", "IN", "RE"];
/// What clients may ask for; the third is under a wildcard.
pub(crate) const HOSTS: [&str; 3] = ["api.example.com", "shop.example.com", "acme.app.example.com"];
const RULE_HOSTS: [&str; 3] = ["api.example.com", "shop.example.com", "*.app.example.com"];
const SETS: [&str; 5] = ["@eu", "@eea", "@eu_adequate", "@dach", "*"];
pub(crate) const PATHS: [&str; 6] =
    ["/", "/api/orders", "/api", "/%61pi/../api/x", "/public/a", "/login"];
const PATTERNS: [&str; 4] = ["/api/*", "/login", "/public/*", "/*"];
const TENANTS: [&str; 3] = ["acme", "globex", "initech"];
const NOW: &str = "2026-11-22T12:00:00Z";

/// A sound config with the table that is compiled from it, under some failures.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) document: Value,
    pub(crate) table: Table,
    pub(crate) down: Vec<String>,
    config: Config,
}

impl World {
    /// A config by chance; `None` where it is not sound, as when a rule leaves no region.
    pub(crate) fn any(random: &mut Random) -> Option<Self> {
        Self::of(any_document(random))
    }

    /// The world of a config; `None` where that is not sound.
    pub(crate) fn of(document: Value) -> Option<Self> {
        let config = Config::read(&document, Fingerprint::of(b"")).ok()?;
        let mut world = Self { table: compile(&config, &[]), document, down: Vec::new(), config };
        world.set_down(Vec::new());
        Some(world)
    }

    /// Other regions fail.
    pub(crate) fn fail(&mut self, random: &mut Random) {
        let percent = random.one(&[0, 20, 50, 100]);
        let regions = self.config.regions.keys().map(ToString::to_string);
        self.set_down(regions.filter(|_| random.percent(percent)).collect());
    }

    /// These regions are down, and all others up.
    pub(crate) fn set_down(&mut self, down: Vec<String>) {
        self.table = compile(&self.config, &down);
        self.down = down;
    }
}

/// The table after enough probes to believe that `down` are down and all others up.
fn compile(config: &Config, down: &[String]) -> Table {
    let now = Timestamp::try_from(NOW.to_owned()).unwrap();
    let mut state = State::default();
    state.follow(config);
    let pass = Verdict::Pass { latency_ms: 30, lag_s: Some(1) };
    let fail = Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) };
    let targets: Vec<_> = config.targets().collect();
    for target in targets {
        let (region, _) = config.origin(&target.origin).unwrap();
        let verdict = if down.contains(&region.to_string()) { &fail } else { &pass };
        let thresholds = Thresholds::from(config.monitors.get(&target.monitor).unwrap());
        let known = state.targets.get_mut(&target).unwrap();
        known.judged_at = Some(now);
        for _ in 0..10 {
            known.memory.observe(verdict, thresholds, now);
        }
    }
    let routes = routes(&View::new(config, &state, now));
    Table::try_from(routes).unwrap()
}

fn any_document(random: &mut Random) -> Value {
    let countries: Vec<&str> = {
        let many = 2 + random.below(5);
        (0..many).map(|_| random.one(&COUNTRIES)).collect()
    };
    let id = |index: usize| format!("r{index}");
    let ids: Vec<String> = (0..countries.len()).map(id).collect();
    let regions: Map<String, Value> = countries
        .iter()
        .enumerate()
        .map(|(index, country)| {
            let attest = if random.percent(50) { json!(["dpf_certified"]) } else { json!([]) };
            let location = [20 * index, 25 * index];
            let origin =
                json!({"id": format!("o{index}"), "url": format!("https://o{index}.example.net")});
            let region = json!({
                "country": country, "attest": attest, "location": location, "origins": [origin],
            });
            (id(index), region)
        })
        .collect();
    let many = random.below(7);
    let rules: Vec<Value> = (0..many).map(|index| any_rule(random, index, &ids)).collect();
    let mut document = json!({
        "version": 1,
        "regions": regions,
        "monitors": {"m": {}},
        "services": {"s": any_service(random, &ids)},
        "residency": rules,
        "sets": {"dach": ["DE", "AT", "CH"]},
    });
    if document["services"]["s"].get("tenant").is_some() {
        let tenants: Map<String, Value> = TENANTS[..2]
            .iter()
            .filter_map(|name| {
                let allow = any_allow(random, &ids);
                random.percent(70).then(|| ((*name).to_owned(), json!({"allow": allow})))
            })
            .collect();
        document["tenants"] = tenants.into();
    }
    document
}

fn any_service(random: &mut Random, ids: &[String]) -> Value {
    let regions = random.some(ids, ids.len());
    let policy = random.one(&["ordered", "proximity", "weighted", "latency", "least_outstanding"]);
    let mut service = json!({
        "hosts": ["api.example.com", "shop.example.com", "*.app.example.com"],
        "monitor": "m",
        "regions": regions,
        "steering": policy,
    });
    if random.percent(30) {
        service["band_ms"] = json!(random.below(200));
    }
    if random.percent(25) {
        service["writes"] = json!("primary");
        service["primary"] = json!(random.one(&regions));
    }
    for key in ["canary", "shed"] {
        if random.percent(20) {
            service[key] = json!({random.one(&regions): random.one(&[1, 50, 100])});
        }
    }
    if random.percent(30) {
        service["second_witness"] = json!({"header": "x-account", "required": random.percent(30)});
    }
    if random.percent(40) {
        let source = random.one(&[
            json!({"header": "x-tenant"}),
            json!({"cookie": "tenant"}),
            json!({"host_label": 1}),
        ]);
        service["tenant"] = source;
        service["tenant"]["required"] = json!(random.percent(30));
        if random.percent(30) {
            service["affinity"] = json!("tenant");
        }
    }
    service
}

fn any_countries(random: &mut Random) -> Vec<&'static str> {
    let choices: Vec<&str> = COUNTRIES.iter().chain(&SETS).copied().collect();
    random.some(&choices, 4)
}

/// Countries and sets, and now and then regions by their ids.
fn any_allow(random: &mut Random, ids: &[String]) -> Vec<String> {
    let mut allow: Vec<String> = Vec::new();
    let by_region = random.percent(25);
    if by_region {
        allow.extend(random.some(ids, 2));
    }
    if !by_region || random.percent(30) {
        allow.extend(any_countries(random).into_iter().map(str::to_owned));
    }
    allow
}

fn any_rule(random: &mut Random, index: usize, ids: &[String]) -> Value {
    let mut when = json!({});
    if random.percent(60) {
        when["country"] = json!(any_countries(random));
    }
    if random.percent(15) {
        when["continent"] = json!(random.some(&["EU", "SA", "AS"], 2));
    }
    if random.percent(30) {
        when["host"] = json!(random.some(&RULE_HOSTS, 2));
    }
    if random.percent(30) {
        when["path"] = json!(random.some(&PATTERNS, 2));
    }
    if random.percent(20) {
        when["method"] = json!(random.some(&["GET", "POST"], 1));
    }
    if random.percent(20) {
        let expected = random.one(&[json!(true), json!("personal"), json!(["personal", "health"])]);
        when["header"] = json!({"x-data": expected});
    }
    if random.percent(10) {
        when["tenant"] = json!(random.some(&TENANTS, 2));
    }
    let mode = if random.percent(80) { "strict" } else { "preferred" };
    let allow = any_allow(random, ids);
    json!({"id": format!("rule-{index}"), "when": when, "allow": allow, "mode": mode})
}

/// A request as owned values.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) host: &'static str,
    pub(crate) path: &'static str,
    pub(crate) method: &'static str,
    pub(crate) country: Option<&'static str>,
    pub(crate) headers: Vec<(&'static str, String)>,
    location: Option<Location>,
    pinned: Option<String>,
    seed: u64,
}

impl Request {
    pub(crate) fn any(random: &mut Random, world: &World) -> Self {
        let mut headers = Vec::new();
        if random.percent(50) {
            headers.push(("x-tenant", random.one(&TENANTS).to_owned()));
        }
        if random.percent(50) {
            headers.push(("cookie", format!("a=b; tenant={}", random.one(&TENANTS))));
        }
        if random.percent(50) {
            headers.push(("x-data", random.one(&["personal", "public"]).to_owned()));
        }
        if random.percent(50) {
            let told = [&COUNTRIES[..], &["XX", ""]].concat();
            headers.push(("x-account", random.one(&told).to_owned()));
        }
        let degrees = |number: usize| f64::from(u32::try_from(number).unwrap()) - 80.0;
        let regions: Vec<_> = world.config.regions.keys().map(ToString::to_string).collect();
        Self {
            host: random.one(&HOSTS),
            path: random.one(&PATHS),
            method: random.one(&["GET", "HEAD", "POST", "DELETE"]),
            country: random.percent(85).then(|| random.one(&COUNTRIES)),
            headers,
            location: random.percent(50).then(|| {
                Location::new(degrees(random.below(160)), degrees(random.below(160))).unwrap()
            }),
            pinned: random.percent(30).then(|| random.one(&regions)),
            seed: random.next(),
        }
    }

    /// A request of which only this is known.
    pub(crate) fn plain(
        host: &'static str,
        country: Option<&'static str>,
        method: &'static str,
    ) -> Self {
        let (location, pinned) = (None, None);
        Self { host, path: "/", method, country, headers: Vec::new(), location, pinned, seed: 7 }
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    }

    /// Lends the request as a decision reads it.
    pub(crate) fn with_facts<T>(
        &self,
        world: &World,
        work: impl FnOnce(&RequestFacts<'_>) -> T,
    ) -> T {
        let header = |name: &str| self.header(name);
        work(&RequestFacts {
            path: self.path,
            method: self.method,
            header: &header,
            country: self.country.map(|code| Country::parse(code).unwrap()),
            location: self.location,
            client: Some(StableHash::of_number("client", self.seed)),
            pinned_region: self.pinned.as_deref(),
            seed: self.seed,
            now: world.table.as_of,
            ..RequestFacts::new(self.host)
        })
    }
}
