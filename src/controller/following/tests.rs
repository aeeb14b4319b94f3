use super::*;
use crate::controller::Offered;
use crate::health::Field;
use crate::order::Act;
use crate::testing::{config_text, order, pass};
use crate::tick::{ProbeResult, RoundReply, RoundRequest};
use crate::time::SECOND;
use serde_json::{Value, json};

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn api() -> ServiceId {
    ServiceId::parse("api").unwrap()
}

/// `api` follows Patroni, whose documents a monitor of their own brings.
fn following() -> Controller {
    let mut config: Value = serde_json::from_str(&config_text()).unwrap();
    config["monitors"]["patroni"] = json!({"path": "/patroni", "interval_s": 15});
    config["services"]["api"]["writes"] = json!("primary");
    config["services"]["api"]["failover"] =
        json!({"follow": {"manager": "patroni", "monitor": "patroni"}});
    config["alerts"] = json!([{"kind": "slack", "url_secret": "SLACK"}]);
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(&config.to_string(), at(0)), Offered::Taken);
    controller
}

/// Plays one cron run in which these origins say that they lead.
fn run(controller: &mut Controller, minute: u64, leaders: &[&str]) {
    let start = minute * 60_000;
    let (run, now) = (at(start), at(start));
    let mut request = RoundRequest::first(run, now);
    while let RoundReply::Probe { wait_ms, probes, .. } = controller.round(&request).reply {
        let now = request.now.plus(wait_ms);
        let made = probes.iter().map(|probe| {
            let leads = leaders.contains(&probe.target.origin.as_str());
            let text = |leads, word: &str, other: &str| {
                Field::Text((if leads { word } else { other }).to_owned())
            };
            let field = |pointer: &String| match pointer.as_str() {
                "/role" => text(leads, "primary", "replica"),
                "/state" => text(leads, "running", "streaming"),
                "/dcs_last_seen" => Field::Number((now.millis() / SECOND).into()),
                "/timeline" => Field::Number(4.into()),
                _ => Field::Missing {},
            };
            let fields = probe.fields.iter().map(|it| (it.clone(), field(it))).collect();
            let (target, at) = (probe.target.clone(), now.plus(10));
            ProbeResult { target, at, verdict: pass(), pushed_back_ms: None, took_ms: 10, fields }
        });
        request.results = made.collect();
        request.round += 1;
        request.now = now.plus(10);
    }
}

/// Where writes go.
fn primary(controller: &Controller) -> String {
    let view = controller.view(at(0)).unwrap();
    let standing = view.services().find(|service| *service.id == api()).unwrap();
    standing.primary.unwrap().region.to_string()
}

fn epoch(controller: &Controller) -> u64 {
    controller.state().recoveries.get(&api()).unwrap().epoch
}

fn told(controller: &Controller) -> Option<(bool, String)> {
    let alert = controller.state().alerts.open.get("not_ready/api/all")?;
    Some((alert.over_at.is_some(), alert.title.clone()))
}

#[test]
fn the_monitor_of_a_manager_is_probed_and_says_nothing_about_health() {
    let mut controller = following();
    run(&mut controller, 1, &["eu-1"]);
    let monitors = controller.state().targets.keys().map(|target| target.monitor.as_str());
    assert_eq!(monitors.filter(|monitor| *monitor == "patroni").count(), 3);
    assert_eq!((primary(&controller).as_str(), epoch(&controller)), ("eu-west", 0));
}

#[test]
fn writes_go_where_the_manager_has_promoted() {
    let mut controller = following();
    run(&mut controller, 1, &["eu-1"]);
    run(&mut controller, 2, &["us-1"]);
    assert_eq!((primary(&controller).as_str(), epoch(&controller)), ("us-east", 1));
    assert_eq!(told(&controller), None);
    run(&mut controller, 3, &["us-1"]);
    assert_eq!(epoch(&controller), 1, "once");
}

#[test]
fn where_two_say_that_they_lead_writes_stay_and_people_are_told() {
    let mut controller = following();
    run(&mut controller, 1, &["eu-1"]);
    for minute in 2..5 {
        run(&mut controller, minute, &["eu-1", "us-1"]);
    }
    assert_eq!((primary(&controller).as_str(), epoch(&controller)), ("eu-west", 0));
    let (is_over, title) = told(&controller).unwrap();
    assert!(!is_over && title.contains("`eu-west` and `us-east` all say"), "{title}");
    for minute in 5..8 {
        run(&mut controller, minute, &["eu-1"]);
    }
    assert!(told(&controller).is_none_or(|(is_over, _)| is_over));
}

#[test]
fn while_corruption_is_declared_writes_stay_whoever_leads() {
    let mut controller = following();
    run(&mut controller, 1, &["eu-1"]);
    let corruption = order(1, Act::Corruption { service: Some(api()) }, None);
    controller.state.orders.push(corruption);
    for minute in 2..4 {
        run(&mut controller, minute, &["us-1"]);
    }
    assert_eq!(primary(&controller), "eu-west");
    controller.state.orders.clear();
    run(&mut controller, 4, &["us-1"]);
    assert_eq!(primary(&controller), "us-east");
}
