//! What an isolate counts of its requests, and how it tells.

use super::*;
use crate::json;
use crate::time::MINUTE;
use crate::traffic::{Counts, Happened, LINES_MAX, Line, Report, What};

fn report(isolate: &mut Isolate, now: u64) -> Option<Report> {
    isolate.traffic_report(0xab, at(now))
}

/// The lines that an isolate tells now, and that nobody takes yet.
fn lines(isolate: &mut Isolate, now: u64) -> Vec<(String, Counts)> {
    let report = report(isolate, now).unwrap();
    let name = |line: &Line| match &line.region {
        None => "answers".to_owned(),
        Some(region) => region.to_string(),
    };
    report.lines.iter().map(|line| (name(line), line.counts)).collect()
}

fn told(isolate: &mut Isolate) {
    isolate
        .take_news(&json::write(&crate::order::News { wait_ms: 0, table: None }), at(0))
        .unwrap();
}

fn counts(requests: u64, failures: u64, unanswered: u64, latency_ms_sum: u64) -> Counts {
    Counts { requests, failures, unanswered, latency_ms_sum }
}

fn named(name: &str, counts: Counts) -> (String, Counts) {
    (name.to_owned(), counts)
}

#[test]
fn an_answer_is_a_try_of_its_region_and_an_answer_of_the_service() {
    let mut isolate = isolate(&[]);
    for (status, took_ms) in [(200, 20), (404, 40), (500, 99)] {
        let tried = GET.first(&mut isolate, 0);
        isolate.over(&tried, answered(status), took_ms, 0);
    }
    let same = counts(3, 1, 0, 60);
    assert_eq!(lines(&mut isolate, 1), [named("answers", same), named("eu-west", same)]);
}

#[test]
fn a_request_that_another_region_answers_has_not_failed_for_its_client() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    let reason = isolate.over(&first, TryEnd::Unreachable, 10, 10).unwrap();
    let second = sent(GET.ask(&mut isolate, reason, &first.trail, 10));
    isolate.over(&second, answered(200), 30, 40);
    let told = lines(&mut isolate, 41);
    let (well, silent) = (counts(1, 0, 0, 30), counts(1, 1, 1, 0));
    let all = [named("answers", well), named("eu-west", silent), named("us-east", well)];
    assert_eq!(told, all);
}

#[test]
fn a_request_that_nobody_answers_has_failed_once_for_its_client() {
    let mut isolate = isolate(&[]);
    let mut tried = GET.first(&mut isolate, 0);
    for _ in 0..2 {
        let reason = isolate.over(&tried, answered(503), 5, 10).unwrap();
        tried = sent(GET.ask(&mut isolate, reason, &tried.trail, 10));
    }
    // The last 503 is the client's.
    let reason = isolate.over(&tried, answered(503), 5, 10).unwrap();
    assert_eq!(GET.ask(&mut isolate, reason, &tried.trail, 10), Instruction::Relay);
    let bad = counts(1, 1, 0, 0);
    let regions = ["answers", "eu-west", "us-east", "sa-east"];
    assert_eq!(lines(&mut isolate, 11), regions.map(|region| named(region, bad)));
}

#[test]
fn a_refusal_of_ours_counts_and_one_by_law_is_no_failure() {
    let down = ["0", "1", "2"].map(|index| format!("/services/api/regions/{index}/health"));
    let down: Vec<_> = down.iter().map(|pointer| (pointer.as_str(), json!("down"))).collect();
    let mut isolate = isolate(&down);
    let (status, _) = super::refused(GET.go_on(&mut isolate, FIRST, 0));
    assert_eq!(status, 503);
    assert_eq!(lines(&mut isolate, 1), [named("answers", counts(1, 1, 1, 0))]);
    let by_law = (
        "/rules/0",
        json!({
            "id": "r", "mode": "strict", "when": {"countries": ["DE"]}, "permits": [],
        }),
    );
    let mut isolate = super::isolate(&[by_law]);
    assert_eq!(super::refused(GET.go_on(&mut isolate, FIRST, 0)).0, 451);
    assert_eq!(lines(&mut isolate, 1), [named("answers", counts(1, 0, 0, 0))]);
}

#[test]
fn what_the_client_did_wrong_says_nothing_of_the_region() {
    let mut isolate = isolate(&[]);
    for end in [TryEnd::Invalid, TryEnd::ClientSilent] {
        let tried = GET.first(&mut isolate, 0);
        let reason = isolate.over(&tried, end, 10, 10).unwrap();
        assert!(super::refused(GET.ask(&mut isolate, reason, &tried.trail, 10)).0 < 500);
    }
    assert_eq!(lines(&mut isolate, 11), [named("answers", counts(2, 0, 0, 20))]);
}

#[test]
fn an_answer_that_breaks_off_has_failed() {
    let mut isolate = isolate(&[]);
    let tried = GET.first(&mut isolate, 0);
    isolate.over(&tried, answered(200), 20, 20);
    isolate.body_lost(tried.token, BodyEnd::BrokeOff, at(30));
    let lost = counts(1, 1, 1, 20);
    assert_eq!(lines(&mut isolate, 31), [named("answers", lost), named("eu-west", lost)]);
}

#[test]
fn what_nobody_took_is_told_again_as_it_was_and_then_what_came_after() {
    let mut isolate = isolate(&[]);
    assert_eq!(report(&mut isolate, 0), None, "there is nothing to tell");
    let try_one = |isolate: &mut Isolate, now| {
        let tried = GET.first(isolate, now);
        isolate.over(&tried, answered(200), 1, now);
    };
    try_one(&mut isolate, 0);
    let first = report(&mut isolate, 1).unwrap();
    assert_eq!((first.isolate.as_str(), first.number), ("ab", 1));
    try_one(&mut isolate, 2);
    isolate.news_failed(at(3));
    assert_eq!(report(&mut isolate, 4), Some(first));
    told(&mut isolate);
    let second = isolate.traffic_report(0xcd, at(5)).unwrap();
    assert_eq!((second.isolate.as_str(), second.number), ("ab", 2), "it has one name");
    assert_eq!(second.lines[0].counts, counts(1, 0, 0, 1));
    told(&mut isolate);
    assert_eq!(report(&mut isolate, 6), None);
}

#[test]
fn each_minute_has_lines_of_its_own_and_the_last_are_kept() {
    let mut isolate = isolate(&[]);
    let minutes = u64::try_from(LINES_MAX / 2).unwrap() + 2;
    for minute in 0..minutes {
        let tried = GET.first(&mut isolate, minute * MINUTE);
        isolate.over(&tried, answered(200), 1, minute * MINUTE);
    }
    let lines = report(&mut isolate, minutes * MINUTE).unwrap().lines;
    assert_eq!(lines.len(), LINES_MAX);
    assert_eq!(lines.last().unwrap().minute, at((minutes - 1) * MINUTE));
    assert_eq!(lines[0].minute, at(2 * MINUTE));
    assert!(lines.iter().all(|line| line.is_sound(at(0).max(line.minute))));
}

#[test]
fn a_new_table_loses_no_count() {
    let mut isolate = isolate(&[]);
    let tried = GET.first(&mut isolate, 0);
    isolate.over(&tried, answered(200), 1, 0);
    let mut routes = three();
    routes["as_of"] = at(1_000).to_string().into();
    routes["services"]["api"]["regions"].as_array_mut().unwrap().remove(0);
    assert!(isolate.take(&routes.to_string(), at(1_000)).unwrap());
    let tried = GET.first(&mut isolate, 1_001);
    isolate.over(&tried, answered(200), 1, 1_001);
    let one = counts(1, 0, 0, 1);
    let all = ["answers", "eu-west", "answers", "us-east"];
    assert_eq!(lines(&mut isolate, 1_002), all.map(|region| named(region, one)));
}

/// What happened beside that, as an isolate tells it now.
fn happened(isolate: &mut Isolate, now: u64) -> Vec<(What, Option<String>, Option<String>, u64)> {
    let told = report(isolate, now).unwrap().happened.into_iter();
    let told = told.map(|Happened { what, service, of, count }| {
        (what, service.map(|service| service.to_string()), of, count)
    });
    let mut told: Vec<_> = told.collect();
    told.sort();
    told
}

fn of_api(what: What, of: &str, count: u64) -> (What, Option<String>, Option<String>, u64) {
    let of = Some(of.to_owned()).filter(|of| !of.is_empty());
    (what, Some("api".to_owned()), of, count)
}

#[test]
fn a_decision_a_retry_and_a_breaker_that_opens_are_counted_once() {
    let mut isolate = isolate(&[]);
    for _ in 0..2 {
        let first = GET.first(&mut isolate, 0);
        let reason = isolate.over(&first, TryEnd::Unreachable, 10, 10);
        if let Some(reason) = reason {
            let second = sent(GET.ask(&mut isolate, reason, &first.trail, 10));
            isolate.over(&second, answered(200), 30, 40);
        }
    }
    let told = happened(&mut isolate, 41);
    let decided = told.iter().filter(|(what, ..)| *what == What::Decided);
    assert_eq!(decided.map(|(.., count)| count).sum::<u64>(), 2, "{told:?}");
    let opened = told.iter().filter(|(what, ..)| *what == What::BreakerOpened);
    let opened: Vec<_> = opened.cloned().collect();
    assert!(opened.contains(&of_api(What::BreakerOpened, "eu-west", 1)), "{told:?}");
    assert!(opened.iter().all(|(.., count)| *count == 1), "{told:?}");
    let retried = told.iter().filter(|(what, ..)| *what == What::Retried);
    assert!(retried.map(|(.., count)| count).sum::<u64>() >= 1, "{told:?}");
}

#[test]
fn a_refusal_is_counted_by_its_code_and_one_by_law_by_its_rules() {
    let by_law = (
        "/rules/0",
        json!({
            "id": "r", "mode": "strict", "when": {"countries": ["DE"]}, "permits": [],
        }),
    );
    let mut isolate = isolate(&[by_law]);
    assert_eq!(super::refused(GET.go_on(&mut isolate, FIRST, 0)).0, 451);
    let strange = Asking { host: "other.example.com", ..GET };
    assert_eq!(super::refused(strange.go_on(&mut isolate, FIRST, 0)).0, 404);
    let told = happened(&mut isolate, 1);
    let all = [
        (What::Refused, None, Some("unknown_host".to_owned()), 1),
        of_api(What::Refused, "no_permitted_region", 1),
        (What::RuledOut, None, Some("r".to_owned()), 1),
    ];
    assert_eq!(told, all);
}

#[test]
fn what_happened_is_told_again_until_it_is_taken_and_then_begins_anew() {
    let mut isolate = isolate(&[]);
    let tried = GET.first(&mut isolate, 0);
    isolate.over(&tried, answered(200), 20, 20);
    isolate.body_lost(tried.token, BodyEnd::BrokeOff, at(30));
    let first = happened(&mut isolate, 31);
    assert!(first.contains(&of_api(What::BodyLost, "eu-west", 1)), "{first:?}");
    assert_eq!(happened(&mut isolate, 32), first);
    told(&mut isolate);
    assert_eq!(report(&mut isolate, 33), None);
}
