//! A second witness of the client's country.

use super::*;
use crate::residency::{Witness, WitnessKind};

/// Germans stay in Ireland or Brazil, Brazilians in Brazil.
fn asking(asks: &Value) -> Table {
    let gdpr = json!({
        "id": "gdpr", "mode": "strict", "when": {"countries": ["DE"]},
        "permits": ["eu-west", "sa-east"],
    });
    let near = json!({
        "id": "near", "mode": "preferred", "when": {"countries": ["BR", "DE"]},
        "permits": ["sa-east"],
    });
    with(&[
        ("/rules", json!([lgpd(), gdpr, near])),
        ("/services/api/second_witness", asks.clone()),
        ("/services/api/tenancy", json!({"source": "header x-tenant", "kv": true})),
        ("/tenants", json!({"acme": ["eu-west", "us-east", "sa-east"], "globex": ["sa-east"]})),
        ("/tenant_countries", json!({"acme": "BR"})),
    ])
}

fn by_header() -> Table {
    asking(&json!({"header": "x-account-country"}))
}

/// What is permitted to a client from `code` whose front end says `said`.
fn permitted(table: &Table, code: &str, said: Option<&str>) -> Vec<String> {
    let header = |name: &str| said.filter(|_| name == "x-account-country").map(str::to_owned);
    let mut regions = regions(table, &RequestFacts { header: &header, ..from(code) });
    regions.sort();
    regions
}

#[test]
fn where_two_witnesses_differ_the_rules_of_both_countries_apply() {
    let table = by_header();
    let everywhere = ["eu-west", "sa-east", "us-east"];
    for (code, said, expected) in [
        ("US", None, &everywhere[..]),
        ("US", Some(""), &everywhere),
        ("US", Some("US"), &everywhere),
        ("US", Some("JP"), &everywhere),
        ("US", Some("BR"), &["sa-east"]),
        ("US", Some("de"), &["eu-west", "sa-east"]),
        ("DE", None, &["eu-west", "sa-east"]),
        ("DE", Some("US"), &["eu-west", "sa-east"]),
        ("DE", Some("BR"), &["sa-east"]),
        ("BR", Some("DE"), &["sa-east"]),
        // What is no country may be any.
        ("US", Some("XX"), &["sa-east"]),
        ("US", Some("US, JP"), &["sa-east"]),
    ] {
        assert_eq!(permitted(&table, code, said), expected, "{code} {said:?}");
    }
}

#[test]
fn a_service_that_asks_for_no_witness_hears_none() {
    let table = asking(&json!(null));
    assert_eq!(permitted(&table, "US", Some("BR")).len(), 3);
    assert!(!table.headers().iter().any(|name| name == "x-account-country"));
    assert!(by_header().headers().iter().any(|name| name == "x-account-country"));
}

#[test]
fn a_witness_that_is_required_and_missing_may_tell_any_country() {
    let table = asking(&json!({"header": "x-account-country", "required": true}));
    assert_eq!(permitted(&table, "US", None), ["sa-east"]);
    assert_eq!(permitted(&table, "US", Some("US")).len(), 3);
    let decision = decide(&table, &from("US"), &Evidence::default());
    assert_eq!(decision.witnesses, [Witness { by: WitnessKind::Missing, country: None }]);
}

fn as_tenant(table: &Table, tenant: &'static str, kv_pin: KvPin<'_>) -> Vec<String> {
    let header = |name: &str| (name == "x-tenant").then(|| tenant.to_owned());
    regions(table, &RequestFacts { header: &header, kv_pin, ..from("US") })
}

#[test]
fn a_tenant_tells_its_own_country_by_the_table_or_by_kv() {
    let table = asking(&json!({"tenant": true}));
    let permitted = |tenant: &'static str, kv_pin: KvPin<'_>| as_tenant(&table, tenant, kv_pin);
    assert_eq!(permitted("acme", KvPin::Unread), ["sa-east"]);
    assert_eq!(permitted("globex", KvPin::Unread), ["sa-east"], "by its pin");
    assert_eq!(permitted("stranger", KvPin::Absent).len(), 3);
    for (text, count) in [
        (r#"{"allow": "*"}"#, 3),
        (r#"{"allow": "*", "country": "US"}"#, 3),
        (r#"{"allow": "*", "country": "DE"}"#, 2),
        (r#"{"allow": "*", "country": "BR"}"#, 1),
        (r#"{"allow": "*", "country": "nowhere"}"#, 1),
    ] {
        let pin = table.read_pin(text, now()).unwrap().pin;
        assert_eq!(permitted("stranger", KvPin::Is(&pin)).len(), count, "{text}");
    }
    let unasked = asking(&json!({"header": "x-account-country"}));
    let acme = |name: &str| (name == "x-tenant").then(|| "acme".to_owned());
    assert_eq!(regions(&unasked, &RequestFacts { header: &acme, ..from("US") }).len(), 3);
}

#[test]
fn a_preferred_rule_of_the_second_country_counts_once() {
    let table = by_header();
    let header = |name: &str| (name == "x-account-country").then(|| "DE".to_owned());
    let request = RequestFacts { header: &header, ..from("DE") };
    assert_eq!(regions(&table, &request), ["sa-east", "eu-west"]);
    let decision = decide(&table, &request, &Evidence::default());
    let ids: Vec<_> = decision.rules().iter().map(|rule| rule.id.as_str().to_owned()).collect();
    assert_eq!(ids, ["gdpr", "near"], "each once");
    let ruling = decision.ruling.unwrap();
    assert_eq!([0, 1, 2].map(|region| ruling.reluctance(region)), [1, 1, 0]);
}
