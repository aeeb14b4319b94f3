//! How it says no.

use super::*;

#[test]
fn a_circle_ends() {
    let mut isolate = isolate(&[]);
    let once = Asking { hops: "1", ..GET }.first(&mut isolate, 0);
    assert_eq!(header(&once.request_headers, "x-pointsman-hops"), Some("2"));
    for hops in ["2", "3", "4294967295"] {
        let next = Asking { hops, ..GET }.ask(&mut isolate, AskReason::First, "", 0);
        assert_eq!(refused(next), (508, "refused; code=loop_detected".to_owned()));
    }
    assert_eq!(Asking { hops: "many", ..GET }.first(&mut isolate, 0).region(), "eu-west");
}

#[test]
fn people_get_a_page_and_programs_a_document() {
    let down = ("/services/api/regions/2/health", json!("down"));
    let basis = ("/rules/0/basis", json!("<b>LGPD & more</b>"));
    let mut isolate = isolate(&[down, basis]);
    let brazilian = Asking { country: "BR", ..GET };
    for (accept, kind) in [
        ("*/*", "application/problem+json"),
        ("text/html,application/xhtml+xml", "text/html; charset=utf-8"),
    ] {
        let next = Asking { accept, ..brazilian }.ask(&mut isolate, AskReason::First, "", 0);
        let Instruction::Respond { response, or_stale, .. } = next else { panic!("{next:?}") };
        assert_eq!((response.status, or_stale), (503, false));
        assert_eq!(header(&response.headers, "content-type"), Some(kind));
        assert_eq!(header(&response.headers, "cache-control"), Some("no-store"));
        assert!(response.body.contains("lgpd"));
        assert!(response.body.contains("00000000002a"));
        assert_eq!(response.body.contains("<b>"), kind == "application/problem+json");
    }
    assert_eq!(isolate.counts().refused.get("no_usable_region"), Some(&2));
}

#[test]
fn only_what_is_public_may_be_answered_from_what_was_kept() {
    let mut isolate = isolate(&[
        ("/services/api/proxy", json!({"stale_paths": ["/public/*"], "stale_for_s": 60})),
        ("/services/api/regions/2/health", json!("down")),
    ]);
    let brazilian = Asking { country: "BR", ..GET };
    for (path, method, public, keep_s) in [
        ("/public/a", "GET", true, Some(60)),
        ("/public/../secret", "GET", false, None),
        ("/secret", "GET", false, None),
        ("/public/a", "HEAD", true, None),
        ("/public/a", "OPTIONS", false, None),
        ("/public/a", "PUT", false, Some(0)),
        ("/public/a", "POST", false, Some(0)),
        ("/secret", "POST", false, None),
    ] {
        let asking = Asking { method, path, ..brazilian };
        let next = asking.ask(&mut isolate, AskReason::First, "", 0);
        let Instruction::Respond { or_stale, .. } = next else { panic!("{next:?}") };
        assert_eq!(or_stale, public, "{method} {path}");
        let kept = Asking { country: "DE", ..asking }.first(&mut isolate, 0).keep_s;
        assert_eq!(kept, keep_s, "{method} {path}");
    }
}

#[test]
fn a_request_that_cannot_be_made_is_no_fault_of_a_region() {
    let mut isolate = isolate(&[]);
    let first = GET.first(&mut isolate, 0);
    let reason = isolate.over(&first, TryEnd::Invalid, 0, 0).unwrap();
    let next = GET.ask(&mut isolate, reason, &first.trail, 0);
    assert_eq!(refused(next), (400, "refused; code=bad_request".to_owned()));
    assert_eq!(GET.first(&mut isolate, 1).region(), "eu-west");
    assert_eq!(isolate.counts().retries, 0);
}

#[test]
fn a_refusal_has_the_table_looked_up_soon() {
    let mut isolate = isolate(&[("/services/api/regions/2/health", json!("down"))]);
    let brazilian = Asking { country: "BR", ..GET };
    let refreshes = |next| matches!(next, Instruction::Respond { refresh: true, .. });
    assert!(!refreshes(brazilian.ask(&mut isolate, AskReason::First, "", 0)));
    assert!(!refreshes(brazilian.ask(&mut isolate, AskReason::First, "", 4_999)));
    assert!(refreshes(brazilian.ask(&mut isolate, AskReason::First, "", 5_000)));
}

#[test]
fn a_status_that_is_none_is_held_against_the_region_and_never_relayed() {
    for (method, next) in [("GET", Some("us-east")), ("POST", None)] {
        let mut isolate = isolate(&[]);
        let asking = Asking { method, ..GET };
        let first = asking.first(&mut isolate, 0);
        assert_eq!(isolate.over(&first, answered(599), 1, 1), None);
        let reason = isolate.over(&first, answered(600), 1, 1).unwrap();
        assert_eq!(reason, AskReason::BadStatus);
        let instruction = asking.ask(&mut isolate, reason, &first.trail, 1);
        if let Some(region) = next {
            assert_eq!(sent(instruction).region(), region);
        } else {
            let expected = (502, "refused; code=bad_status".to_owned());
            assert_eq!(refused(instruction), expected);
        }
    }
    let mut isolate = isolate(&[]);
    for _ in 0..5 {
        let sent = GET.first(&mut isolate, 0);
        assert_eq!(sent.region(), "eu-west");
        isolate.over(&sent, answered(999), 1, 1);
    }
    assert_eq!(GET.first(&mut isolate, 2).region(), "us-east", "its breaker is open");
}

#[test]
fn an_order_that_came_to_the_wrong_server_ends_with_us_because_421_is_repeated_at_once() {
    for (asking, is_handed_on) in [
        (GET, true),
        (Asking { method: "HEAD", ..GET }, true),
        (Asking { method: "PUT", ..POST }, true),
        (POST, false),
        (Asking { body: "", ..POST }, false),
        (Asking { method: "PATCH", ..POST }, false),
    ] {
        let mut isolate = isolate(&[]);
        let first = asking.first(&mut isolate, 0);
        let reason = isolate.over(&first, answered(421), 1, 1).unwrap();
        let next = asking.ask(&mut isolate, reason, &first.trail, 1);
        if is_handed_on {
            assert_eq!(next, Instruction::Relay, "{}", asking.method);
        } else {
            assert_eq!(refused(next), (502, "refused; code=misdirected".to_owned()));
        }
        assert_eq!((isolate.counts().retries, isolate.counts().over_budget), (0, 0));
        assert_eq!(GET.first(&mut isolate, 2).region(), "eu-west", "the region is well");
    }
    let primary = ("/services/api/steering", json!({"policy": "ordered", "primary": "eu-west"}));
    let mut isolate = isolate(&[primary]);
    let first = POST.first(&mut isolate, 0);
    let reason = isolate.over(&first, answered(421), 1, 1).unwrap();
    assert_eq!(refused(POST.ask(&mut isolate, reason, &first.trail, 1)).0, 502, "a write too");
}

#[test]
fn each_client_is_asked_to_return_at_a_second_of_its_own() {
    let down = ("/services/api/regions/2/health", json!("down"));
    let mut isolate = isolate(&[down]);
    let brazilian = Asking { country: "BR", ..GET };
    let mut seconds = std::collections::BTreeSet::new();
    for id in 0..200 {
        let question = brazilian.question(isolate.version, FIRST);
        let question = question.replace("00000000002a", &format!("{id:012x}"));
        let Instruction::Respond { response, .. } = isolate.instruct(&question, None, at(0)) else {
            panic!("{question}");
        };
        let told: Vec<_> =
            response.headers.iter().filter(|(name, _)| *name == "retry-after").collect();
        assert_eq!(told.len(), 1, "one field");
        seconds.insert(told[0].1.parse::<u32>().unwrap());
    }
    assert!(seconds.len() > 20, "{seconds:?}");
    assert!(seconds.iter().all(|second| (1..=300).contains(second)), "{seconds:?}");
}
