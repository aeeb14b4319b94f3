//! Places that are probably not meant.

use super::{NOW, at, quiet, told};
use crate::config::{Advice, Config, advise};
use serde_json::{Value, json};

/// The only warning about a config.
fn only(config: &Value) -> Advice {
    let config = Config::parse(&config.to_string()).unwrap();
    let mut told = advise(&config, at(NOW));
    told.retain(|told| !told.code.is_note());
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0)
}

fn with_pop(code: &str) -> Value {
    let mut config = quiet();
    config["services"]["web"]["steering"] = "geo".into();
    config["services"]["web"]["geo"] = json!({"pops": {code: ["us"]}});
    config
}

#[test]
fn a_code_that_is_no_data_center_is_told_with_what_is_in_that_city() {
    assert_eq!(told(&with_pop("LHR")), [""; 0]);
    assert_eq!(told(&with_pop("LON")), ["W134 services.web.geo.pops.LON"]);
    let advice = only(&with_pop("SAO"));
    assert_eq!(advice.hint.unwrap(), "write `GRU`, which is there (Sao Paulo)");
    assert!(advice.problem.contains("308 data centers"), "{}", advice.problem);
    assert!(advice.problem.contains("2026-08-07"), "{}", advice.problem);
    assert_eq!(only(&with_pop("QRQ")).hint.unwrap(), "write `QRO` if Queretaro is meant");
    assert_eq!(only(&with_pop("QQQ")).hint, None);
}

fn located(country: &str, location: [f64; 2]) -> Value {
    let mut config = quiet();
    config["regions"]["us"]["country"] = country.into();
    config["regions"]["us"]["location"] = json!(location);
    config
}

#[test]
fn a_location_outside_of_its_country_is_told_with_the_one_that_is_meant() {
    assert_eq!(told(&located("BR", [-23.5, -46.6])), [""; 0]);
    assert_eq!(told(&located("BR", [23.5, -46.6])), ["W135 regions.us.location"]);
    for (country, told, meant) in [
        ("BR", [23.5, -46.6], "[-23.5,-46.6]"),
        ("BR", [-23.5, 46.6], "[-23.5,-46.6]"),
        ("BR", [23.5, 46.6], "[-23.5,-46.6]"),
        ("BR", [-46.6, -23.5], "[-23.5,-46.6]"),
        ("DE", [8.7, 50.1], "[50.1,8.7]"),
        ("US", [-77.5, 39.0], "[39.0,-77.5]"),
    ] {
        let advice = only(&located(country, told));
        let hint = advice.hint.unwrap();
        assert_eq!(hint, format!("write {meant} if that is meant, latitude first"), "{told:?}");
        assert!(advice.problem.ends_with(&format!("is not in {country}, nor near it")));
    }
}

#[test]
fn the_location_of_nowhere_is_told_by_its_name() {
    for nowhere in [[0.0, 0.0], [0.009, -0.009]] {
        let advice = only(&located("GB", nowhere));
        assert!(advice.problem.starts_with("`[0, 0]` is in the sea"), "{}", advice.problem);
        assert_eq!(advice.hint.unwrap(), "correct `location`, or `country` if that is wrong");
    }
    assert!(only(&located("GB", [0.01, 0.0])).problem.starts_with("[0.01,0.0] is not in GB"));
}

#[test]
fn a_location_that_no_slip_explains_may_be_that_of_another_country() {
    let advice = only(&located("DE", [-23.5, -46.6]));
    assert_eq!(advice.hint.unwrap(), "correct `location`, or `country` if that is wrong");
}

/// A set of all members that are up, of this type.
fn members(kind: &str, more: &Value) -> Value {
    let mut config = quiet();
    for (region, number) in [("de", 1), ("ie", 2), ("us", 3)] {
        let origin = &mut config["regions"][region]["origins"][0];
        origin["ipv4"] = format!("192.0.2.{number}").into();
        origin["ipv6"] = format!("2001:db8::{number}").into();
    }
    let mut dns = json!({"zone": "example.com", "name": "db.example.com", "type": kind});
    dns["mode"] = "members".into();
    dns.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config["services"]["web"]["publish"] = json!([{"dns": dns}]);
    config
}

#[test]
fn a_set_of_several_regions_is_told_and_one_of_a_single_region_is_not() {
    let path = ["W136 services.web.publish[0].dns.mode"];
    assert_eq!(told(&members("AAAA", &json!({}))), path);
    assert_eq!(told(&members("A", &json!({}))), path);
    assert_eq!(told(&members("A", &json!({"mode": "failover"}))), [""; 0]);
    let mut one = members("AAAA", &json!({}));
    one["services"]["web"]["regions"] = json!(["de"]);
    assert!(!told(&one).contains(&path[0].to_owned()));
}

#[test]
fn what_a_set_of_several_regions_means_for_the_rules_is_told() {
    let free = only(&members("AAAA", &json!({})));
    assert_eq!(free.problem, "`db.example.com` names several regions at once: de, ie, us");
    assert!(free.why.ends_with("and no residency rule is over this name"), "{}", free.why);
    let mut strict = members("AAAA", &json!({}));
    strict["residency"] = json!([{"id": "law", "allow": ["DE", "IE"], "mode": "strict"}]);
    let strict = only(&strict);
    assert_eq!(strict.problem, "`db.example.com` names several regions at once: de, ie");
    assert!(strict.why.ends_with("all of them are permitted to everybody"), "{}", strict.why);
    let mut preferred = members("A", &json!({}));
    preferred["residency"] = json!([{"id": "near", "allow": ["US"], "mode": "preferred"}]);
    let preferred = only(&preferred);
    assert!(preferred.why.ends_with("so rule `near`, which prefers some, is not followed"));
    let proxied = only(&members("A", &json!({"proxied": true})));
    assert!(proxied.why.starts_with("Cloudflare sends a client to any of them"));
}
