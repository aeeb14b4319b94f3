use super::*;
use crate::controller::{Due, Offered};
use crate::health::{FailureKind, FailureReason, Health, Verdict};
use crate::journal::{EventKind, QUIET_MS, Trouble};
use crate::routes;
use crate::state::State;
use crate::testing::{config_text, fail, pass, run};
use crate::tick::{Aside, ProbeResult, RoundReply};
use crate::time::{MINUTE, Millis};
use proptest::prelude::*;
use serde_json::{Value, json};

mod checks;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// Three regions that serve one name by the proxy alone, and `files` beside it.
fn proxied() -> String {
    let mut config: Value = serde_json::from_str(&config_text()).unwrap();
    config["services"]["api"]["publish"] = json!([]);
    config["services"].as_object_mut().unwrap().remove("files");
    config["monitors"]["api"]["damping"] = json!({"half_life_s": 0});
    config.to_string()
}

fn settled_with(config: &str) -> Controller {
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(config, at(0)), Offered::Taken);
    run(&mut controller, MINUTE, &[]);
    write_all(&mut controller, 2 * MINUTE - 5_000);
    drop(controller.take_news());
    controller
}

/// Writes what is due, and returns the keys.
fn write_all(controller: &mut Controller, now: Millis) -> Vec<String> {
    let Due { routes, pages, .. } = controller.due_documents(at(now));
    let due: Vec<_> = routes.into_iter().chain(pages).collect();
    for document in &due {
        controller.written(document, at(now));
    }
    due.into_iter().map(|document| document.key).collect()
}

/// Plays a minute, then writes what is due. Returns the keys.
fn minute(controller: &mut Controller, minute: u64, down: &[&str]) -> Vec<String> {
    run(controller, minute * MINUTE, down);
    write_all(controller, minute * MINUTE + 55_000)
}

fn only(controller: &Controller) -> &Incident {
    let [incident] = controller.state().incidents.as_slice() else {
        panic!("{:?}", controller.state().incidents);
    };
    incident
}

fn kinds(controller: &mut Controller) -> Vec<String> {
    let lines = controller.take_news();
    let told = lines.iter().map(|line| serde_json::from_str::<Value>(&line.text).unwrap());
    told.filter(|line| !line["incident"].is_null())
        .map(|line| line["event"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_outage_is_one_incident_from_the_first_bad_probe_to_the_last_return() {
    let mut controller = settled_with(&proxied());
    minute(&mut controller, 2, &["eu-1"]);
    let during = only(&controller).clone();
    assert!(during.id.starts_with("1970-01-01t0002-eu-west-"), "{}", during.id);
    let phase = |incident: &Incident, phase| incident.phases.at(phase);
    let [seen, confirmed] = [Phase::Seen, Phase::Confirmed].map(|it| phase(&during, it).unwrap());
    // Three failures, a second between them.
    assert_eq!(confirmed.since(seen), 2_020, "from the first bad probe to the third");
    assert_eq!(phase(&during, Phase::Decided), Some(at(2 * MINUTE + 55_000)));
    assert_eq!(phase(&during, Phase::LastChange), Some(at(2 * MINUTE + 55_000)), "`routes`");
    assert_eq!(during.cause.code.as_deref(), Some("http_timeout"));
    assert_eq!(during.cause.origin.as_ref().unwrap().as_str(), "eu-1");
    assert_eq!(kinds(&mut controller), ["observed", "opened", "down", "stage"]);
    for at in 3..13 {
        minute(&mut controller, at, &[]);
    }
    let after = only(&controller);
    assert_eq!(after.id, during.id);
    assert!(phase(after, Phase::Up).is_some() && phase(after, Phase::Back).is_some());
    assert!(after.is_open(), "all must be well for a while");
    minute(&mut controller, 13, &[]);
    let closed = only(&controller).closed_at.unwrap();
    assert!(closed.since(phase(only(&controller), Phase::Up).unwrap()) >= QUIET_MS);
    assert_eq!(kinds(&mut controller), ["stage", "observed", "up", "stage", "closed"]);
}

#[test]
fn one_fault_that_two_services_have_is_one_incident() {
    let mut controller = settled_with(&config_text());
    minute(&mut controller, 2, &["eu-1"]);
    let services = only(&controller).affected.iter().map(|it| it.service.as_ref().unwrap());
    assert_eq!(services.map(ServiceId::as_str).collect::<Vec<_>>(), ["api", "files"]);
    assert_eq!(kinds(&mut controller), ["observed", "opened", "down", "down", "stage", "stage"]);
}

#[test]
fn a_bad_probe_that_no_other_follows_is_no_incident() {
    let mut controller = settled_with(&proxied());
    let mut failed = 0;
    play(&mut controller, 2 * MINUTE, &mut |origin| {
        failed += usize::from(origin == "eu-1" && failed < 2);
        if origin == "eu-1" && failed == 1 { fail() } else { pass() }
    });
    assert_eq!(controller.state().incidents, []);
}

/// Plays a run of which each probe meets what `verdict` says of its origin.
fn play(controller: &mut Controller, start: Millis, verdict: &mut dyn FnMut(&str) -> Verdict) {
    let begin = at(start);
    let mut request = RoundRequest::first(begin, begin);
    while let RoundReply::Probe { wait_ms, probes, .. } = controller.round(&request).reply {
        let now = request.now.plus(wait_ms);
        let result = |probe: crate::tick::Probe| ProbeResult {
            fields: Vec::new(),
            verdict: verdict(probe.target.origin.as_str()),
            target: probe.target,
            at: now.plus(10),
            pushed_back_ms: None,
            took_ms: 0,
        };
        request.results = probes.into_iter().map(result).collect();
        (request.round, request.now) = (request.round + 1, now.plus(10));
    }
}

#[test]
fn a_restart_in_the_middle_goes_on_with_the_same_incident() {
    let mut controller = settled_with(&proxied());
    minute(&mut controller, 2, &["eu-1"]);
    let before = only(&controller).clone();
    let state = State::parse(&controller.saved_state()).unwrap();
    let mut after = Controller::restore(Some(state), Some(&proxied()));
    minute(&mut after, 3, &["eu-1"]);
    assert_eq!(kinds(&mut after), ["stage"], "nothing is told twice");
    assert_eq!(only(&after).phases, before.phases);
    for at in 4..6 {
        minute(&mut after, at, &[]);
    }
    assert_eq!(only(&after).id, before.id);
    assert!(only(&after).phases.has(Phase::Back));
}

#[test]
fn an_observer_in_doubt_is_an_incident_of_its_own_and_of_no_region() {
    let mut controller = settled_with(&proxied());
    for at in 2..4 {
        minute(&mut controller, at, &["eu-1", "us-1", "br-1"]);
    }
    let during = only(&controller);
    assert_eq!((during.region.as_ref(), during.trouble), (None, Some(Trouble::Doubt)));
    assert!(during.id.contains("-observer-"), "{}", during.id);
    assert_eq!(kinds(&mut controller), ["doubt", "opened"]);
    minute(&mut controller, 4, &[]);
    assert_eq!(kinds(&mut controller), ["doubt_over"]);
    assert!(only(&controller).phases.has(Phase::Back));
}

#[test]
fn what_an_operator_holds_down_or_drains_is_an_incident_with_the_reason() {
    for (set, worst) in [("down", Trouble::Down), ("drain", Trouble::Drained)] {
        let mut controller = settled_with(&proxied());
        let mut config: Value = serde_json::from_str(&proxied()).unwrap();
        let until = "1970-01-01T00:05:00Z";
        config["overrides"] = json!([
            {"origin": "eu-1", "set": set, "reason": "kernel", "author": "ada", "until": until},
        ]);
        assert_eq!(controller.offer_config(&config.to_string(), at(120_000)), Offered::Taken);
        minute(&mut controller, 2, &[]);
        let during = only(&controller);
        assert_eq!(during.worst, worst);
        assert!(during.cause.reason.contains("by ada until"), "{:?}", during.cause);
        assert_eq!(during.cause.monitor, None);
        minute(&mut controller, 5, &[]);
        assert!(only(&controller).phases.has(Phase::Up));
    }
}

#[test]
fn an_incident_is_written_when_it_has_come_further_and_not_each_minute() {
    let mut controller = settled_with(&proxied());
    let mut written = Vec::new();
    for at in 2..20 {
        let down: &[&str] = if at < 6 { &["eu-1"] } else { &[] };
        let keys = minute(&mut controller, at, down);
        let of = keys.into_iter().filter(|key| key.starts_with("incident"));
        written.push((at, of.collect::<Vec<_>>()));
    }
    let key = format!("incident:{}", only(&controller).id);
    let with = |key: &str| -> Vec<u64> {
        let minutes = written.iter().filter(|(_, keys)| keys.iter().any(|other| other == key));
        minutes.map(|(at, _)| *at).collect()
    };
    // Opened; told to proxies, which the page that goes out with that cannot know; up; told to
    // proxies and so back; over.
    assert_eq!(with(&key), [2, 3, 6, 7, 16], "{written:?}");
    assert_eq!(with("incidents"), [2, 6, 16], "{written:?}");
}

#[test]
fn the_pages_tell_what_the_state_says() {
    let mut controller = settled_with(&proxied());
    run(&mut controller, 2 * MINUTE, &["eu-1"]);
    let id = only(&controller).id.clone();
    let due = controller.due_documents(at(3 * MINUTE));
    let summary = |key: &str| {
        let page = due.pages.iter().find(|document| document.key == key);
        page.unwrap_or_else(|| panic!("no {key}")).metadata.summary.clone()
    };
    let line = "open · api eu-west down 59 s · HTTP timeout occurred";
    assert_eq!(summary(&format!("incident:{id}")), line);
    assert_eq!(summary("incidents"), line);
    assert!(summary("status").contains(&format!("incident {id}")), "{}", summary("status"));
    let page = controller.incident_page(&id, at(3 * MINUTE)).unwrap();
    assert_eq!(page.incident, *only(&controller));
    assert_eq!(page.durations.len(), 3);
    assert_eq!(controller.incident_page("none", at(0)), None);
    let index = controller.incident_index(at(3 * MINUTE));
    assert_eq!(index.incidents[0].summary, line);
    let status = controller.status(at(3 * MINUTE));
    assert_eq!(status.incidents[0].id, id);
}

#[test]
fn so_many_incidents_are_kept_for_so_long_and_an_open_one_is_never_dropped() {
    let mut controller = settled_with(&proxied());
    minute(&mut controller, 2, &["eu-1"]);
    let open = only(&controller).clone();
    let now = at(3 * MINUTE).plus(INCIDENT_AGE_MS);
    let over = |number: usize, closed_at: Timestamp| Incident {
        id: format!("i-{number}"),
        closed_at: Some(closed_at),
        ..open.clone()
    };
    for (count, kept) in [
        (INCIDENTS_MAX - 1, INCIDENTS_MAX - 1),
        (INCIDENTS_MAX, INCIDENTS_MAX),
        (INCIDENTS_MAX + 1, INCIDENTS_MAX),
    ] {
        controller.state.incidents = vec![open.clone()];
        controller.state.incidents.extend((0..count).map(|number| over(number, now)));
        let written = crate::fingerprint::Fingerprint::of(b"");
        controller.state.written.insert("incident:i-0".to_owned(), written);
        controller.drop_old_incidents(now);
        assert_eq!(controller.state.incidents.len(), kept + 1, "{count}");
        assert_eq!(controller.state.incidents[0].id, open.id);
        assert_eq!(controller.state.written.contains_key("incident:i-0"), kept == count);
    }
    for (age_ms, is_kept) in
        [(INCIDENT_AGE_MS - 1, true), (INCIDENT_AGE_MS, true), (INCIDENT_AGE_MS + 1, false)]
    {
        controller.state.incidents = vec![over(1, now.minus(age_ms))];
        controller.drop_old_incidents(now);
        assert_eq!(!controller.state.incidents.is_empty(), is_kept, "{age_ms}");
    }
}

#[test]
fn a_body_is_quoted_only_where_the_probe_that_decided_brought_it() {
    let mut controller = settled_with(&proxied());
    let reason = FailureReason::told_by(FailureKind::ResponseCodeMismatch, 503);
    let begin = at(2 * MINUTE);
    let mut request = RoundRequest::first(begin, begin);
    while let RoundReply::Probe { wait_ms, probes, .. } = controller.round(&request).reply {
        let now = request.now.plus(wait_ms);
        let failing = probes.iter().filter(|probe| probe.target.origin.as_str() == "eu-1");
        let excerpts = failing.map(|probe| (probe.target.clone(), "no disk".to_owned()));
        request.aside = Some(Aside { excerpts: excerpts.collect(), answer: None });
        let result = |probe: crate::tick::Probe| ProbeResult {
            fields: Vec::new(),
            verdict: match probe.target.origin.as_str() {
                "eu-1" => Verdict::Fail { reason },
                _ => pass(),
            },
            target: probe.target,
            at: now.plus(10),
            pushed_back_ms: None,
            took_ms: 0,
        };
        request.results = probes.into_iter().map(result).collect();
        (request.round, request.now) = (request.round + 1, now.plus(10));
    }
    let cause = &only(&controller).cause;
    assert_eq!(cause.excerpt.as_deref(), Some("no disk"));
    assert_eq!((cause.status, cause.code.as_deref()), (Some(503), Some("response_code_mismatch")));
    assert!(only(&controller).summary(at(3 * MINUTE)).contains("HTTP 503"));
}

#[test]
fn a_change_belongs_to_the_incidents_that_its_reason_names() {
    let mut controller = settled_with(&config_text());
    minute(&mut controller, 2, &["eu-1", "br-1"]);
    let ids: Vec<_> = controller.state().incidents.iter().map(|it| it.id.clone()).collect();
    assert_eq!(ids.len(), 2);
    let event = |kind, text: &str| Event::new(kind, text.to_owned(), at(3 * MINUTE));
    let both = "eu-1 in eu-west: TCP timeout; br-1 in sa-east: TCP timeout";
    let mut of = |event: Event| {
        let mut event = event;
        controller.note_in_incident(&mut event);
        event.subject.incident
    };
    let done = event(EventKind::Applied, "files.example.com CNAME: answer us.example.com");
    assert_eq!(of(done.because(both.to_owned())), Some(ids[0].clone()));
    let withheld = event(EventKind::Withheld, "pool br: disable br.example.com: 1 [last_usable]");
    assert_eq!(of(withheld), Some(ids[1].clone()), "by the host");
    let named = event(EventKind::Withheld, "files.example.com CNAME: 3 [change_budget]");
    assert_eq!(of(named), Some(ids[0].clone()), "by the name of a service");
    let other = event(EventKind::Withheld, "www.example.net A: not ours [foreign]");
    assert_eq!(of(other), None);
    let failed = event(EventKind::Failed, "zone example.com: no reply");
    assert_eq!(of(failed), Some(ids[0].clone()), "it stands in the way of all");
    assert_eq!(of(event(EventKind::ConfigTaken, "eu-west")), None);
    let changes: Vec<_> = controller.state().incidents.iter().map(|it| it.changes).collect();
    assert_eq!(changes, [1, 1], "the change is noted in both");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_history_of_health_loses_an_incident_or_has_two_of_a_region(
        minutes in proptest::collection::vec(proptest::collection::vec(0..4_u8, 3), 1..40),
        restarts in proptest::collection::vec(any::<bool>(), 40),
    ) {
        let mut controller = settled_with(&proxied());
        let mut seen = std::collections::BTreeSet::new();
        for (index, weather) in minutes.iter().enumerate() {
            let now = (index as u64 + 2) * MINUTE;
            let mut probes = 0_u32;
            play(&mut controller, now, &mut |origin| {
                probes += 1;
                let at = ["eu-1", "us-1", "br-1"].iter().position(|it| *it == origin).unwrap();
                match weather[at] {
                    0 | 1 => pass(),
                    2 if !probes.is_multiple_of(3) => pass(),
                    _ => fail(),
                }
            });
            write_all(&mut controller, now + 55_000);
            if restarts[index] {
                let state = State::parse(&controller.saved_state()).unwrap();
                controller = Controller::restore(Some(state), Some(&proxied()));
            }
            let state = controller.state();
            let open: Vec<_> = state.incidents.iter().filter(|it| it.is_open()).collect();
            let mut places: Vec<_> = open.iter().map(|it| it.region.clone()).collect();
            places.sort();
            places.dedup();
            prop_assert_eq!(places.len(), open.len(), "at most one of a region");
            for incident in &state.incidents {
                let instants: Vec<_> = incident.phases.reached().map(|(_, at, _)| at).collect();
                prop_assert!(instants.is_sorted(), "{:?}", incident);
                seen.insert((incident.number, incident.id.clone()));
            }
            // Each that was ever seen has a number and an id of its own.
            prop_assert_eq!(seen.len() as u64, state.incidents_opened);
            let ids: std::collections::BTreeSet<_> = seen.iter().map(|(_, id)| id).collect();
            prop_assert_eq!(ids.len(), seen.len());
            let view = controller.view(at(now + 55_000)).unwrap();
            for service in view.services() {
                for region in service.regions.iter().filter(|it| it.health == Health::Down) {
                    let is_there = open.iter().any(|it| it.region.as_ref() == Some(region.id));
                    prop_assert!(is_there, "{} is down without an incident", region.id);
                }
            }
        }
        let _ = routes::KEY;
    }
}
