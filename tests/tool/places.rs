//! Where a client is: its state, its data center.

use super::{NOW, SHOP, fed, json};

/// A service whose clients go by Cloudflare's regions.
const SPLIT: &str = r#"{"version": 1,
    "regions": {
        "east": {"country": "US", "origins": [{"id": "e1", "url": "https://e1.example.net"}]},
        "west": {"country": "US", "origins": [{"id": "w1", "url": "https://w1.example.net"}]}
    },
    "monitors": {"web": {}},
    "services": {"web": {
        "hosts": ["www.example.com"], "monitor": "web", "regions": ["east", "west"],
        "steering": "geo", "geo": {"regions": {"WNAM": ["west"], "ENAM": ["east"]}}
    }}}"#;

#[test]
fn the_half_of_a_split_country_follows_from_the_state() {
    let first = |more: &[&str]| {
        let args = [&["explain", "-", "--now", NOW, "--json", "--country", "US"][..], more];
        json(&fed(&args.concat(), SPLIT).out)["regions"][0].clone()
    };
    assert_eq!(first(&["--subdivision", "TX"]), "west");
    assert_eq!(first(&["--subdivision", "TX", "--at", "32.5,-80"]), "west");
    assert_eq!(first(&["--subdivision", "NY"]), "east");
    assert_eq!(first(&["--at", "32.8,-96.8"]), "west");
    assert_eq!(first(&[]), "east");
}

#[test]
fn both_halves_of_a_split_country_are_named_where_clients_move() {
    let report = json(&fed(&["whatif", "-", "--now", NOW, "--json", "--down", "west"], SPLIT).out);
    let moves = report["services"][0]["moves"].as_array().unwrap();
    let split: Vec<_> = moves.iter().filter(|one| one["from"]["regions"][1] == "west").collect();
    assert_eq!(split.len(), 1, "{report}");
    assert_eq!(split[0]["countries"], serde_json::json!(["CA", "US"]));
    assert_eq!(split[0]["from"]["regions"], serde_json::json!(["east", "west"]));
    assert_eq!(split[0]["to"]["regions"], serde_json::json!(["east"]));
}

#[test]
fn a_data_center_that_is_none_is_told_and_what_cannot_be_one_is_refused() {
    let explained = |colo: &str| {
        let args = ["explain", "-", "--now", NOW, "--json", "--country", "GB", "--colo", colo];
        fed(&args, SPLIT)
    };
    let known = explained("LHR");
    assert_eq!((known.code, known.err.as_str()), (0, ""));
    let city = explained("LON");
    let told = "warning: Cloudflare had no data center `LON` on 2026-08-07, and in London `LHR`\n";
    assert_eq!((city.code, city.err.as_str()), (0, told));
    let small = explained("lhr");
    assert_eq!(small.code, 2);
    assert!(small.err.contains("`lhr` is no data center: write three capitals"), "{}", small.err);
}

#[test]
fn a_case_with_a_data_center_that_is_none_is_told_by_its_line() {
    let cases = "{\"host\":\"shop.example.com\",\"colo\":\"SAO\"}\n\
                 {\"host\":\"shop.example.com\",\"colo\":\"sao\"}\n";
    let ended = fed(&["explain", SHOP, "--now", NOW, "--batch", "-"], cases);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("line 1: warning: Cloudflare had no data center `SAO`"));
    assert!(ended.err.contains("line 2: `sao` is no data center"), "{}", ended.err);
}
