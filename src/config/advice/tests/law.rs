//! Rules that exclude each other, tenants that nothing names, witnesses that tell nothing.

use super::*;

/// Three regions: Germany, Ireland, the United States.
fn with_rules(rules: &Value) -> Value {
    let mut config = quiet();
    config["residency"] = rules.clone();
    config
}

fn strict(id: &str, when: &Value, allow: &[&str]) -> Value {
    json!({"id": id, "when": when, "allow": allow, "mode": "strict"})
}

/// What is said with this code, in full.
fn said(config: &Value, code: AdviceCode) -> Vec<String> {
    let config = Config::parse(&config.to_string()).unwrap();
    let told = advise(&config, at(NOW));
    told.iter().filter(|told| told.code == code).map(ToString::to_string).collect()
}

fn are_apart(rules: &[Value]) -> bool {
    let found = said(&with_rules(&json!(rules)), AdviceCode::W124);
    assert!(found.len() < 2, "{found:?}");
    !found.is_empty()
}

#[test]
fn two_rules_that_permit_nothing_together_are_named() {
    let rules = json!([
        strict("in-germany", &json!({"country": "DE"}), &["DE"]),
        strict("pay-abroad", &json!({"path": "/pay/*"}), &["US"]),
    ]);
    let expected = "W124 residency[1].allow: the rules `in-germany` and `pay-abroad` together \
                    permit no region of `web`; a request that is under all of them gets 451 for \
                    ever; hint: add a region that all of them permit";
    assert_eq!(said(&with_rules(&rules), AdviceCode::W124), [expected]);
}

#[test]
fn rules_that_no_request_can_be_under_at_once_are_not_told() {
    let pair = |first: Value, second: Value| {
        are_apart(&[strict("a", &first, &["DE"]), strict("b", &second, &["US"])])
    };
    for (first, second, apart) in [
        (json!({}), json!({}), true),
        (json!({"country": "DE"}), json!({"country": "BR"}), false),
        (json!({"country": ["DE", "FR"]}), json!({"country": ["FR", "BR"]}), true),
        (json!({"path": "/a/*"}), json!({"path": "/b"}), false),
        (json!({"path": "/a/*"}), json!({"path": "/a/b"}), true),
        (json!({"path": ["/b", "/a"]}), json!({"path": "/a/*"}), true),
        (json!({"method": "POST"}), json!({"method": "GET"}), false),
        (json!({"method": "GET"}), json!({"method": "HEAD"}), true),
        (json!({"header": {"x-a": "1"}}), json!({"header": {"x-a": "2"}}), true),
    ] {
        assert_eq!(pair(first.clone(), second.clone()), apart, "{first} {second}");
    }
    let preferred = json!({"id": "b", "when": {}, "allow": ["US"], "mode": "preferred"});
    assert!(!are_apart(&[strict("a", &json!({}), &["DE"]), preferred]));
    let overlapping = strict("b", &json!({}), &["DE", "US"]);
    assert!(!are_apart(&[strict("a", &json!({}), &["DE"]), overlapping]));
}

#[test]
fn three_rules_of_which_each_two_agree_are_named_together_and_a_fourth_is_not() {
    let rules = json!([
        strict("a", &json!({"country": "FR"}), &["DE", "IE"]),
        strict("b", &json!({"country": "FR"}), &["IE", "US"]),
        strict("c", &json!({"country": ["FR", "BR"]}), &["DE", "US"]),
        strict("all", &json!({}), &["DE", "IE", "US"]),
    ]);
    let found = said(&with_rules(&rules), AdviceCode::W124);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("the rules `a` and `b` and `c` together"), "{found:?}");
}

#[test]
fn a_rule_is_named_once_with_the_pins_that_it_excludes() {
    let mut config = with_rules(&json!([
        strict("law", &json!({"country": "FR"}), &["DE"]),
        strict("one", &json!({"tenant": "t1"}), &["DE", "IE"]),
    ]));
    config["services"]["web"]["tenant"] = json!({"header": "x-tenant"});
    for index in 0..5 {
        config["tenants"][format!("t{index}")] = json!({"allow": "US"});
    }
    config["tenants"]["fine"] = json!({"allow": ["DE", "US"]});
    let found = said(&config, AdviceCode::W124);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("rule `law` and each of the pins of `t0`, `t1`, `t2` and 2 more"));
    assert!(found[1].contains("rule `one` and the pin of `t1` together permit no region of `web`"));
}

fn about(tenant: &str) -> Value {
    let mut config =
        with_rules(&json!([strict("stays", &json!({"tenant": tenant}), &["DE", "IE"])]));
    config["services"]["web"]["tenant"] = json!({"header": "x-tenant"});
    config["tenants"] = json!({"acme": {"allow": ["DE", "US"]}, "shop-1": {"allow": ["DE", "US"]}});
    config
}

#[test]
fn a_tenant_that_is_nearly_another_one_is_told_with_the_name_that_is_meant() {
    let expected = "W123 residency[0].when.tenant: rule `stays` is about tenant `acmee`, which \
                    nothing else names, and not about `acme`; if it is misspelt, the real tenant \
                    is not guarded; hint: write `acme` if that is who is meant";
    assert_eq!(said(&about("acmee"), AdviceCode::W123), [expected]);
    for fine in ["acme", "globex", "shop-2"] {
        assert_eq!(said(&about(fine), AdviceCode::W123), [""; 0], "{fine}");
    }
}

#[test]
fn a_tenant_that_another_rule_names_too_is_known() {
    let mut config = about("acmee");
    let again = strict("again", &json!({"tenant": "acmee"}), &["DE", "IE"]);
    config["residency"].as_array_mut().unwrap().push(again);
    assert_eq!(said(&config, AdviceCode::W123), [""; 0]);
}

#[test]
fn a_rule_about_a_tenant_that_every_service_refuses_never_matches() {
    let mut config = about("globex");
    config["services"]["web"]["tenant"]["required"] = json!(true);
    let found = said(&config, AdviceCode::W123);
    assert!(found.len() == 1 && found[0].contains("the rule never matches"), "{found:?}");
    config["services"]["web"]["tenant"]["kv"] = json!(true);
    assert_eq!(said(&config, AdviceCode::W123), [""; 0], "KV may know it");
}

#[test]
fn a_witness_that_tells_nothing_and_a_country_that_nobody_asks_for_are_told() {
    let mut config = quiet();
    config["services"]["web"]["tenant"] = json!({"header": "x-tenant"});
    config["services"]["web"]["second_witness"] = json!({"tenant": true});
    config["tenants"] = json!({"acme": {"allow": ["DE", "US"]}});
    let silent = said(&config, AdviceCode::W125);
    assert!(silent.len() == 1 && silent[0].contains("no tenant has a `country`"), "{silent:?}");
    assert!(silent[0].starts_with("W125 services.web.second_witness.tenant: "), "{silent:?}");
    config["tenants"]["acme"]["country"] = json!("BR");
    assert_eq!(said(&config, AdviceCode::W125), [""; 0]);
    config["services"]["web"]["second_witness"] = json!({"header": "x-account-country"});
    let unasked = said(&config, AdviceCode::W125);
    assert!(unasked.len() == 1 && unasked[0].contains("tenants.acme.country"), "{unasked:?}");
}

#[test]
fn who_names_one_region_has_chosen_it() {
    let mut config = quiet();
    config["services"]["web"]["tenant"] = json!({"header": "x-tenant"});
    config["tenants"] = json!({"acme": {"allow": "region:us"}});
    assert_eq!(said(&config, AdviceCode::W101), [""; 0]);
    config["tenants"] = json!({"acme": {"allow": "US"}});
    assert_eq!(said(&config, AdviceCode::W101).len(), 1);
}

#[test]
fn a_missing_attestation_is_told_with_what_to_write() {
    let found = said(&with_rule(&["@eu_adequate", "DE", "IE"]), AdviceCode::W103);
    let hint = "hint: if its operator is certified, write `attest = [\"dpf_certified\"]` in \
                `regions.us`";
    assert!(found.len() == 1 && found[0].ends_with(hint), "{found:?}");
}
