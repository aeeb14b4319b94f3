//! Clients that stay, and clients that wrote.

use super::*;

fn with_cookies(steering: Value) -> Isolate {
    let mut isolate = isolate(&[("/services/api/steering", steering)]);
    isolate.take_key(Some(SigningKey::new(&"k".repeat(32)).unwrap()));
    isolate
}

fn sticky() -> Isolate {
    with_cookies(json!({"policy": "ordered", "affinity": "cookie"}))
}

/// The cookie that an answer sets, as the client sends it back.
fn cookie(sent: &Try) -> Option<String> {
    let value = header(&sent.answer_headers, "set-cookie")?;
    Some(value.split(';').next().unwrap().to_owned())
}

fn with(cookie: &str, isolate: &mut Isolate, now: u64) -> Try {
    Asking { headers: &[Some(cookie)], ..GET }.first(isolate, now)
}

fn without(isolate: &mut Isolate, now: u64) -> Try {
    Asking { headers: &[None], ..GET }.first(isolate, now)
}

#[test]
fn a_client_without_a_cookie_gets_one_and_stays_with_its_region() {
    let mut isolate = sticky();
    let first = without(&mut isolate, 0);
    let set = header(&first.answer_headers, "set-cookie").unwrap().to_owned();
    assert!(set.starts_with("__Host-pointsman-region=1.eu-west."), "{set}");
    assert!(set.ends_with("; Path=/; Max-Age=82800; Secure; HttpOnly; SameSite=Lax"), "{set}");
    isolate.over(&first, TryEnd::Unreachable, 1, 1);
    let moved = with(&cookie(&first).unwrap(), &mut isolate, 2);
    assert_eq!(moved.region(), "us-east", "its region fails");
    let there = cookie(&moved).unwrap();
    assert!(there.contains("us-east"), "and it stays where it went");
    isolate.trial_ended(first.token, true, 1, at(3));
    let later = with(&format!("a=b; {there}"), &mut isolate, 4);
    assert_eq!((later.region(), cookie(&later)), ("us-east", None));
}

#[test]
fn a_cookie_is_renewed_in_its_second_half() {
    let mut isolate = sticky();
    let first = cookie(&without(&mut isolate, 0)).unwrap();
    let half = 82_800 * 1_000 / 2;
    assert_eq!(cookie(&with(&first, &mut isolate, half - 1_000)), None);
    assert!(cookie(&with(&first, &mut isolate, half)).is_some());
}

#[test]
fn a_cookie_that_is_not_ours_counts_for_nothing() {
    let mut isolate = sticky();
    let good = cookie(&without(&mut isolate, 0)).unwrap();
    let forged = good.replace("eu-west", "sa-east");
    for odd in
        [forged.as_str(), "__Host-pointsman-region=", "__Host-pointsman-region=1.sa-east.9.00"]
    {
        let sent = with(odd, &mut isolate, 1);
        assert_eq!(sent.region(), "eu-west");
        assert!(cookie(&sent).is_some());
    }
    isolate.take_key(None);
    let keyless = with(&good, &mut isolate, 1);
    assert_eq!(cookie(&keyless), None, "without a key none is set");
}

#[test]
fn a_region_that_drains_keeps_who_is_there_and_promises_nothing_more() {
    let mut isolate = sticky();
    let there = cookie(&without(&mut isolate, 0)).unwrap();
    let mut routes = three();
    routes["services"]["api"]["steering"] = json!({"policy": "ordered", "affinity": "cookie"});
    routes["services"]["api"]["regions"][0]["draining"] = json!(true);
    routes["generation"] = json!(8);
    assert!(isolate.take(&routes.to_string(), at(1)).unwrap());
    let stays = with(&there, &mut isolate, 82_000_000);
    assert_eq!((stays.region(), cookie(&stays)), ("eu-west", None));
    assert_eq!(without(&mut isolate, 2).region(), "us-east");
}

#[test]
fn who_wrote_reads_where_it_wrote() {
    let mut isolate = with_cookies(json!({
        "policy": "ordered", "primary": "us-east", "max_lag_s": 60, "read_your_writes_s": 30,
    }));
    let mut routes = three();
    routes["services"]["api"]["steering"] = json!({
        "policy": "ordered", "primary": "us-east", "max_lag_s": 60, "read_your_writes_s": 30,
    });
    for region in routes["services"]["api"]["regions"].as_array_mut().unwrap() {
        region["lag_s"] = json!(1);
    }
    isolate.take(&routes.to_string(), at(0)).unwrap();
    assert_eq!(without(&mut isolate, 0).region(), "eu-west");
    let write = Asking { headers: &[None], ..POST }.first(&mut isolate, 0);
    assert_eq!(write.region(), "us-east");
    let proof = cookie(&write).unwrap();
    assert!(proof.starts_with("__Host-pointsman-wrote="), "{proof}");
    assert_eq!(with(&proof, &mut isolate, 29_000).region(), "us-east");
    assert_eq!(with(&proof, &mut isolate, 30_000).region(), "eu-west");
}

#[test]
fn a_write_that_meets_a_failover_is_not_made_again() {
    let mut isolate = with_cookies(json!({"policy": "ordered", "primary": "us-east"}));
    for (end, told) in [
        (TryEnd::Unreachable, (502, "refused; code=unreachable")),
        (TryEnd::TimedOut, (504, "refused; code=timed_out")),
        (answered(522), (502, "refused; code=unreachable")),
        (answered(521), (503, "refused; code=no_primary")),
        (TryEnd::Unsent, (503, "refused; code=no_primary")),
    ] {
        let write = POST.first(&mut isolate, 0);
        let reason = isolate.over(&write, end, 1, 1).unwrap();
        let next = POST.ask(&mut isolate, reason, &write.trail, 1);
        assert_eq!(refused(next), (told.0, told.1.to_owned()), "{end:?}");
    }
}

#[test]
fn after_a_write_that_was_not_served_a_later_table_is_asked_for_within_seconds() {
    for end in [TryEnd::Unreachable, TryEnd::TimedOut, TryEnd::Unsent, answered(521), answered(503)]
    {
        let mut isolate = with_cookies(json!({"policy": "ordered", "primary": "us-east"}));
        isolate.asks_for_news(at(0));
        assert_eq!(isolate.asks_for_news(at(6_000)), None, "there is no need");
        let write = POST.first(&mut isolate, 6_000);
        let reason = isolate.over(&write, end, 1, 6_001).unwrap();
        POST.ask(&mut isolate, reason, &write.trail, 6_001);
        assert!(isolate.asks_for_news(at(6_002)).is_some(), "{end:?}");
    }
}

#[test]
fn while_writes_hang_a_later_table_is_asked_for_before_the_first_of_them_is_given_up() {
    let mut isolate = with_cookies(json!({"policy": "ordered", "primary": "us-east"}));
    isolate.asks_for_news(at(0));
    for sent_at in [1_000, 3_000, 5_999] {
        POST.first(&mut isolate, sent_at);
    }
    assert_eq!(isolate.asks_for_news(at(5_999)), None, "a write may take a while");
    let write = POST.first(&mut isolate, 6_000);
    assert!(isolate.asks_for_news(at(6_001)).is_some());
    isolate.over(&write, answered(200), 900, 6_900);
    for sent_at in [7_000, 11_999] {
        POST.first(&mut isolate, sent_at);
    }
    assert_eq!(isolate.asks_for_news(at(11_999)), None, "one was answered since");
}
