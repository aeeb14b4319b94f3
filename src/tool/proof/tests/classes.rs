//! Mutants that are wrong for one member of a class, or for one set of failed regions.

use super::*;
use crate::residency::RegionSet;
use serde_json::json;

/// Twenty regions, of which clients of Brazil may use two, fifty tenants with one pin, and rules
/// about paths, methods, headers and hosts, each about many values.
fn large() -> Config {
    let countries = ["DE", "FR", "IE", "BR", "US"];
    let regions = (0..20).map(|number| {
        let origin =
            json!({"id": format!("o{number}"), "url": format!("https://o{number}.example.net")});
        let country = countries[number % countries.len()];
        let country = if number == 18 || number == 3 { "DE" } else { country };
        (format!("r{number:02}"), json!({"country": country, "origins": [origin]}))
    });
    let regions: serde_json::Map<_, _> = regions.collect();
    let ids: Vec<&String> = regions.keys().collect();
    let tenants = (0..50).map(|number| (format!("t{number}"), json!({"allow": ["DE", "US"]})));
    let tenants: serde_json::Map<_, _> = tenants.collect();
    let rule = |id: &str, when: Value, allow: &[&str]| -> Value {
        json!({"id": id, "when": when, "allow": allow, "mode": "strict"})
    };
    let numbered = |prefix: &'static str| (0..40).map(move |number| format!("{prefix}{number}"));
    let paths: Vec<String> = numbered("/p").map(|path| path + "/*").collect();
    let values: Vec<String> = numbered("v").collect();
    let hosts: Vec<String> = numbered("h").map(|host| host + ".example.com").collect();
    let document = json!({
        "version": 1, "regions": regions, "monitors": {"m": {}}, "tenants": tenants,
        "services": {"shop": {
            "hosts": ["*.example.com"], "monitor": "m", "regions": ids,
            "tenant": {"header": "x-tenant"},
        }},
        "residency": [
            rule("lgpd", json!({"country": ["BR", "AR", "CL"]}), &["BR"]),
            rule("paths", json!({"path": paths}), &["DE", "FR", "BR"]),
            rule("methods", json!({"method": ["POST", "PURGE"]}), &["DE", "US", "BR"]),
            rule("values", json!({"header": {"x-plan": values}}), &["DE", "IE", "BR"]),
            rule("hosts", json!({"host": hosts}), &["DE", "FR", "US", "BR"]),
        ],
    });
    Config::parse(&document.to_string()).unwrap()
}

fn find(subject: &Subject, parts: &[&str]) {
    let proof = prove(&large(), now(), subject);
    let is_it = |found: &Violation| {
        parts.iter().all(|part| found.what.contains(part) || found.example.contains(part))
    };
    assert!(proof.violations.iter().any(is_it), "{proof}");
}

#[test]
fn it_holds_although_the_combinations_are_too_many() {
    let proof = prove(&large(), now(), &Subject::default());
    assert!(proof.holds, "{proof}");
    let [shop] = proof.coverage.as_slice() else { panic!("{proof}") };
    assert!(shop.conditions_alone, "{proof}");
    let told = proof.to_string();
    assert!(told.contains("covers every request and every set of failed regions"), "{told}");
}

/// The table, with one rule's condition changed.
fn with_rule(view: &View<'_>, id: &str, change: fn(&mut crate::routes::WhenEntry)) -> Routes {
    let mut routes = routes(view);
    let rules = routes.rules.iter_mut().filter(|rule| rule.id.as_str() == id);
    rules.for_each(|rule| change(&mut rule.when));
    routes
}

#[test]
fn one_country_of_a_class_is_found() {
    let lost = |view: &View<'_>| {
        with_rule(view, "lgpd", |when| {
            when.countries.iter_mut().for_each(|all| all.retain(|one| one.as_str() != "CL"));
        })
    };
    find(&with_routes(lost), &["--country CL"]);
}

#[test]
fn one_path_of_forty_is_found() {
    let lost = |view: &View<'_>| {
        with_rule(view, "paths", |when| {
            when.paths.iter_mut().for_each(|all| all.retain(|one| one.to_string() != "/p31/*"));
        })
    };
    find(&with_routes(lost), &["--path /p31"]);
}

#[test]
fn one_value_of_a_header_is_found() {
    let lost = |view: &View<'_>| {
        with_rule(view, "values", |when| {
            when.headers.iter_mut().for_each(|header| header.texts.retain(|one| one != "v17"));
        })
    };
    find(&with_routes(lost), &["x-plan: v17"]);
}

#[test]
fn one_host_of_forty_is_found() {
    let lost = |view: &View<'_>| {
        with_rule(view, "hosts", |when| {
            when.hosts.iter_mut().for_each(|all| all.retain(|one| one != "h23.example.com"));
        })
    };
    find(&with_routes(lost), &["--host h23.example.com"]);
}

#[test]
fn one_tenant_of_fifty_is_found() {
    fn widens(view: &View<'_>) -> Routes {
        let mut routes = routes(view);
        let everywhere: Vec<RegionId> = routes.regions.iter().map(|it| it.id.clone()).collect();
        let pins = routes.tenants.iter_mut().filter(|(tenant, _)| tenant.as_str() == "t37");
        pins.for_each(|(_, pin)| pin.clone_from(&everywhere));
        routes
    }
    find(&with_routes(widens), &["the pin of a tenant", "t37"]);
}

#[test]
fn a_region_whose_entry_follows_from_another_is_found() {
    /// One region is called up although it is down, as long as another is up.
    fn believes(view: &View<'_>) -> Routes {
        let mut routes = routes(view);
        for service in routes.services.values_mut() {
            let is_up = |id: &str| {
                let mut regions = service.regions.iter();
                regions.any(|it| it.id.as_str() == id && it.health == Health::Up)
            };
            if is_up("r11") {
                let others = service.regions.iter_mut().filter(|it| it.id.as_str() == "r06");
                others.for_each(|region| region.health = Health::Up);
            }
        }
        routes
    }
    find(&with_routes(believes), &["its own health"]);
}

#[test]
fn one_odd_set_of_failed_regions_is_found() {
    /// Both regions of Brazil fail, and nothing else does.
    fn fails_open<'t>(
        table: &'t Table,
        request: &RequestFacts<'t>,
        evidence: &Evidence,
    ) -> Decision<'t> {
        let mut decision = decide(table, request, evidence);
        let odd: RegionSet = [8, 13].into_iter().collect();
        if let Some(service) = decision.service.filter(|service| service.down == odd) {
            decision.regions = service.candidates.iter().collect();
            decision.refusal = None;
        }
        decision
    }
    find(&with_decide(fails_open), &["it may go to"]);
}
