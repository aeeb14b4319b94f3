//! Alerts through the Controller: from an event to its end, over restarts and silence.

use super::*;
use crate::alert::{Delivery, GIVE_UP_AFTER_MS};
use crate::journal::{Event, EventKind};
use crate::order::{Act, ActReply, ActRequest, RefusalCode};
use crate::outgoing::Outcome;
use crate::time::MINUTE;
use serde_json::{Value, json};

fn text(alerts: &Value) -> String {
    let mut config: Value = serde_json::from_str(&config_text()).unwrap();
    config["alerts"] = alerts.clone();
    config["watchdog"] = json!({"heartbeat_secret": "BEAT", "allow_hosts": ["beat.example.net"]});
    config.to_string()
}

fn two() -> Value {
    json!([
        {"kind": "slack", "url_secret": "SLACK"},
        {"kind": "pagerduty", "key_secret": "PD", "group_s": 0},
    ])
}

/// A Controller that has probed once, in minute 1.
fn with(alerts: &Value) -> Controller {
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(&text(alerts), at(0)), Offered::Taken);
    run(&mut controller, MINUTE, &[]);
    // Who hears of everything hears of its config.
    controller.state.outbox.entries.retain(|it| it.message.kind != EventKind::ConfigTaken);
    assert_eq!(controller.state.outbox.entries, [], "nothing is wrong");
    controller
}

fn tell(controller: &mut Controller, event: Event) {
    let now = event.at;
    controller.news.tell(event);
    controller.settle(now);
}

fn answered(status: u16) -> Outcome {
    Outcome::Answered { status, retry_after_ms: None, said: String::new() }
}

/// Sends what is due until nothing is. Returns what was sent.
fn deliver(controller: &mut Controller, outcome: &Outcome, mut now: Timestamp) -> Vec<String> {
    let mut sent = Vec::new();
    loop {
        controller.recover_deliveries();
        let due = controller.begin_deliveries(&mut controller.quota(), now);
        if due.is_empty() {
            return sent;
        }
        for Delivery { entry, receiver } in due {
            let (action, key) = (entry.message.action.as_str(), &entry.message.key);
            sent.push(format!("{} {action} {key}", receiver.id));
            controller.end_delivery(&Delivery { entry, receiver }, outcome, now);
        }
        now = now.plus(1_000);
    }
}

fn act(controller: &mut Controller, act: Act, is_dry: bool, now: Timestamp) -> ActReply {
    let request = ActRequest {
        role: crate::journal::Role::Operator,
        act,
        who: crate::journal::Actor::system(),
        reason: "r".to_owned(),
        from: None,
        until: None,
        is_dry,
        key: None,
    };
    controller.act(&request, now)
}

#[test]
fn a_refused_config_calls_and_the_good_one_ends_it() {
    let mut controller = with(&two());
    controller.offer_config("{\"version\": 1}", at(2 * MINUTE));
    controller.settle(at(2 * MINUTE));
    let sent = deliver(&mut controller, &answered(202), at(2 * MINUTE));
    assert_eq!(sent, ["slack trigger config", "pagerduty trigger config"]);
    controller.offer_config(&text(&two()), at(3 * MINUTE));
    controller.settle(at(3 * MINUTE));
    let sent = deliver(&mut controller, &answered(202), at(3 * MINUTE));
    assert_eq!(sent, ["pagerduty resolve config"], "Slack's may come back within five minutes");
    let wake = controller.next_wake_with_cron(at(3 * MINUTE), false).unwrap();
    assert!(wake.reasons.contains(&WakeReason::Silence), "{wake:?}");
    run(&mut controller, 8 * MINUTE, &[]);
    let sent = deliver(&mut controller, &answered(202), at(8 * MINUTE));
    assert_eq!(sent, ["slack resolve config"]);
    assert!(controller.status(at(9 * MINUTE)).alerts.open.is_empty());
}

#[test]
fn silence_is_told_once_by_the_alarm_and_its_end_by_a_run() {
    let mut controller = with(&two());
    let silent_at = MINUTE + 300_000;
    let wake = controller.next_wake_with_cron(at(2 * MINUTE), false).unwrap();
    assert_eq!(wake.at, at(silent_at));
    controller.settle(at(silent_at - 1));
    assert_eq!(deliver(&mut controller, &answered(200), at(silent_at - 1)), [""; 0]);
    controller.settle(at(silent_at));
    controller.settle(at(silent_at + 1));
    let sent = deliver(&mut controller, &answered(200), at(silent_at + 1));
    assert_eq!(sent, ["slack trigger silent", "pagerduty trigger silent"]);
    let after = controller.next_wake_with_cron(at(silent_at + 10_000), false);
    assert_eq!(after, None, "then nothing wakes it but a run");
    run(&mut controller, 20 * MINUTE, &[]);
    let sent = deliver(&mut controller, &answered(200), at(20 * MINUTE));
    assert_eq!(sent, ["pagerduty resolve silent"]);
    let told: Vec<String> = controller.take_news().into_iter().map(|line| line.text).collect();
    let told = told.join("\n");
    assert!(told.contains("silent") && told.contains("heard"), "{told}");
}

#[test]
fn without_a_receiver_nothing_is_kept_and_nothing_wakes() {
    let mut controller = with(&json!([]));
    tell(&mut controller, Event::new(EventKind::Failed, "f".to_owned(), at(2 * MINUTE)));
    controller.settle(at(60 * MINUTE));
    assert_eq!(controller.state.outbox.made, 0);
    assert!(controller.state.alerts.open.is_empty());
    assert_eq!(controller.state.silent_since, None);
    assert_eq!(controller.next_wake_with_cron(at(2 * MINUTE), false), None);
}

#[test]
fn what_was_given_up_is_told_to_the_others_and_never_about_itself() {
    let mut controller = with(&two());
    controller.offer_config("{\"version\": 1}", at(2 * MINUTE));
    controller.settle(at(2 * MINUTE));
    drop(controller.take_news());
    let sent = deliver(&mut controller, &answered(404), at(2 * MINUTE));
    // Each is told that the other was not told, in vain, and that is the end of it.
    assert_eq!(sent.len(), 4, "{sent:?}");
    assert_eq!(controller.state.outbox.entries, []);
    let status = controller.status(at(3 * MINUTE)).alerts;
    let given_up: Vec<u64> = status.receivers.values().map(|it| it.given_up).collect();
    assert_eq!(given_up, [2, 2]);
    let lost = controller.take_news();
    let lost = lost.iter().filter(|line| line.text.contains("was not told")).count();
    assert_eq!(lost, 4, "the log has all");
}

#[test]
fn what_no_receiver_takes_for_a_day_is_given_up() {
    for (after_ms, is_lost) in [(GIVE_UP_AFTER_MS - 1, false), (GIVE_UP_AFTER_MS, true)] {
        let mut controller = with(&json!([{"kind": "slack", "url_secret": "SLACK"}]));
        tell(&mut controller, Event::new(EventKind::Restored, "r".to_owned(), at(2 * MINUTE)));
        controller.state.run = None;
        deliver(&mut controller, &answered(503), at(2 * MINUTE));
        controller.settle(at(2 * MINUTE + after_ms));
        let status = controller.status(at(0)).alerts;
        assert_eq!((status.undelivered == 0), is_lost);
    }
}

#[test]
fn a_restart_in_the_midst_of_a_call_repeats_it_under_the_same_number() {
    let mut controller = with(&two());
    controller.offer_config("{\"version\": 1}", at(2 * MINUTE));
    controller.settle(at(2 * MINUTE));
    let before = controller.begin_deliveries(&mut controller.quota(), at(2 * MINUTE));
    let state = crate::state::State::parse(&controller.saved_state()).unwrap();
    let mut controller = Controller::restore(Some(state), Some(&text(&two())));
    assert!(
        controller.next_wake_with_cron(at(2 * MINUTE), false).is_some(),
        "an alarm looks after it"
    );
    assert!(
        controller.begin_deliveries(&mut controller.quota(), at(2 * MINUTE)).is_empty(),
        "they are being sent"
    );
    controller.recover_deliveries();
    let after = controller.begin_deliveries(&mut controller.quota(), at(3 * MINUTE));
    let ids = |all: &[Delivery]| all.iter().map(|it| it.entry.message_id()).collect::<Vec<_>>();
    assert_eq!(ids(&before), ids(&after));
    assert!(after.iter().all(|it| it.entry.may_have_arrived && it.entry.tries == 2));
}

#[test]
fn a_test_goes_to_whom_it_names_and_says_how_it_ended() {
    let test = |receiver: Option<&str>| Act::TestAlert { receiver: receiver.map(str::to_owned) };
    let refusal = |reply: ActReply| match reply {
        ActReply::Refused(why) => (why.code, why.problem),
        ActReply::Done(acted) => panic!("{acted:?}"),
    };
    let mut none = Controller::default();
    assert_eq!(refusal(act(&mut none, test(None), false, at(0))).0, RefusalCode::NoConfig);
    let mut controller = with(&two());
    let (code, problem) = refusal(act(&mut controller, test(Some("x")), false, at(2 * MINUTE)));
    assert_eq!(
        (code, problem.as_str()),
        (RefusalCode::NotFound, "there is no receiver `x`; there are slack, pagerduty")
    );
    assert!(matches!(act(&mut controller, test(None), true, at(2 * MINUTE)), ActReply::Done(_)));
    assert_eq!(controller.state.outbox.made, 0, "a dry run sends nothing");
    act(&mut controller, test(None), false, at(2 * MINUTE));
    let ended = ["slack: on its way", "pagerduty: on its way"];
    assert_eq!(controller.how_tests_ended(), ended);
    let sent = deliver(&mut controller, &answered(200), at(2 * MINUTE));
    assert_eq!(sent, ["slack test test-1", "pagerduty test test-2", "pagerduty resolve test-2"]);
    let ended = ["slack: it took the test", "pagerduty: it took the test"];
    assert_eq!(controller.how_tests_ended(), ended);
    act(&mut controller, test(Some("slack")), false, at(3 * MINUTE));
    deliver(&mut controller, &answered(410), at(3 * MINUTE));
    assert_eq!(controller.how_tests_ended(), ["slack: given up: it answered 410"]);
    assert_eq!(controller.state.outbox.entries, [], "a lost test wakes nobody");
}

#[test]
fn each_run_beats_once_and_nothing_else_does() {
    let mut controller = with(&two());
    let beat = controller.take_heartbeat(&mut Quota::of(45)).unwrap();
    assert_eq!(beat.secret, "BEAT");
    assert!(beat.allow_hosts.contains(&"beat.example.net".to_owned()));
    assert!(beat.allow_hosts.contains(&"hc-ping.com".to_owned()));
    assert_eq!(controller.take_heartbeat(&mut Quota::of(45)), None);
    run(&mut controller, MINUTE, &[]);
    controller.settle(at(3 * MINUTE));
    assert_eq!(
        controller.take_heartbeat(&mut Quota::of(45)),
        None,
        "that run was known, and an alarm is none"
    );
    run(&mut controller, 4 * MINUTE, &[]);
    assert!(controller.take_heartbeat(&mut Quota::of(45)).is_some());
    controller.end_heartbeat(None, at(4 * MINUTE));
    controller.end_heartbeat(Some("it answered 500".to_owned()), at(5 * MINUTE));
    let status = controller.status(at(5 * MINUTE)).alerts.heartbeat.unwrap();
    assert_eq!(status.taken_at, Some(at(4 * MINUTE)));
    assert_eq!(status.last_failure.as_deref(), Some("it answered 500"));
}

/// Each receiver, how many messages it is sent, and how many lines they have.
fn sent_lines(controller: &Controller) -> Vec<(String, usize, usize)> {
    let mut all: Map<String, (usize, usize)> = Map::new();
    for entry in &controller.state.outbox.entries {
        let (messages, lines) = all.get(entry.receiver.as_str()).copied().unwrap_or_default();
        let lines = lines + entry.message.lines.len();
        all.insert(entry.receiver.to_string(), (messages + 1, lines));
    }
    all.into_iter().map(|(id, (messages, lines))| (id, messages, lines)).collect()
}

#[test]
fn what_was_observed_is_told_with_its_incident_and_never_by_itself() {
    let mut alerts = two();
    for receiver in alerts.as_array_mut().unwrap() {
        receiver["min_severity"] = "info".into();
    }
    // The first run finds every target up, which is news about each of them and no alert.
    let mut controller = with(&alerts);
    for minute in 2..=4 {
        run(&mut controller, minute * MINUTE, &["eu-1"]);
    }
    let lines = &controller.state.outbox.entries[0].message.lines;
    assert!(lines.iter().any(|line| line.contains(" observed: eu-1")), "{lines:#?}");
    let sent = sent_lines(&controller);
    let counts: Vec<(&str, usize)> = sent.iter().map(|(id, n, _)| (id.as_str(), *n)).collect();
    assert_eq!(counts, [("pagerduty", 1), ("slack", 1)], "{:#?}", controller.state.outbox);
}

#[test]
fn many_notes_of_one_kind_that_nobody_has_begun_to_send_are_one_message() {
    let mut alerts = two();
    alerts[0]["min_severity"] = "info".into();
    let mut controller = with(&alerts);
    let applied = |n: u64| Event::new(EventKind::Applied, format!("record {n}"), at(n));
    for (count, lines) in [(1, 1), (2, 2), (19, 19), (20, 20), (21, 20)] {
        controller.state.outbox.entries = Vec::new();
        (0..count).for_each(|n| controller.news.tell(applied(n)));
        controller.settle(at(2 * MINUTE));
        assert_eq!(sent_lines(&controller), [("slack".to_owned(), 1, lines)], "{count}");
        let message = &controller.state.outbox.entries[0].message;
        assert_eq!(message.title.ends_with(" (and more)"), count > 1, "{message:?}");
        let last = format!("record {}", count - 1);
        assert!(message.lines.last().unwrap().ends_with(&last), "{message:?}");
    }
    let begun = controller.begin_deliveries(&mut controller.quota(), at(2 * MINUTE));
    assert_eq!(begun.len(), 1);
    tell(&mut controller, applied(2 * MINUTE));
    assert_eq!(controller.state.outbox.entries.len(), 2, "the first is on its way");
    tell(&mut controller, Event { kind: EventKind::Verified, ..applied(2 * MINUTE) });
    assert_eq!(controller.state.outbox.entries.len(), 3, "another kind");
}

#[test]
fn what_does_not_last_is_told_to_whom_it_is_bad_enough_for() {
    let mut alerts = two();
    alerts[0]["min_severity"] = "info".into();
    alerts[0]["events"] = json!(["restored", "verified"]);
    let mut controller = with(&alerts);
    let restored = Event::new(EventKind::Restored, "r".to_owned(), at(2 * MINUTE));
    tell(&mut controller, restored.clone());
    tell(&mut controller, Event { kind: EventKind::Verified, ..restored });
    let mut sent = deliver(&mut controller, &answered(200), at(2 * MINUTE));
    sent.sort();
    let expected = ["pagerduty note restored-1", "slack note restored-1", "slack note verified-3"];
    assert_eq!(sent, expected);
}
