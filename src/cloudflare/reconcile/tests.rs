use super::*;
use crate::cloudflare::desired::{DesiredPool, DesiredRecords, Switch};
use crate::ids::{RegionId, ServiceId};
use crate::ordered::{Map, Set};
use serde_json::json;

const ZONE: &str = "/zones?name=example.com";
const RECORDS: &str = "/zones/z1/dns_records?type=CNAME&name.exact=files.example.com&per_page=100";
const POOLS: &str = "/accounts/acc/load_balancers/pools";

fn records(content: &str) -> DesiredRecords {
    DesiredRecords {
        zone: "example.com".to_owned(),
        name: "files.example.com".to_owned(),
        kind: RecordKind::Cname,
        service: ServiceId::parse("files").unwrap(),
        ttl_s: 60,
        answer: Some((RegionId::parse("us-east").unwrap(), [content.to_owned()].into())),
        refuge: None,
        permitted: [content.to_owned()].into(),
        manual: false,
    }
}

fn pool(name: &str, address: &str, switch: Switch) -> DesiredPool {
    DesiredPool {
        account: "acc".to_owned(),
        name: name.to_owned(),
        service: ServiceId::parse("api").unwrap(),
        origins: [(address.to_owned(), switch)].into(),
    }
}

fn ok(result: &Value) -> Reply {
    let body = json!({"success": true, "errors": [], "messages": [], "result": result});
    Reply::Answered { status: 200, retry_after_s: None, body: body.to_string() }
}

fn record(content: &str) -> Value {
    json!({"id": "r1", "type": "CNAME", "name": "files.example.com", "content": content,
           "ttl": 60, "proxied": false, "comment": "pointsman:files"})
}

fn zone() -> Value {
    json!([{"id": "z1", "name": "example.com"}])
}

fn full_pool(enabled: bool) -> Value {
    json!({"id": "p1", "name": "eu", "monitor": "m1", "origins": [
        {"name": "one", "address": "eu.example.com", "enabled": enabled, "weight": 0.5,
         "header": {"Host": ["x"]}, "disabled_at": "2026-01-01T00:00:00Z"},
        {"name": "theirs", "address": "192.0.2.77", "enabled": false, "weight": 1,
         "virtual_network_id": "vn", "disabled_at": "2026-01-01T00:00:00Z"},
    ]})
}

/// Plays a pass: `script` gives the reply to each expected call, in order. Returns what was asked
/// beside calls.
fn play(pass: &mut Reconcile, script: &[(&str, Reply)]) -> Vec<String> {
    let mut script = script.iter();
    let mut told = Vec::new();
    loop {
        match pass.next_step() {
            Next::Done => break,
            Next::Intend(hold) => told.push(format!("intend {}/{}", hold.pool, hold.address)),
            Next::Call(call) => {
                let asked = format!("{} {}", call.method.as_str(), call.path);
                let (expected, reply) = script.next().unwrap_or_else(|| panic!("extra: {asked}"));
                assert_eq!(asked, *expected);
                if let Some(body) = call.body {
                    told.push(body.to_string());
                }
                pass.answer(reply);
            }
        }
    }
    assert_eq!(script.next(), None, "a call was expected that was not made");
    told
}

fn get(path: &str) -> String {
    format!("GET {path}")
}

fn only_records(content: &str) -> Reconcile {
    let desired = Desired { records: vec![records(content)], ..Desired::default() };
    Reconcile::new(desired, Map::new(), Set::new())
}

fn only_pool(switch: Switch, holds: Set<Hold>) -> Reconcile {
    let survivor = pool("us", "us.example.com", Switch::Enable);
    let pools = vec![pool("eu", "eu.example.com", switch), survivor];
    Reconcile::new(Desired { pools, ..Desired::default() }, Map::new(), holds)
}

fn hold() -> Hold {
    Hold { account: "acc".to_owned(), pool: "eu".to_owned(), address: "eu.example.com".to_owned() }
}

fn pools(eu_enabled: bool) -> Value {
    let us = json!({"id": "p2", "name": "us", "origins": [{"address": "us.example.com"}]});
    json!([full_pool(eu_enabled), us])
}

#[test]
fn a_record_is_read_and_then_changed_with_one_call() {
    let mut pass = only_records("us.example.com");
    let told = play(
        &mut pass,
        &[
            (&get(ZONE), ok(&zone())),
            (&get(RECORDS), ok(&json!([record("eu.example.com")]))),
            ("PATCH /zones/z1/dns_records/r1", ok(&record("us.example.com"))),
        ],
    );
    assert_eq!(
        told,
        ["{\"content\":\"us.example.com\",\"name\":\"files.example.com\",\"ttl\":60,\
          \"type\":\"CNAME\"}"]
    );
    let report = pass.finish();
    assert_eq!(report.applied, ["files.example.com CNAME: answer us.example.com (us-east)"]);
    assert_eq!(report.failures, [""; 0]);
    assert_eq!(report.zone_ids.get("example.com").unwrap(), "z1");
}

#[test]
fn what_is_already_so_is_only_read() {
    let mut pass = only_records("us.example.com");
    play(
        &mut pass,
        &[(&get(ZONE), ok(&zone())), (&get(RECORDS), ok(&json!([record("us.example.com")])))],
    );
    assert_eq!(pass.finish().applied, [""; 0]);
}

#[test]
fn a_pool_is_read_just_before_and_written_back_whole_with_one_field_changed() {
    let mut pass = only_pool(Switch::Disable, Set::new());
    let path = format!("{POOLS}/p1");
    let told = play(
        &mut pass,
        &[
            (&get(POOLS), ok(&pools(true))),
            (&get(&path), ok(&full_pool(true))),
            (&format!("PATCH {path}"), ok(&full_pool(false))),
        ],
    );
    let body: Value = serde_json::from_str(&told[1]).unwrap();
    assert_eq!(told[0], "intend eu/eu.example.com");
    assert_eq!(
        body,
        json!({"origins": [
            {"name": "one", "address": "eu.example.com", "enabled": false, "weight": 0.5,
             "header": {"Host": ["x"]}},
            {"name": "theirs", "address": "192.0.2.77", "enabled": false, "weight": 1,
             "virtual_network_id": "vn"},
        ]})
    );
    assert_eq!(pass.finish().applied, ["pool eu: disable eu.example.com"]);
}

#[test]
fn a_hold_ends_when_the_origin_is_enabled_again() {
    let mut pass = only_pool(Switch::Enable, [hold()].into());
    let path = format!("{POOLS}/p1");
    play(
        &mut pass,
        &[
            (&get(POOLS), ok(&pools(false))),
            (&get(&path), ok(&full_pool(false))),
            (&format!("PATCH {path}"), ok(&full_pool(true))),
        ],
    );
    assert_eq!(pass.finish().released, [hold()].into());
}

#[test]
fn a_hold_ends_as_well_when_somebody_else_enabled_the_origin() {
    let mut pass = only_pool(Switch::Enable, [hold()].into());
    play(&mut pass, &[(&get(POOLS), ok(&pools(true)))]);
    assert_eq!(pass.finish().released, [hold()].into());
}

#[test]
fn a_lost_reply_leaves_the_hold_so_that_the_next_pass_may_enable_what_this_one_disabled() {
    let mut pass = only_pool(Switch::Disable, Set::new());
    let path = format!("{POOLS}/p1");
    let told = play(
        &mut pass,
        &[
            (&get(POOLS), ok(&pools(true))),
            (&get(&path), ok(&full_pool(true))),
            (&format!("PATCH {path}"), Reply::Lost("none".to_owned())),
        ],
    );
    assert_eq!(told[0], "intend eu/eu.example.com");
    let report = pass.finish();
    assert_eq!(report.released, Set::new());
    assert_eq!(report.failures, ["pool eu: disable eu.example.com: no reply from the API (none)"]);
}

#[test]
fn a_reply_that_does_not_show_the_change_is_a_failure() {
    let mut pass = only_records("us.example.com");
    play(
        &mut pass,
        &[
            (&get(ZONE), ok(&zone())),
            (&get(RECORDS), ok(&json!([record("eu.example.com")]))),
            ("PATCH /zones/z1/dns_records/r1", ok(&record("eu.example.com"))),
        ],
    );
    let report = pass.finish();
    assert_eq!(report.applied, [""; 0]);
    assert!(report.failures[0].contains("does not show `us.example.com`"), "{report:?}");
}

#[test]
fn a_rate_limit_ends_the_pass_and_says_how_long_to_wait() {
    let mut pass = only_records("us.example.com");
    let slow_down = Reply::Answered { status: 429, retry_after_s: Some(120), body: String::new() };
    play(&mut pass, &[(&get(ZONE), slow_down)]);
    assert_eq!(pass.finish().blocked_ms, Some(120_000));
}

#[test]
fn a_failure_of_one_object_leaves_the_others_alone() {
    let desired = Desired {
        records: vec![records("us.example.com")],
        pools: vec![pool("eu", "eu.example.com", Switch::Leave)],
        ..Desired::default()
    };
    let known = [("example.com".to_owned(), "z1".to_owned())].into();
    let mut pass = Reconcile::new(desired, known, Set::new());
    let broken = Reply::Answered { status: 502, retry_after_s: None, body: String::new() };
    play(
        &mut pass,
        &[
            (&get(RECORDS), ok(&json!([record("eu.example.com")]))),
            (&get(POOLS), broken),
            ("PATCH /zones/z1/dns_records/r1", ok(&record("us.example.com"))),
        ],
    );
    let report = pass.finish();
    assert_eq!(report.applied.len(), 1);
    assert_eq!(report.failures, ["pools of account acc: the API fails (502)"]);
}

#[test]
fn a_zone_that_is_gone_is_looked_up_again_next_time() {
    let desired = Desired { records: vec![records("us.example.com")], ..Desired::default() };
    let known = [("example.com".to_owned(), "z1".to_owned())].into();
    let mut pass = Reconcile::new(desired, known, Set::new());
    let gone = Reply::Answered { status: 404, retry_after_s: None, body: String::new() };
    play(&mut pass, &[(&get(RECORDS), gone)]);
    assert_eq!(pass.finish().zone_ids, Map::new());
}

#[test]
fn several_changes_of_one_set_are_one_batch() {
    let mut wanted = records("192.0.2.1");
    (wanted.kind, wanted.answer) = (
        RecordKind::A,
        Some((
            RegionId::parse("eu-west").unwrap(),
            ["192.0.2.1".to_owned(), "192.0.2.2".to_owned()].into(),
        )),
    );
    let desired = Desired { records: vec![wanted], ..Desired::default() };
    let known = [("example.com".to_owned(), "z1".to_owned())].into();
    let mut pass = Reconcile::new(desired, known, Set::new());
    let both = json!({"patches": [record("192.0.2.1")], "posts": [record("192.0.2.2")]});
    let told = play(
        &mut pass,
        &[
            (&get(&RECORDS.replace("CNAME", "A")), ok(&json!([record("192.0.2.9")]))),
            ("POST /zones/z1/dns_records/batch", ok(&both)),
        ],
    );
    let body: Value = serde_json::from_str(&told[0]).unwrap();
    assert_eq!(body["patches"][0]["content"], "192.0.2.1");
    assert_eq!(body["posts"][0]["comment"], "pointsman:files");
    assert_eq!(pass.finish().failures, [""; 0]);
}
