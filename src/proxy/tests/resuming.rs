//! Downloads that are resumed.

use super::*;

/// The headers that the table looks at, in its order: `if-match`, `if-range`, `range`.
fn rest(range: Option<&'static str>) -> [Option<&'static str>; 3] {
    [None, None, range]
}

const REST: [Option<&str>; 3] = [None, None, Some("bytes=1000-")];

fn careful() -> Isolate {
    isolate(&[("/services/api/proxy", json!({"resume": "same_version"}))])
}

fn breaks(isolate: &mut Isolate, tried: &Try, now: u64) {
    isolate.over(tried, TryEnd::Unreachable, 1, now);
}

#[test]
fn the_rest_of_a_download_comes_from_the_region_in_which_it_began() {
    let mut isolate = careful();
    let whole = Asking { headers: &rest(None), ..GET };
    let resumed = Asking { headers: &REST, ..GET };
    assert_eq!(whole.first(&mut isolate, 0).region(), "eu-west");
    let same = resumed.first(&mut isolate, 1);
    assert_eq!(same.region(), "eu-west");
    breaks(&mut isolate, &same, 2);
    let next = resumed.go_on(&mut isolate, FIRST, 3);
    assert_eq!(refused(next), (412, "refused; code=resumed_elsewhere".to_owned()));
    assert_eq!(whole.first(&mut isolate, 4).region(), "us-east", "it may begin anew");
    assert_eq!(resumed.first(&mut isolate, 5).region(), "us-east", "and be resumed there");
}

#[test]
fn a_download_that_nobody_saw_begin_is_not_led_past_an_open_breaker() {
    let mut isolate = careful();
    let other = Asking { headers: &rest(None), path: "/other", ..GET };
    let tried = other.first(&mut isolate, 0);
    breaks(&mut isolate, &tried, 1);
    let resumed = Asking { headers: &REST, ..GET };
    assert_eq!(refused(resumed.go_on(&mut isolate, FIRST, 2)).0, 412);
    let same_path = Asking { path: "/other", ..resumed };
    assert_eq!(refused(same_path.go_on(&mut isolate, FIRST, 3)).0, 412);
}

#[test]
fn a_retry_does_not_lead_it_elsewhere_either() {
    let mut isolate = careful();
    let resumed = Asking { headers: &REST, ..GET };
    let first = resumed.first(&mut isolate, 0);
    assert_eq!(first.region(), "eu-west");
    let reason = isolate.over(&first, TryEnd::Unreachable, 1, 1).unwrap();
    assert_eq!(refused(resumed.ask(&mut isolate, reason, &first.trail, 1)).0, 412);
    // However the try ended without an answer that the client could get.
    for end in [TryEnd::TimedOut, TryEnd::Unsent, answered(521), answered(600)] {
        let mut isolate = careful();
        let first = resumed.first(&mut isolate, 0);
        let reason = isolate.over(&first, end, 1, 1).unwrap();
        assert_eq!(refused(resumed.ask(&mut isolate, reason, &first.trail, 1)).0, 412, "{end:?}");
    }
}

#[test]
fn with_an_answer_in_hand_the_client_gets_that() {
    let mut isolate = careful();
    let resumed = Asking { headers: &REST, ..GET };
    let first = resumed.first(&mut isolate, 0);
    let reason = isolate.over(&first, answered(503), 1, 1).unwrap();
    assert_eq!(resumed.ask(&mut isolate, reason, &first.trail, 1), Instruction::Relay);
    assert_eq!(resumed.ask(&mut isolate, AskReason::Late, &first.trail, 1), Instruction::Wait);
}

#[test]
fn who_names_the_version_or_begins_at_the_first_byte_is_led_on() {
    for headers in [
        [None, Some("\"v1\""), Some("bytes=1000-")],
        [Some("\"v1\""), None, Some("bytes=1000-")],
        rest(Some("bytes=0-")),
        rest(Some("bytes=-500")),
        rest(None),
    ] {
        let mut isolate = careful();
        let asking = Asking { headers: &headers, ..GET };
        let first = asking.first(&mut isolate, 0);
        breaks(&mut isolate, &first, 1);
        assert_eq!(asking.first(&mut isolate, 2).region(), "us-east", "{headers:?}");
    }
    let mut isolate = careful();
    let head = Asking { method: "HEAD", headers: &REST, ..GET };
    let first = head.first(&mut isolate, 0);
    breaks(&mut isolate, &first, 1);
    assert_eq!(head.first(&mut isolate, 2).region(), "us-east");
}

#[test]
fn a_service_that_does_not_ask_is_not_looked_at() {
    let mut isolate = isolate(&[]);
    assert_eq!(*isolate.names, Vec::<String>::new(), "no header is read for it");
    let first = GET.first(&mut isolate, 0);
    breaks(&mut isolate, &first, 1);
    assert_eq!(GET.first(&mut isolate, 2).region(), "us-east");
}

#[test]
fn another_client_and_another_url_are_other_downloads() {
    let mut isolate = careful();
    let whole = Asking { headers: &rest(None), ..GET };
    let begun = whole.first(&mut isolate, 0);
    breaks(&mut isolate, &begun, 1);
    let other = Asking { client: "192.0.2.2", ..whole };
    assert_eq!(other.first(&mut isolate, 2).region(), "us-east");
    let resumed = |asking: Asking<'static>| Asking { headers: &REST, ..asking };
    assert_eq!(
        resumed(Asking { client: "192.0.2.2", ..GET }).first(&mut isolate, 3).region(),
        "us-east"
    );
    assert_eq!(refused(resumed(GET).go_on(&mut isolate, FIRST, 4)).0, 412);
}

#[test]
fn a_new_table_forgets_no_download() {
    let mut isolate = careful();
    let whole = Asking { headers: &rest(None), ..GET };
    whole.first(&mut isolate, 0);
    let mut next = three();
    next["generation"] = json!(8);
    next["services"]["api"]["proxy"] = json!({"resume": "same_version"});
    next["services"]["api"]["regions"].as_array_mut().unwrap().swap(0, 1);
    assert!(isolate.take(&next.to_string(), at(1)).unwrap());
    let resumed = Asking { headers: &REST, ..GET };
    assert_eq!(refused(resumed.go_on(&mut isolate, FIRST, 2)).0, 412, "us-east is first now");
    next["generation"] = json!(9);
    next["services"]["api"]["regions"][0]["health"] = json!("down");
    assert!(isolate.take(&next.to_string(), at(3)).unwrap());
    assert_eq!(resumed.first(&mut isolate, 4).region(), "eu-west", "where it began");
}

#[test]
fn a_cookie_says_where_a_download_began_that_this_isolate_did_not_see() {
    let steering = json!({"policy": "ordered", "affinity": "cookie"});
    let changes = [
        ("/services/api/steering", steering),
        ("/services/api/proxy", json!({"resume": "same_version"})),
    ];
    let begin = |changes: &[(&str, Value)]| {
        let mut isolate = isolate(changes);
        isolate.take_key(Some(SigningKey::new(&"k".repeat(32)).unwrap()));
        isolate
    };
    // In the table's order: `cookie`, `if-match`, `if-range`, `range`.
    let set = {
        let sent = Asking { headers: &[None; 4], ..GET }.first(&mut begin(&changes), 0);
        header(&sent.answer_headers, "set-cookie").unwrap().to_owned()
    };
    let cookie = set.split(';').next().unwrap();
    let headers = [Some(cookie), None, None, Some("bytes=1000-")];
    let resumed = Asking { headers: &headers, ..GET };
    assert_eq!(resumed.first(&mut begin(&changes), 1).region(), "eu-west");
    let down = ("/services/api/regions/0/health", json!("down"));
    let mut moved = begin(&[&changes[..], &[down]].concat());
    assert_eq!(refused(resumed.go_on(&mut moved, FIRST, 1)).0, 412);
    let whole = [Some(cookie), None, None, None];
    assert_eq!(Asking { headers: &whole, ..GET }.first(&mut moved, 2).region(), "us-east");
}
