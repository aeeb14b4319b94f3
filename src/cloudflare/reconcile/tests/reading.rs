//! Reading: pages, names, and rows that are not ours.

use super::*;

fn at_page(number: usize) -> String {
    format!("GET /zones/z1/dns_records?per_page=500&page={number}")
}

/// Rows of others, which need not even be records.
fn others(count: usize) -> Vec<Value> {
    others_from(0, count)
}

/// The same, with ids from a number on.
fn others_from(first: usize, count: usize) -> Vec<Value> {
    let ids = (first..first + count).map(|n| (n, format!("o{n}")));
    ids.map(|(n, id)| json!({"id": id, "name": "x.example.com", "content": n})).collect()
}

#[test]
fn a_zone_is_read_page_by_page() {
    let mut pass = over_one("us.example.com");
    let mut last = others_from(1_000, 4);
    last.push(record("eu.example.com"));
    play(
        &mut pass,
        &[
            (&at_page(1), page(&json!(others(500)), 1_005)),
            (&at_page(2), page(&json!(others_from(500, 500)), 1_005)),
            (&at_page(3), page(&json!(last), 1_005)),
            (RECORD, ok(&record("us.example.com"))),
        ],
    );
    assert_clean(&pass.finish());
}

#[test]
fn records_of_one_name_on_two_pages_are_one_set() {
    let mut pass = over_one("us.example.com");
    let mut first = others(499);
    first.push(record("us.example.com"));
    let second = json!([record_of("r2", "Files.example.com.", "us.example.com")]);
    play(
        &mut pass,
        &[
            (&at_page(1), page(&json!(first), 501)),
            (&at_page(2), page(&second, 501)),
            ("DELETE /zones/z1/dns_records/r2", ok(&json!({"id": "r2"}))),
        ],
    );
    assert_clean(&pass.finish());
}

#[test]
fn a_page_that_fails_leaves_the_whole_zone_unread() {
    let mut pass = over_one("us.example.com");
    let mut first = others(499);
    first.push(record("eu.example.com"));
    play(
        &mut pass,
        &[(&at_page(1), page(&json!(first), 501)), (&at_page(2), answered(502, &json!("")))],
    );
    let report = pass.finish();
    assert_eq!(report.failures, ["records of example.com: the API reports a server error (502)"]);
    assert_eq!(report.applied, []);
}

#[test]
fn a_full_page_that_does_not_say_how_many_there_are_is_not_taken_for_all() {
    let mut pass = over_one("us.example.com");
    play(&mut pass, &[(RECORDS, ok(&json!(others(500))))]);
    assert_eq!(
        pass.finish().failures,
        ["records of example.com: unexpected reply from the API: it does not say how many \
          records there are"]
    );
}

#[test]
fn of_a_very_large_zone_only_our_names_are_read() {
    let wanted = over(vec![named("a.example.com"), named("b.example.com")]);
    let mut pass = Reconcile::new(wanted);
    let by_name = |name: &str| format!("GET /zones/z1/dns_records?name.exact={name}&per_page=100");
    let seen = |id: &str, name: &str, content: &str| ok(&json!([record_of(id, name, content)]));
    play(
        &mut pass,
        &[
            (&at_page(1), page(&json!(others(500)), 2_001)),
            (&by_name("b.example.com"), seen("rb", "b.example.com", "us.example.com")),
            (&by_name("a.example.com"), seen("ra", "a.example.com", "eu.example.com")),
            (
                "PATCH /zones/z1/dns_records/ra",
                ok(&record_of("ra", "a.example.com", "us.example.com")),
            ),
        ],
    );
    assert_clean(&pass.finish());
}

#[test]
fn a_large_zone_with_more_names_than_pages_is_read_whole() {
    let names = |count: usize| {
        let named = (0..count).map(|n| named(&format!("n{n}.example.com"))).collect();
        let allowance = Allowance { calls: 45, upkeep: 45 };
        PassInput { allowance, ..over(named) }
    };
    let by_name =
        |call: &Next| matches!(call, Next::Call(_, call) if call.path.contains("name.exact"));
    // 2,501 records are six pages: five more, or as many calls as there are names.
    for (count, is_by_name) in [(4, true), (5, false), (60, false)] {
        let mut pass = Reconcile::new(names(count));
        let (number, _) = asked(&mut pass);
        pass.answer(number, &page(&json!(others(500)), 2_501), Timestamp::default());
        assert_eq!(by_name(&pass.next_step()), is_by_name, "{count}");
    }
    // A zone that no pass can read whole is read by names, which carry over one by one.
    let mut pass = Reconcile::new(names(60));
    let (number, _) = asked(&mut pass);
    pass.answer(number, &page(&json!(others(500)), 46 * 500), Timestamp::default());
    assert!(by_name(&pass.next_step()));
}

#[test]
fn a_zone_of_two_thousand_records_is_still_read_whole() {
    let mut pass = over_one("us.example.com");
    let mut first = others(499);
    first.push(record("us.example.com"));
    let mut script = vec![(at_page(1), page(&json!(first), 2_000))];
    let rest = |number: usize| page(&json!(others_from(number * 500, 500)), 2_000);
    script.extend((2..=4).map(|number| (at_page(number), rest(number))));
    let script: Vec<_> =
        script.iter().map(|(call, reply)| (call.as_str(), reply.clone())).collect();
    play(&mut pass, &script);
    assert_clean(&pass.finish());
}

#[test]
fn how_many_records_a_zone_has_is_for_the_guards() {
    let mut wanted = over(vec![records("us.example.com")]);
    wanted.desired.records[0].proxied = Some(true);
    wanted.circumstances.guards.zone_percent = 9;
    let mut pass = Reconcile::new(wanted);
    let mut rows = others(9);
    rows.push(record("us.example.com"));
    play(&mut pass, &[(RECORDS, page(&json!(rows), 10))]);
    let report = pass.finish();
    assert_eq!(report.withheld.len(), 1);
    assert_eq!(report.withheld[0].why, WithheldReason::ZoneShare);
}

#[test]
fn a_row_of_ours_that_does_not_read_is_a_failure() {
    let mut pass = over_one("us.example.com");
    let bad = json!({"id": "r1", "name": "files.example.com", "type": "CNAME"});
    play(&mut pass, &[(RECORDS, ok(&json!([bad])))]);
    let report = pass.finish();
    assert!(report.failures[0].contains("unexpected reply"), "{report:?}");
    assert_eq!(report.applied, []);
}

#[test]
fn a_set_with_two_types_reads_its_zone_once() {
    let mut other = addresses(&["192.0.2.1"]);
    other.name = "more.example.com".to_owned();
    let mut pass = Reconcile::new(over(vec![records("us.example.com"), other]));
    let mut theirs = record_of("r2", "more.example.com", "192.0.2.1");
    theirs["type"] = json!("A");
    play(&mut pass, &[(RECORDS, ok(&json!([record("us.example.com"), theirs])))]);
    assert_clean(&pass.finish());
}

/// A page with our record, and a second one after it, of a zone that has 501 records.
fn two_pages() -> (Value, Value) {
    let mut first = others(499);
    first.push(record("eu.example.com"));
    (json!(first), json!(others_from(499, 1)))
}

#[test]
fn a_zone_that_changes_between_two_pages_is_read_from_the_start() {
    let (first, second) = two_pages();
    for changed in [
        // One was added, one was deleted, one moved to the second page, one was lost to the first.
        page(&json!(others_from(499, 2)), 502),
        page(&json!([]), 500),
        page(&json!(others_from(498, 1)), 501),
        page(&json!([]), 501),
    ] {
        let mut pass = over_one("us.example.com");
        let script = [
            (&*at_page(1), page(&first, 501)),
            (&*at_page(2), changed),
            (&*at_page(1), page(&first, 501)),
            (&*at_page(2), page(&second, 501)),
            (RECORD, ok(&record("us.example.com"))),
        ];
        play(&mut pass, &script);
        assert_clean(&pass.finish());
    }
}

#[test]
fn nothing_is_concluded_from_a_zone_that_never_holds_still() {
    let (first, second) = two_pages();
    let mut wanted = addresses(&["192.0.2.1"]);
    wanted.manage = true;
    let mut pass = Reconcile::new(over(vec![wanted]));
    let (one, two) = (at_page(1), at_page(2));
    let both = [(&*one, page(&first, 501)), (&*two, page(&second, 502))];
    let script = [both.clone(), both.clone(), both].concat();
    play(&mut pass, &script);
    let report = pass.finish();
    assert_eq!((&report.applied, &report.withheld), (&vec![], &vec![]), "nothing is missing");
    assert_eq!(
        report.failures,
        ["records of example.com: the list is not whole (it had 501 records on one page, 502 \
          later, in 3 tries), so nothing was concluded from it"]
    );
}

#[test]
fn pages_are_as_long_as_the_api_makes_them() {
    let mut pass = over_one("us.example.com");
    let mut second = others_from(100, 19);
    second.push(record("eu.example.com"));
    let script = [
        (&*at_page(1), page(&json!(others(100)), 120)),
        (&*at_page(2), page(&json!(second), 120)),
        (RECORD, ok(&record("us.example.com"))),
    ];
    play(&mut pass, &script);
    assert_clean(&pass.finish());
}

#[test]
fn where_pages_are_too_short_to_read_the_zone_only_our_names_are_read() {
    let mut pass = over_one("us.example.com");
    let pages = (1..=4).map(|n| (at_page(n), page(&json!(others_from(n * 100, 100)), 401)));
    let mut script: Vec<_> = pages.collect();
    let name = "GET /zones/z1/dns_records?name.exact=files.example.com&per_page=100".to_owned();
    script.push((name, page(&json!([record("us.example.com")]), 1)));
    let script: Vec<_> = script.iter().map(|(call, reply)| (&**call, reply.clone())).collect();
    play(&mut pass, &script);
    assert_clean(&pass.finish());
}

#[test]
fn a_list_without_pages_that_says_there_is_more_is_not_taken_for_all() {
    let told = |call: &str| {
        format!(
            "{call}: the list is not whole (it has 1 rows and says 2), so nothing was concluded \
             from it"
        )
    };
    let one = json!([{"id": "p2", "name": "us", "origins": [{"address": "us.example.com"}]}]);
    let mut eu = pool("eu", "eu.example.com", Switch::Enable);
    eu.manage = true;
    let desired = Desired { pools: vec![eu], ..Desired::default() };
    let mut pass = Reconcile::new(PassInput { desired, ..PassInput::default() });
    play(&mut pass, &[(POOLS, page(&one, 2))]);
    let report = pass.finish();
    assert_eq!(report.failures, [told("pools of account acc")]);
    assert_eq!((report.applied.len(), report.withheld.len()), (0, 0), "it is not created again");
}
