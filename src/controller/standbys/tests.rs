use super::*;
use crate::controller::Offered;
use crate::health::Verdict;
use crate::journal::Actor;
use crate::json;
use crate::testing::{config_text, fail, pass};
use crate::tick::{ProbeResult, RoundReply, RoundRequest};
use crate::time::SECOND;
use serde_json::{Value, json};

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn api() -> ServiceId {
    ServiceId::parse("api").unwrap()
}

fn region(id: &str) -> RegionId {
    RegionId::parse(id).unwrap()
}

/// The config with a promotion for `api`, whose primary is `eu-west`.
fn with_promotion() -> String {
    let mut config: Value = serde_json::from_str(&config_text()).unwrap();
    config["services"]["api"]["writes"] = json!("primary");
    config["services"]["api"]["failover"] = json!({"promote": {
        "url": "https://hooks.example.net/promote",
        "secret": "HOOKS",
        "lag_pointer": "/lag_s",
        "contact_age_pointer": "/contact_age_s",
        "position_pointer": "/position",
        "fence": {"url": "https://hooks.example.net/fence", "secret": "HOOKS"},
    }});
    config["services"]["api"]["contract"] = json!({"rpo_s": 300});
    config["alerts"] = json!([{"kind": "slack", "url_secret": "SLACK"}]);
    config.to_string()
}

fn promoting() -> Controller {
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(&with_promotion(), at(0)), Offered::Taken);
    controller
}

/// Plays one cron run: each origin answers at an instant with a verdict and a document.
fn run(controller: &mut Controller, start: u64, answer: impl Fn(&str, u64) -> (Verdict, Value)) {
    let (run, now) = (at(start), at(start));
    let mut request = RoundRequest::first(run, now);
    while let RoundReply::Probe { wait_ms, probes, .. } = controller.round(&request).reply {
        let now = request.now.plus(wait_ms);
        let made = probes.iter().map(|probe| {
            let id = probe.target.origin.as_str();
            let (verdict, document) = answer(id, now.millis());
            let is_silent = matches!(verdict, Verdict::Fail { .. });
            let fields = probe.fields.iter().map(|pointer| {
                let value = document.pointer(pointer).cloned();
                let field = match value {
                    None => Field::Missing {},
                    Some(Value::Number(number)) => Field::Number(number),
                    Some(Value::String(text)) => Field::Text(text),
                    Some(_) => Field::Null {},
                };
                (pointer.clone(), field)
            });
            let fields = if is_silent { Vec::new() } else { fields.collect() };
            let (target, at) = (probe.target.clone(), now.plus(10));
            ProbeResult { target, at, verdict, pushed_back_ms: None, took_ms: 10, fields }
        });
        request.results = made.collect();
        request.round += 1;
        request.now = now.plus(10);
    }
}

/// A standby that is fine; its position is the time, as long as the primary writes.
fn fine(now: u64) -> Value {
    json!({"lag_s": 0.2, "contact_age_s": 1.1, "position": now})
}

fn memory<'c>(controller: &'c Controller, id: &str) -> &'c StandbyMemory {
    let recovery = controller.state().recoveries.get(&api()).unwrap();
    recovery.standbys.get(&region(id)).unwrap()
}

/// A controller whose standbys were fine for three minutes.
fn settled() -> Controller {
    let mut controller = promoting();
    for minute in 1..4 {
        run(&mut controller, minute * 60_000, |_, now| (pass(), fine(now)));
    }
    controller
}

/// Then the primary died, and a plan fenced it at an instant.
fn fenced(controller: &mut Controller, at: Timestamp) {
    let who: Value = serde_json::from_str(&json::write(&Actor::system())).unwrap();
    let plan = json!({
        "epoch": 1, "kind": "failover", "from": "eu-west", "to": "us-east", "why": "it failed",
        "who": who, "began": at,
        "steps": [
            {"step": {"fence": {}}, "state": "done", "ended": at, "tries": 1},
            {"step": {"gate": {}}, "state": "running"},
        ],
    });
    let recovery = controller.state.recoveries.get_mut(&api()).unwrap();
    recovery.plan = Some(json::read(&plan.to_string()).unwrap());
}

#[test]
fn every_standby_is_remembered_while_the_primary_is_up_and_the_primary_is_not() {
    let controller = settled();
    let recovery = controller.state().recoveries.get(&api()).unwrap();
    let known: Vec<&str> = recovery.standbys.keys().map(RegionId::as_str).collect();
    assert_eq!(known, ["sa-east", "us-east"]);
    let last = memory(&controller, "us-east").last.as_ref().unwrap();
    assert!(last.at > at(210_000), "{last:?}");
    assert_eq!(last.lag, json_number("0.2"));
    assert!(controller.state().recoveries.get(&ServiceId::parse("files").unwrap()).is_none());
}

fn json_number(text: &str) -> Field {
    Field::Number(text.parse().unwrap())
}

#[test]
fn what_a_standby_says_once_the_primary_is_silent_does_not_count() {
    let mut controller = settled();
    let before = memory(&controller, "us-east").last.clone();
    run(&mut controller, 240_000, |id, _| match id {
        "eu-1" => (fail(), Value::Null),
        _ => (pass(), json!({"lag_s": 0, "contact_age_s": 0, "position": 239_000})),
    });
    assert_eq!(memory(&controller, "us-east").last, before);
}

#[test]
fn a_standby_passes_once_its_primary_is_dead_fenced_and_its_position_stands_still() {
    let mut controller = settled();
    let verdict = controller.gate_of(&api(), &region("us-east"), at(239_000));
    let up = "the primary is up, and nothing keeps it from taking writes".to_owned();
    assert_eq!(verdict, GateVerdict::Wait { why: up });
    run(&mut controller, 240_000, |id, _| match id {
        "eu-1" => (fail(), Value::Null),
        _ => (pass(), json!({"lag_s": null, "contact_age_s": 70, "position": 239_000})),
    });
    fenced(&mut controller, at(270_000));
    let last = memory(&controller, "us-east").last.as_ref().unwrap().asked;
    let verdict = controller.gate_of(&api(), &region("us-east"), at(295_000));
    let bound = (at(270_000).since(last) + 5_000 + 1_100 + 200).div_ceil(SECOND);
    assert_eq!(verdict, GateVerdict::Pass { loss_bound_s: bound });
}

#[test]
fn a_standby_that_a_plan_waits_for_is_probed_more_often() {
    let probed = |controller: &mut Controller| {
        let probed = std::cell::Cell::new(0);
        run(controller, 240_000, |id, now| {
            probed.set(probed.get() + u32::from(id == "us-1"));
            (pass(), fine(now))
        });
        probed.get()
    };
    assert_eq!(probed(&mut settled()), 4);
    let mut waits = settled();
    fenced(&mut waits, at(239_000));
    assert_eq!(probed(&mut waits), 11);
}

#[test]
fn a_primary_that_nobody_reaches_and_that_writes_on_keeps_the_gate_shut() {
    let mut controller = settled();
    run(&mut controller, 240_000, |id, now| match id {
        "eu-1" => (fail(), Value::Null),
        _ => (pass(), fine(now)),
    });
    fenced(&mut controller, at(250_000));
    let verdict = controller.gate_of(&api(), &region("us-east"), at(295_000));
    let GateVerdict::Wait { why } = verdict else { panic!("{verdict:?}") };
    assert!(why.ends_with("the primary is not dead"), "{why}");
}

#[test]
fn a_standby_that_could_not_be_promoted_is_told_before_the_outage_and_once() {
    let mut controller = settled();
    let told = |controller: &Controller| memory(controller, "us-east").telling.told.clone();
    let cut = |id: &str, now: u64| match id {
        "us-1" => (pass(), json!({"lag_s": 0.1, "contact_age_s": 300, "position": 1})),
        _ => (pass(), fine(now)),
    };
    run(&mut controller, 240_000, cut);
    assert_eq!(told(&controller), None, "it may pass");
    for minute in 5..8 {
        run(&mut controller, minute * 60_000, cut);
    }
    let why = "while the primary was up it had not heard from it for 300 s, and \
               `max_contact_age_s` allows 60 s";
    assert_eq!(told(&controller).as_deref(), Some(why));
    let open = |controller: &Controller| {
        controller
            .state()
            .alerts
            .open
            .get("not_ready/api/us-east")
            .map(|alert| (alert.over_at.is_some(), alert.lines_total))
    };
    assert_eq!(open(&controller), Some((false, 1)));
    for minute in 8..11 {
        run(&mut controller, minute * 60_000, |_, now| (pass(), fine(now)));
    }
    assert_eq!(told(&controller), None);
    assert!(open(&controller).is_none_or(|(is_over, _)| is_over));
}

#[test]
fn a_region_that_was_the_primary_or_is_none_of_the_service_is_refused() {
    let mut controller = settled();
    let recovery = controller.state.recoveries.get_mut(&api()).unwrap();
    recovery.primary = Some(region("us-east"));
    recovery.unconfirmed.insert(region("eu-west"));
    run(&mut controller, 240_000, |_, now| (pass(), fine(now)));
    let recovery = controller.state().recoveries.get(&api()).unwrap();
    let of: Vec<_> = recovery.standbys.values().map(|memory| memory.of.as_str()).collect();
    assert_eq!(of, ["us-east", "us-east"], "what they said of another primary is forgotten");
    let refused = |id: &str| {
        let verdict = controller.gate_of(&api(), &region(id), at(295_000));
        matches!(verdict, GateVerdict::Refuse { .. })
    };
    assert!(refused("eu-west") && refused("nowhere"));
}

#[test]
fn the_origin_that_is_worst_off_speaks_for_its_region() {
    let mut config: Value = serde_json::from_str(&with_promotion()).unwrap();
    let second = json!({"id": "us-2", "url": "https://us2.example.com"});
    config["regions"]["us-east"]["origins"].as_array_mut().unwrap().push(second);
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(&config.to_string(), at(0)), Offered::Taken);
    let lag = |lag: Value| {
        move |id: &str, now: u64| match id {
            "us-2" => (pass(), json!({"lag_s": lag, "contact_age_s": 1, "position": 7})),
            _ => (pass(), fine(now)),
        }
    };
    for minute in 1..4 {
        run(&mut controller, minute * 60_000, lag(json!(9)));
    }
    let last = memory(&controller, "us-east").last.clone().unwrap();
    assert_eq!((last.lag, last.position), (json_number("9"), Some(json_number("7"))));
    for minute in 4..6 {
        run(&mut controller, minute * 60_000, lag(Value::Null));
    }
    assert_eq!(memory(&controller, "us-east").last.clone().unwrap().lag, Field::Null {});
}
