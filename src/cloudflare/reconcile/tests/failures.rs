//! What goes wrong, what it stops, and what is known afterwards.

use super::*;

fn broken() -> Reply {
    answered(502, &json!(""))
}

/// A record that is to move, and pools of which nothing is to change.
fn both() -> PassInput {
    let mut wanted = over(vec![records("us.example.com")]);
    wanted.desired.pools = vec![pool("eu", "eu.example.com", Switch::Leave)];
    wanted
}

#[test]
fn a_rate_limit_ends_the_pass_and_says_how_long_to_wait() {
    let mut pass = Reconcile::new(both());
    let slow_down = Reply::Answered { status: 429, retry_after_s: Some(120), body: String::new() };
    play(&mut pass, &[(RECORDS, slow_down)]);
    let report = pass.finish();
    assert_eq!(report.blocked_ms, Some(120_000));
    assert_eq!(
        report.failures,
        ["records of example.com: the API rate limit is reached (429); it asks to wait 120 s"]
    );
    assert!(!report.is_planned);
}

#[test]
fn a_token_that_is_not_accepted_ends_the_pass() {
    let mut pass = Reconcile::new(both());
    play(&mut pass, &[(RECORDS, refused(401, "no"))]);
    let report = pass.finish();
    assert_eq!(report.failures.len(), 1);
    assert!(!report.is_planned);
}

/// It may be a mistake of one part of the API. What it refused comes last the next time, and then
/// keeps nothing from the rest.
#[test]
fn a_refusal_of_the_token_after_the_api_accepted_it_concerns_one_object() {
    let mut pass = Reconcile::new(both());
    play(&mut pass, &[(RECORDS, refused(401, "no"))]);
    let first = pass.finish();
    assert_eq!(first.denied.keys().collect::<Vec<_>>(), [TOKEN]);
    let read = Set::from(["DNS Read on example.com".to_owned()]);
    let mut pass = Reconcile::new(PassInput { sighted: read, ..both() });
    play(&mut pass, &[(POOLS, ok(&pools(true))), (RECORDS, refused(401, "no"))]);
    let second = pass.finish();
    assert!(second.is_planned);
    assert_eq!(second.denied.keys().collect::<Vec<_>>(), ["DNS Read on example.com"]);
}

#[test]
fn a_page_of_something_in_between_denies_nothing_and_stops_nothing() {
    let page = Reply::Answered {
        status: 403,
        retry_after_s: None,
        body: "<html>Blocked by policy</html>".to_owned(),
    };
    let mut pass = Reconcile::new(both());
    play(&mut pass, &[(RECORDS, page.clone()), (POOLS, ok(&pools(true)))]);
    let report = pass.finish();
    assert_eq!((&report.denied, report.is_planned), (&Map::new(), true));
    assert_eq!(
        report.failures,
        ["records of example.com: something between here and the API answered in its place (403)"]
    );
    // What a 404 of the API means, a page of that number does not.
    let mut gone = over(vec![addresses(&["192.0.2.1"])]);
    gone.desired.records[0].name = "files.example.com".to_owned();
    let row = |id: &str, content: &str| {
        let mut row = record_of(id, "files.example.com", content);
        row["type"] = json!("A");
        row
    };
    let Reply::Answered { retry_after_s, body, .. } = page else { panic!("{page:?}") };
    let page = Reply::Answered { status: 404, retry_after_s, body };
    let mut pass = Reconcile::new(gone);
    let seen = json!([row("r1", "192.0.2.1"), row("r2", "192.0.2.1")]);
    play(&mut pass, &[(RECORDS, ok(&seen)), ("DELETE /zones/z1/dns_records/r2", page)]);
    let report = pass.finish();
    assert_eq!((report.applied.len(), report.open.len()), (0, 1), "it may still be there");
}

#[test]
fn what_is_urgent_is_tried_though_it_was_denied_before() {
    let grant = "DNS Read on example.com".to_owned();
    let denied = Map::from([(grant.clone(), "no".to_owned())]);
    let mut law = over(vec![records("us.example.com")]);
    law.denied = denied.clone();
    let mut pass = Reconcile::new(law);
    play(&mut pass, &[(RECORDS, ok(&json!([record("us.example.com")])))]);
    let report = pass.finish();
    assert_eq!((report.failures.len(), report.denied), (0, Map::new()));
    assert!(report.granted.contains(&grant));
    // Nothing is down, and no rule binds the name.
    let mut idle = over(vec![records("us.example.com")]);
    idle.desired.records[0].is_guarded = false;
    idle.desired.records[0].permitted.retain(|_, member| member.switch == Switch::Enable);
    idle.denied = denied;
    let mut pass = Reconcile::new(idle);
    play(&mut pass, &[]);
    assert_eq!(pass.finish().failures, ["no"]);
}

#[test]
fn a_write_that_moves_traffic_is_tried_though_it_was_denied_and_upkeep_is_not() {
    for (wanted, tried) in [("us.example.com", true), ("eu.example.com", false)] {
        let mut input = over(vec![records("us.example.com")]);
        input.denied = [("DNS Write on example.com".to_owned(), "no".to_owned())].into();
        input.desired.records[0].ttl_s = 300;
        input.desired.records[0].permitted = records("us.example.com").permitted;
        let here = if tried { "eu.example.com" } else { "us.example.com" };
        let mut pass = Reconcile::new(input);
        let mut script = vec![(RECORDS, ok(&json!([record(here)])))];
        if tried {
            script.push((RECORD, refused(403, "still")));
        }
        play(&mut pass, &script);
        let report = pass.finish();
        assert_eq!(report.failures.len(), 1, "{wanted}");
        assert_eq!(report.urgent.contains("DNS Write on example.com"), tried, "{wanted}");
    }
}

#[test]
fn a_lost_reply_ends_the_pass() {
    let mut pass = Reconcile::new(both());
    play(&mut pass, &[(RECORDS, lost())]);
    assert_eq!(pass.finish().failures, ["records of example.com: no reply from the API (none)"]);
}

#[test]
fn a_failure_of_one_object_leaves_the_others_alone() {
    let mut pass = Reconcile::new(both());
    play(
        &mut pass,
        &[
            (RECORDS, ok(&json!([record("eu.example.com")]))),
            (POOLS, broken()),
            (RECORD, ok(&record("us.example.com"))),
        ],
    );
    let report = pass.finish();
    assert_eq!(report.applied.len(), 1);
    assert_eq!(report.failures, ["pools of account acc: the API reports a server error (502)"]);
}

/// What may be read here is also written, so the permission to write is what the token needs.
const NO_POOLS: &str = "pools of account acc: the API refuses this to the token (403): \
                        1000 no; it needs the permission Load Balancing: Monitors and Pools Write";

#[test]
fn a_missing_permission_ends_what_needs_it_and_nothing_else() {
    let mut pass = Reconcile::new(both());
    play(
        &mut pass,
        &[
            (RECORDS, ok(&json!([record("eu.example.com")]))),
            (POOLS, refused(403, "no")),
            (RECORD, ok(&record("us.example.com"))),
        ],
    );
    let report = pass.finish();
    assert_eq!(report.applied.len(), 1);
    assert_eq!(report.failures, [NO_POOLS]);
    let grant = "Load Balancing: Monitors and Pools Read on acc".to_owned();
    assert_eq!(report.denied, [(grant, NO_POOLS.to_owned())].into());
}

#[test]
fn what_was_denied_before_is_not_tried_and_is_told_again() {
    let grant = "Load Balancing: Monitors and Pools Read on acc".to_owned();
    let denied = Map::from([(grant, NO_POOLS.to_owned())]);
    let mut pass = Reconcile::new(PassInput { denied: denied.clone(), ..both() });
    play(&mut pass, &[(RECORDS, ok(&json!([record("us.example.com")])))]);
    let report = pass.finish();
    assert_eq!(report.failures, [NO_POOLS]);
    assert_eq!(report.denied, denied);
}

#[test]
fn a_permission_that_is_missing_on_one_zone_keeps_nothing_from_another() {
    let mut other = named("files.example.net");
    other.zone = "example.net".to_owned();
    let mut wanted = over(vec![records("us.example.com"), other]);
    wanted.zone_ids.insert("example.net".to_owned(), "z2".to_owned());
    let theirs = record_of("r2", "files.example.net", "eu.example.com");
    let mut pass = Reconcile::new(wanted);
    play(
        &mut pass,
        &[
            (RECORDS, ok(&json!([record("eu.example.com")]))),
            ("GET /zones/z2/dns_records?per_page=500&page=1", ok(&json!([theirs]))),
            (RECORD, refused(403, "no")),
            ("PATCH /zones/z2/dns_records/r2", {
                ok(&record_of("r2", "files.example.net", "us.example.com"))
            }),
        ],
    );
    let report = pass.finish();
    assert_eq!((report.failures.len(), report.applied.len()), (1, 1));
    assert!(report.denied.contains_key("DNS Write on example.com"), "{report:?}");
    assert!(report.failures[0].ends_with("it needs the permission DNS Write"), "{report:?}");
    assert_eq!(report.open, [""; 0]);
}

#[test]
fn whatever_nobody_heard_of_stays_open_and_whatever_was_refused_does_not() {
    for (reply, is_open) in [
        (lost(), true),
        (broken(), true),
        (answered(200, &json!("no envelope")), true),
        (refused(400, "no"), false),
        (refused(200, "no"), false),
        (refused(404, "gone"), false),
        (refused(403, "no"), false),
        (answered(429, &json!("")), false),
    ] {
        let mut pass = over_one("us.example.com");
        let seen = ok(&json!([record("eu.example.com")]));
        let told = format!("{reply:?}");
        play(&mut pass, &[(RECORDS, seen), (RECORD, reply)]);
        let report = pass.finish();
        assert_eq!(report.open.len(), usize::from(is_open), "{told}");
        assert_eq!((report.failures.len(), report.applied.len()), (1, 0), "{told}");
    }
}

#[test]
fn a_pass_that_is_abandoned_says_so_and_leaves_nothing_open() {
    let mut pass = over_one("us.example.com");
    let (number, _) = asked(&mut pass);
    pass.answer(number, &ok(&json!([record("eu.example.com")])), Timestamp::default());
    assert!(matches!(pass.next_step(), Next::Intend { .. }));
    let (number, call) = asked(&mut pass);
    assert!(call.is_write());
    pass.abandon(number, "it was made from yesterday".to_owned());
    assert_eq!(pass.next_step(), Next::Done);
    let report = pass.finish();
    let withheld: Vec<String> = report.withheld.iter().map(ToString::to_string).collect();
    assert_eq!(withheld, ["the rest of the plan: it was made from yesterday [stale]"]);
    assert_eq!(report.put_off, Some(Urgency::Law));
    assert_eq!((report.applied.len(), report.open.len()), (0, 0));
}

#[test]
fn a_reply_that_nobody_asked_for_is_ignored() {
    let mut pass = over_one("us.example.com");
    pass.answer(CallNumber(1), &lost(), Timestamp::default());
    play(&mut pass, &[(RECORDS, ok(&json!([record("us.example.com")])))]);
    assert_clean(&pass.finish());
}

#[test]
fn a_zone_that_is_gone_is_looked_up_again_next_time() {
    let mut pass = over_one("us.example.com");
    play(&mut pass, &[(RECORDS, refused(404, "gone"))]);
    assert_eq!(pass.finish().zone_ids, Map::new());
}

#[test]
fn a_zone_that_the_token_does_not_see_is_told_and_its_records_are_not_asked_for() {
    let desired = Desired { records: vec![records("us.example.com")], ..Desired::default() };
    let mut pass = Reconcile::new(PassInput { desired, ..PassInput::default() });
    let others = json!([{"id": "z9", "name": "notexample.com"}]);
    play(&mut pass, &[(ZONE, ok(&others))]);
    assert_eq!(
        pass.finish().failures,
        ["zone example.com: the token sees no zone `example.com`: it needs `Zone Read` on it, or \
             there is no such zone in the account"]
    );
}
