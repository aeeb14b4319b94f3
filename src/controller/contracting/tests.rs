use super::*;
use crate::controller::Offered;
use crate::health::{Field, Seen};
use crate::ids::RegionId;
use crate::journal::Actor;
use crate::order::{Act, Query};
use crate::state::rows::{Row, RowChange};
use crate::testing::{config_text, order, run, target};
use crate::time::{MINUTE, SECOND};
use crate::traffic::{Counts, Latencies, Line, Report};
use serde_json::{Value, json};

mod erring;

/// When the first run is over.
const NOW: Timestamp = Timestamp::from_millis(119_000);
const T: [&str; 8] = [
    "contract_broken",
    "contract_kept",
    "burn",
    "burn_over",
    "errors",
    "errors_over",
    "ordered",
    "lifted",
];

/// The config of `testing` with this contract of the service `api`.
fn with(contract: &Value) -> Controller {
    world(|service| service["contract"] = contract.clone())
}

/// A Controller that has made one run, in which every region was up.
fn world(change: impl FnOnce(&mut Value)) -> Controller {
    let mut config: Value = serde_json::from_str(&config_text()).unwrap();
    change(&mut config["services"]["api"]);
    let mut controller = Controller::default();
    let taken = controller.offer_config(&config.to_string(), Timestamp::from_millis(0));
    assert_eq!(taken, Offered::Taken, "{:?}", controller.state.refused);
    run(&mut controller, MINUTE, &[]);
    // The answers of `run` have no health document.
    controller.state.promises = crate::ordered::Map::new();
    drop(controller.take_news());
    controller
}

/// Lets the health documents of an origin say something.
fn say(controller: &mut Controller, origin: &str, fields: &[(&str, Field)], at: Timestamp) {
    let known = controller.state.targets.get_mut(&target(origin)).unwrap();
    for (pointer, value) in fields {
        let seen = Seen { value: value.clone(), at, since: at, took_ms: 0 };
        known.fields.insert((*pointer).to_owned(), seen);
    }
}

/// What is told of contracts at an instant: the kind and the text of each event.
fn told(controller: &mut Controller, now: Timestamp) -> Vec<(String, String)> {
    controller.settle(now);
    let lines = controller.take_news().into_iter();
    let lines = lines.map(|line| serde_json::from_str::<Value>(&line.text).unwrap());
    let word = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let all = lines.map(|line| (word(&line, "event"), word(&line, "text")));
    all.filter(|(kind, _)| T.contains(&kind.as_str())).collect()
}

fn kinds(told: &[(String, String)]) -> Vec<&str> {
    told.iter().map(|(kind, _)| kind.as_str()).collect()
}

fn number(number: impl Into<Value>) -> Field {
    Field::Number(number.into().as_number().cloned().unwrap())
}

fn line(region: Option<&str>, (requests, failures): (u64, u64), minute: Timestamp) -> Line {
    Line {
        minute,
        service: ServiceId::parse("api").unwrap(),
        region: region.map(|id| RegionId::parse(id).unwrap()),
        counts: Counts { requests, failures, ..Counts::default() },
        latencies: Latencies::default(),
    }
}

/// Lets an isolate tell what it counted.
fn count(controller: &mut Controller, number: u64, lines: Vec<Line>, now: Timestamp) {
    let (isolate, happened) = ("a".to_owned(), Vec::new());
    let report = Some(Report { isolate, number, area: None, lines, happened });
    controller.page(&Query::Routes { than: None, report }, now).unwrap();
}

/// The lag of each region at most five seconds.
fn lag() -> Value {
    json!({"components": {"db": {"kind": "database", "bounds": {"/lag_s": {"max": 5}}}}})
}

const ORIGINS: [&str; 3] = ["eu-1", "us-1", "br-1"];

fn all_say(controller: &mut Controller, fields: &[(&str, Field)], at: Timestamp) {
    for origin in ORIGINS {
        say(controller, origin, fields, at);
    }
}

#[test]
fn a_broken_contract_is_told_once_with_its_cause_and_once_when_it_was_kept_for_a_minute() {
    let mut controller = with(&lag());
    all_say(&mut controller, &[("/lag_s", number(5))], NOW);
    assert_eq!(told(&mut controller, NOW), []);
    say(&mut controller, "us-1", &[("/lag_s", number(6))], NOW);
    let text = "api: the contract of its database `db` is broken: us-east at us-1: `/lag_s` is 6, \
                above 5";
    let broken = vec![("contract_broken".to_owned(), text.to_owned())];
    assert_eq!(told(&mut controller, NOW), broken);
    assert_eq!(told(&mut controller, NOW.plus(1)), []);
    say(&mut controller, "us-1", &[("/lag_s", number(0))], NOW);
    for (ms, told_kinds) in
        [(0, &[][..]), (KEPT_AFTER_MS - 1, &[]), (KEPT_AFTER_MS, &["contract_kept"])]
    {
        assert_eq!(kinds(&told(&mut controller, NOW.plus(ms))), told_kinds, "{ms}");
    }
    assert!(controller.state.promises.is_empty(), "there is nothing to remember");
}

#[test]
fn what_swings_around_its_bound_is_told_once() {
    let mut controller = with(&lag());
    for n in 0..6 {
        let now = NOW.plus(n * 10 * SECOND);
        all_say(&mut controller, &[("/lag_s", number(if n % 2 == 0 { 9 } else { 1 }))], now);
        let expected: &[&str] = if n == 0 { &["contract_broken"] } else { &[] };
        assert_eq!(kinds(&told(&mut controller, now)), expected, "{n}");
    }
}

#[test]
fn where_one_of_two_is_kept_again_the_other_one_is_told_once_more() {
    let (db, vault) = (json!({"/lag_s": {"max": 5}}), json!({"/sealed": false}));
    let mut controller = with(&json!({"components": {
        "db": {"kind": "database", "bounds": db},
        "vault": {"kind": "secrets", "bounds": vault},
    }}));
    let both = [("/lag_s", number(9)), ("/sealed", Field::Flag(true))];
    all_say(&mut controller, &both, NOW);
    assert_eq!(kinds(&told(&mut controller, NOW)), ["contract_broken"; 2]);
    all_say(&mut controller, &[("/lag_s", number(1))], NOW);
    told(&mut controller, NOW);
    let kept = told(&mut controller, NOW.plus(KEPT_AFTER_MS));
    assert_eq!(kinds(&kept), ["contract_kept", "contract_broken"]);
    assert_eq!(kept[1].1, "api: still broken: `vault`");
}

#[test]
fn each_cause_has_its_own_words() {
    for (field, words) in [
        (Field::Missing {}, "is missing"),
        (Field::Null {}, "is null: whoever writes it does not know it"),
        (Field::Text("0".to_owned()), "is the text \"0\", and not a number"),
        (number(-1), "is -1, below 0, so nobody knows it"),
        (Field::NotJson {}, "is in no JSON document"),
    ] {
        let mut controller = with(&lag());
        all_say(&mut controller, &[("/lag_s", number(1))], NOW);
        say(&mut controller, "br-1", &[("/lag_s", field)], NOW);
        let told = told(&mut controller, NOW);
        assert!(told[0].1.ends_with(&format!("sa-east at br-1: `/lag_s` {words}")), "{told:?}");
    }
}

#[test]
fn a_field_that_was_read_long_ago_is_too_old_and_one_that_nobody_read_says_so() {
    let mut controller = with(&lag());
    let told_first = told(&mut controller, NOW);
    assert!(told_first[0].1.contains("`/lag_s` was never read: there was no answer"));
    let mut controller = with(&lag());
    all_say(&mut controller, &[("/lag_s", number(1))], NOW);
    let run = controller.state.run.as_mut().unwrap();
    run.began = NOW.plus(FRESH_MS);
    assert_eq!(told(&mut controller, NOW.plus(FRESH_MS)), []);
    let late = told(&mut controller, NOW.plus(FRESH_MS + 1));
    assert!(late[0].1.contains("is too old: it was read 120 s ago"), "{late:?}");
}

#[test]
fn while_no_run_comes_or_the_observer_doubts_itself_nothing_is_told() {
    let mut controller = with(&lag());
    all_say(&mut controller, &[("/lag_s", number(9))], NOW);
    controller.state.doubted_since = Some(NOW);
    assert_eq!(kinds(&told(&mut controller, NOW)), [""; 0]);
    controller.state.doubted_since = None;
    let late = NOW.plus(FRESH_MS + 1);
    controller.state.run.as_mut().unwrap().began = NOW;
    assert_eq!(kinds(&told(&mut controller, late)), [""; 0]);
    controller.state.run.as_mut().unwrap().began = late;
    assert_eq!(kinds(&told(&mut controller, late)), ["contract_broken"]);
}

#[test]
fn a_primary_has_no_lag_and_what_is_promoted_is_no_standby() {
    let mut controller = world(|service| {
        service["writes"] = "primary".into();
        service["contract"] = lag();
    });
    all_say(&mut controller, &[("/lag_s", number(1))], NOW);
    say(&mut controller, "eu-1", &[("/lag_s", Field::Null {})], NOW);
    assert_eq!(told(&mut controller, NOW), []);
    let id = ServiceId::parse("api").unwrap();
    let promoted = crate::recovery::Recovery {
        primary: RegionId::parse("us-east").ok(),
        ..crate::recovery::Recovery::default()
    };
    controller.state.recoveries.insert(id, promoted);
    let told = told(&mut controller, NOW);
    assert!(told[0].1.contains("eu-west at eu-1: `/lag_s` is null"), "{told:?}");
}

#[test]
fn one_backup_anywhere_is_enough() {
    let contract = json!({"components": {"nightly": {"kind": "backup", "bounds": {
        "/last_run_at": {"max_age_s": 60, "is": "last_run"},
        "/bytes": {"min": 1000, "is": "size"},
    }}}});
    let mut controller = with(&contract);
    let good = [("/last_run_at", Field::Text(NOW.to_string())), ("/bytes", number(1000))];
    let none = [("/last_run_at", Field::Missing {}), ("/bytes", Field::Missing {})];
    all_say(&mut controller, &none, NOW);
    say(&mut controller, "br-1", &good, NOW);
    assert_eq!(told(&mut controller, NOW), []);
    let told = told(&mut controller, NOW.plus(61 * SECOND));
    assert!(told[0].1.contains("`/last_run_at` is 61 s old, older than 60 s"), "{told:?}");
    assert_eq!(told[0].1.matches("is missing").count(), 4, "{told:?}");
}

#[test]
fn of_many_causes_the_first_are_told_and_how_many_more_there_are() {
    for (causes, told) in
        [(4, "a; a; a; a"), (5, "a; a; a; a; a"), (6, "a; a; a; a; a; and 1 more")]
    {
        assert_eq!(shown(&vec!["a".to_owned(); causes]), told);
    }
}

#[test]
fn errors_that_burn_the_budget_are_told_when_they_begin_and_when_they_end() {
    let mut controller = with(&json!({"availability": 99.9}));
    count(&mut controller, 1, vec![line(None, (1_000, 14), NOW)], NOW);
    let slow = told(&mut controller, NOW);
    assert_eq!(kinds(&slow), ["burn", "contract_broken"], "14 times is above 6 and above 1");
    count(&mut controller, 2, vec![line(None, (1_000, 16), NOW)], NOW);
    let fast = told(&mut controller, NOW);
    assert_eq!(kinds(&fast), ["burn"]);
    assert!(fast[0].1.contains("30 of 2000 requests failed"), "{fast:?}");
    assert!(fast[0].1.contains("at 15 in the longer"), "{fast:?}");
    assert_eq!(told(&mut controller, NOW.plus(1)), []);
    let later = NOW.plus(10 * MINUTE);
    count(&mut controller, 3, vec![line(None, (1_000, 0), later)], later);
    assert_eq!(told(&mut controller, later), [], "it is no longer fast, and still steady");
    let later = NOW.plus(40 * MINUTE);
    count(&mut controller, 4, vec![line(None, (1_000, 0), later)], later);
    assert_eq!(kinds(&told(&mut controller, later)), ["burn_over"], "the slow one goes on");
}

#[test]
fn few_requests_burn_nothing() {
    let mut controller = with(&json!({"availability": 99.9}));
    count(&mut controller, 1, vec![line(None, (99, 99), NOW)], NOW);
    assert_eq!(told(&mut controller, NOW), []);
}

#[test]
fn a_recovery_is_held_against_its_time_as_soon_as_it_is_late_and_once_when_it_is_over() {
    let mut controller = with(&json!({"rto_s": 600}));
    run(&mut controller, 2 * MINUTE, &["eu-1"]);
    let id = controller.state.incidents[0].id.clone();
    let seen = controller.state.incidents[0].phases.at(crate::journal::Phase::Seen).unwrap();
    drop(controller.take_news());
    let late = seen.plus(600 * SECOND);
    assert_eq!(told(&mut controller, late), []);
    let told_late = told(&mut controller, late.plus(1));
    let text = "api did not recover within its contract: RTO 600 s, no recovery after 601 s";
    assert_eq!(told_late, [("contract_broken".to_owned(), text.to_owned())]);
    assert_eq!(told(&mut controller, late.plus(2)), []);
    let incident = &mut controller.state.incidents[0];
    incident.phases.reach(crate::journal::Phase::Up, late.plus(60 * SECOND));
    let over = told(&mut controller, late.plus(61 * SECOND));
    assert_eq!(kinds(&over), ["contract_broken"]);
    assert!(over[0].1.ends_with("recovery took 660 s"), "{over:?}");
    assert_eq!(told(&mut controller, late.plus(62 * SECOND)), []);
    assert!(controller.state.incidents[0].events.iter().any(|it| it.text == over[0].1), "{id}");
}

#[test]
fn a_recovery_in_time_keeps_the_contract_and_says_how_long_it_took() {
    let mut controller = with(&json!({"rto_s": 600}));
    run(&mut controller, 2 * MINUTE, &["eu-1"]);
    drop(controller.take_news());
    let incident = &mut controller.state.incidents[0];
    let seen = incident.phases.at(crate::journal::Phase::Seen).unwrap();
    incident.phases.reach(crate::journal::Phase::LastChange, seen.plus(30 * SECOND));
    incident.phases.reach(crate::journal::Phase::Verified, seen.plus(40 * SECOND));
    let told_kept = told(&mut controller, seen.plus(41 * SECOND));
    let text = "api recovered within its contract: RTO 600 s, recovery took 40 s";
    assert_eq!(told_kept, [("contract_kept".to_owned(), text.to_owned())]);
    assert_eq!(told(&mut controller, seen.plus(42 * SECOND)), []);
}

#[test]
fn what_is_remembered_comes_back_after_a_restart() {
    let mut controller = with(&lag());
    all_say(&mut controller, &[("/lag_s", number(9))], NOW);
    count(&mut controller, 1, vec![line(None, (7, 0), NOW)], NOW);
    assert_eq!(kinds(&told(&mut controller, NOW)), ["contract_broken"]);
    let rows = controller.unsaved().changes.into_iter().filter_map(|change| match change {
        RowChange::PutRow(row) => Some(row),
        _ => None,
    });
    let rows: Vec<Row> = rows.collect();
    let restored = crate::state::rows::restore(rows);
    assert_eq!(restored.notes, [""; 0]);
    assert_eq!(restored.state.promises, controller.state.promises);
    let window = |traffic: &crate::traffic::Traffic| {
        traffic.window(&ServiceId::parse("api").unwrap(), None, MINUTE, NOW).requests
    };
    assert_eq!((window(&restored.state.traffic), window(&controller.state.traffic)), (7, 7));
}

#[test]
fn the_page_says_what_is_promised_and_how_it_stands() {
    let mut contract = lag();
    (contract["rto_s"], contract["availability"]) = (600.into(), 99.9.into());
    let mut controller = with(&contract);
    all_say(&mut controller, &[("/lag_s", number(9))], NOW);
    let lines = vec![line(None, (1_000, 2), NOW), line(Some("eu-west"), (900, 2), NOW)];
    count(&mut controller, 1, lines, NOW);
    told(&mut controller, NOW);
    let page = controller.page(&Query::Contracts {}, NOW).unwrap();
    let page: Value = serde_json::from_str(&page).unwrap();
    let api = &page["services"]["api"];
    assert_eq!(api["rto_s"], 600);
    assert_eq!(api["availability"]["measured"], "99.8");
    assert_eq!(api["availability"]["budget_left"], -100);
    assert_eq!(api["availability"]["burns"]["slow"]["rate"], "2");
    assert_eq!(api["components"]["db"]["state"], "broken");
    assert_eq!(api["components"]["db"]["causes"].as_array().unwrap().len(), 3);
    assert_eq!(api["regions"]["eu-west"]["requests"], 900);
    assert_eq!(page["services"]["files"], Value::Null, "it promises nothing");
    // What only counts on is no news for KV.
    let substance = controller.contracts(NOW).substance();
    count(&mut controller, 2, vec![line(Some("eu-west"), (10, 0), NOW)], NOW);
    assert_eq!(controller.contracts(NOW.plus(1)).substance(), substance);
}
