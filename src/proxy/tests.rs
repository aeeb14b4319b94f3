//! Whole conversations about requests, as the shell would have them.

use super::wire::QuestionLines;
use super::*;
use crate::routes::VERSION;
use crate::steering::token::SigningKey;
use crate::time::Timestamp;
use serde_json::{Value, json};

mod bodies;
mod cookies;
mod counting;
mod explain;
mod law;
mod learning;
mod own_name;
mod points;
mod recall;
mod refusing;
mod resuming;
mod retrying;
mod serving;
mod tables;
mod threshold;
mod told_host;
mod wire;

const HOST: &str = "api.example.com";

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_795_305_600_000 + ms)
}

/// Three regions, all up; `api` is served by all of them in this order, each with two origins.
fn three() -> Value {
    let candidate = |id: &str| {
        let origin = |n: u8| format!("https://{id}-{n}.example.net");
        json!({
            "id": id, "health": "up", "usable": 2, "all": 2,
            "origins": [origin(1), origin(2)],
        })
    };
    json!({
        "version": VERSION, "generation": 7, "as_of": at(0).to_string(), "config": "0", "law": "0",
        "regions": [
            {"id": "eu-west", "country": "IE"},
            {"id": "us-east", "country": "US"},
            {"id": "sa-east", "country": "BR"},
        ],
        "services": {"api": {
            "hosts": [HOST], "try_timeout_ms": 1_000, "timeout_ms": 5_000,
            "steering": {"policy": "ordered"}, "trial_path": "/health",
            "regions": [candidate("eu-west"), candidate("us-east"), candidate("sa-east")],
        }},
        "rules": [{
            "id": "lgpd", "mode": "strict", "when": {"countries": ["BR"]}, "permits": ["sa-east"],
        }],
    })
}

/// An isolate that has read `three` with some values replaced, each at its JSON pointer.
fn isolate(changes: &[(&str, Value)]) -> Isolate {
    let mut routes = three();
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match routes.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
            parent => parent[key] = value.clone(),
        }
    }
    let mut isolate = Isolate::default();
    assert!(isolate.take(&routes.to_string(), at(0)).unwrap());
    isolate
}

/// A request that can be asked about.
#[derive(Clone, Copy)]
struct Asking<'a> {
    method: &'a str,
    /// The host that it asks for, with a port if it names one.
    host: &'a str,
    path: &'a str,
    body: &'a str,
    country: &'a str,
    accept: &'a str,
    hops: &'a str,
    client: &'a str,
    /// The value of each header that the table looks at.
    headers: &'a [Option<&'a str>],
}

/// A German `GET /`.
const GET: Asking<'_> = Asking {
    method: "GET",
    host: HOST,
    path: "/",
    body: "",
    country: "DE",
    accept: "",
    hops: "",
    client: "192.0.2.1",
    headers: &[],
};
/// An order of 6,400 bytes.
const POST: Asking<'_> = Asking { method: "POST", body: "6400", ..GET };

/// Nothing was done about a request yet.
const FIRST: Progress<'_> =
    Progress { reason: AskReason::First, trail: "", elapsed_ms: 0, fetched: Fetched::Nothing };
/// The shell has tried to load a table for it.
const LOADED: Progress<'_> = Progress { fetched: Fetched::Table, ..FIRST };

impl Asking<'_> {
    /// The text of a question about it.
    fn question(&self, version: u32, progress: Progress<'_>) -> String {
        wire::text(&QuestionLines {
            version: &version.to_string(),
            reason: &progress.reason.number().to_string(),
            fetched: &wire::number(progress.fetched).to_string(),
            elapsed_ms: &progress.elapsed_ms.to_string(),
            trail: progress.trail,
            method: self.method,
            url: &format!("https://{}{}", self.host, self.path),
            body: self.body,
            id: "00000000-0000-4000-8000-00000000002a",
            country: self.country,
            colo: "FRA",
            latitude: "",
            longitude: "",
            client: self.client,
            accept: self.accept,
            hops: self.hops,
            subdivision: "",
            headers: self.headers.to_vec(),
        })
    }

    fn ask(&self, isolate: &mut Isolate, reason: AskReason, trail: &str, now: u64) -> Instruction {
        self.go_on(isolate, Progress { reason, trail, elapsed_ms: now, ..FIRST }, now)
    }

    fn go_on(&self, isolate: &mut Isolate, progress: Progress<'_>, now: u64) -> Instruction {
        let pin = if let Fetched::Pin(pin) = progress.fetched { pin } else { None };
        isolate.instruct(&self.question(isolate.version, progress), pin, at(now))
    }

    /// The first try of it.
    fn first(&self, isolate: &mut Isolate, now: u64) -> Try {
        let mut next = self.go_on(isolate, FIRST, now);
        if next == Instruction::LoadTable {
            next = self.go_on(isolate, LOADED, now);
        }
        sent(next)
    }
}

impl Isolate {
    /// Reports a try that is over.
    fn over(&mut self, sent: &Try, end: TryEnd, took_ms: u64, now: u64) -> Option<AskReason> {
        let due = at(now.saturating_sub(took_ms) + sent.wait_ms);
        self.ended(&TryReport { token: sent.token, end, took_ms, now: at(now), due })
    }
}

impl Try {
    /// The region that it goes to: its origins are called by it, and numbered.
    fn region(&self) -> &str {
        let host = self.url.strip_prefix("https://").unwrap();
        host.split_once('.').and_then(|(origin, _)| origin.rsplit_once('-')).unwrap().0
    }
}

fn sent(next: Instruction) -> Try {
    match next {
        Instruction::Send(sent) => *sent,
        other => panic!("{other:?}"),
    }
}

fn refused(next: Instruction) -> (u16, String) {
    match next {
        Instruction::Respond { response, .. } => {
            let code = response.headers.iter().find(|(name, _)| *name == "x-pointsman");
            (response.status, code.map(|(_, value)| value.clone()).unwrap_or_default())
        }
        other => panic!("{other:?}"),
    }
}

fn answered(status: u16) -> TryEnd {
    TryEnd::Answered { status, retry_after_s: None }
}

fn header<'h>(headers: &'h [(&'static str, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_request_without_a_table_waits_for_one_and_is_refused_if_there_is_none() {
    let mut isolate = Isolate::default();
    assert_eq!(GET.go_on(&mut isolate, FIRST, 0), Instruction::LoadTable);
    let (status, code) = refused(GET.go_on(&mut isolate, LOADED, 0));
    assert_eq!((status, code.as_str()), (503, "refused; code=no_routes"));
}

#[test]
fn facts_for_another_table_are_asked_for_again_with_the_headers_of_this_one() {
    let by_header = json!({"source": "header x-tenant"});
    let mut isolate = isolate(&[("/services/api/tenancy", by_header)]);
    let question = GET.question(0, FIRST);
    let names = vec!["x-tenant".to_owned()];
    assert_eq!(
        isolate.instruct(&question, None, at(0)),
        Instruction::Headers { version: 1, names }
    );
}

#[test]
fn an_origin_is_told_the_epoch_of_the_services_last_promotion() {
    let sent = GET.first(&mut isolate(&[("/services/api/epoch", json!(1_796_000_412_u64))]), 10);
    assert_eq!(header(&sent.request_headers, "x-failover-epoch"), Some("1796000412"));
}

#[test]
fn a_request_is_sent_with_what_the_origin_is_told() {
    let sent = Asking { path: "/a%20b?c=%20+", ..GET }.first(&mut isolate(&[]), 10);
    assert_eq!(sent.url, "https://eu-west-1.example.net/a%20b?c=%20+");
    assert_eq!((sent.wait_ms, sent.late_ms, sent.refresh), (1_000, None, false));
    for (name, value) in [
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-host", HOST),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=192.0.2.1;host=api.example.com;proto=https"),
        ("x-request-id", "00000000-0000-4000-8000-00000000002a"),
        ("x-failover-epoch", "7"),
        ("x-pointsman-hops", "1"),
    ] {
        assert_eq!(header(&sent.request_headers, name), Some(value));
    }
    assert_eq!(header(&sent.answer_headers, "x-pointsman"), Some("region=eu-west; reason=order"));
    assert_eq!(sent.timing.as_deref(), Some("origin;desc=\"eu-west\""));
}

#[test]
fn a_client_without_an_address_cannot_bring_its_own() {
    let nobody = Asking { client: "", ..GET }.first(&mut isolate(&[]), 0);
    assert_eq!(header(&nobody.request_headers, "x-forwarded-for"), Some(""));
    let v6 = Asking { client: "2001:db8::1", ..GET }.first(&mut isolate(&[]), 0);
    let told = "for=\"[2001:db8::1]\";host=api.example.com;proto=https";
    assert_eq!(header(&v6.request_headers, "forwarded"), Some(told));
}

#[test]
fn an_origin_is_told_the_port_that_the_client_asked_for() {
    for (host, told, quoted) in [
        (HOST, "api.example.com", "api.example.com"),
        ("api.example.com:8443", "api.example.com:8443", "\"api.example.com:8443\""),
    ] {
        let sent = Asking { host, ..GET }.first(&mut isolate(&[]), 0);
        assert_eq!(header(&sent.request_headers, "x-forwarded-host"), Some(told));
        let forwarded = format!("for=192.0.2.1;host={quoted};proto=https");
        assert_eq!(header(&sent.request_headers, "forwarded"), Some(&*forwarded));
    }
}

#[test]
fn debug_headers_can_be_turned_off_and_staleness_is_told_all_the_same() {
    let quiet = ("/services/api/proxy", json!({"debug_headers": false}));
    let mut isolate = isolate(&[quiet]);
    let sent = GET.first(&mut isolate, 0);
    assert_eq!((sent.answer_headers, sent.timing), (vec![], None));
    let sent = GET.first(&mut isolate, 61_000);
    assert_eq!(sent.answer_headers, [("x-pointsman", "stale".to_owned())]);
    assert!(sent.refresh, "and the table is looked up behind the request");
}

#[test]
fn what_is_no_request_is_refused_and_nothing_else_happens() {
    let mut isolate = isolate(&[]);
    let good = GET.question(isolate.version, FIRST);
    let long = good.replace("https://api", &"x".repeat(QUESTION_BYTES_MAX));
    let short = good.rsplit_once('\n').unwrap().0.rsplit_once('\n').unwrap().0.to_owned();
    for odd in [good.replace("https://", ""), format!("{good}\nmore"), long, short] {
        assert_eq!(refused(isolate.instruct(&odd, None, at(0))).0, 400);
    }
    assert_eq!(isolate.counts().requests, 0);
}

#[test]
fn a_new_table_forgets_nothing_that_was_seen() {
    let mut isolate = isolate(&[]);
    let sent = GET.first(&mut isolate, 0);
    isolate.over(&sent, TryEnd::Unreachable, 1, 1);
    let mut next = three();
    next["generation"] = json!(8);
    next["regions"].as_array_mut().unwrap().swap(0, 2);
    assert!(isolate.take(&next.to_string(), at(2)).unwrap());
    assert_eq!(GET.first(&mut isolate, 3).region(), "us-east");
}

#[test]
fn the_report_shows_what_was_counted_and_seen() {
    let mut isolate = isolate(&[]);
    let sent = GET.first(&mut isolate, 0);
    isolate.over(&sent, answered(200), 40, 40);
    let report = isolate.report(at(40));
    assert_eq!(report["generation"], 7);
    assert_eq!(report["requests"], 1);
    let region = &report["services"][0]["regions"][0];
    assert_eq!((&region["latency_ms"], &region["outstanding"]), (&json!(40), &json!(0)));
}
