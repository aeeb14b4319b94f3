//! Records: single calls, batches, and batches that are refused.

use super::*;

const MOVED: &str = "files.example.com CNAME: answer us.example.com (us-east)";

#[test]
fn a_record_is_read_and_then_changed_with_one_call() {
    let desired = Desired { records: vec![records("us.example.com")], ..Desired::default() };
    let mut pass = Reconcile::new(PassInput { desired, ..PassInput::default() });
    let played = play(
        &mut pass,
        &[
            (ZONE, ok(&zone())),
            (RECORDS, ok(&json!([record("eu.example.com")]))),
            (RECORD, ok(&record("us.example.com"))),
        ],
    );
    let body = json!({"content": "us.example.com", "name": "files.example.com", "ttl": 60,
                      "type": "CNAME"});
    assert_eq!(played.bodies, [body]);
    assert_eq!(played.intents, [(MOVED.to_owned(), Vec::new())]);
    let report = pass.finish();
    assert_clean(&report);
    let [done] = report.applied.as_slice() else { panic!("{report:?}") };
    let AppliedAction { what, service: of, urgency, .. } = done;
    assert_eq!((what.as_str(), of, *urgency), (MOVED, &Some(service("files")), Urgency::Failover));
    assert_eq!(report.zone_ids, known_zone());
    assert_eq!(report.calls, 3);
}

#[test]
fn what_is_already_so_is_only_read() {
    let mut pass = over_one("us.example.com");
    play(&mut pass, &[(RECORDS, ok(&json!([record("us.example.com")])))]);
    let report = pass.finish();
    assert_clean(&report);
    assert_eq!(report.applied, []);
}

#[test]
fn a_dry_pass_reads_and_plans_and_changes_nothing() {
    let wanted = PassInput { is_dry: true, ..over(vec![records("us.example.com")]) };
    let mut pass = Reconcile::new(wanted);
    let played = play(&mut pass, &[(RECORDS, ok(&json!([record("eu.example.com")])))]);
    assert_eq!(played.intents, []);
    let report = pass.finish();
    assert_eq!(report.planned, 1);
    assert_eq!(report.applied, []);
}

#[test]
fn one_more_record_is_one_call_and_so_is_one_less() {
    let a = |id: &str, content: &str| {
        let mut row = record_of(id, "files.example.com", content);
        row["type"] = json!("A");
        row
    };
    let mut pass = Reconcile::new(over(vec![addresses(&["192.0.2.1", "192.0.2.2"])]));
    let played = play(
        &mut pass,
        &[
            (RECORDS, ok(&json!([a("r1", "192.0.2.1")]))),
            ("POST /zones/z1/dns_records", ok(&a("r2", "192.0.2.2"))),
        ],
    );
    let body = json!({"content": "192.0.2.2", "name": "files.example.com", "ttl": 60, "type": "A",
                      "proxied": false, "comment": "pointsman:files"});
    assert_eq!(played.bodies, [body]);
    assert_clean(&pass.finish());
    for reply in [ok(&json!({"id": "r2"})), refused(404, "Record does not exist.")] {
        let mut wanted = addresses(&["192.0.2.1"]);
        wanted
            .permitted
            .insert("192.0.2.2".to_owned(), wanted.permitted.get("192.0.2.1").unwrap().clone());
        let mut pass = Reconcile::new(over(vec![wanted]));
        let both = json!([a("r1", "192.0.2.1"), a("r2", "192.0.2.2")]);
        let delete = ("DELETE /zones/z1/dns_records/r2", reply);
        let played = play(&mut pass, &[(RECORDS, ok(&both)), delete]);
        assert_eq!(played.bodies, [] as [Value; 0]);
        let report = pass.finish();
        assert_clean(&report);
        assert_eq!(report.applied.len(), 1, "gone is gone, whoever did it");
    }
}

#[test]
fn several_changes_of_one_set_are_one_batch() {
    let mut pass = Reconcile::new(over(vec![addresses(&["192.0.2.1", "192.0.2.2"])]));
    let mut old = record("192.0.2.9");
    old["type"] = json!("A");
    let both = json!({"patches": [record("192.0.2.1")], "posts": [record("192.0.2.2")]});
    let played = play(&mut pass, &[(RECORDS, ok(&json!([old]))), (BATCH, ok(&both))]);
    let body = &played.bodies[0];
    assert_eq!(body["patches"][0]["content"], "192.0.2.1");
    assert_eq!(body["patches"][0]["id"], "r1");
    assert_eq!(body["posts"][0]["comment"], "pointsman:files");
    assert_eq!(body.get("deletes"), None);
    assert_clean(&pass.finish());
}

/// Two names of one zone, both of which lead to what is down.
fn two_names() -> (PassInput, Value) {
    let wanted = over(vec![named("a.example.com"), named("b.example.com")]);
    let seen = json!([
        record_of("ra", "a.example.com", "eu.example.com"),
        record_of("rb", "b.example.com", "eu.example.com"),
    ]);
    (wanted, seen)
}

const PATCH_A: &str = "PATCH /zones/z1/dns_records/ra";
const PATCH_B: &str = "PATCH /zones/z1/dns_records/rb";

fn moved(id: &str, name: &str) -> Value {
    record_of(id, name, "us.example.com")
}

#[test]
fn equally_urgent_changes_of_one_zone_are_one_batch() {
    let (wanted, seen) = two_names();
    let mut pass = Reconcile::new(wanted);
    let patches = json!([moved("ra", "a.example.com"), moved("rb", "b.example.com")]);
    let played = play(
        &mut pass,
        &[(RECORDS, ok(&seen)), (BATCH, ok(&json!({"patches": patches, "posts": null})))],
    );
    assert_eq!(
        played.intents,
        [(
            "a.example.com CNAME: answer us.example.com (us-east); b.example.com CNAME: answer \
           us.example.com (us-east)"
                .to_owned(),
            Vec::new()
        )]
    );
    let report = pass.finish();
    assert_clean(&report);
    assert_eq!(report.applied.len(), 2);
}

#[test]
fn changes_of_two_zones_are_two_calls() {
    let mut other = named("files.example.net");
    other.zone = "example.net".to_owned();
    let mut wanted = over(vec![records("us.example.com"), other]);
    wanted.zone_ids.insert("example.net".to_owned(), "z2".to_owned());
    let mut pass = Reconcile::new(wanted);
    let theirs = record_of("r2", "files.example.net", "eu.example.com");
    play(
        &mut pass,
        &[
            (RECORDS, ok(&json!([record("eu.example.com")]))),
            ("GET /zones/z2/dns_records?per_page=500&page=1", ok(&json!([theirs]))),
            (RECORD, ok(&record("us.example.com"))),
            ("PATCH /zones/z2/dns_records/r2", ok(&moved("r2", "files.example.net"))),
        ],
    );
    assert_clean(&pass.finish());
}

#[test]
fn what_is_less_urgent_is_not_in_the_same_batch() {
    let (mut wanted, mut seen) = two_names();
    wanted.desired.records[0].ttl_s = 300;
    seen[0]["content"] = json!("us.example.com");
    let mut pass = Reconcile::new(wanted);
    let mut slow = moved("ra", "a.example.com");
    slow["ttl"] = json!(300);
    play(
        &mut pass,
        &[(RECORDS, ok(&seen)), (PATCH_B, ok(&moved("rb", "b.example.com"))), (PATCH_A, ok(&slow))],
    );
    assert_clean(&pass.finish());
}

#[test]
fn a_refused_batch_is_tried_one_by_one_so_that_the_bad_one_holds_up_nobody_else() {
    let (wanted, seen) = two_names();
    let mut pass = Reconcile::new(wanted);
    let played = play(
        &mut pass,
        &[
            (RECORDS, ok(&seen)),
            (BATCH, refused(400, "no")),
            (PATCH_A, refused(400, "a is wrong")),
            (PATCH_B, ok(&moved("rb", "b.example.com"))),
        ],
    );
    let intents: Vec<&str> = played.intents.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(
        intents[1..],
        [
            "a.example.com CNAME: answer us.example.com (us-east)",
            "b.example.com CNAME: answer us.example.com (us-east)"
        ]
    );
    let report = pass.finish();
    assert_eq!(applied(&report), ["b.example.com CNAME: answer us.example.com (us-east)"]);
    assert_eq!(
        report.failures,
        ["a.example.com CNAME: answer us.example.com (us-east): the API rejected the request \
             (400): 1000 a is wrong"]
    );
    assert_eq!(report.open, [""; 0], "a refusal is certain");
}

#[test]
fn a_batch_whose_reply_is_lost_is_not_split() {
    let (wanted, seen) = two_names();
    let mut pass = Reconcile::new(wanted);
    let played = play(&mut pass, &[(RECORDS, ok(&seen)), (BATCH, lost())]);
    assert_eq!(pass.finish().open, [played.intents[0].0.clone()]);
}

#[test]
fn a_batch_is_never_larger_than_the_api_takes() {
    let name = |n: usize| format!("n{n:03}.example.com");
    let mut wanted = over((0..201).map(|n| named(&name(n))).collect());
    wanted.circumstances.guards.changes_per_hour = 201;
    let rows = |content: &str| {
        let row = |n: usize| record_of(&format!("r{n}"), &name(n), content);
        (0..201).map(row).collect::<Vec<_>>()
    };
    let mut pass = Reconcile::new(wanted);
    let after = rows("us.example.com");
    let played = play(
        &mut pass,
        &[
            (RECORDS, ok(&json!(rows("eu.example.com")))),
            (BATCH, ok(&json!({"patches": after[..200]}))),
            ("PATCH /zones/z1/dns_records/r200", ok(&after[200])),
        ],
    );
    assert_eq!(played.bodies[0]["patches"].as_array().unwrap().len(), 200);
    assert_clean(&pass.finish());
}

#[test]
fn a_reply_that_does_not_show_the_change_is_a_failure() {
    for shown in [record("eu.example.com"), record_of("r1", "x.example.com", "us.example.com")] {
        let mut pass = over_one("us.example.com");
        let seen = ok(&json!([record("eu.example.com")]));
        play(&mut pass, &[(RECORDS, seen), (RECORD, ok(&shown))]);
        let report = pass.finish();
        assert_eq!(report.applied, []);
        assert!(report.failures[0].contains("does not show `us.example.com`"), "{report:?}");
        assert_eq!(report.open, [MOVED], "nobody knows what was done");
    }
}

#[test]
fn a_reply_may_show_the_content_in_the_apis_own_form() {
    let mut pass = over_one("us.example.com");
    let seen = ok(&json!([record("eu.example.com")]));
    play(&mut pass, &[(RECORDS, seen), (RECORD, ok(&record("US.example.com.")))]);
    assert_clean(&pass.finish());
}
