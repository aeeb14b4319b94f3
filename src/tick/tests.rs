mod areas;
mod controls;
mod gaps;
mod measuring;
mod messages;
mod pace;
mod partitions;
mod peers;
mod promise;
mod virtual_time;
mod witnesses;
mod workers;
mod world;

use super::*;
use crate::controller::Controller;
use crate::health::Health;
use crate::testing::{config_text, fail, observed, pass, run, target};

fn begin(at: u64) -> RoundRequest {
    let now = Timestamp::from_millis(at);
    RoundRequest::first(now, now)
}

fn controller() -> Controller {
    let mut controller = Controller::default();
    controller.offer_config(&config_text(), Timestamp::from_millis(0));
    controller
}

fn health(controller: &Controller, origin: &str, now: u64) -> Health {
    observed(&controller.view(Timestamp::from_millis(now)).unwrap(), origin).health
}

#[test]
fn a_first_run_rechecks_after_a_second_and_then_settles_into_the_interval() {
    let mut controller = controller();
    // A pass counts from when it was asked for, 20 ms before it was there.
    assert_eq!(run(&mut controller, 60_000, &[]), [0, 990, 15_980, 30_970, 45_960]);
    assert_eq!(health(&controller, "eu-1", 110_000), Health::Up);
}

#[test]
fn a_failure_is_confirmed_in_seconds_and_not_in_intervals() {
    let mut controller = controller();
    run(&mut controller, 60_000, &[]);
    let rounds = run(&mut controller, 120_000, &["eu-1"]);
    let first_failure = rounds[0];
    let confirmed = rounds[2];
    assert!(confirmed - first_failure < 3_000, "{rounds:?}");
    assert_eq!(health(&controller, "eu-1", 125_000), Health::Down);
    assert_eq!(health(&controller, "us-1", 125_000), Health::Up);
}

#[test]
fn an_observer_that_reaches_nothing_changes_nothing_and_says_so() {
    let mut controller = controller();
    run(&mut controller, 60_000, &[]);
    run(&mut controller, 120_000, &["eu-1", "us-1", "br-1"]);
    for origin in ["eu-1", "us-1", "br-1"] {
        assert_eq!(health(&controller, origin, 175_000), Health::Up);
    }
    let status = controller.status(Timestamp::from_millis(175_000));
    assert!(status.doubted_since.is_some());
    run(&mut controller, 180_000, &["eu-1", "br-1"]);
    assert_eq!(health(&controller, "eu-1", 235_000), Health::Down);
    assert_eq!(health(&controller, "us-1", 235_000), Health::Up);
    let status = controller.status(Timestamp::from_millis(235_000));
    assert_eq!(status.doubted_since, None);
}

#[test]
fn a_run_ends_before_the_next_one_begins() {
    let mut controller = controller();
    let rounds = run(&mut controller, 60_000, &[]);
    assert!(rounds.iter().all(|at| at + 1_000 <= RUN_MS), "{rounds:?}");
}

#[test]
fn a_run_makes_no_more_probes_than_it_may_and_keeps_some_for_rechecks() {
    let mut text: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    text["observer"] = serde_json::json!({"controls": []});
    // The first two rounds are rechecks: nothing is known yet. Three are kept from then on.
    for (limit, rounds, probes) in [(3, 1, 3), (8, 2, 6), (9, 2, 6), (10, 3, 7), (12, 3, 9)] {
        text["limits"] = serde_json::json!({"probes_per_run": limit});
        let mut controller = Controller::default();
        controller.offer_config(&text.to_string(), Timestamp::from_millis(0));
        assert_eq!(run(&mut controller, 60_000, &[]).len(), rounds, "limit {limit}");
        assert_eq!(controller.state().run.as_ref().unwrap().probes, probes, "limit {limit}");
    }
}

#[test]
fn the_same_run_twice_is_told_that_it_is_superseded() {
    let mut controller = controller();
    assert!(matches!(controller.round(&begin(60_000)).reply, RoundReply::Probe { .. }));
    let again = controller.round(&begin(60_000)).reply;
    assert_eq!(again, RoundReply::Done(Done::Superseded));
    let older = controller.round(&begin(1_000)).reply;
    assert_eq!(older, RoundReply::Done(Done::Superseded));
}

#[test]
fn a_round_that_comes_twice_counts_once() {
    let mut controller = controller();
    let _ = controller.round(&begin(60_000));
    let now = Timestamp::from_millis(60_010);
    let results = vec![ProbeResult {
        fields: Vec::new(),
        target: target("eu-1"),
        at: now,
        verdict: pass(),
        pushed_back_ms: None,
        took_ms: 0,
    }];
    let round = RoundRequest {
        round: 1,
        results,
        ..RoundRequest::first(Timestamp::from_millis(60_000), now)
    };
    assert!(matches!(controller.round(&round).reply, RoundReply::Probe { .. }));
    let once = controller.state().clone();
    assert_eq!(controller.round(&round).reply, RoundReply::Done(Done::Superseded));
    assert_eq!(controller.state(), &once);
}

#[test]
fn a_run_that_was_overtaken_changes_nothing_more() {
    let mut controller = controller();
    let _ = controller.round(&begin(60_000));
    let _ = controller.round(&begin(120_000));
    let before = controller.state().clone();
    let now = Timestamp::from_millis(120_500);
    let results = vec![ProbeResult {
        fields: Vec::new(),
        target: target("eu-1"),
        at: now,
        verdict: fail(),
        pushed_back_ms: None,
        took_ms: 0,
    }];
    let late = RoundRequest {
        round: 1,
        results,
        ..RoundRequest::first(Timestamp::from_millis(60_000), now)
    };
    assert_eq!(controller.round(&late).reply, RoundReply::Done(Done::Superseded));
    assert_eq!(controller.state(), &before);
}

#[test]
fn a_probe_that_says_nothing_is_not_rechecked_at_once() {
    let mut controller = controller();
    let _ = controller.round(&begin(60_000));
    let now = Timestamp::from_millis(60_010);
    let verdict = Verdict::Inconclusive { note: "unsupported".to_owned() };
    let results = ["eu-1", "us-1", "br-1"].map(|origin| ProbeResult {
        fields: Vec::new(),
        target: target(origin),
        at: now,
        verdict: verdict.clone(),
        pushed_back_ms: None,
        took_ms: 0,
    });
    let round = RoundRequest {
        round: 1,
        results: results.into(),
        ..RoundRequest::first(Timestamp::from_millis(60_000), now)
    };
    let RoundReply::Probe { wait_ms, .. } = controller.round(&round).reply else { panic!() };
    assert_eq!(wait_ms, 15_000);
}

#[test]
fn one_failure_after_a_long_silence_does_not_bring_an_old_belief_back() {
    let mut controller = controller();
    run(&mut controller, 60_000, &[]);
    let later = 60_000 + 3 * 3_600_000;
    let _ = controller.round(&begin(later));
    let now = Timestamp::from_millis(later + 10);
    let results = vec![ProbeResult {
        fields: Vec::new(),
        target: target("eu-1"),
        at: now,
        verdict: fail(),
        pushed_back_ms: None,
        took_ms: 0,
    }];
    let round = RoundRequest {
        round: 1,
        results,
        ..RoundRequest::first(Timestamp::from_millis(later), now)
    };
    let _ = controller.round(&round);
    assert_eq!(health(&controller, "eu-1", later + 20), Health::Unknown);
}

#[test]
fn a_round_holds_no_more_probes_than_end_within_the_run() {
    let fitting = |timeouts: &[Millis], left_ms| {
        cadence::fitting(timeouts.to_vec(), 6, left_ms, |timeout_ms| *timeout_ms)
    };
    let many = [10_000; 20];
    assert_eq!(fitting(&many, 9_999).len(), 0);
    assert_eq!(fitting(&many, 10_000).len(), 6);
    assert_eq!(fitting(&many, 29_999).len(), 12);
}

#[test]
fn each_probe_is_measured_by_its_own_timeout() {
    let fitting = |timeouts: &[Millis], left_ms| {
        cadence::fitting(timeouts.to_vec(), 6, left_ms, |timeout_ms| *timeout_ms)
    };
    assert_eq!(fitting(&[10_000, 1_000], 9_999), [1_000]);
    let mixed = [10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 1_000, 1_000];
    assert_eq!(fitting(&mixed, 10_999).len(), 6, "a seventh waits for a connection");
    assert_eq!(fitting(&mixed, 11_000).len(), 8);
}

#[test]
fn a_result_about_a_target_that_is_gone_is_left_aside() {
    let mut controller = controller();
    let _ = controller.round(&begin(60_000));
    let now = Timestamp::from_millis(60_010);
    let results = vec![ProbeResult {
        fields: Vec::new(),
        target: target("gone-1"),
        at: now,
        verdict: fail(),
        pushed_back_ms: None,
        took_ms: 0,
    }];
    let round = RoundRequest {
        round: 1,
        results,
        ..RoundRequest::first(Timestamp::from_millis(60_000), now)
    };
    assert!(controller.round(&round).changed.is_empty());
}

#[test]
fn without_a_config_there_is_nothing_to_probe() {
    let reply = Controller::default().round(&begin(60_000)).reply;
    assert_eq!(reply, RoundReply::Done(Done::NothingToProbe));
}

#[test]
fn a_probe_tells_an_origin_the_host_that_its_clients_tell_it() {
    let mut text: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    for service in ["api", "files"] {
        text["services"][service]["host_header"] = serde_json::json!("api.example.com");
    }
    text["regions"]["us-east"]["origins"][0]["host_header"] = serde_json::json!("US.example.com");
    text["regions"]["sa-east"]["origins"][0]["url"] = serde_json::json!("http://br.example.com:81");
    let probes = first_probes(&text);
    let mut asked: Vec<_> =
        probes.iter().map(|probe| (probe.url.as_str(), probe.resolve.as_deref())).collect();
    asked.sort_unstable();
    assert_eq!(
        asked,
        [
            ("http://api.example.com:81/health", Some("br.example.com")),
            ("https://api.example.com/health", Some("eu.example.com")),
            ("https://us.example.com/health", None),
        ]
    );
}

/// The probes of the first round of a config.
fn first_probes(config: &serde_json::Value) -> Vec<Probe> {
    let mut controller = Controller::default();
    let offered = controller.offer_config(&config.to_string(), Timestamp::from_millis(0));
    assert_eq!(offered, crate::controller::Offered::Taken);
    let RoundReply::Probe { probes, .. } = controller.round(&begin(60_000)).reply else { panic!() };
    probes
}

#[test]
fn a_probe_asks_where_and_how_its_monitor_says() {
    let mut text: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    let origin = &mut text["regions"]["us-east"]["origins"][0];
    origin["url"] = serde_json::json!("https://us.example.com:8443");
    origin["addresses"] = serde_json::json!(["192.0.2.7", "2001:db8::7"]);
    let asked = |monitor: serde_json::Value| {
        let mut text = text.clone();
        text["monitors"]["api"]
            .as_object_mut()
            .unwrap()
            .extend(monitor.as_object().unwrap().clone());
        first_probes(&text)
            .into_iter()
            .find(|probe| probe.target.origin.as_str() == "us-1")
            .unwrap()
    };
    let plain = asked(serde_json::json!({}));
    assert_eq!(plain.url, "https://us.example.com:8443/health");
    assert_eq!(plain.addresses, ["192.0.2.7:8443", "[2001:db8::7]:8443"]);
    let other = asked(serde_json::json!({
        "scheme": "http", "method": "HEAD", "host_header": "www.example.com", "retries": 2,
        "headers": {"Authorization": {"secret": "HEALTH"}},
    }));
    assert_eq!(other.url, "http://www.example.com/health", "that port is for TLS");
    assert_eq!(other.resolve.as_deref(), Some("us.example.com"));
    assert_eq!(other.addresses, ["192.0.2.7:80", "[2001:db8::7]:80"]);
    let secret = crate::config::ProbeHeader::Secret("HEALTH".to_owned());
    assert_eq!(other.request.headers, [("authorization".to_owned(), secret)]);
    assert_eq!(asked(serde_json::json!({"port": 9000})).url, "https://us.example.com:9000/health");
    let mut tcp = text.clone();
    tcp["monitors"]["api"].as_object_mut().unwrap().remove("path");
    text = tcp;
    let asked = |monitor: serde_json::Value| {
        let mut text = text.clone();
        text["monitors"]["api"]
            .as_object_mut()
            .unwrap()
            .extend(monitor.as_object().unwrap().clone());
        let config = crate::config::Config::parse(&text.to_string()).unwrap();
        let target = crate::target::Target::parse("us-1/api").unwrap();
        let place = config.origin(&target.origin).unwrap();
        config.asked_by_probes(place, &target.monitor).unwrap().url
    };
    assert_eq!(asked(serde_json::json!({"type": "tcp"})), "tcp://us.example.com:8443");
    assert_eq!(
        asked(serde_json::json!({"type": "tcp", "port": 5432})),
        "tcp://us.example.com:5432"
    );
}
