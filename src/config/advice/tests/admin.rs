//! Who can use the admin API, and who can reach it.

use super::{NOW, at, quiet, told};
use crate::config::{Config, advise};
use serde_json::{Value, json};

fn with(admin: Value) -> Value {
    let mut config = quiet();
    config["admin"] = admin;
    config
}

fn token(id: &str, digit: &str) -> Value {
    json!({"id": id, "role": "operator", "sha256": digit.repeat(64)})
}

#[test]
fn an_api_without_tokens_and_one_at_the_hosts_of_customers_are_told() {
    assert_eq!(told(&with(json!({"tokens": [token("on-call", "a")]}))), [""; 0]);
    let team = "acme.cloudflareaccess.com";
    let app = json!({"team_domain": team, "aud": "a".repeat(64), "role": "viewer"});
    assert_eq!(told(&with(json!({"access": [app]}))), [""; 0]);
    assert_eq!(told(&with(json!({"hosts": ["ops.example.com"]}))), ["W117 admin"]);
    let open = json!({"on_service_hosts": true, "tokens": [token("on-call", "a")]});
    assert_eq!(told(&with(open)), ["W120 admin.on_service_hosts"]);
}

#[test]
fn a_rotation_is_noted_until_one_token_is_taken_out() {
    let notes = |tokens: Value| {
        let config = Config::parse(&with(json!({"tokens": tokens})).to_string()).unwrap();
        let told = advise(&config, at(NOW)).into_iter().filter(|told| told.code.is_note());
        let told = told.map(|told| format!("{:?} {}", told.code, told.path));
        told.filter(|told| told.contains("admin")).collect::<Vec<_>>()
    };
    let one = token("on-call", "a");
    assert_eq!(notes(json!([one, token("wall", "b")])), [""; 0]);
    assert_eq!(notes(json!([one, token("on-call", "b")])), ["W121 admin.tokens[1]"]);
}
