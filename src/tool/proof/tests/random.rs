//! Random sound configs over everything that the law can say: the proof holds for each.
//!
//! A proof that fails on a sound config is a fault, either of the edge or of the second opinion.
//! `PROOF_CONFIGS=10000 cargo test --release --lib every_random_sound_config` proves as
//! many in some six minutes of one core; `PROOF_SEED=…` begins elsewhere.

use super::*;
use crate::ids::TenantId;
use crate::residency::Pattern;
use crate::tool::requests::Kinds;
use serde_json::{Map, json};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::env;

/// Configs that are proved each time. Each takes about a second without optimisation.
const CONFIGS: u64 = 20;
/// Limits for one config. Many configs find more than many cases of a few do.
const LIMITS: Limits = Limits { cases: 20_000, kinds: 20_000 };
/// Configs that are compared with brute force each time: some in a hundred changes are faults.
const BRUTE_CONFIGS: u64 = 60;
/// So little that every condition is tried alone, and that failures are taken by claim.
const CLASSES_ONLY: Limits = Limits { cases: 0, kinds: 0 };
/// Most kinds of requests that brute force goes through; larger configs are left out.
const BRUTE_KINDS_MAX: usize = 1_000;
/// Configs that are drawn to see that they use the whole vocabulary.
const DRAWN: u64 = 400;
/// Most requests that are drawn for one sound config.
const DRAWS_MAX: u64 = 50;

pub(super) const COUNTRIES: [&str; 8] = ["IE", "DE", "NO", "BR", "US", "US", "JP", "CA"];
const ENTRIES: [&str; 12] =
    ["IE", "DE", "BR", "US", "JP", "CA", "@eea", "@eu", "@eu_adequate", "@home", "@brief", "*"];
pub(super) const RULE_HOSTS: [&str; 4] =
    ["api.example.com", "*.app.example.com", "acme.app.example.com", "www.example.com"];
pub(super) const PATTERNS: [&str; 5] = ["/api/*", "/api/v1", "/login", "/t/acme/*", "/*"];
pub(super) const TENANTS: [&str; 4] = ["acme", "globex", "initech", "hooli"];
const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "PURGE"];

/// `SplitMix64`. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators".
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, below: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(below).unwrap()).unwrap()
    }

    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn one<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// At least one and at most `most` of them, each once.
    pub(super) fn some<T: Clone + PartialEq>(&mut self, choices: &[T], most: usize) -> Vec<T> {
        let mut chosen: Vec<T> = Vec::new();
        for _ in 0..=self.below(most) {
            let one = self.one(choices);
            if !chosen.contains(&one) {
                chosen.push(one);
            }
        }
        chosen
    }
}

/// Regions, each in some country, with one of these attestations and one origin.
pub(super) fn any_regions(
    random: &mut Random,
    ids: &[String],
    attest: &[Value],
) -> Map<String, Value> {
    let region = |id: &String| {
        let origin =
            json!({"id": format!("o-{id}"), "url": format!("https://{id}.origin.example.net")});
        let region = json!({
            "country": random.one(&COUNTRIES), "attest": random.one(attest), "origins": [origin],
        });
        (id.clone(), region)
    };
    ids.iter().map(region).collect()
}

/// Countries, sets and regions. `*` is for pins alone. Mostly the `anchor` is among what they
/// permit, or hardly any config with a few rules would be sound.
pub(super) fn any_allow(
    random: &mut Random,
    regions: &[String],
    anchor: &[String],
    may_be_all: bool,
) -> Vec<String> {
    let entries = ENTRIES.iter().filter(|entry| may_be_all || **entry != "*");
    let entries: Vec<String> = entries.map(|entry| (*entry).to_owned()).collect();
    let named: Vec<String> = regions.iter().map(|id| format!("region:{id}")).collect();
    let mut allow = match random.below(4) {
        0 => random.some(&named, 2),
        1 => [random.some(&named, 1), random.some(&entries, 2)].concat(),
        _ => random.some(&entries, 3),
    };
    let anchor = random.one(anchor);
    if random.percent(80) && !allow.contains(&anchor) {
        allow.push(anchor);
    }
    allow
}

fn any_when(random: &mut Random, has_tenant: bool) -> Value {
    let mut when = json!({});
    if random.percent(60) {
        let guarded = ["IE", "DE", "BR", "US", "JP", "@eea", "@eu_adequate", "@home"];
        when["country"] = json!(random.some(&guarded, 3));
    }
    if random.percent(15) {
        when["continent"] = json!(random.some(&["EU", "NA", "SA", "AS"], 2));
    }
    if random.percent(25) {
        when["host"] = json!(random.some(&RULE_HOSTS[..3], 2));
    }
    if random.percent(35) {
        when["path"] = json!(random.some(&PATTERNS, 2));
    }
    if random.percent(25) {
        when["method"] = json!(random.some(&METHODS, 2));
    }
    if random.percent(25) {
        let said = [json!(true), json!("gold"), json!(["gold", "gold, silver"])];
        when["header"] = json!({random.one(&["x-plan", "x-tenant", "cookie"]): random.one(&said)});
    }
    if has_tenant && random.percent(25) {
        when["tenant"] = json!(random.some(&TENANTS, 2));
    }
    when
}

pub(super) fn any_tenant_source(random: &mut Random) -> Value {
    let mut source = random.one(&[
        json!({"header": "x-tenant"}),
        json!({"cookie": "tenant"}),
        json!({"host_label": 1}),
        json!({"path_segment": 1}),
        json!({"path_segment": 2}),
    ]);
    source["required"] = json!(random.percent(30));
    source["kv"] = json!(random.percent(35));
    source
}

fn any_service(random: &mut Random, regions: &[String]) -> Value {
    let own = random.some(regions, regions.len());
    let policy = random.one(&["ordered", "proximity", "weighted", "latency", "least_outstanding"]);
    let mut service = json!({
        "hosts": ["api.example.com", "*.app.example.com"], "monitor": "m", "regions": own,
        "steering": policy,
    });
    if random.percent(55) {
        service["tenant"] = any_tenant_source(random);
    }
    if random.percent(50) {
        let has_tenant = service.get("tenant").is_some();
        let mut witness = json!({"required": random.percent(30)});
        if !has_tenant || random.percent(60) {
            witness["header"] = json!("x-account-country");
        }
        if has_tenant && (witness.get("header").is_none() || random.percent(40)) {
            witness["tenant"] = json!(true);
        }
        service["second_witness"] = witness;
    }
    if random.percent(30) {
        service["writes"] = json!("primary");
        service["primary"] = json!(random.one(&own));
    }
    for key in ["canary", "shed"] {
        if random.percent(20) {
            service[key] = json!({random.one(&own): random.one(&[1, 50, 100])});
        }
    }
    if random.percent(40) {
        service["publish"] = any_publish(random, &own);
    }
    service
}

/// A record, or a pool for each region with a balancer over them.
pub(super) fn any_publish(random: &mut Random, regions: &[String]) -> Value {
    let name = random.one(&["www.example.com", "api.example.com"]);
    if random.percent(50) {
        return json!([{"dns": {"zone": "example.com", "name": name, "type": "CNAME"}}]);
    }
    let account = "0123456789abcdef0123456789abcdef";
    let pool = |id: &String| json!({"pool": {"account": account, "name": id, "regions": [id]}});
    let by = random.one(&["country_pools", "pool_sets"]);
    let balancer = json!({"zone": "example.com", "name": name, "countries_by": by});
    let mut publish: Vec<Value> = regions.iter().map(pool).collect();
    publish.push(json!({"load_balancer": balancer}));
    publish.into()
}

fn any_document(random: &mut Random) -> Value {
    let ids = random.some(&["us", "de", "r0", "east-1", "west-2"], 4);
    let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
    let attest = [json!([]), json!(["dpf_certified"]), json!(["pipeda_commercial"])];
    let regions = any_regions(random, &ids, &attest);
    let service = any_service(random, &ids);
    let has_tenant = service.get("tenant").is_some();
    let first = service["regions"][0].as_str().unwrap();
    let country = regions[first]["country"].as_str().unwrap();
    let anchor = [format!("region:{first}"), country.to_owned()];
    let rules = (0..random.below(6)).map(|index| {
        let mode = if random.percent(80) { "strict" } else { "preferred" };
        let (when, allow) = (any_when(random, has_tenant), any_allow(random, &ids, &anchor, false));
        json!({"id": format!("rule-{index}"), "when": when, "allow": allow, "mode": mode})
    });
    let rules: Vec<Value> = rules.collect();
    let mut document = json!({
        "version": 1, "regions": regions, "monitors": {"m": {}}, "residency": rules,
        "services": {"s": service},
        "sets": {
            "home": ["DE", "CH", "US"],
            "brief": {"members": ["@eea", "BR"], "expires": random.one(
                &["2025-06-01T00:00:00Z", "2026-06-01T00:00:00Z"],
            )},
        },
    });
    if has_tenant {
        for tenant in random.some(&TENANTS, 3) {
            let mut pin = json!({"allow": any_allow(random, &ids, &anchor, true)});
            if random.percent(50) {
                pin["country"] = json!(random.one(&COUNTRIES));
            }
            document["tenants"][tenant] = pin;
        }
    }
    document
}

/// A config that `check` calls sound, and what it was written as.
fn any_sound(random: &mut Random) -> (Value, Config) {
    for _ in 0..DRAWS_MAX {
        let document = any_document(random);
        if let Ok(config) = Config::read(&document, Fingerprint::of(b"")) {
            return (document, config);
        }
    }
    panic!("the generator makes hardly anything sound");
}

pub(super) fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// How often each part of the vocabulary was there.
fn count(counts: &mut BTreeMap<&'static str, u64>, document: &Value, config: &Config) {
    let service = &document["services"]["s"];
    let text = document.to_string();
    let rules = &config.residency;
    let is_strict = |mode| rules.iter().any(|rule| rule.mode == mode);
    let parts = [
        ("strict rules", is_strict(Mode::Strict)),
        ("preferred rules", is_strict(Mode::Preferred)),
        ("conditions on the country", rules.iter().any(|rule| rule.when.countries.is_some())),
        ("conditions on the host", rules.iter().any(|rule| rule.when.hosts.is_some())),
        ("conditions on the path", rules.iter().any(|rule| rule.when.paths.is_some())),
        ("conditions on the method", rules.iter().any(|rule| rule.when.methods.is_some())),
        ("conditions on headers", rules.iter().any(|rule| !rule.when.headers.is_empty())),
        ("conditions on the tenant", rules.iter().any(|rule| rule.when.tenants.is_some())),
        ("regions by their ids", text.contains("region:")),
        ("attestations", text.contains("dpf_certified")),
        ("tenant by header", service["tenant"].get("header").is_some()),
        ("tenant by cookie", service["tenant"].get("cookie").is_some()),
        ("tenant by host", service["tenant"].get("host_label").is_some()),
        ("tenant by path", service["tenant"].get("path_segment").is_some()),
        ("tenants in KV", service["tenant"]["kv"] == true),
        ("witness by header", service["second_witness"].get("header").is_some()),
        ("witness by tenant", service["second_witness"]["tenant"] == true),
        ("witness required", service["second_witness"]["required"] == true),
        ("pins", !config.tenants.is_empty()),
        ("a primary", service.get("primary").is_some()),
        ("records", text.contains("\"dns\"")),
        ("balancers", text.contains("\"load_balancer\"")),
    ];
    for (part, is_there) in parts {
        *counts.entry(part).or_default() += u64::from(is_there);
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "it says what was proved")]
fn the_proof_holds_for_every_random_sound_config() {
    let (configs, seed) = (number("PROOF_CONFIGS", CONFIGS), number("PROOF_SEED", 2026));
    let mut cases = 0;
    for seed in seed..seed + configs {
        // Each has a seed of its own, so that one can be played again alone.
        let (document, config) = any_sound(&mut Random(seed));
        let proof = prove_within(&config, now(), &Subject::default(), LIMITS);
        assert!(proof.holds, "PROOF_SEED={seed} PROOF_CONFIGS=1: {document:#}\n{proof}");
        cases += proof.proxy_cases;
    }
    println!("{configs} configs, {cases} decisions");
}

#[test]
fn random_configs_use_the_whole_vocabulary_of_the_law() {
    let mut counts = BTreeMap::new();
    for seed in 0..DRAWN {
        let (document, config) = any_sound(&mut Random(seed));
        count(&mut counts, &document, &config);
    }
    let rare: Vec<_> = counts.iter().filter(|(_, count)| **count * 50 < DRAWN).collect();
    assert!(rare.is_empty(), "fewer than 2 in 100 have {rare:?} of {counts:?}");
}

thread_local! {
    /// Which change [`changed`] makes; 0 is none.
    pub(super) static CHANGE: Cell<u64> = const { Cell::new(0) };
}

/// The routing table with one random change.
pub(super) fn changed(view: &View<'_>) -> Routes {
    let mut routes = routes(view);
    let seed = CHANGE.get();
    if seed > 0 {
        let mut random = Random(seed);
        if random.below(4) == 0 {
            change_a_service(&mut random, &mut routes);
        } else {
            change_the_law(&mut random, &mut routes);
        }
    }
    routes
}

/// Takes one out of a list by chance.
pub(super) fn lose<T>(random: &mut Random, list: Option<&mut Vec<T>>) {
    if let Some(list) = list.filter(|list| !list.is_empty()) {
        list.remove(random.below(list.len()));
    }
}

/// Adds one to a list.
pub(super) fn gain<T>(list: Option<&mut Vec<T>>, one: T) {
    if let Some(list) = list {
        list.push(one);
    }
}

fn change_a_service(random: &mut Random, routes: &mut Routes) {
    let ids: Vec<RegionId> = routes.regions.iter().map(|region| region.id.clone()).collect();
    for service in routes.services.values_mut() {
        let at = random.below(service.regions.len());
        match random.below(4) {
            0 => service.regions[at].health = Health::Up,
            1 => service.tenancy = None,
            2 => service.second_witness = None,
            _ => service.regions[at].id = random.one(&ids),
        }
    }
}

fn change_the_law(random: &mut Random, routes: &mut Routes) {
    let ids: Vec<RegionId> = routes.regions.iter().map(|region| region.id.clone()).collect();
    let pins = routes.tenants.len();
    if routes.rules.is_empty() || random.below(5) == 0 {
        let pin = random.below(pins.max(1));
        let pin = routes.tenants.values_mut().nth(pin);
        return pin.into_iter().for_each(|pin| pin.push(random.one(&ids)));
    }
    let at = random.below(routes.rules.len());
    let rule = &mut routes.rules[at];
    let when = &mut rule.when;
    match random.below(15) {
        0 => rule.mode = Mode::Preferred,
        1 => rule.permits.push(random.one(&ids)),
        2 => lose(random, when.countries.as_mut()),
        3 => lose(random, when.hosts.as_mut()),
        4 => lose(random, when.paths.as_mut()),
        5 => lose(random, when.methods.as_mut()),
        6 => lose(random, when.tenants.as_mut()),
        7 => lose(random, when.headers.first_mut().map(|header| &mut header.texts)),
        8 => gain(when.countries.as_mut(), Country::parse(random.one(&COUNTRIES)).unwrap()),
        9 => gain(when.hosts.as_mut(), random.one(&RULE_HOSTS).to_owned()),
        10 => gain(when.paths.as_mut(), Pattern::parse(random.one(&PATTERNS)).unwrap()),
        11 => gain(when.methods.as_mut(), random.one(&METHODS).to_owned()),
        12 => gain(when.tenants.as_mut(), TenantId::parse(random.one(&TENANTS)).unwrap()),
        13 => {
            let texts = when.headers.first_mut().map(|header| &mut header.texts);
            gain(texts, random.one(&["gold", "silver"]).to_owned());
        }
        _ => drop(routes.rules.remove(at)),
    }
}

/// Whether some request is decided wrongly in some whole table: every combination of conditions,
/// with every set of failed regions. `None` if these are too many.
fn brute_force(config: &Config, subject: &Subject) -> Option<bool> {
    let oracle = Oracle::new(config, now());
    let (mut has_fault, mut turn) = (false, 0);
    for service in config.services.values() {
        let kinds = super::super::super::requests::kinds_within(&oracle, service, usize::MAX);
        if kinds.iter().map(Kinds::len).sum::<usize>() > BRUTE_KINDS_MAX {
            return None;
        }
        let regions = oracle.regions_of(service);
        for failed in failures::every(&regions) {
            let ids: Vec<&RegionId> = config.regions.keys().collect();
            let is_down = |id: &RegionId| ids.iter().position(|known| *known == id);
            let is_down = |id: &RegionId| is_down(id).is_some_and(|at| failed.contains(at));
            let health = |id: &RegionId| if is_down(id) { Health::Down } else { Health::Up };
            let state = scenario::state(config, now(), health);
            let routes = (subject.routes)(&View::new(config, &state, now()));
            let Ok(table) = Table::try_from(routes) else { return Some(true) };
            let (now, unknown) = (now(), false);
            let world =
                FailureScenario { config, now, state, table, failed: failed.clone(), unknown };
            for (sample, _) in kinds.iter().flat_map(Kinds::each) {
                let opinion = oracle.opinion(service, &regions, &sample);
                turn += 1;
                let case = ProofCase { sample, opinion };
                has_fault |= proxy::check(subject, service, &world, &case, turn).is_some();
            }
        }
    }
    Some(has_fault)
}

#[test]
#[allow(clippy::print_stdout, reason = "it says what was compared")]
fn classes_find_whatever_brute_force_finds() {
    let (configs, seed) = (number("PROOF_CONFIGS", BRUTE_CONFIGS), number("PROOF_SEED", 5000));
    let (mut compared, mut faulty, mut stricter) = (0, 0, 0);
    for seed in seed..seed + configs {
        let (document, config) = any_sound(&mut Random(seed));
        for change in [0, seed * 2 + 1, seed * 2 + 2] {
            CHANGE.set(change);
            let subject = with_routes(changed);
            let Some(has_fault) = brute_force(&config, &subject) else { continue };
            let proof = prove_within(&config, now(), &subject, CLASSES_ONLY);
            let told = format!("PROOF_SEED={seed} PROOF_CONFIGS=1: {document:#}\n{proof}");
            assert!(!(has_fault && proof.holds), "change {change} is not found: {told}");
            // A change of the table that changes no decision is told as well.
            assert!(change > 0 || proof.holds, "{told}");
            compared += 1;
            faulty += u64::from(has_fault);
            stricter += u64::from(!has_fault && !proof.holds);
        }
    }
    println!("{compared} compared, {faulty} with faults, {stricter} found by the parts alone");
    assert!(configs < BRUTE_CONFIGS || faulty > 0, "nothing was compared");
}
