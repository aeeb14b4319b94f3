use super::*;
use crate::config::OverrideTo;
use crate::health::Health;
use crate::testing::{config_text, observed, order, run, set_origin, target};
use crate::{cloudflare, routes, state};

mod alerts;
mod bad_days;
mod clocks;
mod exports;
mod scale;
mod standing_in;

/// The key of the incident of the outage of `eu-west` that many tests have.
const INCIDENT: &str = "incident:1970-01-01t0002-eu-west-1";

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn settled() -> Controller {
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(&config_text(), at(0)), Offered::Taken);
    run(&mut controller, 60_000, &[]);
    write_all(&mut controller, 115_000);
    controller
}

/// Writes what is due and returns the keys.
fn write_all(controller: &mut Controller, now: u64) -> Vec<String> {
    let due = due(controller, now);
    for document in &due {
        controller.written(document, at(now));
    }
    keys(&due)
}

/// Everything that is due, in the order in which it is written.
fn due(controller: &mut Controller, now: u64) -> Vec<Document> {
    let Due { routes, pages, .. } = controller.due_documents(at(now));
    routes.into_iter().chain(pages).collect()
}

fn keys(documents: &[Document]) -> Vec<String> {
    documents.iter().map(|document| document.key.clone()).collect()
}

#[test]
fn everything_is_written_once_in_the_beginning() {
    let mut controller = Controller::default();
    controller.offer_config(&config_text(), at(0));
    assert_eq!(
        write_all(&mut controller, 1_000),
        ["routes", "status", "region:eu-west", "region:sa-east", "region:us-east", "state"]
    );
    assert_eq!(write_all(&mut controller, 2_000), [""; 0]);
}

#[test]
fn steady_state_writes_the_heartbeat_and_nothing_else() {
    let mut controller = settled();
    let mut written = Vec::new();
    for minute in 2..32 {
        run(&mut controller, minute * 60_000, &[]);
        written.extend(write_all(&mut controller, minute * 60_000 + 55_000));
    }
    assert_eq!(written, vec!["routes"; 6]);
}

#[test]
fn a_region_that_goes_down_changes_its_own_page_and_the_common_ones() {
    let mut controller = settled();
    run(&mut controller, 120_000, &["eu-1"]);
    let keys = write_all(&mut controller, 175_000);
    assert_eq!(
        keys,
        ["routes", "status", "region:eu-west", "history", "incidents", INCIDENT, "state"]
    );
}

#[test]
fn what_did_not_arrive_stays_due() {
    let mut controller = settled();
    run(&mut controller, 120_000, &["eu-1"]);
    let lost = due(&mut controller, 175_000);
    let again = due(&mut controller, 176_000);
    assert_eq!(keys(&lost), keys(&again));
}

#[test]
fn what_was_sent_and_may_be_lost_is_due_whatever_comes_back() {
    let mut controller = settled();
    run(&mut controller, 120_000, &["eu-1"]);
    for document in due(&mut controller, 175_000) {
        controller.writing(&document, at(175_000));
    }
    run(&mut controller, 180_000, &[]);
    assert_eq!(
        keys(&due(&mut controller, 235_000)),
        ["routes", "status", "region:eu-west", "history", "incidents", INCIDENT, "state"]
    );
}

#[test]
fn a_refusal_of_another_build_is_looked_at_again() {
    let mut controller = settled();
    let mut state = controller.state().clone();
    let mut config: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    config["monitors"]["api"]["interval_s"] = 20.into();
    controller.offer_config("nonsense", at(120_000));
    state.refused = controller.state().refused.clone();
    let text = config.to_string();
    state.refused.as_mut().unwrap().fingerprint = Fingerprint::of(text.as_bytes());
    let mut after = Controller::restore(Some(state), Some(&config_text()));
    assert_eq!(after.offer_config(&text, at(180_000)), Offered::Taken);
}

#[test]
fn the_generation_counts_changes_and_not_attempts() {
    let mut controller = settled();
    let before = controller.state().generation;
    run(&mut controller, 120_000, &["eu-1"]);
    for attempt in 0..3 {
        due(&mut controller, 175_000 + attempt);
    }
    assert_eq!(controller.state().generation, before + 1);
}

#[test]
fn the_routing_table_says_what_the_state_says() {
    let mut controller = settled();
    run(&mut controller, 120_000, &["eu-1"]);
    let document = controller.due_documents(at(175_000)).routes.unwrap();
    assert_eq!(document.key, routes::KEY);
    let table = routes::Table::parse(&document.text).unwrap();
    let service = table.service("api.example.com").unwrap();
    let regions: Vec<_> = service.candidates.iter().map(|region| &region.entry).collect();
    let health: Vec<_> = regions.iter().map(|r| (r.id.as_str(), r.health)).collect();
    assert_eq!(
        health,
        [("eu-west", Health::Down), ("us-east", Health::Up), ("sa-east", Health::Up)]
    );
    assert!(regions[0].origins.is_empty());
    assert_eq!(regions[1].latency_ms, Some(20));
    let summary = &document.metadata.summary;
    assert!(summary.starts_with("3 up, 2 down, 0 unknown, incident 1970-"), "{summary}");
}

#[test]
fn a_broken_config_is_refused_and_the_last_good_one_stays() {
    let mut controller = settled();
    assert_eq!(controller.offer_config("{\"version\": 1}", at(120_000)), Offered::Refused);
    assert_eq!(controller.offer_config("{\"version\": 1}", at(180_000)), Offered::Same);
    let status = controller.status(at(180_000));
    assert!(status.config.in_use.is_some());
    let refused = status.config.refused.unwrap();
    assert_eq!(refused.at, at(120_000));
    assert_eq!(refused.problems_total, 3, "{refused:?}");
    assert!(refused.problems[0].problem.contains("is missing"), "{refused:?}");
    assert_eq!(write_all(&mut controller, 180_000), ["status", "state"]);
    assert!(!run(&mut controller, 180_000, &[]).is_empty());
}

#[test]
fn a_restart_does_not_refuse_the_same_config_anew() {
    let mut controller = settled();
    controller.offer_config("nonsense", at(120_000));
    write_all(&mut controller, 120_000);
    let state = State::parse(&controller.saved_state()).unwrap();
    let mut after = Controller::restore(Some(state), Some(&config_text()));
    assert_eq!(after.offer_config("nonsense", at(180_000)), Offered::Same);
    assert_eq!(write_all(&mut after, 180_000), [""; 0]);
}

#[test]
fn the_good_config_coming_back_ends_the_refusal() {
    let mut controller = settled();
    controller.offer_config("nonsense", at(120_000));
    assert_eq!(controller.offer_config(&config_text(), at(180_000)), Offered::Taken);
    assert_eq!(controller.status(at(180_000)).config.refused, None);
}

#[test]
fn a_new_config_keeps_the_history_of_what_stays() {
    let mut controller = settled();
    let mut config: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    config["regions"]["eu-west"]["origins"][0]["url"] = "https://eu9.example.com".into();
    config["regions"]["us-east"]["origins"][0]["id"] = "us-2".into();
    assert_eq!(controller.offer_config(&config.to_string(), at(116_000)), Offered::Taken);
    let view = controller.view(at(116_000)).unwrap();
    let health = |origin| observed(&view, origin).health;
    assert_eq!(health("eu-1"), Health::Up);
    assert_eq!(health("us-2"), Health::Unknown);
    assert!(!controller.state().targets.contains_key(&target("us-1")));
}

#[test]
fn a_restart_goes_on_where_it_stopped() {
    let before = settled();
    let text = before.saved_state();
    let state = State::parse(&text).unwrap();
    let mut after = Controller::restore(Some(state), Some(&config_text()));
    assert_eq!(after.state(), before.state());
    assert_eq!(after.due_documents(at(116_000)), Due::default());
}

#[test]
fn an_old_belief_is_no_belief() {
    let controller = settled();
    let health = |now| observed(&controller.view(at(now)).unwrap(), "eu-1").health;
    assert_eq!(health(116_000), Health::Up);
    assert_eq!(health(116_000 + 11 * 60_000), Health::Unknown);
}

#[test]
fn a_broken_state_is_an_error_with_its_reason() {
    assert!(State::parse("{}").is_err());
    assert!(State::parse("[1, 2").is_err());
    let newer = settled().saved_state().replacen("\"version\":1", "\"version\":2", 1);
    assert!(matches!(State::parse(&newer), Err(state::BadState::Version(2))));
}

#[test]
fn a_drained_origin_takes_nobody_new_and_both_words_about_it_are_shown() {
    let mut controller = settled();
    let drain = set_origin("eu-1", OverrideTo::Drain);
    controller.state.orders.push(order(1, drain, Some(at(600_000))));
    let now = at(116_000);
    let due = due(&mut controller, 116_000);
    let text = |key: &str| {
        let document = due.iter().find(|document| document.key == key).unwrap();
        serde_json::from_str::<serde_json::Value>(&document.text).unwrap()
    };
    let origin = &text("region:eu-west")["origins"]["eu-1"];
    assert_eq!(origin["monitors"]["api"]["health"], "up");
    let shown = serde_json::json!({
        "set": "drain", "reason": "maintenance", "author": "ann (token), order 1",
        "until": at(600_000).to_string(),
    });
    assert_eq!(origin["override"], shown);
    let region = &text("routes")["services"]["api"]["regions"][0];
    assert_eq!((&region["health"], &region["draining"]), (&"up".into(), &true.into()));
    assert_eq!(region["origins"], serde_json::json!(["https://eu.example.com"]));
    let desired = cloudflare::desired(&controller.view(now).unwrap());
    let (answer, _) = desired.records[0].answer.clone().unwrap();
    assert_eq!(answer.as_str(), "us-east");
}

#[test]
fn a_service_that_fails_over_by_hand_is_left_alone_at_cloudflare_and_steered_by_health() {
    let mut text: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    for service in ["api", "files"] {
        text["services"][service]["failover"] = serde_json::json!({"mode": "manual"});
    }
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(&text.to_string(), at(0)), Offered::Taken);
    run(&mut controller, 60_000, &["eu-1"]);
    let desired = cloudflare::desired(&controller.view(at(115_000)).unwrap());
    assert_eq!((&desired.records[0].answer, desired.records[0].manual), (&None, true));
    let mut switches = desired.pools.iter().flat_map(|pool| pool.origins.values());
    assert!(switches.all(|member| member.switch == cloudflare::Switch::Leave));
    let routes = controller.due_documents(at(115_000)).routes.unwrap();
    let table = routes::Table::parse(&routes.text).unwrap();
    assert_eq!(table.service("api.example.com").unwrap().down.len(), 1);
}

#[test]
fn a_lag_that_passes_its_bound_is_news_and_a_lag_that_moves_is_not() {
    let mut text: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    text["services"]["api"]["writes"] = "primary".into();
    text["services"]["api"]["max_lag_s"] = 60.into();
    text["monitors"]["api"]["expect"] =
        serde_json::json!({"json": {"/replication_lag_s": {"max": 600}}});
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(&text.to_string(), at(0)), Offered::Taken);
    run(&mut controller, 60_000, &[]);
    let mut lag = |value_s: u64, now: u64| {
        let known = controller.state.targets.get_mut(&target("us-1")).unwrap();
        known.lag = Some(crate::state::Reported { value_s, at: at(now) });
        write_all(&mut controller, now).contains(&"routes".to_owned())
    };
    assert!(lag(10, 115_000), "the first is news");
    assert!(!lag(60, 116_000));
    assert!(lag(61, 117_000));
    assert!(!lag(500, 118_000));
    assert!(lag(5, 119_000));
}

#[test]
fn a_config_in_another_layout_is_the_same_config() {
    let mut controller = settled();
    let in_use = controller.status(at(115_000)).config.in_use;
    let document: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    for layout in [serde_json::to_string_pretty(&document).unwrap(), format!("{document}\n")] {
        assert_eq!(controller.offer_config(&layout, at(120_000)), Offered::Same);
        assert_eq!(controller.status(at(120_000)).config.in_use, in_use);
    }
    assert_eq!(write_all(&mut controller, 120_000), [""; 0]);
    assert_eq!(controller.offer_config("{", at(130_000)), Offered::Refused);
    let pretty = serde_json::to_string_pretty(&document).unwrap();
    assert_eq!(controller.offer_config(&pretty, at(140_000)), Offered::Taken);
}

/// How everything is said to stand with this override of `eu-1`: the pages, and the summaries.
fn overridden(set: &str) -> (serde_json::Value, serde_json::Value, [String; 3]) {
    let mut controller = settled();
    let mut config: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    config["overrides"] = serde_json::json!([{
        "origin": "eu-1", "set": set, "reason": "disks", "author": "ada",
        "until": "1970-01-01T01:00:00Z",
    }]);
    assert_eq!(controller.offer_config(&config.to_string(), at(120_000)), Offered::Taken);
    run(&mut controller, 120_000, &[]);
    let due = due(&mut controller, 175_000);
    let page = |key: &str| due.iter().find(|document| document.key == key).unwrap();
    let json = |key: &str| serde_json::from_str(&page(key).text).unwrap();
    let summary = |key: &str| page(key).metadata.summary.clone();
    (json("status"), json("region:eu-west"), ["status", "routes", "region:eu-west"].map(summary))
}

#[test]
fn every_page_says_the_same_of_an_origin_that_an_operator_holds_down() {
    let (status, region, summaries) = overridden("down");
    let monitor = &region["origins"]["eu-1"]["monitors"]["api"];
    assert_eq!([&monitor["health"], &monitor["because"]], ["down", "override"]);
    assert_eq!(monitor["observed"], "up");
    for service in ["api", "files"] {
        assert_eq!(status["services"][service]["eu-west"], "down");
        let reason = &status["reasons"][service]["eu-west"];
        assert_eq!(&region["services"][service], reason);
        assert_eq!([&reason["health"], &reason["because"]], ["down", "override"]);
        let why = "eu-1: set down by ada until 1970-01-01T01:00:00.000Z: disks";
        assert_eq!(reason["why"], why);
        assert_eq!(status["reasons"][service].as_object().unwrap().len(), 1, "{status}");
    }
    assert_eq!(status["overrides"]["eu-1"]["author"], "ada");
    let said = "3 up, 2 down, 0 unknown, incident 1970-01-01t0002-eu-west-1, 1 override";
    assert_eq!(summaries, [said, said, "IE down (override)"]);
}

#[test]
fn a_drain_is_on_every_page_although_the_region_is_up() {
    let (status, region, summaries) = overridden("drain");
    let monitor = &region["origins"]["eu-1"]["monitors"]["api"];
    assert_eq!(
        [&monitor["health"], &monitor["because"], &monitor["observed"]],
        ["up", "drain", "up"]
    );
    let reason = &status["reasons"]["files"]["eu-west"];
    assert_eq!([&reason["health"], &reason["because"]], ["up", "drain"]);
    assert_eq!(reason["draining"], true);
    assert_eq!(&region["services"]["files"], reason);
    let incident = "incident 1970-01-01t0002-eu-west-1";
    let said = &format!("5 up, 0 down, 0 unknown, {incident}, 1 override, 2 draining");
    assert_eq!(summaries, [said, said, &"IE up, draining".to_owned()].map(String::clone));
}

#[test]
fn the_list_of_keys_shows_what_is_withheld_halted_or_in_doubt() {
    let mut controller = settled();
    let mut config: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    config["guards"] = serde_json::json!({"halted": true});
    assert_eq!(controller.offer_config(&config.to_string(), at(120_000)), Offered::Taken);
    controller.state.actuation.withheld = vec!["w [halted]".to_owned()];
    run(&mut controller, 120_000, &["eu-1", "us-1", "br-1"]);
    let status = due(&mut controller, 175_000).remove(1);
    assert_eq!(status.key, "status");
    let incident = "incident 1970-01-01t0002-observer-1";
    let said =
        format!("5 up, 0 down, 0 unknown, {incident}, observer in doubt, halted, 1 withheld");
    assert_eq!(status.metadata.summary, said);
    let region = due(&mut controller, 175_000).remove(2);
    assert_eq!(
        (region.key.as_str(), region.metadata.summary.as_str()),
        ("region:eu-west", "IE up (doubt)")
    );
}

#[test]
fn how_a_region_fails_may_change_without_a_write_of_the_status() {
    let mut controller = settled();
    run(&mut controller, 120_000, &["eu-1"]);
    write_all(&mut controller, 175_000);
    // Proxies have been told, and that is news of the incident.
    let of_incident = write_all(&mut controller, 176_500);
    assert_eq!(of_incident, [INCIDENT, "state"]);
    let target = target("eu-1");
    let memory = |controller: &mut Controller| {
        controller.state.targets.get_mut(&target).unwrap().memory.reason =
            Some(crate::health::FailureReason::of(crate::health::FailureKind::TcpConnectionFailed));
    };
    memory(&mut controller);
    assert_eq!(write_all(&mut controller, 178_000), ["region:eu-west", "state"]);
}
