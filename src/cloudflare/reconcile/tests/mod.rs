//! Passes as conversations: each expected call with its reply.

mod allowance;
mod beside;
mod carrying;
mod chain;
mod failures;
mod foreign;
mod line;
pub(crate) mod model;
mod others;
mod pools;
mod properties;
mod reading;
mod records;
mod world;
mod zones;

use super::*;
use crate::cloudflare::WithheldReason;
use crate::cloudflare::desired::{DesiredPool, DesiredRecords, PoolMember, RecordMember, Switch};
use crate::cloudflare::endpoint::Endpoint;
use crate::config::{DnsMode, PoolSwitch, RecordKind};
use crate::ids::{OriginId, RegionId, ServiceId};
use serde_json::{Value, json};

const ZONE: &str = "GET /zones?name=example.com";
const RECORDS: &str = "GET /zones/z1/dns_records?per_page=500&page=1";
const RECORD: &str = "PATCH /zones/z1/dns_records/r1";
const BATCH: &str = "POST /zones/z1/dns_records/batch";
const POOLS: &str = "GET /accounts/acc/load_balancers/pools";
const READ_POOL: &str = "GET /accounts/acc/load_balancers/pools/p1";
const WRITE_POOL: &str = "PATCH /accounts/acc/load_balancers/pools/p1";

fn service(id: &str) -> ServiceId {
    ServiceId::parse(id).unwrap()
}

fn region(id: &str) -> RegionId {
    RegionId::parse(id).unwrap()
}

/// A CNAME that should say `content`. What it may say beside that is down.
fn records(content: &str) -> DesiredRecords {
    let member = |switch| RecordMember { switch, region: region("us-east") };
    DesiredRecords {
        is_guarded: true,
        regions: Vec::new(),
        zone: "example.com".to_owned(),
        name: "files.example.com".to_owned(),
        kind: RecordKind::Cname,
        service: service("files"),
        mode: DnsMode::Failover,
        ttl_s: 60,
        proxied: None,
        manage: false,
        adopt: false,
        answer: Some((region("us-east"), [content.to_owned()].into())),
        refuge: None,
        permitted: Map::from([
            ("eu.example.com".to_owned(), member(Switch::Disable)),
            (content.to_owned(), member(Switch::Enable)),
        ]),
        manual: false,
        follows: None,
        returning: Set::new(),
    }
}

/// The same under another name.
fn named(name: &str) -> DesiredRecords {
    DesiredRecords { name: name.to_owned(), ..records("us.example.com") }
}

/// A set of addresses that should say all of `contents`.
fn addresses(contents: &[&str]) -> DesiredRecords {
    let contents: Set<String> = contents.iter().map(|content| (*content).to_owned()).collect();
    let up = RecordMember { switch: Switch::Enable, region: region("us-east") };
    DesiredRecords {
        is_guarded: true,
        regions: Vec::new(),
        kind: RecordKind::A,
        permitted: Map::of(contents.iter().map(|content| (content.clone(), up.clone()))),
        answer: Some((region("us-east"), contents)),
        manage: true,
        ..records("us.example.com")
    }
}

fn pool(name: &str, address: &str, switch: Switch) -> DesiredPool {
    let id = OriginId::parse(&format!("{name}-1")).unwrap();
    let (region, endpoint) = (region(name), Endpoint::at(address));
    let member = PoolMember { switch, region, endpoint, id, weight: None, host_header: None };
    DesiredPool {
        account: "acc".to_owned(),
        name: name.to_owned(),
        service: service("api"),
        origins: [(address.to_owned(), member)].into(),
        is_whole: false,
        switched: PoolSwitch::Origins,
        monitor: None,
        unmonitored: None,
        manage: false,
    }
}

fn answered(status: u16, body: &Value) -> Reply {
    Reply::Answered { status, retry_after_s: None, body: body.to_string() }
}

fn ok(result: &Value) -> Reply {
    answered(200, &json!({"success": true, "errors": [], "messages": [], "result": result}))
}

/// One page of a list that has so many rows in all.
fn page(rows: &Value, total: usize) -> Reply {
    let info = json!({"total_count": total});
    answered(200, &json!({"success": true, "result": rows, "result_info": info}))
}

fn refused(status: u16, message: &str) -> Reply {
    let errors = json!([{"code": 1000, "message": message}]);
    answered(status, &json!({"success": false, "errors": errors, "result": null}))
}

fn lost() -> Reply {
    Reply::Lost("none".to_owned())
}

fn record(content: &str) -> Value {
    json!({"id": "r1", "type": "CNAME", "name": "files.example.com", "content": content,
           "ttl": 60, "proxied": false, "comment": "pointsman:files"})
}

/// The same under another id and name.
fn record_of(id: &str, name: &str, content: &str) -> Value {
    let mut record = record(content);
    (record["id"], record["name"]) = (id.into(), name.into());
    record
}

fn zone() -> Value {
    json!([{"id": "z1", "name": "example.com", "status": "active"}])
}

fn full_pool(enabled: bool) -> Value {
    json!({"id": "p1", "name": "eu", "monitor": "m1", "origins": [
        {"name": "one", "address": "eu.example.com", "enabled": enabled, "weight": 0.5,
         "header": {"Host": ["x"]}, "disabled_at": "2026-01-01T00:00:00Z"},
        {"name": "theirs", "address": "192.0.2.77", "enabled": false, "weight": 1,
         "virtual_network_id": "vn", "disabled_at": "2026-01-01T00:00:00Z"},
    ]})
}

fn pools(eu_enabled: bool) -> Value {
    let us = json!({"id": "p2", "name": "us", "origins": [{"address": "us.example.com"}]});
    json!([full_pool(eu_enabled), us])
}

fn known_zone() -> Map<String, String> {
    [("example.com".to_owned(), "z1".to_owned())].into()
}

/// A pass over these records, in a zone whose id is known.
fn over(records: Vec<DesiredRecords>) -> PassInput {
    let desired = Desired { records, ..Desired::default() };
    PassInput { desired, zone_ids: known_zone(), ..PassInput::default() }
}

fn over_one(content: &str) -> Reconcile {
    Reconcile::new(over(vec![records(content)]))
}

/// A pass over the pool `eu`, beside which `us` is up.
fn over_pool(switch: Switch, holds: Set<Hold>) -> Reconcile {
    let survivor = pool("us", "us.example.com", Switch::Enable);
    let pools = vec![pool("eu", "eu.example.com", switch), survivor];
    let desired = Desired { pools, ..Desired::default() };
    Reconcile::new(PassInput { desired, holds, ..PassInput::default() })
}

fn hold() -> Hold {
    Hold { account: "acc".to_owned(), pool: "eu".to_owned(), address: "eu.example.com".to_owned() }
}

/// What was asked of the caller: intents with what they disable, and the bodies of writes.
#[derive(Default)]
struct Played {
    intents: Vec<(String, Vec<Hold>)>,
    bodies: Vec<Value>,
}

/// Plays a pass: `script` has each expected call, in order, with the reply to it.
fn play(pass: &mut Reconcile, script: &[(&str, Reply)]) -> Played {
    let mut script = script.iter();
    let mut played = Played::default();
    loop {
        match pass.next_step() {
            Next::Done => break,
            Next::Intend { what, takes, .. } => played.intents.push((what, takes)),
            Next::Wait => panic!("nothing is under way"),
            Next::Call(number, call) => {
                let asked = format!("{} {}", call.method.as_str(), call.path);
                let (expected, reply) = script.next().unwrap_or_else(|| panic!("extra: {asked}"));
                assert_eq!(asked, *expected);
                played.bodies.extend(call.body);
                pass.answer(number, reply, Timestamp::default());
            }
        }
    }
    assert_eq!(script.next(), None, "a call was expected that was not made");
    played
}

/// The next call of a pass.
fn asked(pass: &mut Reconcile) -> (CallNumber, Call) {
    match pass.next_step() {
        Next::Call(number, call) => (number, call),
        other => panic!("a call was expected: {other:?}"),
    }
}

fn applied(report: &PassReport) -> Vec<&str> {
    report.applied.iter().map(|done| done.what.as_str()).collect()
}

/// A pass that may make so many calls, at this instant, and goes on from there.
fn limited(input: PassInput, calls: u32, now_ms: u64, readings: Readings) -> Reconcile {
    let allowance = Allowance { calls, upkeep: calls };
    let now = Timestamp::from_millis(now_ms);
    let circumstances = Circumstances { now, ..input.circumstances.clone() };
    Reconcile::new(PassInput { circumstances, readings, allowance, ..input })
}

/// Whether all went well and nothing is left.
fn assert_clean(report: &PassReport) {
    assert_eq!(report.failures, [""; 0]);
    assert_eq!(report.open, [""; 0]);
    assert!(report.is_planned);
    assert_eq!((report.put_off, report.blocked_ms), (None, None));
    assert_eq!(report.denied, Map::new());
}
