//! Record sets.

use super::*;
use crate::controller::Controller;
use crate::testing::{config_text, run};

/// The config with one more thing that it publishes: an A record under `a.example.com`.
fn with_record(extra: &Value) -> Value {
    let mut config = config();
    let mut dns = json!({"zone": "example.com", "name": "a.example.com", "type": "A"});
    dns.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    config["services"]["web"]["publish"] = json!([{"dns": dns}]);
    config
}

fn records(config: &Value, said: &[(&str, OverrideTo)]) -> DesiredRecords {
    wanted(config, said).records.pop().unwrap()
}

fn answer(records: &DesiredRecords) -> Option<(&str, Vec<&str>)> {
    let (region, contents) = records.answer.as_ref()?;
    Some((region.as_str(), contents.iter().map(String::as_str).collect()))
}

#[test]
fn the_answer_is_the_first_region_that_is_up_with_all_that_are_up_in_it() {
    let config = with_record(&json!({}));
    assert_eq!(answer(&records(&config, &[])), None);
    let said = [("us-1", OverrideTo::Up), ("us-2", OverrideTo::Up), ("br-1", OverrideTo::Up)];
    let records = records(&config, &said);
    assert_eq!(answer(&records), Some(("us", vec!["192.0.2.31", "192.0.2.32"])));
    let (refuge, _) = records.refuge.as_ref().unwrap();
    assert_eq!((refuge.as_str(), records.permitted.len(), records.ttl_s), ("de", 8, 60));
}

#[test]
fn a_rule_over_the_name_binds_the_answer_whatever_is_up() {
    let config = with_gdpr(with_record(&json!({})));
    let records = records(&config, &of(&["us"], OverrideTo::Up));
    assert_eq!(answer(&records), None);
    assert_eq!(records.permitted.len(), 4);
    assert_eq!(records.refuge.unwrap().0.as_str(), "de");
}

#[test]
fn members_have_the_switch_that_their_health_asks_for() {
    let config = with_record(&json!({"mode": "members"}));
    let records = records(&config, &[("de-1", OverrideTo::Up), ("de-2", OverrideTo::Drain)]);
    assert_eq!(records.mode, DnsMode::Members);
    let switch = |content: &str| records.permitted.get(content).unwrap().switch;
    assert_eq!(switch("192.0.2.11"), Switch::Enable);
    assert_eq!(switch("192.0.2.12"), Switch::Disable);
    assert_eq!(switch("192.0.2.21"), Switch::Leave);
}

#[test]
fn a_region_that_drains_is_not_answered() {
    let config = with_record(&json!({}));
    let said = [of(&["de"], OverrideTo::Drain), of(&["ie"], OverrideTo::Up)].concat();
    assert_eq!(answer(&records(&config, &said)).unwrap().0, "ie");
}

#[test]
fn what_the_config_says_of_records_is_wanted() {
    let extra = json!({"proxied": true, "manage": true, "adopt": true, "ttl_s": 120});
    let records = records(&with_record(&extra), &[]);
    assert_eq!((records.proxied, records.manage, records.adopt), (Some(true), true, true));
    assert_eq!(records.ttl_s, 120);
}

#[test]
fn a_set_that_answers_nothing_by_hand_still_knows_its_refuge() {
    let mut config = with_record(&json!({}));
    config["services"]["web"]["failover"] = json!({"mode": "manual"});
    let records = records(&config, &of(&["de"], OverrideTo::Up));
    assert!(records.manual && records.answer.is_none() && records.refuge.is_some());
}

/// The time to live some minutes after the last of several quiet runs; in the third, `down` failed.
fn ttl_after(minutes: u64, down: &[&str]) -> u32 {
    let mut text: Value = serde_json::from_str(&config_text()).unwrap();
    let dns = &mut text["services"]["files"]["publish"][0]["dns"];
    (dns["ttl_s"], dns["ttl_at_risk_s"]) = (json!(300), json!(60));
    let mut controller = Controller::default();
    controller.offer_config(&text.to_string(), Timestamp::from_millis(0));
    for minute in 1..=20 {
        run(&mut controller, minute * 60_000, &[]);
    }
    if !down.is_empty() {
        run(&mut controller, 21 * 60_000, down);
    }
    for minute in 22..22 + minutes {
        run(&mut controller, minute * 60_000, &[]);
    }
    let now = Timestamp::from_millis((22 + minutes) * 60_000);
    desired(&controller.view(now).unwrap()).records[0].ttl_s
}

#[test]
fn the_time_to_live_is_short_while_a_change_is_likely_and_for_a_while_after() {
    assert_eq!(ttl_after(1, &[]), 300);
    assert_eq!(ttl_after(0, &["eu-1"]), 60, "it is down");
    assert_eq!(ttl_after(4, &["eu-1"]), 60, "it came back lately");
    assert_eq!(ttl_after(15, &["eu-1"]), 300);
    assert_eq!(ttl_after(0, &["br-1"]), 300, "it is none of this name's");
}
