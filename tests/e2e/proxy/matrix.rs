//! Every way in which a region fails, under every kind of request, inside and outside of a rule
//! that leaves no other region: what the client gets, when, and who was asked for it.
//!
//! Under the strict law the client is Brazilian and only `sa-east` is permitted; under the
//! preferred one it is German, `eu-west` is preferred, and the others are permitted. That first
//! region fails.

use super::{TIMEOUT_MS, TRY_MS, header, is_seconds_of_ours, timed, waits};
use crate::support::World;
use Fault::{Burst, Hang, Refuse, Reset, Slow, Storm, TlsError, TlsStatus};
use Kind::{Get, Post, Socket};
use Law::{Preferred, Strict};
use pointsman_lab::deployment::{BERLIN, Client, HOST, SAO_PAULO};
use pointsman_lab::edge::{Message, NetFault, Route};
use pointsman_lab::region::{CLIENT_HEADER, Mode};
use reqwest::Method;
use serde_json::Value;
use std::ops::Range;

/// A region's head is that late where it is slow: too late for a try, not for an answer.
const SLOW_MS: u64 = 1_300;
/// What a region asks for in a storm.
const RETRY_AFTER_S: u32 = 7;
/// How much is posted; the shell keeps as much.
const BODY_BYTES: usize = 6_400;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Refuse,
    TlsStatus,
    TlsError,
    Hang,
    Slow,
    Burst,
    Storm,
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Get,
    Post,
    Socket,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Law {
    Strict,
    Preferred,
}

/// Whose answer it is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    /// The Worker's own, with this code.
    Us(&'static str),
    /// Of the region that fails.
    Failing,
    /// Of another region that is permitted.
    Other,
}

/// What a client gets. A socket that opens has 101 for 200.
#[derive(Clone, Debug, PartialEq)]
struct Got {
    status: u16,
    by: By,
    /// When the head of the answer was there.
    ms: Range<u64>,
}

/// What becomes of the first request, and of one when the region is known to fail.
struct Row {
    faults: &'static [Fault],
    kind: Kind,
    law: Law,
    first: Got,
    later: Got,
    /// Requests that arrived at the failing region and at the other one, of all that were made.
    arrived: (u64, u64),
}

/// No try was waited for.
const AT_ONCE: Range<u64> = 0..TRY_MS;
const NO_WAY: Got = Got { status: 502, by: By::Us("unreachable"), ms: AT_ONCE };
const TIMED_OUT: Got =
    Got { status: 504, by: By::Us("timed_out"), ms: TIMEOUT_MS..TIMEOUT_MS + TRY_MS };
const HERE: Got = Got { status: 200, by: By::Failing, ms: AT_ONCE };
const HERE_LATE: Got = Got { status: 200, by: By::Failing, ms: SLOW_MS..TIMEOUT_MS };
const ELSEWHERE: Got = Got { status: 200, by: By::Other, ms: AT_ONCE };
/// One try was waited for, and not two.
const ELSEWHERE_LATE: Got = Got { status: 200, by: By::Other, ms: TRY_MS..2 * TRY_MS };
const SAYS_503: Got = Got { status: 503, by: By::Failing, ms: AT_ONCE };
const SAYS_429: Got = Got { status: 429, by: By::Failing, ms: AT_ONCE };

const NO_CONNECTION: &[Fault] = &[Refuse, TlsStatus, TlsError];

#[rustfmt::skip]
const TABLE: [Row; 36] = [
    row(NO_CONNECTION, Get,    Strict,    NO_WAY,         NO_WAY,         (0, 0)),
    row(NO_CONNECTION, Get,    Preferred, ELSEWHERE,      ELSEWHERE,      (0, 2)),
    row(NO_CONNECTION, Post,   Strict,    NO_WAY,         NO_WAY,         (0, 0)),
    row(NO_CONNECTION, Post,   Preferred, ELSEWHERE,      ELSEWHERE,      (0, 2)),
    row(NO_CONNECTION, Socket, Strict,    NO_WAY,         NO_WAY,         (0, 0)),
    row(NO_CONNECTION, Socket, Preferred, ELSEWHERE,      ELSEWHERE,      (0, 2)),
    row(&[Hang],       Get,    Strict,    TIMED_OUT,      TIMED_OUT,      (2, 0)),
    row(&[Hang],       Get,    Preferred, ELSEWHERE_LATE, ELSEWHERE,      (1, 2)),
    row(&[Hang],       Post,   Strict,    TIMED_OUT,      TIMED_OUT,      (2, 0)),
    row(&[Hang],       Post,   Preferred, TIMED_OUT,      ELSEWHERE,      (1, 1)),
    row(&[Hang],       Socket, Strict,    TIMED_OUT,      TIMED_OUT,      (2, 0)),
    row(&[Hang],       Socket, Preferred, ELSEWHERE_LATE, ELSEWHERE,      (1, 2)),
    row(&[Slow],       Get,    Strict,    HERE_LATE,      HERE_LATE,      (2, 0)),
    row(&[Slow],       Get,    Preferred, ELSEWHERE_LATE, ELSEWHERE,      (1, 2)),
    row(&[Slow],       Post,   Strict,    HERE_LATE,      HERE_LATE,      (2, 0)),
    row(&[Slow],       Post,   Preferred, HERE_LATE,      HERE_LATE,      (2, 0)),
    row(&[Slow],       Socket, Strict,    HERE_LATE,      HERE_LATE,      (2, 0)),
    row(&[Slow],       Socket, Preferred, ELSEWHERE_LATE, ELSEWHERE,      (1, 2)),
    row(&[Burst],      Get,    Strict,    SAYS_503,       SAYS_503,       (6, 0)),
    row(&[Burst],      Get,    Preferred, ELSEWHERE,      ELSEWHERE,      (5, 6)),
    row(&[Burst],      Post,   Strict,    SAYS_503,       SAYS_503,       (6, 0)),
    row(&[Burst],      Post,   Preferred, SAYS_503,       ELSEWHERE,      (5, 1)),
    row(&[Burst],      Socket, Strict,    SAYS_503,       SAYS_503,       (6, 0)),
    row(&[Burst],      Socket, Preferred, ELSEWHERE,      ELSEWHERE,      (5, 6)),
    row(&[Storm],      Get,    Strict,    SAYS_429,       SAYS_429,       (11, 0)),
    row(&[Storm],      Get,    Preferred, SAYS_429,       ELSEWHERE,      (10, 2)),
    row(&[Storm],      Post,   Strict,    SAYS_429,       SAYS_429,       (11, 0)),
    row(&[Storm],      Post,   Preferred, SAYS_429,       ELSEWHERE,      (10, 1)),
    row(&[Storm],      Socket, Strict,    SAYS_429,       SAYS_429,       (11, 0)),
    row(&[Storm],      Socket, Preferred, SAYS_429,       ELSEWHERE,      (10, 2)),
    row(&[Reset],      Get,    Strict,    HERE,           HERE,           (2, 0)),
    row(&[Reset],      Get,    Preferred, HERE,           HERE,           (2, 0)),
    row(&[Reset],      Post,   Strict,    HERE,           HERE,           (2, 0)),
    row(&[Reset],      Post,   Preferred, HERE,           HERE,           (2, 0)),
    row(&[Reset],      Socket, Strict,    HERE,           HERE,           (2, 0)),
    row(&[Reset],      Socket, Preferred, HERE,           HERE,           (2, 0)),
];

const fn row(
    faults: &'static [Fault],
    kind: Kind,
    law: Law,
    first: Got,
    later: Got,
    arrived: (u64, u64),
) -> Row {
    Row { faults, kind, law, first, later, arrived }
}

impl Fault {
    /// Requests between the first one and the later one, until the region is known to fail.
    fn between(self) -> u32 {
        match self {
            Burst => 4,
            Storm => 9,
            _ => 0,
        }
    }
}

impl Law {
    fn client(self) -> Client {
        if self == Strict { SAO_PAULO } else { BERLIN }
    }

    /// The region that fails, its host, and the one that is asked instead.
    fn regions(self) -> [&'static str; 3] {
        match self {
            Strict => ["sa-east", "br1.origin.example.com", "us-east"],
            Preferred => ["eu-west", "eu1.origin.example.com", "us-east"],
        }
    }
}

async fn break_region(world: &World, law: Law, fault: Fault) {
    let [region, host, _] = law.regions();
    let mode = match fault {
        Refuse => Mode::Refuse,
        Hang => Mode::Hang,
        Slow => Mode::Slow { delay_ms: SLOW_MS },
        Burst => Mode::Status { code: 503 },
        Storm => Mode::Throttle { retry_after_s: RETRY_AFTER_S },
        Reset => Mode::Reset,
        TlsStatus | TlsError => Mode::Healthy,
    };
    world.set(region, mode).await;
    let fault = match fault {
        TlsStatus => Some(NetFault::TlsStatus),
        TlsError => Some(NetFault::TlsError),
        _ => None,
    };
    let port = world.region(region).unwrap().port();
    world.edge().route_host(host, Route { port, delay_ms: 0, fault }).await.unwrap();
}

/// Lets an isolate begin and read the table, for a host that is none of ours. What that takes is
/// not the time of a request.
async fn load_the_table(world: &World) {
    let request = world.edge().request(Method::GET, "nobody.example.com", "/", None);
    assert_eq!(request.send().await.unwrap().status(), 404);
}

/// What a client was told, before it is held against the table.
struct Told {
    status: u16,
    region: String,
    code: String,
    retry_after: String,
    ms: u64,
}

async fn ask(world: &World, kind: Kind, law: Law, fault: Fault) -> Told {
    if kind == Socket {
        return open(world, law, fault).await;
    }
    let method = if kind == Get { "GET" } else { "POST" };
    let mut request = world.ask(law.client(), method, "/orders");
    if kind == Post {
        request = request.body("x".repeat(BODY_BYTES));
    }
    let (response, took) = timed(request).await;
    let mut told = Told {
        status: response.status().as_u16(),
        region: header(&response, "x-lab-region").to_owned(),
        code: String::new(),
        retry_after: header(&response, "retry-after").to_owned(),
        ms: took.as_millis().try_into().unwrap(),
    };
    let body = response.bytes().await;
    assert_eq!(body.is_err(), fault == Reset, "a body breaks off where it is reset");
    told.code = code(&body.unwrap_or_default());
    told
}

async fn open(world: &World, law: Law, fault: Fault) -> Told {
    let began = std::time::Instant::now();
    let cf = law.client().cf();
    let named = [(CLIENT_HEADER, law.client().country)];
    let answer = world.edge().socket(HOST, "/ws", Some(&cf), &named).await.unwrap();
    let ms = began.elapsed().as_millis().try_into().unwrap();
    if let Some(mut socket) = answer.socket {
        socket.say(Message::Text("hello".to_owned())).await.unwrap();
        let heard = socket.hear().await;
        if fault == Reset {
            assert!(matches!(heard, Message::Close(_) | Message::Broken), "{heard:?}");
        } else {
            assert_eq!(heard, Message::Text("hello".to_owned()));
        }
    }
    let header = |name: &str| answer.headers.get(name).cloned().unwrap_or_default();
    let mark = header("x-pointsman");
    Told {
        status: if answer.status == 101 { 200 } else { answer.status },
        region: header("x-lab-region"),
        code: mark.strip_prefix("refused; code=").unwrap_or_default().to_owned(),
        retry_after: header("retry-after"),
        ms,
    }
}

fn code(body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    problem["code"].as_str().unwrap_or_default().to_owned()
}

fn hold_against(told: &Told, expected: &Got, law: Law, context: &str) {
    let [failing, _, other] = law.regions();
    let (region, code) = match expected.by {
        By::Us(code) => ("", code),
        By::Failing => (failing, ""),
        By::Other => (other, ""),
    };
    let got = (told.status, told.region.as_str(), told.code.as_str());
    assert_eq!(got, (expected.status, region, code), "{context}");
    assert!(expected.ms.contains(&told.ms), "{context}: {} of {:?} ms", told.ms, expected.ms);
    let is_right = match expected.status {
        429 => told.retry_after == RETRY_AFTER_S.to_string(),
        502 | 504 => is_seconds_of_ours(&told.retry_after),
        _ => told.retry_after.is_empty(),
    };
    assert!(is_right, "{context}: {:?}", told.retry_after);
}

async fn check(fault: Fault) {
    let world = World::settled_with(&waits()).await;
    for row in TABLE.iter().filter(|row| row.faults.contains(&fault)) {
        let Row { kind, law, first, later, arrived, .. } = row;
        let [failing, _, other] = law.regions();
        let case = format!("{fault:?}, {kind:?}, {law:?}");
        // An isolate that knows the table and has seen nothing of any region yet.
        world.crash().await;
        load_the_table(&world).await;
        break_region(&world, *law, fault).await;
        let before = [failing, other].map(|region| world.arrived(region));
        let told = ask(&world, *kind, *law, fault).await;
        hold_against(&told, first, *law, &format!("{case}: the first"));
        for _ in 0..fault.between() {
            ask(&world, *kind, *law, fault).await;
        }
        let told = ask(&world, *kind, *law, fault).await;
        hold_against(&told, later, *law, &format!("{case}: a later one"));
        let after = [failing, other].map(|region| world.arrived(region));
        let counted = (after[0] - before[0], after[1] - before[1]);
        assert_eq!(counted, *arrived, "{case}: arrived at {failing} and {other}");
        world.set(failing, Mode::Healthy).await;
    }
    assert_eq!(world.residency_violations(), 0);
}

#[test]
fn the_table_has_every_fault_under_every_request_and_law_once() {
    for fault in [Refuse, TlsStatus, TlsError, Hang, Slow, Burst, Storm, Reset] {
        for kind in [Get, Post, Socket] {
            for law in [Strict, Preferred] {
                let rows = TABLE.iter().filter(|row| (row.kind, row.law) == (kind, law));
                let rows = rows.filter(|row| row.faults.contains(&fault));
                assert_eq!(rows.count(), 1, "{fault:?}, {kind:?}, {law:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_refused_sends_a_request_to_the_next_region_at_once() {
    check(Refuse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_certificate_is_as_a_connection_that_is_refused_where_the_edge_answers_for_it() {
    check(TlsStatus).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_certificate_is_as_a_connection_that_is_refused_where_the_runtime_throws() {
    check(TlsError).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_hangs_costs_one_request_one_try_and_later_ones_nothing() {
    check(Hang).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_comes_too_late_for_a_try_is_awaited_only_where_nothing_else_may_be_asked() {
    check(Slow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_503_is_handed_on_only_where_nothing_else_may_be_asked() {
    check(Burst).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_429_is_handed_on_until_it_is_known_to_be_one() {
    check(Storm).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_or_socket_that_is_reset_breaks_at_the_client_and_is_not_begun_again() {
    check(Reset).await;
}
