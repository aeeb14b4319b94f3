//! Two regions of one country, told apart by rules and pins.

use super::*;

fn american() -> Config {
    config(
        r#"
        version = 1
        [monitors.m]
        [regions.us-east-1]
        country = "US"
        origins = [{ id = "use1", url = "https://use1.origin.example.net" }]
        [regions.us-west-2]
        country = "US"
        origins = [{ id = "usw2", url = "https://usw2.origin.example.net" }]
        [services.app]
        hosts = ["*.saas.example"]
        monitor = "m"
        regions = ["us-west-2", "us-east-1"]
        steering = "ordered"
        tenant = { host_label = 1, kv = true }
        [tenants]
        acme = { allow = "us-east-1" }
        [[residency]]
        id = "records"
        when = { method = "POST" }
        allow = ["us-west-2"]
        mode = "strict"
        "#,
    )
}

#[test]
fn it_holds_for_pins_and_rules_by_region() {
    let proof = prove(&american(), now(), &Subject::default());
    assert!(proof.holds, "{proof}");
}

/// Whoever is permitted one region of a country is let into all of it.
fn by_country(view: &View<'_>) -> Routes {
    let mut routes = routes(view);
    let all: Vec<RegionId> = routes.regions.iter().map(|region| region.id.clone()).collect();
    routes.rules.iter_mut().for_each(|rule| rule.permits.clone_from(&all));
    routes
}

#[test]
fn a_rule_by_region_that_is_taken_for_its_country_is_found() {
    assert_found(&american(), &with_routes(by_country), |one| {
        one.what.contains("us-east-1, which is not")
    });
}

#[test]
fn a_pin_by_region_that_is_taken_for_its_country_is_found() {
    fn widens(view: &View<'_>) -> Routes {
        let mut routes = routes(view);
        let all: Vec<RegionId> = routes.regions.iter().map(|region| region.id.clone()).collect();
        routes.tenants.values_mut().for_each(|pin| pin.clone_from(&all));
        routes
    }
    assert_found(&american(), &with_routes(widens), |one| {
        one.what.contains("us-west-2, which is not")
    });
}

#[test]
fn a_pin_in_kv_that_is_taken_for_its_country_is_found() {
    fn ignores_the_region<'t>(
        table: &'t Table,
        request: &RequestFacts<'t>,
        evidence: &Evidence,
    ) -> Decision<'t> {
        let kv_pin = match request.kv_pin {
            KvPin::Is(_) => KvPin::Absent,
            other => other,
        };
        decide(table, &RequestFacts { kv_pin, ..*request }, evidence)
    }
    assert_found(&american(), &with_decide(ignores_the_region), |one| {
        one.example.contains("--kv-allow us-east-1")
    });
}

/// Some set that a pin in KV may name permits one region more.
fn widens_a_set(view: &View<'_>) -> Routes {
    let mut routes = routes(view);
    let more = RegionId::parse("us-east-1").unwrap();
    routes.sets.get_mut("eea").into_iter().for_each(|set| set.push(more.clone()));
    routes
}

#[test]
fn a_set_that_permits_a_pin_in_kv_more_is_found() {
    assert_found(&american(), &with_routes(widens_a_set), |one| {
        one.what.contains("a set permits something else") && one.example.contains("`@eea`")
    });
}

/// A set that is not the config's, for pins in KV that should mean nothing.
fn adds_a_set(view: &View<'_>) -> Routes {
    let mut routes = routes(view);
    routes.sets.insert("nobodys".to_owned(), vec![RegionId::parse("us-east-1").unwrap()]);
    routes
}

#[test]
fn a_set_that_the_config_does_not_have_is_found() {
    assert_found(&american(), &with_routes(adds_a_set), |one| one.example.contains("`@nobodys`"));
}

/// A pin in KV by country leads to a region that is elsewhere.
fn moves_a_region(view: &View<'_>) -> Routes {
    let mut routes = routes(view);
    routes.regions[0].country = Country::parse("DE").unwrap();
    routes
}

#[test]
fn a_region_in_another_country_is_found() {
    assert_found(&american(), &with_routes(moves_a_region), |one| {
        one.what.contains("regions differ from those of the config")
    });
}

fn serves_a_stranger(view: &View<'_>) -> Routes {
    let mut routes = routes(view);
    routes.services.values_mut().for_each(|it| it.hosts.push("www.example.com".to_owned()));
    routes
}

#[test]
fn a_host_that_no_service_has_is_found() {
    assert_found(&american(), &with_routes(serves_a_stranger), |one| {
        one.what.contains("no service of the config has") && one.example.contains("www.example.com")
    });
}

fn has_another_service(view: &View<'_>) -> Routes {
    let mut routes = routes(view);
    let mut other = routes.services.values().next().unwrap().clone();
    other.hosts = Vec::new();
    routes.services.insert(ServiceId::parse("other").unwrap(), other);
    routes
}

#[test]
fn a_service_that_the_config_does_not_have_is_found() {
    assert_found(&american(), &with_routes(has_another_service), |one| {
        one.what.contains("a service other besides")
    });
}

/// A rule about the path `/*` instead of none, which is every path.
fn names_every_path(view: &View<'_>) -> Routes {
    let mut routes = routes(view);
    let all = crate::residency::Pattern::parse("/*").unwrap();
    routes.rules.iter_mut().for_each(|rule| rule.when.paths = Some(vec![all.clone()]));
    routes
}

#[test]
fn a_rule_that_says_the_same_in_other_words_is_no_violation() {
    let proof = prove(&until_june(), now(), &with_routes(names_every_path));
    assert!(proof.holds, "{proof}");
}

/// Until June, clients may be served in Brazil as well.
fn until_june() -> Config {
    config(
        r#"
        version = 1
        [monitors.m]
        [regions.de]
        country = "DE"
        origins = [{ id = "de1", url = "https://de1.origin.example.net" }]
        [regions.br]
        country = "BR"
        origins = [{ id = "br1", url = "https://br1.origin.example.net" }]
        [sets.brief]
        members = ["BR"]
        expires = 2026-06-01T00:00:00Z
        [services.app]
        hosts = ["app.example.com"]
        monitor = "m"
        regions = ["de", "br"]
        steering = "ordered"
        tenant = { header = "x-tenant", kv = true }
        [tenants]
        acme = { allow = ["DE", "@brief"] }
        [[residency]]
        id = "records"
        when = { host = "app.example.com" }
        allow = ["DE", "@brief"]
        mode = "strict"
        "#,
    )
}

/// What is permitted until June is permitted for ever.
fn never_ends(view: &View<'_>) -> Routes {
    let mut routes = routes(view);
    (routes.law_until, routes.lasting) = (None, None);
    routes
}

#[test]
fn a_membership_whose_end_is_not_told_is_found() {
    assert!(prove(&until_june(), now(), &Subject::default()).holds);
    assert_found(&until_june(), &with_routes(never_ends), |one| {
        one.what.contains("does not say that a membership ends at 2026-06-01")
    });
}

/// The regions that the table permits from June on.
fn lasts(view: &View<'_>, change: fn(&mut crate::routes::LastingEntry, RegionId)) -> Routes {
    let mut routes = routes(view);
    let brazil = RegionId::parse("br").unwrap();
    routes.lasting.iter_mut().for_each(|lasting| change(lasting, brazil.clone()));
    routes
}

#[test]
fn a_law_that_permits_more_from_the_first_end_on_is_found() {
    type Makes = fn(&View<'_>) -> Routes;
    let subjects: [(Makes, &str); 3] = [
        (|view| lasts(view, |it, br| it.rules[0].push(br)), "rule records permits something else"),
        (
            |view| {
                lasts(view, |it, br| it.tenants.values_mut().for_each(|pin| pin.push(br.clone())))
            },
            "the pin of a tenant is another",
        ),
        (
            |view| lasts(view, |it, br| it.sets.values_mut().for_each(|set| set.push(br.clone()))),
            "a set permits something else",
        ),
    ];
    for (routes, what) in subjects {
        assert_found(&until_june(), &with_routes(routes), |one| {
            one.what.starts_with("from 2026-") && one.what.contains(what)
        });
    }
}
