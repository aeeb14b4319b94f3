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
