//! Alerts reach their receivers, each once, whatever happens on the way.

use crate::called::{Called, HOSTS, events, secrets, with_receivers};
use crate::signed::official_library_verifies;
use crate::support::until;
use pointsman_lab::edge::NetFault;
use pointsman_lab::receivers::{Manner, Receiver, Service, Taken};
use pointsman_lab::region::Mode;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long receivers are down while alarms alone try again; the variable
/// `POINTSMAN_RECEIVERS_DOWN_S` asks for another time, such as 600.
const DOWN_S: u64 = 18;

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_receiver_is_told_of_the_beginning_and_the_end() {
    let config = with_receivers();
    let mut called = Called::start(&config).await;
    called.break_config().await;
    called.all_delivered().await;
    called.write_config(&config.to_string()).await.unwrap();
    called.minute().await;
    called.all_delivered().await;

    let pagerduty = events(&called.taken(Service::Pagerduty));
    let actions: Vec<&str> = pagerduty.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["trigger", "resolve"], "{:#?}", called.edge().log());
    assert_eq!(pagerduty[0].1, pagerduty[1].1, "one key");
    assert!(pagerduty[0].1.starts_with("pointsman:config:"), "{pagerduty:?}");
    let jsm = called.taken(Service::Jsm);
    assert_eq!(jsm[0].body["alias"], pagerduty[0].1);
    assert!(jsm[1].target.contains("/close?identifierType=alias"), "{}", jsm[1].target);
    let slack = called.taken(Service::Slack);
    let told = slack[0].body["text"].as_str().unwrap();
    assert!(told.starts_with("ERROR: config_refused: the config "), "{told}");
    assert!(slack[1].body["text"].as_str().unwrap().starts_with("RESOLVED: "));
    assert_eq!(slack[0].target, "/services/T0/B0/slack-path");
    let hook = called.taken(Service::Webhook);
    let types: Vec<&str> = hook.iter().map(|it| it.body["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["alert.trigger", "alert.resolve"]);
    let status = called.status().await.unwrap();
    let pd = &status["alerts"]["receivers"]["pagerduty"];
    assert_eq!((&pd["delivered"], &pd["given_up"]), (&json!(2), &json!(0)), "{status:#}");
    assert_eq!(status["alerts"]["open"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_library_of_standard_webhooks_verifies_each_message() {
    let mut called = Called::start(&with_receivers()).await;
    called.break_config().await;
    called.all_delivered().await;
    let hook = called.taken(Service::Webhook);
    let secret = secrets()[4].1.clone();
    assert!(official_library_verifies(&hook[0].text, &hook[0].headers, &secret), "{hook:#?}");
    let mut altered = hook[0].clone();
    altered.text = altered.text.replace("error", "info");
    assert_ne!(altered.text, hook[0].text);
    assert!(
        !official_library_verifies(&altered.text, &altered.headers, &secret),
        "it sees an altered body"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_receivers_missed_while_they_were_down_for_ten_minutes_arrives_once() {
    let config = with_receivers();
    let mut called = Called::start(&config).await;
    called.network(Some(NetFault::Refuse)).await;
    called.break_config().await;
    for minute in 0..10 {
        called.minute().await;
        called.same_minute_again().await;
        if minute == 4 {
            called.crash().await;
        }
        if minute == 6 {
            called.write_config(&config.to_string()).await.unwrap();
        }
    }
    assert_eq!(called.undelivered().await, 8, "a beginning and an end for each");
    called.network(None).await;
    // The longest wait after a failure is five minutes.
    called.minutes(8).await;
    called.all_delivered().await;
    let pagerduty = events(&called.taken(Service::Pagerduty));
    let actions: Vec<&str> = pagerduty.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["trigger", "resolve"], "in their order");
    for service in [Service::Slack, Service::Jsm, Service::Webhook] {
        assert_eq!(called.taken(service).len(), 2, "{service:?}");
    }
    let repeated: u64 = called.receivers.iter().map(Receiver::repeated).sum();
    assert_eq!(repeated, 0);
    let secret = secrets()[4].1.clone();
    let hook = called.taken(Service::Webhook);
    let stamp: i64 = hook[0].headers["webhook-timestamp"].parse().unwrap();
    let made = hook[0].body["timestamp"].as_str().unwrap().to_owned();
    assert!(
        official_library_verifies(&hook[0].text, &hook[0].headers, &secret),
        "made {made}, signed at {stamp}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_is_killed_in_the_midst_of_a_call_repeats_it_under_the_same_number() {
    let mut called = Called::start(&with_receivers()).await;
    for receiver in &called.receivers {
        receiver.set(Manner::TakeAndHang);
    }
    called.break_config().await;
    let has_all = async || {
        let alerted = HOSTS.iter().filter(|(_, service)| *service != Service::Monitor);
        alerted.into_iter().all(|(_, service)| !called.taken(*service).is_empty())
    };
    until("each has its message, and nobody heard so", has_all).await;
    called.crash().await;
    for receiver in &called.receivers {
        receiver.set(Manner::Proper);
    }
    called.minute().await;
    called.all_delivered().await;
    for service in [Service::Pagerduty, Service::Jsm, Service::Webhook] {
        assert_eq!(called.taken(service).len(), 1, "{service:?} has it once");
        assert_eq!(called.receiver(service).repeated(), 1, "{service:?} was sent it twice");
    }
    let slack = called.taken(Service::Slack);
    assert_eq!(slack.len(), 2, "Slack knows no message twice");
    assert!(!slack[0].text.contains("sent once more"), "{}", slack[0].text);
    assert!(slack[1].text.contains("sent once more"), "and is told so: {}", slack[1].text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_no_delivery_and_the_others_hear_of_what_was_given_up() {
    let mut called = Called::start(&with_receivers()).await;
    called.receiver(Service::Webhook).set(Manner::Redirect);
    called.break_config().await;
    called.all_delivered().await;
    assert_eq!(called.taken(Service::Webhook).len(), 0);
    assert_eq!(called.receiver(Service::Webhook).attempts(), 1, "nobody followed it");
    let status = called.status().await.unwrap();
    let hook = &status["alerts"]["receivers"]["webhook"];
    assert_eq!(hook["given_up"], 1, "{status:#}");
    let why = hook["last_failure"].as_str().unwrap();
    assert!(why.contains("302") && why.contains("a redirect is no delivery"), "{why}");
    let slack = called.taken(Service::Slack);
    let lost = slack.iter().find(|it| it.text.contains("alert_lost: `webhook` was not told"));
    assert!(lost.is_some(), "{slack:#?}");
    assert!(called.edge().log().join("\n").contains("`webhook` was not told"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_asks_for_silence_gets_it_and_the_alert_comes_after() {
    let config = with_receivers();
    let mut called = Called::start(&config).await;
    called.receiver(Service::Slack).set(Manner::TooMany { retry_after_s: 600 });
    called.break_config().await;
    let tried = async || called.receiver(Service::Slack).attempts() == 1;
    until("Slack refuses the first", tried).await;
    called.receiver(Service::Slack).set(Manner::Proper);
    called.write_config(&config.to_string()).await.unwrap();
    called.minutes(9).await;
    assert_eq!(called.receiver(Service::Slack).attempts(), 1, "not within ten minutes");
    called.minutes(2).await;
    called.all_delivered().await;
    let texts: Vec<String> = called.taken(Service::Slack).into_iter().map(|it| it.text).collect();
    assert_eq!(texts.len(), 2, "also although it is over");
    assert!(texts[0].contains("ERROR: ") && texts[1].contains("RESOLVED: "), "{texts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_runs_stop_the_controller_itself_calls_and_nothing_beats() {
    let mut config = with_receivers();
    config["watchdog"]["silent_after_s"] = json!(30);
    // Without runs the runtime puts the object away, and its clock is the machine's again. So here
    // no run may come from the future.
    let mut called = Called::start_minutes_ago(3, &config).await;
    let beats = async || called.taken(Service::Monitor).len() == 1;
    until("the first run beats", beats).await;
    called.same_minute_again().await;
    tokio::time::sleep(Duration::from_secs(25)).await;
    assert_eq!(called.taken(Service::Pagerduty).len(), 0, "not yet");
    until("the alarm finds the silence", async || called.taken(Service::Pagerduty).len() == 1)
        .await;
    let told = called.taken(Service::Pagerduty);
    assert_eq!(told[0].body["payload"]["severity"], "critical");
    assert_eq!(told[0].body["payload"]["class"], "silent");
    assert_eq!(called.taken(Service::Monitor).len(), 1, "an alarm is no run");
    called.minute().await;
    called.all_delivered().await;
    let actions = events(&called.taken(Service::Pagerduty));
    assert_eq!(actions[1].0, "resolve", "{actions:?}");
    until("the next run beats", async || called.taken(Service::Monitor).len() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_says_how_each_receiver_took_it() {
    let called = Called::start(&with_receivers()).await;
    called.receiver(Service::Slack).set(Manner::Status(404));
    called.receiver(Service::Jsm).set(Manner::Status(503));
    let (status, told) = called.act(&json!({"test_alert": {}})).await;
    assert_eq!(status, 200, "{told}");
    let notes: BTreeSet<&str> =
        told["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
    let expected = [
        "jsm: not yet, it is tried again: it answered 503",
        "pagerduty: it took the test",
        "slack: given up: it answered 404",
        "webhook: it took the test",
    ];
    assert_eq!(notes, BTreeSet::from(expected));
    let pagerduty = async || {
        let events = events(&called.taken(Service::Pagerduty));
        events.len() == 2 && events[0].1 == events[1].1 && events[1].0 == "resolve"
    };
    until("a test leaves no alert behind", pagerduty).await;
    let (status, told) = called.act(&json!({"test_alert": {"receiver": "nobody"}})).await;
    assert_eq!((status, &told["code"]), (404, &json!("not_found")));
    assert!(told["detail"].as_str().unwrap().contains("slack, pagerduty, jsm, webhook"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_receiver_is_written_anywhere() {
    let mut called = Called::start(&with_receivers()).await;
    for receiver in &called.receivers {
        receiver.set(Manner::Echo);
    }
    called.break_config().await;
    called.minutes(2).await;
    let (_, told) = called.act(&json!({"test_alert": {}})).await;
    let mut written = called.edge().log().join("\n") + &told.to_string();
    for key in called.edge().kv_list("").await.unwrap() {
        written += &called.edge().kv_get(&key.name).await.unwrap().unwrap_or_default();
        written += &key.metadata.unwrap_or_default().to_string();
    }
    written += &called.status().await.unwrap().to_string();
    let echoed = written.matches("it answered 400").count();
    assert!(echoed >= 4, "there is something to search: {written}");
    for (name, value) in secrets() {
        let part = value.rsplit('/').next().unwrap().trim_start_matches("whsec_");
        assert!(!written.contains(part), "`{name}` was written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_after_an_incident_acknowledges_its_alert_under_its_own_key() {
    let mut called = Called::start(&with_receivers()).await;
    called.set("eu-west", Mode::Refuse).await;
    called.minutes(2).await;
    called.all_delivered().await;
    let status = called.status().await.unwrap();
    let incident = status["incidents"][0]["id"].as_str().unwrap().to_owned();
    let (status, acted) = called.act(&json!({"acknowledge": {"incident": incident}})).await;
    assert_eq!(status, 200, "{acted}");
    called.all_delivered().await;
    let told = events(&called.taken(Service::Pagerduty));
    let of_it = told.iter().filter(|(_, key)| key.contains(&format!(":{incident}:")));
    let of_it: Vec<&(String, String)> = of_it.collect();
    let actions: Vec<&str> = of_it.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["trigger", "acknowledge"], "{told:?}");
    assert_eq!(of_it[0].1, of_it[1].1, "one key");
    let jsm = called.taken(Service::Jsm);
    let triggered = jsm.iter().find(|it| it.body["alias"] == *of_it[0].1);
    assert!(triggered.is_some(), "{jsm:#?}");
    let acknowledged = jsm.iter().filter(|it| it.target.contains("/acknowledge?"));
    let targets: Vec<&str> = acknowledged.map(|it| it.target.as_str()).collect();
    assert_eq!(targets.len(), 1, "{jsm:#?}");
    assert!(targets[0].contains(&incident.replace('-', "%2D")), "{targets:?}");

    called.set("eu-west", Mode::Healthy).await;
    called.minutes(14).await;
    called.all_delivered().await;
    let told = events(&called.taken(Service::Pagerduty));
    let last = told.iter().rfind(|(_, key)| *key == of_it[0].1).unwrap();
    assert_eq!(last.0, "resolve", "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_alone_bring_an_alert_to_receivers_that_come_back_after_a_while() {
    let down_s = std::env::var("POINTSMAN_RECEIVERS_DOWN_S").ok();
    let down_s: u64 = down_s.map_or(DOWN_S, |text| text.parse().unwrap());
    let mut config = with_receivers();
    // No run comes, which is not what this is about.
    config["watchdog"]["silent_after_s"] = json!(86_400);
    let mut called = Called::start_minutes_ago(3, &config).await;
    let failing = |called: &Called, manner: Manner| {
        let receivers = called.receivers.iter().take(HOSTS.len() - 1);
        receivers.for_each(|receiver| receiver.set(manner));
    };
    failing(&called, Manner::Status(503));
    called.break_config().await;
    tokio::time::sleep(Duration::from_secs(down_s)).await;
    let tries = called.receiver(Service::Pagerduty).attempts();
    assert!(tries >= 3, "{tries} tries in {down_s} s: {:#?}", called.edge().log());
    assert_eq!(called.taken(Service::Pagerduty).len(), 0);
    failing(&called, Manner::Proper);
    let began = Instant::now();
    // The wait doubles, so the next try comes within as long as they were down.
    let bound = Duration::from_secs(down_s + 10);
    // Without runs what is known of regions ages, and a change may be withheld: another alert.
    let is_about_it = |it: &&Taken| it.text.contains("config_refused");
    let about_it = |service: Service| called.taken(service).iter().filter(is_about_it).count();
    let is_taken = |service: &Service| *service == Service::Monitor || about_it(*service) == 1;
    while !HOSTS.iter().all(|(_, service)| is_taken(service)) {
        assert!(began.elapsed() < bound, "not within {} s", bound.as_secs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let took_s = began.elapsed().as_secs();
    called.all_delivered().await;
    let repeated: u64 = called.receivers.iter().map(Receiver::repeated).sum();
    println!("down for {down_s} s, {tries} tries of PagerDuty; all told {took_s} s after");
    println!("PagerDuty was told {:?}", events(&called.taken(Service::Pagerduty)));
    assert_eq!(repeated, 0, "once");
    assert!(HOSTS.iter().all(|(_, service)| is_taken(service)), "and still once");
}
