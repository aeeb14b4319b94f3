//! Where the law permits traffic.

use super::*;

fn everybody(document: &Value, now: Timestamp) -> (Vec<String>, bool) {
    let world = World::new(document);
    let view = world.view_at(now);
    let standing = view.services().next().unwrap();
    let everybody = view.everybody(standing.service, "a.example.com");
    (everybody.permitted.into_iter().map(ToString::to_string).collect(), everybody.is_guarded)
}

fn with_rule(allow: &Value) -> Value {
    let mut document = config();
    let when = json!({"country": "@eea"});
    document["residency"] = json!([{"id": "rule", "when": when, "allow": allow, "mode": "strict"}]);
    document
}

#[test]
fn without_a_rule_every_region_is_for_everybody_and_nothing_is_guarded() {
    assert_eq!(everybody(&config(), NOW), (REGIONS.map(str::to_owned).to_vec(), false));
}

#[test]
fn what_is_for_everybody_is_what_each_rule_over_the_name_permits_in_failover_order() {
    let permitted = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(everybody(&with_rule(&json!("@eea")), NOW), (permitted(&["de", "ie"]), true));
    let document = with_rule(&json!(["US", "IE"]));
    assert_eq!(everybody(&document, NOW), (permitted(&["ie", "us"]), true));
}

#[test]
fn a_membership_counts_only_once_it_has_begun() {
    let long_ago = Timestamp::from_millis(1_000);
    assert_eq!(everybody(&with_rule(&json!("@eea")), long_ago), (Vec::new(), true));
}

#[test]
fn a_pin_guards_a_service_with_tenants_and_no_other() {
    let mut document = config();
    document["tenants"] = json!({"acme": {"allow": "@eea"}});
    let publish = document["services"]["web"]["publish"].as_array_mut().unwrap();
    publish.retain(|publish| publish.get("load_balancer").is_none());
    let mut plain = document.clone();
    plain["services"]["web"]["tenant"] = json!({"header": "x-tenant"});
    assert_eq!(everybody(&plain, NOW), (vec!["de".to_owned(), "ie".to_owned()], true));
    let mut other = document.clone();
    let mut second = document["services"]["web"].clone();
    second["hosts"] = json!(["other.example.com"]);
    second["tenant"] = json!({"header": "x-tenant"});
    second.as_object_mut().unwrap().remove("publish");
    other["services"]["zz"] = second;
    assert_eq!(everybody(&other, NOW), (REGIONS.map(str::to_owned).to_vec(), false));
}
