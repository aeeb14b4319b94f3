//! What becomes of a request whose try has failed.

use super::*;

/// Ends a try and asks again.
fn again(
    asking: Asking<'_>,
    isolate: &mut Isolate,
    tried: &Try,
    end: TryEnd,
    now: u64,
) -> Instruction {
    let reason = isolate.ended(tried.token, end, 10, at(now)).unwrap();
    asking.ask(isolate, reason, &tried.trail, now)
}

#[test]
fn a_request_goes_on_to_the_next_region_and_not_to_the_same_one() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    let second = sent(again(GET, &mut isolate, &first, TryEnd::Unreachable, 10));
    assert_eq!(second.url, "https://us-east-1.example.net/");
    assert_eq!(
        header(&second.answer_headers, "x-pointsman"),
        Some("region=us-east; reason=order; try=2")
    );
    let third = sent(again(GET, &mut isolate, &second, TryEnd::TimedOut, 20));
    assert_eq!(third.url, "https://sa-east-1.example.net/");
    assert_eq!(third.wait_ms, 4_980, "the last try may take all that is left");
    let next = again(GET, &mut isolate, &third, TryEnd::TimedOut, 30);
    assert_eq!(refused(next), (504, "refused; code=timed_out".to_owned()));
}

#[test]
fn later_requests_do_not_go_where_the_first_found_silence() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    isolate.ended(first.token, TryEnd::TimedOut, 1_000, at(1_000));
    for asking in [GET, POST] {
        assert_eq!(asking.first(&mut isolate, 1_001).region(), "us-east");
    }
}

#[test]
fn a_region_is_looked_at_again_by_a_request_of_our_own() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    isolate.ended(first.token, TryEnd::Unreachable, 1, at(1));
    assert_eq!(GET.first(&mut isolate, 1_000).trial, None);
    let (token, url) = GET.first(&mut isolate, 1_001).trial.unwrap();
    assert_eq!(url, "https://eu-west-2.example.net/health", "at the origin that was not silent");
    let meanwhile = GET.first(&mut isolate, 1_002);
    assert_eq!((meanwhile.region(), &meanwhile.trial), ("us-east", &None));
    isolate.trial_ended(token, true, 9, at(1_010));
    let back = GET.first(&mut isolate, 1_011);
    assert_eq!(back.url, "https://eu-west-2.example.net/");
}

#[test]
fn a_region_that_the_controller_has_seen_return_is_looked_at_at_once() {
    let mut isolate = isolate(&[]);
    let mut now = 0;
    for wait_ms in [1_000, 2_000, 4_000, 8_000] {
        let token = GET.first(&mut isolate, now).trial.map(|(token, _)| token);
        let token = token.unwrap_or_else(|| GET.first(&mut isolate, now).token);
        isolate.trial_ended(token, false, 1, at(now));
        isolate.ended(token, TryEnd::Unreachable, 1, at(now));
        now += wait_ms;
    }
    assert_eq!(GET.first(&mut isolate, now - 1).trial, None, "it is waited for long by now");
    for (generation, health) in [(8, "down"), (9, "up")] {
        let mut next = three();
        next["generation"] = json!(generation);
        next["services"]["api"]["regions"][0]["health"] = json!(health);
        assert!(isolate.take(&next.to_string(), at(now - 1)).unwrap());
        let trial = GET.first(&mut isolate, now - 1).trial;
        assert_eq!(trial.is_some(), health == "up");
    }
}

#[test]
fn what_must_not_happen_twice_is_sent_once() {
    let bodyless = Asking { body: "", ..POST };
    let put = Asking { method: "PUT", ..POST };
    for asking in [POST, bodyless, put, Asking { method: "PATCH", ..GET }] {
        let mut isolate = isolate(&[]);
        let first = asking.first(&mut isolate, 0);
        let next = again(asking, &mut isolate, &first, TryEnd::Unreachable, 10);
        assert_eq!(refused(next), (502, "refused; code=unreachable".to_owned()));
    }
}

#[test]
fn a_body_is_given_the_time_that_it_takes() {
    assert_eq!(POST.first(&mut isolate(&[]), 0).wait_ms, 5_100);
    let endless = Asking { body: "?", ..POST };
    assert_eq!(endless.first(&mut isolate(&[]), 0).wait_ms, 5_000 + UPLOAD_MS_MAX);
    let huge = Asking { body: "18446744073709551615", ..POST };
    assert_eq!(huge.first(&mut isolate(&[]), 0).wait_ms, 5_000 + UPLOAD_MS_MAX);
}

#[test]
fn a_failed_answer_is_handed_on_where_there_is_nobody_else() {
    let mut isolate = isolate(&[]);
    let brazilian = Asking { country: "BR", ..GET };
    let first = brazilian.first(&mut isolate, 0);
    let second = sent(again(brazilian, &mut isolate, &first, answered(503), 10));
    assert_eq!(second.url, "https://sa-east-2.example.net/", "the other origin of the region");
    assert_eq!(again(brazilian, &mut isolate, &second, answered(503), 20), Instruction::Relay);
    let order = POST.first(&mut isolate, 30);
    assert_eq!(again(POST, &mut isolate, &order, answered(503), 40), Instruction::Relay);
}

#[test]
fn with_an_answer_in_hand_nobody_waits_for_a_region_that_fails() {
    let mut isolate = isolate(&[
        ("/services/api/regions/1/origins", json!(["https://us-east-1.example.net"])),
        ("/services/api/regions/2/health", json!("down")),
    ]);
    let dead = GET.first(&mut isolate, 0);
    isolate.ended(dead.token, TryEnd::TimedOut, 1_000, at(1_000));
    let first = GET.first(&mut isolate, 1_001);
    assert_eq!(first.region(), "us-east");
    assert_eq!(first.wait_ms, 5_000, "and nobody is hurried on to it");
    assert_eq!(again(GET, &mut isolate, &first, answered(503), 1_010), Instruction::Relay);
}

#[test]
fn statuses_that_are_not_listed_are_answers() {
    let mut isolate = isolate(&[("/services/api/proxy", json!({"retry_on": [500]}))]);
    let first = GET.first(&mut isolate, 0);
    for status in [200, 304, 404, 501, 502, 503, 521] {
        assert_eq!(isolate.ended(first.token, answered(status), 1, at(1)), None, "{status}");
    }
    assert_eq!(isolate.ended(first.token, answered(500), 1, at(1)), Some(AskReason::Failed));
}

#[test]
fn one_client_over_its_limit_is_told_so_and_a_storm_is_left() {
    let mut isolate = isolate(&[]);
    let throttled = TryEnd::Answered { status: 429, retry_after_s: Some(20) };
    for now in 0..9 {
        let first = GET.first(&mut isolate, now);
        assert_eq!(first.region(), "eu-west");
        assert_eq!(again(GET, &mut isolate, &first, throttled, now), Instruction::Relay);
    }
    let tenth = GET.first(&mut isolate, 10);
    let next = again(GET, &mut isolate, &tenth, throttled, 10);
    assert_eq!(sent(next).region(), "us-east");
    assert_eq!(GET.first(&mut isolate, 11).region(), "us-east");
    assert_eq!(GET.first(&mut isolate, 20_009).trial, None, "it asked for twenty seconds");
    assert!(GET.first(&mut isolate, 20_010).trial.is_some());
}

#[test]
fn a_brown_out_is_not_amplified() {
    let mut isolate = isolate(&[(
        "/services/api/proxy",
        json!({"breaker_failures": 100, "breaker_success_percent": 0}),
    )]);
    let (mut sent_again, requests) = (0, 90);
    for now in 0..requests {
        let first = GET.first(&mut isolate, now);
        match again(GET, &mut isolate, &first, answered(503), now) {
            Instruction::Send(_) => sent_again += 1,
            next => assert_eq!(next, Instruction::Relay),
        }
    }
    assert_eq!(sent_again, 10 + requests / 5);
    assert_eq!(isolate.counts().over_budget, requests - sent_again);
}

#[test]
fn a_late_request_is_sent_elsewhere_as_well_and_goes_on() {
    let mut isolate = isolate(&[("/services/api/proxy", json!({"hedge": true}))]);
    for now in 0..30 {
        let first = GET.first(&mut isolate, now);
        isolate.ended(first.token, answered(200), 40, at(now));
    }
    let first = GET.first(&mut isolate, 100);
    assert_eq!(first.late_ms, Some(40));
    let second = sent(GET.ask(&mut isolate, AskReason::Late, &first.trail, 140));
    assert_eq!(second.region(), "us-east");
    assert_eq!(isolate.counts().hedges, 1);
    assert_eq!(POST.first(&mut isolate, 100).late_ms, None, "an order is sent once");
}

#[test]
fn the_time_of_all_tries_together_is_bounded() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    isolate.ended(first.token, TryEnd::TimedOut, 1_000, at(4_600));
    let second = sent(GET.ask(&mut isolate, AskReason::TimedOut, &first.trail, 4_600));
    assert_eq!(second.wait_ms, 400);
    let next = GET.ask(&mut isolate, AskReason::TimedOut, &second.trail, 5_000);
    assert_eq!(refused(next).0, 504);
}
