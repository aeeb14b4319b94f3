//! A second witness of the client's country.

use super::*;

/// Germans stay in the EEA, Brazilians in Brazil; acme is a company of Brazil with data anywhere.
fn asking(witness: &str) -> Config {
    config(&format!(
        r#"
        version = 1
        [monitors.m]
        [regions.de]
        country = "DE"
        origins = [{{ id = "de1", url = "https://de1.origin.example.net" }}]
        [regions.br]
        country = "BR"
        origins = [{{ id = "br1", url = "https://br1.origin.example.net" }}]
        [services.app]
        hosts = ["app.example.com"]
        monitor = "m"
        regions = ["de", "br"]
        tenant = {{ header = "x-tenant", kv = true }}
        second_witness = {{ {witness} }}
        [tenants]
        acme = {{ allow = "*", country = "BR" }}
        [[residency]]
        id = "gdpr"
        when = {{ country = "@eea" }}
        allow = "@eea"
        mode = "strict"
        [[residency]]
        id = "lgpd"
        when = {{ country = "BR" }}
        allow = "BR"
        mode = "strict"
        "#
    ))
}

const ASKING: [&str; 4] = [
    "header = \"x-account-country\"",
    "tenant = true",
    "header = \"X-Account-Country\", tenant = true",
    "header = \"x-account-country\", tenant = true, required = true",
];

#[test]
fn it_holds_with_every_kind_of_witness() {
    for witness in ASKING {
        let proof = prove(&asking(witness), now(), &Subject::default());
        assert!(proof.holds, "{witness}: {proof}");
    }
}

#[test]
fn a_witness_that_nobody_hears_is_found() {
    fn is_deaf(view: &View<'_>) -> Routes {
        let mut routes = routes(view);
        for service in routes.services.values_mut() {
            service.second_witness = None;
        }
        routes
    }
    for witness in ASKING {
        assert_found(&asking(witness), &with_routes(is_deaf), |one| {
            one.what.contains("is not permitted")
        });
    }
}

#[test]
fn believing_the_witness_in_place_of_the_edge_is_found() {
    fn believes<'t>(
        table: &'t Table,
        request: &RequestFacts<'t>,
        evidence: &Evidence,
    ) -> Decision<'t> {
        let said = (request.header)("x-account-country");
        let country = said.and_then(|said| Country::parse(&said).ok()).or(request.country);
        decide(table, &RequestFacts { country, ..*request }, evidence)
    }
    assert_found(&asking(ASKING[0]), &with_decide(believes), |one| {
        one.what.contains("is not permitted")
    });
}

#[test]
fn a_tenants_country_that_was_lost_on_the_way_is_found() {
    fn loses(view: &View<'_>) -> Routes {
        let mut routes = routes(view);
        routes.tenant_countries = crate::ordered::Map::new();
        routes
    }
    let config = asking("tenant = true");
    assert_found(&config, &with_routes(loses), |one| one.example.contains("x-tenant: acme"));
}

#[test]
fn a_balancer_whose_lists_go_by_the_clients_country_alone_is_found() {
    fn is_deaf(view: &View<'_>) -> Desired {
        let mut config = view.config.clone();
        for service in config.services.values_mut() {
            service.steering.second_witness = None;
        }
        desired(&View::new(&config, view.state, view.now))
    }
    let text = |witness: Value| {
        let mut document = super::balanced_document("country_pools");
        document["services"]["lb"]["second_witness"] = witness;
        Config::parse(&document.to_string()).unwrap()
    };
    let hearing = text(serde_json::json!({"header": "x-account-country"}));
    let silent = text(serde_json::json!(null));
    let lists = |config: &Config| {
        let state = scenario::state(config, now(), |_| Health::Up);
        let desired = desired(&View::new(config, &state, now()));
        desired.balancers[0].fields.as_ref().unwrap().country_pools.as_ref().unwrap().len()
    };
    assert!(lists(&silent) > 100, "every country outside the EEA has its list");
    assert_eq!(lists(&hearing), 0, "an account may be of any country");
    assert!(prove(&hearing, now(), &Subject::default()).holds);
    let subject = Subject { desired: is_deaf, ..Subject::default() };
    assert_found(&hearing, &subject, |one| one.plane == "balancers");
}
