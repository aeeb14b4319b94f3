//! Which of the zones of one name is meant, and whether it answers.

use super::*;

fn pass(zone_ids: Map<String, String>) -> Reconcile {
    let desired = Desired { records: vec![records("us.example.com")], ..Desired::default() };
    let zones_due = Set::of(zone_ids.keys().cloned());
    Reconcile::new(PassInput { desired, zone_ids, zones_due, ..PassInput::default() })
}

fn zone_row(id: &str, status: &str) -> Value {
    json!({"id": id, "name": "example.com", "status": status})
}

fn in_place() -> Reply {
    ok(&json!([record("us.example.com")]))
}

#[test]
fn of_two_zones_of_one_name_the_active_one_is_written() {
    for zones in [
        [zone_row("z0", "moved"), zone_row("z1", "active")],
        [zone_row("z1", "active"), zone_row("z0", "moved")],
    ] {
        for known in
            [Map::new(), known_zone(), [("example.com".to_owned(), "z0".to_owned())].into()]
        {
            let mut pass = pass(known);
            play(&mut pass, &[(ZONE, ok(&json!(zones))), (RECORDS, in_place())]);
            let report = pass.finish();
            assert_clean(&report);
            assert_eq!(report.zone_ids, known_zone());
            assert!(report.zones_seen.contains("example.com"));
        }
    }
}

#[test]
fn where_no_zone_or_more_than_one_is_active_nothing_is_written_and_each_is_named() {
    for (zones, named) in [
        (json!([zone_row("z1", "moved")]), "`z1` is moved"),
        (json!([zone_row("z1", "pending")]), "`z1` is pending"),
        (json!([zone_row("z1", "initializing")]), "`z1` is initializing"),
        (
            json!([zone_row("z1", "active"), zone_row("z2", "active")]),
            "`z1` is active, `z2` is active",
        ),
    ] {
        for known in [Map::new(), known_zone()] {
            let mut pass = pass(known);
            play(&mut pass, &[(ZONE, ok(&zones))]);
            let report = pass.finish();
            assert_eq!(
                report.failures,
                [format!(
                    "zone example.com: exactly one zone of this name must be active, and zone \
                     {named}; nothing is written"
                )]
            );
            assert_eq!(report.zone_ids, Map::new(), "it is looked up again next time");
        }
    }
}

#[test]
fn a_known_zone_that_the_token_may_not_read_is_written_as_before_and_told() {
    for refusal in [ok(&json!([])), refused(403, "no")] {
        let mut pass = pass(known_zone());
        play(&mut pass, &[(ZONE, refusal), (RECORDS, in_place())]);
        let report = pass.finish();
        assert_eq!((report.failures, report.denied), (Vec::new(), Map::new()));
        assert_eq!(report.zone_ids, known_zone());
        assert_eq!(report.zones_seen, Set::new());
        assert!(report.withheld[0].because.contains("no `Zone Read`"), "{:?}", report.withheld);
    }
}

#[test]
fn a_known_zone_is_not_looked_up_before_it_is_due() {
    let mut pass = over_one("us.example.com");
    play(&mut pass, &[(RECORDS, in_place())]);
    assert_eq!(pass.finish().zones_seen, Set::new());
}
