use super::*;

/// A rule with regions in Ireland and Brazil.
fn with_brazil(allow: &Value, country: &Value) -> Value {
    let mut config = quiet();
    config["regions"]["br"] = region("BR", "br");
    config["services"]["web"]["regions"] = json!(["de", "ie", "us", "br"]);
    config["residency"] = json!([
        {"id": "gdpr", "mode": "strict", "when": {"country": country}, "allow": allow},
    ]);
    config
}

fn told_of_brazil(config: &Value) -> Vec<String> {
    told(config).into_iter().filter(|told| told.starts_with("W131")).collect()
}

#[test]
fn brazil_is_not_yet_adequate_for_clients_of_the_three_states_outside_the_eu() {
    let adequate = json!(["@eea", "@eu_adequate"]);
    let warned = ["W131 residency[0].allow"];
    assert_eq!(told_of_brazil(&with_brazil(&adequate, &json!("@eea"))), warned);
    assert_eq!(told_of_brazil(&with_brazil(&adequate, &json!("NO"))), warned);
    assert_eq!(told_of_brazil(&with_brazil(&adequate, &json!("@eu"))), [""; 0]);
    assert_eq!(told_of_brazil(&with_brazil(&json!("@eea"), &json!("@eea"))), [""; 0]);
    // Who lists a country by its code has decided.
    let by_code = json!(["@eea", "@eu_adequate", "BR"]);
    assert_eq!(told_of_brazil(&with_brazil(&by_code, &json!("@eea"))), [""; 0]);
    let mut without = with_brazil(&adequate, &json!("@eea"));
    without["regions"]["br"]["country"] = "AR".into();
    assert_eq!(told_of_brazil(&without), [""; 0]);
    let mut preferred = with_brazil(&adequate, &json!("@eea"));
    preferred["residency"][0]["mode"] = "preferred".into();
    assert_eq!(told_of_brazil(&preferred), [""; 0]);
}

#[test]
fn a_rule_of_their_own_settles_it_if_it_guards_all_of_their_requests() {
    let own = |when: Value| {
        let mut config = with_brazil(&json!(["@eea", "@eu_adequate"]), &json!("@eea"));
        let rule = json!({"id": "efta", "mode": "strict", "when": when, "allow": "@eea"});
        config["residency"].as_array_mut().unwrap().push(rule);
        told_of_brazil(&config)
    };
    assert_eq!(own(json!({"country": ["IS", "LI", "NO"]})), [""; 0]);
    assert_eq!(own(json!({"country": ["IS", "LI"]})), ["W131 residency[0].allow"]);
    let narrow = json!({"country": ["IS", "LI", "NO"], "path": "/api/*"});
    assert_eq!(own(narrow), ["W131 residency[0].allow"]);
}
