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
    let reason = isolate.over(tried, end, 10, now).unwrap();
    asking.ask(isolate, reason, &tried.trail, now)
}

/// The first region is away until its breaker waits for eight seconds. Returns when that is over.
fn away_for_long(isolate: &mut Isolate) -> u64 {
    let mut now = 0;
    for wait_ms in [1_000, 2_000, 4_000, 8_000] {
        let first = GET.first(isolate, now);
        match first.trial {
            Some((token, _)) => isolate.trial_ended(token, false, 1, at(now)),
            None => _ = isolate.over(&first, TryEnd::Unreachable, 1, now),
        }
        now += wait_ms;
    }
    now
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
fn what_a_region_answers_that_is_being_left_is_asked_elsewhere_if_it_may_be() {
    for (status, leaving, is_asked_again) in
        [(500, false, false), (500, true, true), (503, true, true), (501, true, false)]
    {
        let mut isolate = isolate(&[("/services/api/regions/0/leaving", json!(leaving))]);
        let first = GET.first(&mut isolate, 0);
        let reason = isolate.over(&first, answered(status), 10, 10);
        assert_eq!(reason, is_asked_again.then_some(AskReason::Failed), "{status} {leaving}");
    }
    let mut isolate = isolate(&[("/services/api/regions/0/leaving", json!(true))]);
    let first = GET.first(&mut isolate, 0);
    let second = sent(again(GET, &mut isolate, &first, answered(500), 10));
    assert_eq!(second.region(), "us-east");
    assert_eq!(GET.first(&mut isolate, 20).region(), "eu-west", "it is not held against it");
    let first = POST.first(&mut isolate, 30);
    let next = again(POST, &mut isolate, &first, answered(500), 40);
    assert_eq!(next, Instruction::Relay, "what must not happen twice is not asked twice");
}

#[test]
fn later_requests_do_not_go_where_the_first_found_silence() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    isolate.over(&first, TryEnd::TimedOut, 1_000, 1_000);
    for asking in [GET, POST] {
        assert_eq!(asking.first(&mut isolate, 1_001).region(), "us-east");
    }
}

#[test]
fn a_region_is_looked_at_again_by_a_request_of_our_own() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    isolate.over(&first, TryEnd::Unreachable, 1, 1);
    assert_eq!(GET.first(&mut isolate, 1_000).trial, None);
    let (token, asked) = GET.first(&mut isolate, 1_001).trial.unwrap();
    assert_eq!(
        asked.url, "https://eu-west-2.example.net/health",
        "at the origin that was not silent"
    );
    let meanwhile = GET.first(&mut isolate, 1_002);
    assert_eq!((meanwhile.region(), &meanwhile.trial), ("us-east", &None));
    isolate.trial_ended(token, true, 9, at(1_010));
    let back = GET.first(&mut isolate, 1_011);
    assert_eq!(back.url, "https://eu-west-2.example.net/");
}

#[test]
fn a_region_that_the_controller_has_seen_return_is_looked_at_at_once() {
    let mut isolate = isolate(&[]);
    let now = away_for_long(&mut isolate);
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
fn with_an_answer_in_hand_a_region_that_fails_is_asked_for_no_longer_than_a_try() {
    let mut isolate = isolate(&[
        ("/services/api/regions/1/origins", json!(["https://us-east-1.example.net"])),
        ("/services/api/regions/0/origins", json!(["https://eu-west-1.example.net"])),
        ("/services/api/regions/2/health", json!("down")),
    ]);
    let dead = GET.first(&mut isolate, 0);
    isolate.over(&dead, TryEnd::TimedOut, 1_000, 1_000);
    let first = GET.first(&mut isolate, 1_001);
    assert_eq!((first.region(), first.wait_ms), ("us-east", 1_000));
    let second = sent(again(GET, &mut isolate, &first, answered(503), 1_010));
    assert_eq!((second.region(), second.wait_ms), ("eu-west", 1_000), "it may be well again");
    isolate.over(&second, TryEnd::TimedOut, 1_000, 2_010);
    // The shell still has the first answer, and says so.
    let next = GET.ask(&mut isolate, AskReason::Failed, &second.trail, 2_010);
    assert_eq!(next, Instruction::Relay);
}

#[test]
fn an_open_breaker_delays_a_region_and_never_forbids_the_only_other_way() {
    for end in [TryEnd::TimedOut, TryEnd::Unreachable, answered(503), answered(520)] {
        let mut isolate = isolate(&[("/services/api/regions/2/health", json!("down"))]);
        // The first region was away, and its breaker waits for eight seconds.
        let now = away_for_long(&mut isolate) - 4_000;
        // Now the second has a fault, and 64 clients ask at once.
        let firsts: Vec<Try> = (0..64).map(|_| GET.first(&mut isolate, now)).collect();
        assert!(firsts.iter().all(|first| first.region() == "us-east" && first.wait_ms == 1_000));
        let over = now + 1_000;
        let has_answer = matches!(end, TryEnd::Answered { status: 503, .. });
        let mut served = 0;
        for first in &firsts {
            let reason = isolate.over(first, end, 1_000, over).unwrap();
            let progress = Progress { reason, trail: &first.trail, elapsed_ms: 1_000, ..FIRST };
            if let Instruction::Send(second) = GET.go_on(&mut isolate, progress, over) {
                assert_eq!(second.region(), "eu-west");
                assert_eq!(isolate.over(&second, answered(200), 10, over + 10), None);
                served += 1;
            }
        }
        // An answer in hand is one, so the budget holds then: ten, and a fifth of 64 and the few
        // that came before.
        let expected = if has_answer { 22..=23 } else { 64..=64 };
        assert!(expected.contains(&served), "{end:?}: {served}");
        assert_eq!(GET.first(&mut isolate, over + 20).region(), "eu-west", "and it is known now");
    }
}

#[test]
fn all_who_asked_an_origin_in_the_moment_of_its_death_are_served_by_the_next_of_the_only_region() {
    let mut isolate = isolate(&[]);
    let brazilian = Asking { country: "BR", ..GET };
    let firsts: Vec<Try> = (0..64).map(|_| brazilian.first(&mut isolate, 0)).collect();
    assert!(firsts.iter().all(|first| first.wait_ms == 1_000), "there is another origin");
    for first in &firsts {
        let second = sent(again(brazilian, &mut isolate, first, TryEnd::TimedOut, 1_000));
        assert_eq!((first.region(), second.region()), ("sa-east", "sa-east"));
        assert_eq!(second.url, "https://sa-east-2.example.net/");
        assert_eq!(isolate.over(&second, answered(200), 10, 1_010), None);
    }
    // If the second dies as well, there is nowhere to go that has not just failed.
    let next: Vec<Try> = (0..64).map(|_| brazilian.first(&mut isolate, 1_020)).collect();
    let mut tried_again = 0;
    for second in &next {
        assert_eq!(second.url, "https://sa-east-2.example.net/");
        let reason = isolate.over(second, TryEnd::TimedOut, 1_000, 1_520).unwrap();
        let progress = Progress { reason, trail: &second.trail, elapsed_ms: 500, ..FIRST };
        let again = brazilian.go_on(&mut isolate, progress, 1_520);
        tried_again += u64::from(matches!(again, Instruction::Send(_)));
    }
    assert_eq!(tried_again, 128 / 5 + 10, "the budget says so");
}

#[test]
fn a_hang_of_every_region_is_not_amplified_for_long() {
    let one = |id: &str| json!([format!("https://{id}-1.example.net")]);
    let mut isolate = isolate(&[
        ("/services/api/regions/0/origins", one("eu-west")),
        ("/services/api/regions/1/origins", one("us-east")),
        ("/services/api/regions/2/origins", one("sa-east")),
    ]);
    // One client every ten milliseconds for a minute. A try that hangs is over after its time.
    let (mut tries, mut waiting) = ([0_u64; 60], Vec::<(u64, u64, Try)>::new());
    for now in (0..60_000).step_by(10) {
        let first = GET.first(&mut isolate, now);
        let mut sent = vec![(now, now + first.wait_ms, first)];
        let (over, rest) = waiting.into_iter().partition(|(_, until, _)| *until <= now);
        waiting = rest;
        for (arrived, _, tried) in Vec::<(u64, u64, Try)>::into_iter(over) {
            let reason = isolate.over(&tried, TryEnd::TimedOut, tried.wait_ms, now).unwrap();
            let elapsed_ms = now - arrived;
            let progress = Progress { reason, trail: &tried.trail, elapsed_ms, ..FIRST };
            if let Instruction::Send(next) = GET.go_on(&mut isolate, progress, now) {
                sent.push((arrived, now + next.wait_ms, *next));
            }
        }
        tries[usize::try_from(now / 1_000).unwrap()] += sent.len() as u64;
        waiting.append(&mut sent);
    }
    // At first all move from one region to the next, and find out: each client tries all three.
    // From then on the budget holds (a fifth, and ten in its ten seconds), but for those who ask,
    // once in its window, a region of which nothing was heard for a second.
    let window = |from: usize| tries[from..from + 10].iter().sum::<u64>();
    let (firsts, budget) = (1_000, 1_000 / 5 + 10);
    for from in 10..50 {
        assert!(window(from) <= firsts + budget + 200, "from {from}: {tries:?}");
    }
}

#[test]
fn statuses_that_are_not_listed_are_answers() {
    let mut isolate = isolate(&[("/services/api/proxy", json!({"retry_on": [500]}))]);
    let first = GET.first(&mut isolate, 0);
    for status in [200, 304, 404, 501, 502, 503, 520, 521, 524] {
        assert_eq!(isolate.over(&first, answered(status), 1, 1), None, "{status}");
    }
    assert_eq!(isolate.over(&first, answered(500), 1, 1), Some(AskReason::Failed));
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
        isolate.over(&first, answered(200), 40, now);
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
    isolate.over(&first, TryEnd::TimedOut, 1_000, 4_600);
    let second = sent(GET.ask(&mut isolate, AskReason::TimedOut, &first.trail, 4_600));
    assert_eq!(second.wait_ms, 400);
    let next = GET.ask(&mut isolate, AskReason::TimedOut, &second.trail, 5_000);
    assert_eq!(refused(next).0, 504);
}
