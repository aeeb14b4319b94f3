//! Tables and pins that are odd, and what is said about them.

use super::*;
use crate::routes::{CLOCK_SKEW_MAX, ROUTES_BYTES_MAX, STALE_AFTER};

/// `three`, written at this time in ms, which may be before the others.
fn written(ms: i64) -> String {
    let mut routes = three();
    let millis = i64::try_from(at(0).millis()).unwrap() + ms;
    let as_of = Timestamp::from_millis(u64::try_from(millis).unwrap());
    routes["as_of"] = json!(as_of.to_string());
    routes.to_string()
}

fn mark(isolate: &mut Isolate) -> String {
    let sent = GET.first(isolate, 1_000);
    header(&sent.answer_headers, "x-pointsman").unwrap().to_owned()
}

#[test]
fn a_table_is_stale_behind_the_limits_of_age_and_of_clocks() {
    let (skew, old) = (i64::try_from(CLOCK_SKEW_MAX).unwrap(), i64::try_from(STALE_AFTER).unwrap());
    for (ms, is_stale) in [
        (1_000 - old - 1, true),
        (1_000 - old, false),
        (1_000 + skew, false),
        (1_000 + skew + 1, true),
        (24 * 3_600_000, true),
    ] {
        let mut isolate = Isolate::default();
        assert!(isolate.take(&written(ms), at(1_000)).unwrap());
        assert_eq!(mark(&mut isolate).ends_with("; stale"), is_stale, "{ms}");
        assert_eq!(isolate.report(at(1_000))["is_stale"], is_stale, "{ms}");
        let is_ahead = ms > 1_000 + skew;
        let notes = isolate.notes();
        assert_eq!(notes.iter().any(|note| note.contains("ahead")), is_ahead, "{notes:?}");
        assert!(isolate.notes().is_empty(), "each is said once");
    }
}

#[test]
fn a_table_from_tomorrow_does_not_keep_out_the_one_of_today() {
    let mut isolate = Isolate::default();
    assert!(isolate.take(&written(24 * 3_600_000), at(0)).unwrap());
    assert!(isolate.take(&written(500), at(1_000)).unwrap());
    assert!(!mark(&mut isolate).ends_with("; stale"));
    assert!(!isolate.take(&written(400), at(1_000)).unwrap(), "an older one is still left");
}

#[test]
fn an_origin_that_is_no_url_costs_only_itself() {
    let origins =
        ("/services/api/regions/0/origins", json!(["not a url", "https://eu-west-2.example.net"]));
    let none = ("/services/api/regions/1/origins", json!(["https://us east.example.net", ""]));
    let mut isolate = isolate(&[origins, none]);
    assert_eq!(isolate.notes(), ["the routes have 3 origins that are no URL; they are left out"]);
    let first = GET.first(&mut isolate, 0);
    assert_eq!(first.url, "https://eu-west-2.example.net/");
    let next = sent(GET.ask(&mut isolate, AskReason::Unreachable, &first.trail, 0));
    assert_eq!(next.region(), "sa-east", "a region without any origin is down");
}

#[test]
fn a_table_with_a_key_twice_or_too_many_bytes_is_not_taken() {
    let mut isolate = isolate(&[]);
    let text = three().to_string();
    let twice = text.replacen('{', "{\"rules\": [], ", 1);
    let error = isolate.take(&twice, at(0)).unwrap_err().to_string();
    assert!(error.starts_with("the routes do not read: duplicate key `rules`"), "{error}");
    let filled = |bytes: usize| format!("{text}{}", " ".repeat(bytes - text.len()));
    assert!(isolate.take(&filled(ROUTES_BYTES_MAX), at(0)).unwrap());
    let error = isolate.take(&filled(ROUTES_BYTES_MAX + 1), at(0)).unwrap_err().to_string();
    let limit = ROUTES_BYTES_MAX;
    assert_eq!(error, format!("the routes have {} bytes of at most {limit}", limit + 1));
    assert_eq!(GET.first(&mut isolate, 0).region(), "eu-west", "the last table stays");
}

#[test]
fn a_pin_that_does_not_read_refuses_and_is_told_once_without_the_tenant() {
    let tenancy = json!({"source": "header x-tenant", "kv": true});
    let mut isolate = isolate(&[("/services/api/tenancy", tenancy)]);
    let asking = Asking { headers: &[Some("anna")], ..GET };
    let ask = |isolate: &mut Isolate, pin: &str| {
        let progress = Progress { fetched: Fetched::Pin(Some(pin)), ..FIRST };
        asking.go_on(isolate, progress, 0)
    };
    for _ in 0..2 {
        let next = ask(&mut isolate, r#"{"allow": "DE", "allow": "anna"}"#);
        assert_eq!(refused(next), (503, "refused; code=tenant_unavailable".to_owned()));
    }
    let notes = isolate.notes();
    let start = "a pin in KV (`tenant:…`, fingerprint ";
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with(start) && !notes[0].contains("anna"), "{notes:?}");
    assert!(notes[0].ends_with("): it is no object, or has a key twice"), "{notes:?}");

    let served = sent(ask(&mut isolate, r#"{"allow": ["US", "@nobody"]}"#));
    assert_eq!(served.region(), "us-east");
    let notes = isolate.notes();
    assert!(notes[0].ends_with("): 1 of its entries mean nothing"), "{notes:?}");
    assert_eq!(sent(ask(&mut isolate, r#"{"allow": "BR"}"#)).region(), "sa-east");
    assert!(isolate.notes().is_empty());
}
