//! Which host an origin is told.

use super::*;

fn told() -> Isolate {
    isolate(&[
        ("/services/api/regions/0/host_headers", json!(["www.example.com", ""])),
        ("/services/api/regions/1/origins", json!(["http://us-east-1.example.net:8080"])),
        ("/services/api/regions/1/host_headers", json!(["www.example.com"])),
    ])
}

#[test]
fn an_origin_is_asked_by_the_told_name_at_its_own_address() {
    let mut isolate = told();
    let first = Asking { path: "/a?b", ..GET }.first(&mut isolate, 0);
    assert_eq!(first.url, "https://www.example.com/a?b");
    assert_eq!(first.resolve.as_deref(), Some("eu-west-1.example.net"));
    assert_eq!(first.trail, " https://eu-west-1.example.net", "and is tried by its own name");
    let reason = isolate.over(&first, TryEnd::Unreachable, 1, 1).unwrap();
    let second = sent(GET.ask(&mut isolate, reason, &first.trail, 1));
    assert_eq!(second.url, "http://www.example.com:8080/", "the port is the origin's");
    assert_eq!(second.resolve.as_deref(), Some("us-east-1.example.net"));
    let (_, asked) = GET.first(&mut isolate, 1_002).trial.unwrap();
    assert_eq!(asked.url, "https://eu-west-2.example.net/health");
    assert_eq!(asked.resolve, None, "an origin without another name is told its own");
}

#[test]
fn a_request_that_comes_back_to_us_by_the_told_name_goes_no_further() {
    let mut isolate = told();
    let first = GET.first(&mut isolate, 0);
    let hops = header(&first.request_headers, "x-pointsman-hops").unwrap();
    let again = Asking { hops, ..GET }.ask(&mut isolate, AskReason::First, "", 0);
    assert_eq!(refused(again), (508, "refused; code=loop_detected".to_owned()));
    let own = GET.first(&mut super::isolate(&[]), 0);
    assert_eq!(header(&own.request_headers, "x-pointsman-hops"), Some("1"));
    assert_eq!(own.resolve, None);
}

#[test]
fn the_host_that_an_origin_was_told_is_one_of_its_names() {
    let isolate = told();
    let renamed = |value| {
        let (asked, sent) = ("https://api.example.com/x", "https://www.example.com/x");
        isolate.renamed(&AnswerHeader { asked, sent, name: "location", value })
    };
    let to_us = Some("https://api.example.com/a".to_owned());
    assert_eq!(renamed("https://www.example.com/a"), to_us);
    assert_eq!(renamed("https://eu-west-1.example.net/a"), to_us);
    assert_eq!(renamed("https://www.example.org/a"), None);
}
