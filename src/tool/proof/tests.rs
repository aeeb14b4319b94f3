use super::*;
use crate::cloudflare::{Action, Change, Effect, OriginEdit, RecordMember, Switch, Urgency};
use crate::config;
use crate::country::{COUNTRIES, Country};
use crate::health::Health;
use crate::residency::Mode;
use crate::steering::{KvPin, Refusal};
use crate::tool::Source;
use crate::tool::oracle::Oracle;
use serde_json::Value;

mod brute;
mod classes;
mod random;
mod regions;
mod report;
mod witness;

fn config(text: &str) -> Config {
    let source = Source::read("shop.toml", text).unwrap();
    Config::parse(&config::canonical(&source.value)).unwrap()
}

fn shop() -> Config {
    config(include_str!("../../../tests/tool/shop.toml"))
}

fn now() -> Timestamp {
    Timestamp::try_from("2026-01-01T00:00:00Z".to_owned()).unwrap()
}

/// Every violation that the proof tells, each in one line.
fn violations(subject: &Subject) -> Vec<String> {
    let proof = prove(&shop(), now(), subject);
    assert_eq!(proof.holds, proof.violations.is_empty());
    let told = |violation: &Violation| {
        let Violation { plane, service, what, example, down } = violation;
        format!("{plane} {service}: {what}: {example}: {down:?}")
    };
    proof.violations.iter().map(told).collect()
}

fn with_decide(
    decide: for<'t> fn(&'t Table, &RequestFacts<'t>, &Evidence) -> Decision<'t>,
) -> Subject {
    Subject { decide, ..Subject::default() }
}

fn with_routes(routes: fn(&View<'_>) -> Routes) -> Subject {
    Subject { routes, ..Subject::default() }
}

/// Asserts that the proof finds a violation like this.
#[track_caller]
fn assert_found(config: &Config, subject: &Subject, is_it: impl Fn(&Violation) -> bool) {
    let proof = prove(config, now(), subject);
    assert!(proof.violations.iter().any(is_it), "{proof}");
}

fn has(violations: &[String], parts: &[&str]) -> bool {
    violations.iter().any(|told| parts.iter().all(|part| told.contains(part)))
}

#[test]
fn it_holds_for_the_code_of_the_edge() {
    let proof = prove(&shop(), now(), &Subject::default());
    assert!(proof.holds, "{proof}");
    assert_eq!(proof.violations_total, 0);
    let shop = proof.coverage.iter().find(|one| one.service.as_str() == "shop").unwrap();
    assert_eq!((shop.regions, shop.depth), (4, Depth::EverySet));
    // One of each kind for each set of failures, and every country with all up and all unknown.
    let countries = u64::try_from(2 * (COUNTRIES + 1)).unwrap();
    assert!(proof.proxy_cases > countries, "{}", proof.proxy_cases);
    assert!(proof.dns_cases > 0 && proof.pool_cases > 0);
}

#[test]
fn its_fingerprint_is_the_one_of_the_routes_whatever_is_down() {
    let config = shop();
    let state = scenario::state(&config, now(), |_| Health::Down);
    let published = routes(&View::new(&config, &state, now()));
    assert_eq!(prove(&config, now(), &Subject::default()).law, published.law);
}

#[test]
fn a_law_with_another_date_has_another_fingerprint() {
    let text = include_str!("../../../tests/tool/shop.toml").replace(
        "allow = \"DE\"",
        "allow = \"@home\"\n[sets.home]\nmembers = [\"DE\"]\nexpires = 2026-06-01T00:00:00Z",
    );
    let config = config(&text);
    let july = Timestamp::try_from("2026-07-01T00:00:00Z".to_owned()).unwrap();
    let [before, after] = [now(), july].map(|now| prove(&config, now, &Subject::default()));
    assert!(before.holds && after.holds, "{before}{after}");
    assert_ne!(before.law, after.law);
}

#[test]
fn failing_open_when_all_are_down_is_found() {
    fn fails_open<'t>(
        table: &'t Table,
        request: &RequestFacts<'t>,
        evidence: &Evidence,
    ) -> Decision<'t> {
        let mut decision = decide(table, request, evidence);
        if decision.refusal == Some(Refusal::NoUsableRegion) {
            decision.refusal = None;
            decision.regions =
                decision.service.iter().flat_map(|service| &service.candidates).collect();
        }
        decision
    }
    let found = violations(&with_decide(fails_open));
    assert!(has(&found, &["proxy", "not permitted", "--host"]), "{found:#?}");
}

#[test]
fn trusting_the_cookie_before_the_law_is_found() {
    fn trusts<'t>(
        table: &'t Table,
        request: &RequestFacts<'t>,
        evidence: &Evidence,
    ) -> Decision<'t> {
        let mut decision = decide(table, request, evidence);
        let candidates = decision.service.iter().flat_map(|service| &service.candidates);
        let mut pinned =
            candidates.filter(|it| Some(it.entry.id.as_str()) == request.pinned_region);
        if let (Some(pinned), None) = (pinned.next(), decision.refusal) {
            decision.regions.insert(0, pinned);
        }
        decision
    }
    let found = violations(&with_decide(trusts));
    assert!(has(&found, &["proxy", "not permitted"]), "{found:#?}");
}

#[test]
fn taking_an_unknown_country_for_a_free_one_is_found() {
    fn is_careless<'t>(
        table: &'t Table,
        request: &RequestFacts<'t>,
        evidence: &Evidence,
    ) -> Decision<'t> {
        let country = request.country.or(Country::parse("US").ok());
        decide(table, &RequestFacts { country, ..*request }, evidence)
    }
    let found = violations(&with_decide(is_careless));
    assert!(has(&found, &["proxy shop", "not permitted"]), "{found:#?}");
    assert!(!has(&found, &["--country"]), "only clients from nowhere: {found:#?}");
}

#[test]
fn comparing_paths_as_they_are_written_is_found() {
    fn is_literal<'t>(
        table: &'t Table,
        request: &RequestFacts<'t>,
        evidence: &Evidence,
    ) -> Decision<'t> {
        let is_disguised = request.path.contains("ccount") && !request.path.starts_with("/account");
        let path = if is_disguised { "/" } else { request.path };
        decide(table, &RequestFacts { path, ..*request }, evidence)
    }
    let found = violations(&with_decide(is_literal));
    assert!(has(&found, &["not permitted", "--path /account"]), "{found:#?}");
}

#[test]
fn a_refusal_that_is_not_so_is_found() {
    fn gives_up<'t>(
        table: &'t Table,
        request: &RequestFacts<'t>,
        evidence: &Evidence,
    ) -> Decision<'t> {
        let mut decision = decide(table, request, evidence);
        if decision.regions.len() == 1 {
            decision.regions.clear();
            decision.refusal = Some(Refusal::NoUsableRegion);
        }
        decision
    }
    let found = violations(&with_decide(gives_up));
    assert!(has(&found, &["refused for `no_usable_region`, which is not true"]), "{found:#?}");
}

#[test]
fn blaming_the_law_for_an_outage_is_found() {
    fn blames<'t>(
        table: &'t Table,
        request: &RequestFacts<'t>,
        evidence: &Evidence,
    ) -> Decision<'t> {
        let mut decision = decide(table, request, evidence);
        if decision.refusal == Some(Refusal::NoUsableRegion) {
            decision.refusal = Some(Refusal::NoPermittedRegion);
        }
        decision
    }
    let found = violations(&with_decide(blames));
    assert!(has(&found, &["refused for `no_permitted_region`, which is not true"]), "{found:#?}");
}

#[test]
fn a_rule_that_was_lost_on_the_way_is_found() {
    fn loses(view: &View<'_>) -> Routes {
        let mut routes = routes(view);
        routes.rules.retain(|rule| rule.id.as_str() != "lgpd");
        routes
    }
    let found = violations(&with_routes(loses));
    assert!(has(&found, &["proxy shop", "not permitted", "--country BR"]), "{found:#?}");
}

#[test]
fn one_country_that_was_lost_on_the_way_is_found() {
    fn loses_malta(view: &View<'_>) -> Routes {
        let malta = Country::parse("MT").unwrap();
        let mut routes = routes(view);
        for rule in &mut routes.rules {
            rule.when.countries.iter_mut().for_each(|known| known.retain(|one| *one != malta));
        }
        routes
    }
    let found = violations(&with_routes(loses_malta));
    assert!(!found.is_empty());
    assert!(found.iter().all(|told| told.contains("--country MT")), "{found:#?}");
}

#[test]
fn a_law_that_gives_way_to_an_outage_is_found() {
    fn gives_way(view: &View<'_>) -> Routes {
        let mut routes = routes(view);
        let is_down = |entry: &crate::routes::CandidateEntry| entry.health == Health::Down;
        if routes.services.values().flat_map(|service| &service.regions).any(is_down) {
            routes.rules.iter_mut().for_each(|rule| rule.mode = Mode::Preferred);
            routes.law = crate::fingerprint::Fingerprint::of(b"another law");
        }
        routes
    }
    assert!(has(&violations(&with_routes(gives_way)), &["routes", "its law has the fingerprint"]));
}

/// One region, a tenant that is told in this way, and a rule about paths.
fn told(tenant: &str) -> Config {
    config(&format!(
        "version = 1\n[monitors.m]\n[regions.eu]\ncountry = \"IE\"\n\
         origins = [{{ id = \"eu1\", url = \"https://eu1.example.net\" }}]\n[services.api]\n\
         hosts = [\"api.example.com\"]\nmonitor = \"m\"\nregions = [\"eu\"]\n\
         tenant = {{ {tenant} }}\n[[residency]]\nid = \"gdpr\"\nwhen = {{ path = \"/api/*\" }}\n\
         allow = \"@eea\"\nmode = \"strict\"\n"
    ))
}

const EVERY_TENANT_SOURCE: [&str; 4] =
    ["header = \"x-tenant\"", "cookie = \"tenant\"", "host_label = 1", "path_segment = 1"];

#[test]
fn it_holds_wherever_the_tenant_is_told_beside_a_rule_about_paths() {
    for tenant in EVERY_TENANT_SOURCE {
        let proof = prove(&told(tenant), now(), &Subject::default());
        assert!(proof.holds, "{tenant}: {proof}");
    }
}

#[test]
fn taking_a_tenant_that_nobody_can_read_for_none_is_found() {
    fn takes_for_none<'t>(
        table: &'t Table,
        request: &RequestFacts<'t>,
        evidence: &Evidence,
    ) -> Decision<'t> {
        let decision = decide(table, request, evidence);
        if decision.refusal != Some(Refusal::UnknownTenant) {
            return decision;
        }
        decide(table, &RequestFacts { path: "/api", header: &|_| None, ..*request }, evidence)
    }
    // A label of a host is always read.
    for tenant in EVERY_TENANT_SOURCE.into_iter().filter(|tenant| !tenant.contains("label")) {
        assert_found(&told(tenant), &with_decide(takes_for_none), |one| {
            one.what.contains("not permitted")
        });
    }
}

#[test]
fn a_write_that_health_refuses_before_the_law_is_found() {
    fn asks_health_first<'t>(
        table: &'t Table,
        request: &RequestFacts<'t>,
        evidence: &Evidence,
    ) -> Decision<'t> {
        let mut decision = decide(table, request, evidence);
        let all_down = decision.service.is_some_and(|s| s.regions.is_subset_of(&s.down));
        if all_down && decision.refusal == Some(Refusal::NoPermittedRegion) {
            decision.refusal = Some(Refusal::NoUsableRegion);
        }
        decision
    }
    let config = config(&include_str!("../../../tests/tool/shop.toml").replacen(
        "steering = ",
        "writes = \"primary\"\nsteering = ",
        1,
    ));
    assert!(prove(&config, now(), &Subject::default()).holds);
    assert_found(&config, &with_decide(asks_health_first), |one| {
        one.what.contains("`no_usable_region`")
    });
}

#[test]
fn a_pin_that_was_lost_on_the_way_is_found() {
    fn loses(view: &View<'_>) -> Routes {
        let mut routes = routes(view);
        routes.tenants = crate::ordered::Map::new();
        routes
    }
    let found = violations(&with_routes(loses));
    assert!(has(&found, &["not permitted", "--header 'x-tenant: acme'"]), "{found:#?}");
}

#[test]
fn a_record_that_leads_out_is_found() {
    fn leads_out(view: &View<'_>) -> Desired {
        let mut desired = desired(view);
        for records in desired.records.iter_mut().filter(|records| records.answer.is_none()) {
            let region = RegionId::parse("us-east").unwrap();
            records.answer = Some((region, Set::from(["us1.origin.example.com".to_owned()])));
        }
        desired
    }
    let found = violations(&Subject { desired: leads_out, ..Subject::default() });
    assert!(has(&found, &["dns files", "us-east", "not permitted for everybody"]), "{found:#?}");
}

#[test]
fn a_record_that_is_kept_although_it_leads_out_is_found() {
    fn keeps(view: &View<'_>) -> Desired {
        let mut desired = desired(view);
        for records in &mut desired.records {
            let region = RegionId::parse("us-east").unwrap();
            let member = RecordMember { switch: Switch::Leave, region };
            records.permitted.insert("us1.origin.example.com".to_owned(), member);
        }
        desired
    }
    let found = violations(&Subject { desired: keeps, ..Subject::default() });
    assert!(has(&found, &["dns files", "may keep us1.origin.example.com"]), "{found:#?}");
}

/// Disables every origin that is down, whoever else is left.
fn unguarded(desired: &Desired, observed: &Observed, _: &Set<Hold>, _: &Circumstances) -> Plan {
    let wanted = desired.pools.iter().flat_map(|pool| pool.origins.iter());
    let edit = OriginEdit { enabled: Some(false), ..OriginEdit::default() };
    let down = wanted.filter(|(_, member)| member.switch == Switch::Disable);
    let edits = crate::ordered::Map::of(down.map(|(address, _)| (address.clone(), edit.clone())));
    let pools = observed.pools.iter().flat_map(|(account, pools)| {
        pools.iter().map(|pool| Action {
            urgency: Urgency::Failover,
            service: None,
            change: Change::Origins {
                account: account.clone(),
                id: pool.id.clone(),
                name: pool.name.clone(),
                edits: edits.clone(),
            },
            reason: String::new(),
            effect: Effect::default(),
        })
    });
    Plan { actions: pools.collect(), ..Plan::default() }
}

#[test]
fn a_plan_that_empties_a_jurisdiction_is_found() {
    let found = violations(&Subject { plan: unguarded, ..Subject::default() });
    assert!(has(&found, &["pools ledger", "the last origin is disabled"]), "{found:#?}");
    assert!(has(&found, &["pools ledger", "that rule gdpr permits"]), "{found:#?}");
}

/// Two pools behind a balancer; clients of the EEA stay in Germany.
fn balanced(countries_by: &str) -> Config {
    Config::parse(&balanced_document(countries_by).to_string()).unwrap()
}

fn balanced_document(countries_by: &str) -> Value {
    let region = |country: &str, host: &str| {
        serde_json::json!({
            "country": country,
            "origins": [{"id": host, "url": format!("https://{host}.origin.example.com")}],
        })
    };
    let pool = |name: &str, region: &str| {
        let account = "0123456789abcdef0123456789abcdef";
        serde_json::json!({"pool": {"account": account, "name": name, "regions": [region]}})
    };
    let balancer = serde_json::json!({"load_balancer": {
        "zone": "example.com", "name": "lb.example.com", "countries_by": countries_by,
    }});
    serde_json::json!({
        "version": 1,
        "regions": {"eu": region("DE", "eu1"), "us": region("US", "us1")},
        "monitors": {"http": {}},
        "services": {"lb": {
            "monitor": "http",
            "regions": ["us", "eu"],
            "publish": [pool("eu", "eu"), pool("us", "us"), balancer],
        }},
        "residency": [{
            "id": "gdpr", "when": {"country": "@eea"}, "allow": ["@eea"], "mode": "strict",
        }],
    })
}

#[test]
fn balancers_are_proved_in_both_forms() {
    for countries_by in ["country_pools", "pool_sets"] {
        let proof = prove(&balanced(countries_by), now(), &Subject::default());
        assert!(proof.holds, "{proof}");
        assert!(proof.balancer_cases > 3, "{proof}");
    }
}

#[test]
fn a_balancer_that_leads_out_is_found_in_whatever_list() {
    fn with(view: &View<'_>, list: &str) -> Desired {
        let mut desired = desired(view);
        for fields in desired.balancers.iter_mut().filter_map(|b| b.fields.as_mut()) {
            let us = || vec!["us".to_owned()];
            let at = |code: &str| Some(crate::ordered::Map::of([(code.to_owned(), us())]));
            match list {
                "default" => fields.default_pools = Some(us()),
                "fallback" => fields.fallback_pool = Some("us".to_owned()),
                "region" => fields.region_pools = at("ENAM"),
                "pop" => fields.pop_pools = at("IAD"),
                "country" => fields.country_pools = at("FR"),
                _ => fields.pool_sets.iter_mut().flatten().for_each(|set| {
                    let topology = set.matches.topology.iter_mut();
                    topology.for_each(|t| t.countries = Some(vec!["FR".to_owned()]));
                }),
            }
        }
        desired
    }
    type Wants = fn(&View<'_>) -> Desired;
    let subjects: [(Wants, &str); 6] = [
        (|view| with(view, "default"), "default_pools leads"),
        (|view| with(view, "fallback"), "fallback_pool leads"),
        (|view| with(view, "region"), "region_pools ENAM leads"),
        (|view| with(view, "pop"), "pop_pools IAD leads"),
        (|view| with(view, "country"), "country_pools leads a client from FR to pool us"),
        (|view| with(view, "sets"), "pool set pointsman-0 leads a client from FR to pool us"),
    ];
    for (desired, what) in subjects {
        let config = balanced("pool_sets");
        let proof = prove(&config, now(), &Subject { desired, ..Subject::default() });
        let found = proof.violations.iter().any(|found| found.what.contains(what));
        assert!(found && !proof.holds, "{what}: {proof}");
    }
}
