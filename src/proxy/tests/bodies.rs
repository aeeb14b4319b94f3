//! Requests with a body, and answers whose body does not arrive.

use super::*;

/// An order that the shell keeps.
const KEPT: Asking<'_> = Asking { body: "6400 kept", ..POST };
const PUT: Asking<'_> = Asking { method: "PUT", ..KEPT };
const DELETE: Asking<'_> = Asking { method: "DELETE", ..KEPT };
const PATCH: Asking<'_> = Asking { method: "PATCH", ..KEPT };

/// Ends a try and asks again.
fn again(asking: Asking<'_>, isolate: &mut Isolate, tried: &Try, end: TryEnd) -> Instruction {
    let reason = isolate.over(tried, end, 10, 10).unwrap();
    asking.ask(isolate, reason, &tried.trail, 10)
}

fn unreachable() -> (u16, String) {
    (502, "refused; code=unreachable".to_owned())
}

#[test]
fn an_idempotent_request_is_replayed_once_if_its_body_is_kept() {
    for asking in [PUT, DELETE] {
        for end in [TryEnd::Unreachable, TryEnd::TimedOut, TryEnd::Unsent, answered(503)] {
            let mut isolate = isolate(&[]);
            let first = asking.first(&mut isolate, 0);
            assert_eq!((first.sending, first.wait_ms), (Sending::Kept, 1_000));
            let second = sent(again(asking, &mut isolate, &first, end));
            assert_eq!(second.region(), "us-east", "{end:?}");
            assert_eq!((second.sending, second.wait_ms), (Sending::Once, 4_990), "it is the last");
            let third = again(asking, &mut isolate, &second, TryEnd::Unsent);
            assert_eq!(refused(third), unreachable(), "{end:?}");
        }
    }
}

#[test]
fn any_other_request_is_replayed_only_if_no_origin_had_the_whole_of_it() {
    for asking in [KEPT, PATCH, Asking { method: "LOCK", ..KEPT }] {
        let mut isolate = isolate(&[]);
        let first = asking.first(&mut isolate, 0);
        assert_eq!((first.sending, first.wait_ms), (Sending::KeptInPieces, 5_000));
        let second = sent(again(asking, &mut isolate, &first, TryEnd::Unsent));
        assert_eq!(second.region(), "us-east");
        let third = again(asking, &mut isolate, &second, TryEnd::Unsent);
        assert_eq!(refused(third), unreachable(), "never a third time");
    }
    for end in [TryEnd::Unreachable, answered(522), answered(530)] {
        let mut isolate = isolate(&[]);
        let first = KEPT.first(&mut isolate, 0);
        assert_eq!(refused(again(KEPT, &mut isolate, &first, end)), unreachable(), "{end:?}");
    }
    let mut isolate = isolate(&[]);
    let first = KEPT.first(&mut isolate, 0);
    assert_eq!(again(KEPT, &mut isolate, &first, answered(503)), Instruction::Relay);
}

#[test]
fn what_the_edge_did_not_send_goes_on_with_a_kept_body_and_without_any() {
    let bodyless = Asking { body: "", ..POST };
    for status in [521, 523, 525, 526] {
        for asking in [KEPT, bodyless] {
            let mut isolate = isolate(&[]);
            let first = asking.first(&mut isolate, 0);
            let second = sent(again(asking, &mut isolate, &first, answered(status)));
            assert_eq!(second.region(), "us-east", "{status}");
        }
    }
}

#[test]
fn a_body_that_is_gone_is_never_sent_again() {
    for body in ["6400", "?"] {
        for asking in [POST, PUT] {
            let mut isolate = isolate(&[]);
            let asking = Asking { body, ..asking };
            let first = asking.first(&mut isolate, 0);
            assert_eq!((first.sending, first.wait_ms), (Sending::Once, 5_000));
            let next = again(asking, &mut isolate, &first, TryEnd::Unsent);
            assert_eq!(refused(next), unreachable(), "{body}");
        }
    }
}

#[test]
fn a_replay_obeys_the_law_as_the_first_try_did() {
    let mut isolate = isolate(&[]);
    let brazilian = Asking { country: "BR", ..KEPT };
    let first = brazilian.first(&mut isolate, 0);
    assert_eq!(first.url, "https://sa-east-1.example.net/");
    let second = sent(again(brazilian, &mut isolate, &first, TryEnd::Unsent));
    assert_eq!(second.url, "https://sa-east-2.example.net/", "the other origin of the region");
    let third = again(brazilian, &mut isolate, &second, TryEnd::Unsent);
    assert_eq!(refused(third), unreachable());
}

#[test]
fn a_body_is_not_kept_if_there_is_nowhere_to_send_it_again() {
    let alone = json!(["https://sa-east-1.example.net"]);
    let mut isolate = isolate(&[("/services/api/regions/2/origins", alone)]);
    let brazilian = Asking { country: "BR", ..KEPT };
    assert_eq!(brazilian.first(&mut isolate, 0).sending, Sending::Once);
    let mut isolate = super::isolate(&[("/services/api/proxy", json!({"attempts": 1}))]);
    assert_eq!(KEPT.first(&mut isolate, 0).sending, Sending::Once);
}

#[test]
fn a_body_is_not_under_way_to_two_regions_at_once() {
    let mut isolate = isolate(&[("/services/api/proxy", json!({"hedge": true}))]);
    for now in 0..30 {
        let first = GET.first(&mut isolate, now);
        isolate.over(&first, answered(200), 40, now);
    }
    assert!(GET.first(&mut isolate, 100).late_ms.is_some());
    assert_eq!(PUT.first(&mut isolate, 100).late_ms, None);
}

#[test]
fn a_client_that_falls_silent_is_told_so_and_the_region_is_not_blamed() {
    let mut isolate = isolate(&[("/services/api/steering/primary", json!("eu-west"))]);
    for _ in 0..10 {
        let first = POST.first(&mut isolate, 0);
        assert_eq!(first.region(), "eu-west");
        let next = again(POST, &mut isolate, &first, TryEnd::ClientSilent);
        assert_eq!(refused(next), (408, "refused; code=client_silent".to_owned()));
    }
}

#[test]
fn the_limit_of_a_resting_body_comes_from_the_service() {
    assert_eq!(GET.first(&mut isolate(&[]), 0).body_idle_ms, Some(60_000));
    for (ms, limit) in [(0, None), (1, Some(1)), (300_000, Some(300_000))] {
        let proxy = ("/services/api/proxy", json!({"body_idle_timeout_ms": ms}));
        assert_eq!(GET.first(&mut isolate(&[proxy]), 0).body_idle_ms, limit);
    }
}

/// Serves one request of which only the head is good.
fn loses_a_body(isolate: &mut Isolate, end: BodyEnd, now: u64) {
    let first = GET.first(isolate, now);
    assert_eq!(first.region(), "eu-west", "at {now}");
    isolate.over(&first, answered(200), 1, now);
    isolate.body_lost(first.token, end, at(now));
}

#[test]
fn a_region_that_stalls_in_a_body_and_serves_nobody_else_is_left() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    isolate.over(&first, answered(200), 1, 1);
    isolate.body_lost(first.token, BodyEnd::Stalled(3_000), at(3_500));
    assert_eq!(GET.first(&mut isolate, 3_501).region(), "us-east");
    assert_eq!(isolate.counts().bodies_lost, 1);
}

#[test]
fn one_stalled_page_of_a_region_that_serves_is_no_reason_to_leave_it() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    isolate.over(&first, answered(200), 1, 1);
    let other = GET.first(&mut isolate, 2_000);
    isolate.over(&other, answered(200), 1, 2_000);
    isolate.body_lost(first.token, BodyEnd::Stalled(3_000), at(3_500));
    assert_eq!(GET.first(&mut isolate, 3_501).region(), "eu-west");
}

#[test]
fn a_region_that_breaks_most_of_its_bodies_off_is_left_although_its_heads_are_good() {
    let mut isolate = isolate(&[]);
    for now in 0..9 {
        loses_a_body(&mut isolate, BodyEnd::BrokeOff, now);
    }
    let tenth = GET.first(&mut isolate, 10);
    assert_eq!(tenth.region(), "eu-west", "nine answers are too few to judge by");
    isolate.over(&tenth, answered(200), 1, 10);
    isolate.body_lost(tenth.token, BodyEnd::BrokeOff, at(10));
    assert_eq!(GET.first(&mut isolate, 11).region(), "us-east");
}
