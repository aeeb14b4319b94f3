//! Small worlds: configs of few parts, with every request that could matter in them.

use super::super::super::super::oracle::{Form, Kv, SampleRequest, SecondOpinion};
use super::super::super::super::requests::{Group, with_tenant, with_witnesses};
use super::super::random::{
    PATTERNS, RULE_HOSTS, Random, TENANTS, any_allow, any_publish, any_regions, any_tenant_source,
};
use super::super::*;
use super::plain;
use crate::config::Service;
use crate::ids::{RuleId, ServiceId};
use crate::residency::TenantSource;
use serde_json::json;
use std::collections::BTreeSet;

/// Most requests of a world, times its sets of failed regions.
const CASES_MAX: usize = 20_000;
/// The same where a witness is asked: each request is there for whatever it tells.
const WITNESSED_CASES_MAX: usize = 2 * CASES_MAX;
/// Most configs that are drawn for one world.
const DRAWS_MAX: u64 = 1_000;

/// Paths in their normal form, and one that nobody can read.
pub(super) const PATHS: [Option<&str>; 14] = [
    Some("/"),
    Some("/acme"),
    Some("/api"),
    Some("/api/v1"),
    Some("/api/v1/x"),
    Some("/apix"),
    Some("/login"),
    Some("/login/x"),
    Some("/t"),
    Some("/t/acme"),
    Some("/t/acme/x"),
    Some("/t/hooli"),
    Some("/other"),
    None,
];
pub(super) const METHODS: [&str; 10] =
    ["GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "PURGE"];
pub(super) const HEADER_TEXTS: [Option<&str>; 8] = [
    None,
    Some("gold"),
    Some("silver"),
    Some("gold, silver"),
    Some(" gold "),
    Some("Gold"),
    Some(""),
    Some("lead,gold"),
];
/// What a witness may tell: every two countries that no rule of [`any_when`] tells apart are alike,
/// and one of each kind is here. `CH` is in the set `home` alone, and `CA` in none.
const WITNESSED: [&str; 8] = ["IE", "DE", "NO", "BR", "US", "JP", "CH", "CA"];
const KINDS: [&str; 6] = ["country", "path", "method", "header", "host", "tenant"];

pub(super) fn countries() -> impl Iterator<Item = Option<Country>> {
    Country::all().map(Some).chain([None])
}

/// One request, and the plain reading of what the rules say of it.
#[derive(Debug)]
pub(super) struct Request {
    form: Form,
    method: &'static str,
    country: Option<Country>,
    pub(super) opinion: SecondOpinion,
    /// The rules that guard it, in the order of their names.
    pub(super) rules: Vec<RuleId>,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) document: Value,
    pub(super) config: Config,
    pub(super) requests: Vec<Request>,
}

impl Request {
    pub(super) fn sample(&self) -> SampleRequest<'_> {
        SampleRequest { form: &self.form, method: self.method, country: self.country }
    }
}

impl World {
    /// A world that is small enough, by chance. In every third the set `brief` has not ended.
    pub(super) fn any(seed: u64) -> Self {
        let mut random = Random(seed);
        let has_ended = seed % 3 != 1;
        for _ in 0..DRAWS_MAX {
            let mut document = any_document(&mut random);
            if !has_ended {
                document["sets"]["brief"]["expires"] = json!("2026-06-01T00:00:00Z");
            }
            let Ok(config) = Config::read(&document, Fingerprint::of(b"")) else { continue };
            let service = config.services.values().next().unwrap();
            let (forms, methods) = (forms(&config, service), methods(&config, service));
            let sets = (1 << config.regions.len()) + 1;
            let is_witnessed = service.steering.second_witness.is_some();
            let most = if is_witnessed { WITNESSED_CASES_MAX } else { CASES_MAX };
            if forms.len() * methods.len() * countries().count() * sets <= most {
                let requests = requests(&config, &forms, methods);
                return Self { document, config, requests };
            }
        }
        panic!("the generator makes hardly anything small");
    }

    pub(super) fn id(&self) -> &ServiceId {
        self.config.services.keys().next().unwrap()
    }

    pub(super) fn service(&self) -> &Service {
        self.config.services.values().next().unwrap()
    }

    /// Every host that is asked for, each once.
    pub(super) fn hosts(&self) -> BTreeSet<&str> {
        self.requests.iter().map(|request| request.form.host.as_str()).collect()
    }
}

/// Every form with every method from every country.
fn requests(config: &Config, forms: &[Form], methods: &'static [&'static str]) -> Vec<Request> {
    let oracle = Oracle::new(config, now());
    let service = config.services.values().next().unwrap();
    let regions = oracle.regions_of(service);
    let mut all = Vec::new();
    for form in forms {
        for method in methods.iter().copied() {
            for country in countries() {
                let sample = SampleRequest { form, method, country };
                let opinion = match oracle.opinion(service, &regions, &sample) {
                    SecondOpinion::Refuse(refusal) => SecondOpinion::Refuse(refusal),
                    SecondOpinion::Permit(permitted) => {
                        let plain = plain::places(config, &sample, &regions);
                        assert_eq!(permitted, plain, "the oracle has read {sample:?} otherwise");
                        SecondOpinion::Permit(plain)
                    }
                };
                let guarding =
                    config.residency.iter().filter(|it| plain::guards(&it.when, &sample));
                let mut rules: Vec<RuleId> = guarding.map(|rule| rule.id.clone()).collect();
                rules.sort_unstable();
                all.push(Request { form: form.clone(), method, country, opinion, rules });
            }
        }
    }
    all
}

fn methods(config: &Config, service: &Service) -> &'static [&'static str] {
    let is_asked = config.residency.iter().any(|rule| rule.when.methods.is_some());
    if is_asked || service.steering.primary.is_some() {
        &["GET", "HEAD", "OPTIONS", "POST", "PURGE"]
    } else {
        &["GET"]
    }
}

/// Every host, path, header and tenant, and what KV and witnesses may say.
fn forms(config: &Config, service: &Service) -> Vec<Form> {
    let asks = |asks: fn(&crate::residency::When) -> bool| {
        config.residency.iter().any(|rule| asks(&rule.when))
    };
    let source = service.steering.tenancy.as_ref().map(|tenancy| &tenancy.source);
    let mut hosts: Vec<String> = vec!["api.example.com".to_owned()];
    if service.hosts.len() > 1 {
        let labels: &[&str] = match source {
            Some(TenantSource::HostLabel(_)) => &["acme", "globex", "initech", "hooli", "unknown"],
            _ => &["acme", "x", "hooli"],
        };
        hosts.extend(labels.iter().map(|label| format!("{label}.app.example.com")));
    }
    let looks_at_path = asks(|when| when.paths.is_some())
        || source.is_some_and(|source| matches!(source, TenantSource::PathSegment(_)));
    let paths = if looks_at_path { &PATHS[..] } else { &PATHS[..1] };
    let mut paths: Vec<Option<String>> = paths.iter().map(|path| path.map(str::to_owned)).collect();
    if let Some(TenantSource::PathSegment(segment)) = source {
        let before = if *segment == 1 { "" } else { "/x" };
        paths.extend(TENANTS.iter().map(|tenant| Some(format!("{before}/{tenant}"))));
    }
    let looks_at_header = asks(|when| !when.headers.is_empty());
    let texts = if looks_at_header { &HEADER_TEXTS[..] } else { &HEADER_TEXTS[..1] };
    // Hosts and paths have their tenants in them already.
    let mut tenants = vec![None];
    if matches!(source, Some(TenantSource::Header(_) | TenantSource::Cookie(_))) {
        tenants.extend(TENANTS.into_iter().chain(["unknown", "a b"]).map(Some));
    }
    let groups: Vec<Group> =
        WITNESSED.iter().map(|code| Group { countries: vec![Country::parse(code).ok()] }).collect();
    let mut forms: Vec<Form> = Vec::new();
    for host in &hosts {
        for path in &paths {
            for text in texts {
                let headers = text.iter().map(|text| ("x-plan".to_owned(), (*text).to_owned()));
                let form = Form::of(host, path.clone(), headers.collect());
                for tenant in &tenants {
                    for form in with_tenant(config, service, form.clone(), *tenant) {
                        forms.extend(with_witnesses(config, service, form, &groups));
                    }
                }
            }
        }
    }
    forms.iter_mut().for_each(Form::spell);
    let mut distinct: Vec<Form> = Vec::new();
    for form in forms {
        if !distinct.contains(&form) {
            distinct.push(form);
        }
    }
    distinct
}

fn any_document(random: &mut Random) -> Value {
    let kinds = random.some(&KINDS, 2);
    let ids = random.some(&["us", "de", "r0", "east-1"], 4);
    let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
    let regions = any_regions(random, &ids, &[json!([]), json!(["dpf_certified"])]);
    let service = any_service(random, &ids, &kinds);
    let has_tenant = service.get("tenant").is_some();
    let anchor = ids.iter().map(|id| format!("region:{id}")).collect::<Vec<_>>();
    let rules = (0..random.below(5)).map(|index| {
        let mode = if random.percent(85) { "strict" } else { "preferred" };
        let when = any_when(random, &kinds, has_tenant);
        let allow = any_allow(random, &ids, &anchor, false);
        json!({"id": format!("rule-{index}"), "when": when, "allow": allow, "mode": mode})
    });
    let rules: Vec<Value> = rules.collect();
    let mut document = json!({
        "version": 1, "regions": regions, "monitors": {"m": {}}, "residency": rules,
        "services": {"s": service},
        "sets": {
            "home": ["DE", "CH", "US"],
            "brief": {"members": ["@eea", "BR"], "expires": "2025-06-01T00:00:00Z"},
        },
    });
    if has_tenant {
        for tenant in random.some(&TENANTS, 3) {
            let pin = json!({"allow": any_allow(random, &ids, &anchor, true)});
            document["tenants"][tenant] = pin;
        }
    }
    document
}

fn any_service(random: &mut Random, ids: &[String], kinds: &[&str]) -> Value {
    let own = random.some(ids, ids.len());
    let policy = random.one(&["ordered", "proximity", "weighted", "latency"]);
    let mut hosts = vec!["api.example.com"];
    let mut service = json!({"monitor": "m", "regions": own, "steering": policy});
    if kinds.contains(&"tenant") || random.percent(10) {
        service["tenant"] = any_tenant_source(random);
        service["tenant"]["kv"] = json!(random.percent(15));
    }
    if kinds.contains(&"host") || service["tenant"].get("host_label").is_some() {
        hosts.push("*.app.example.com");
    }
    service["hosts"] = json!(hosts);
    if random.percent(10) {
        service["second_witness"] =
            json!({"header": "x-account-country", "required": random.percent(30)});
    }
    if random.percent(20) {
        service["writes"] = json!("primary");
        service["primary"] = json!(random.one(&own));
    }
    if random.percent(40) {
        service["publish"] = any_publish(random, &own);
    }
    service
}

fn any_when(random: &mut Random, kinds: &[&str], has_tenant: bool) -> Value {
    let mut when = json!({});
    for kind in kinds {
        if !random.percent(75) {
            continue;
        }
        let condition = match *kind {
            "country" => {
                json!(random.some(&["IE", "DE", "BR", "US", "JP", "@eea", "@home"], 3))
            }
            "path" => json!(random.some(&PATTERNS, 2)),
            "method" => json!(random.some(&["GET", "HEAD", "POST", "PURGE"], 2)),
            "header" => {
                let said = [json!(true), json!("gold"), json!(["gold", "silver"])];
                json!({"x-plan": random.one(&said)})
            }
            "host" => json!(random.some(&RULE_HOSTS, 2)),
            _ if has_tenant => json!(random.some(&TENANTS, 2)),
            _ => continue,
        };
        when[*kind] = condition;
    }
    when
}

#[test]
fn small_worlds_have_everything_that_the_law_can_say() {
    let mut all = String::new();
    let mut kv = false;
    for seed in 0..400 {
        let world = World::any(seed);
        kv |= world.requests.iter().any(|request| request.form.kv != Kv::Absent);
        all += &world.document.to_string();
    }
    assert!(kv, "no tenant is in KV");
    for word in [
        "\"country\":[",
        "\"path\":[",
        "\"method\":[",
        "\"x-plan\"",
        "\"host\":[",
        "\"tenant\":[",
        "preferred",
        "\"header\":\"x-tenant\"",
        "cookie",
        "host_label",
        "path_segment",
        "required",
        "second_witness",
        "primary",
        "dns",
        "load_balancer",
        "pool",
    ] {
        assert!(all.contains(word), "no world has {word}");
    }
}
