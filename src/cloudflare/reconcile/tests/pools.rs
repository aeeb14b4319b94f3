//! Pools: read just before, written back whole, and what is held meanwhile.

use super::*;
use crate::cloudflare::observed::Weight;
use crate::hold::{CALL_LASTS_MS, HoldChanges};
use crate::time::Timestamp;

#[test]
fn a_pool_is_read_just_before_and_written_back_whole_with_one_field_changed() {
    let mut pass = over_pool(Switch::Disable, Set::new());
    let played = play(
        &mut pass,
        &[
            (POOLS, ok(&pools(true))),
            (READ_POOL, ok(&full_pool(true))),
            (WRITE_POOL, ok(&full_pool(false))),
        ],
    );
    assert_eq!(played.intents, [("pool eu: disable eu.example.com".to_owned(), vec![hold()])]);
    assert_eq!(
        played.bodies,
        [json!({"origins": [
            {"name": "one", "address": "eu.example.com", "enabled": false, "weight": 0.5,
             "header": {"Host": ["x"]}},
            {"name": "theirs", "address": "192.0.2.77", "enabled": false, "weight": 1,
             "virtual_network_id": "vn"},
        ]})]
    );
    let report = pass.finish();
    assert_clean(&report);
    assert_eq!(applied(&report), ["pool eu: disable eu.example.com"]);
    assert_eq!(report.holds.released, Set::new());
    assert_eq!(report.holds.claimed, [hold()].into());
}

#[test]
fn what_others_changed_between_listing_and_writing_is_kept() {
    let mut pass = over_pool(Switch::Disable, Set::new());
    let mut just_now = full_pool(true);
    just_now["origins"][1]["enabled"] = json!(true);
    just_now["origins"][0]["weight"] = json!(0.1);
    let played = play(
        &mut pass,
        &[
            (POOLS, ok(&pools(true))),
            (READ_POOL, ok(&just_now)),
            (WRITE_POOL, ok(&full_pool(false))),
        ],
    );
    let origins = &played.bodies[0]["origins"];
    assert_eq!((&origins[1]["enabled"], &origins[0]["weight"]), (&json!(true), &json!(0.1)));
}

#[test]
fn a_weight_is_written_beside_the_switch_of_a_person() {
    let mut wanted = pool("eu", "eu.example.com", Switch::Enable);
    wanted.origins.get_mut("eu.example.com").unwrap().weight = Some(Weight::of_hundredths(25));
    let desired = Desired { pools: vec![wanted], ..Desired::default() };
    let mut pass = Reconcile::new(PassInput { desired, ..PassInput::default() });
    let mut after = full_pool(false);
    after["origins"][0]["weight"] = json!(0.25);
    let played = play(
        &mut pass,
        &[
            (POOLS, ok(&json!([full_pool(false)]))),
            (READ_POOL, ok(&full_pool(false))),
            (WRITE_POOL, ok(&after)),
        ],
    );
    assert_eq!(played.intents[0].1, [], "nothing is disabled, so nothing is held");
    let origin = &played.bodies[0]["origins"][0];
    assert_eq!((&origin["weight"], &origin["enabled"]), (&json!(0.25), &json!(false)));
    assert_clean(&pass.finish());
}

#[test]
fn a_pool_is_switched_as_a_whole_with_a_hold_of_its_own() {
    let over = |switch: Switch, holds: Set<Hold>| {
        let mut eu = pool("eu", "eu.example.com", switch);
        eu.switched = PoolSwitch::Pool;
        let pools = vec![eu, pool("us", "us.example.com", Switch::Enable)];
        let desired = Desired { pools, ..Desired::default() };
        Reconcile::new(PassInput { desired, holds, ..PassInput::default() })
    };
    let with = |enabled: bool| {
        let mut pool = full_pool(true);
        pool["enabled"] = json!(enabled);
        pool
    };
    let whole = Hold { address: "*".to_owned(), ..hold() };
    let mut pass = over(Switch::Disable, Set::new());
    let script =
        [(POOLS, ok(&pools(true))), (READ_POOL, ok(&with(true))), (WRITE_POOL, ok(&with(false)))];
    let played = play(&mut pass, &script);
    assert_eq!(played.bodies, [json!({"enabled": false})]);
    assert_eq!(played.intents[0].1, std::slice::from_ref(&whole));
    let report = pass.finish();
    assert_clean(&report);
    assert_eq!(report.holds.claimed, Set::of([whole.clone()]));
    let mut pass = over(Switch::Disable, Set::new());
    let script =
        [(POOLS, ok(&pools(true))), (READ_POOL, ok(&with(false))), (WRITE_POOL, ok(&with(false)))];
    play(&mut pass, &script);
    let holds = pass.finish().holds;
    assert_eq!(
        (holds.claimed, holds.dropped),
        (Set::new(), Set::of([whole.clone()])),
        "a person did"
    );
    let mut pass = over(Switch::Enable, Set::of([whole.clone()]));
    let script = [(POOLS, ok(&json!([with(false)]))), (WRITE_POOL, ok(&with(true)))];
    let played = play(&mut pass, &script);
    assert_eq!(played.bodies, [json!({"enabled": true})]);
    assert_eq!(pass.finish().holds.released, Set::of([whole.clone()]));
    let mut pass = over(Switch::Enable, Set::of([whole.clone()]));
    play(&mut pass, &[(POOLS, ok(&json!([with(true)])))]);
    assert_eq!(pass.finish().holds.released, Set::of([whole]), "somebody else enabled it");
}

#[test]
fn a_hold_ends_when_the_origin_is_enabled_again() {
    let mut pass = over_pool(Switch::Enable, [hold()].into());
    play(
        &mut pass,
        &[
            (POOLS, ok(&pools(false))),
            (READ_POOL, ok(&full_pool(false))),
            (WRITE_POOL, ok(&full_pool(true))),
        ],
    );
    assert_eq!(pass.finish().holds.released, [hold()].into());
}

#[test]
fn a_hold_ends_as_well_when_somebody_else_enabled_the_origin() {
    let mut pass = over_pool(Switch::Enable, [hold()].into());
    play(&mut pass, &[(POOLS, ok(&pools(true)))]);
    assert_eq!(pass.finish().holds.released, [hold()].into());
}

#[test]
fn a_hold_that_ended_begins_anew_when_the_origin_is_disabled_in_the_same_pass() {
    let mut pass = over_pool(Switch::Disable, [hold()].into());
    let script = [
        (POOLS, ok(&pools(true))),
        (READ_POOL, ok(&full_pool(true))),
        (WRITE_POOL, ok(&full_pool(false))),
    ];
    assert_eq!(play(&mut pass, &script).intents[0].1, [hold()]);
    let holds = pass.finish().holds;
    assert_eq!((holds.released, holds.claimed), (Set::new(), [hold()].into()));
}

#[test]
fn a_lost_reply_proves_no_hold_and_leaves_the_claim_for_a_later_read() {
    let mut pass = over_pool(Switch::Disable, Set::new());
    let played = play(
        &mut pass,
        &[
            (POOLS, ok(&pools(true))),
            (READ_POOL, ok(&full_pool(true))),
            (WRITE_POOL, lost()),
            (READ_POOL, lost()),
        ],
    );
    assert_eq!(played.intents[0].1, [hold()]);
    let report = pass.finish();
    assert_eq!(report.holds, HoldChanges::default());
    assert_eq!(
        report.failures,
        [
            "pool eu: disable eu.example.com: no reply from the API (none)",
            "pool eu, read back: no reply from the API (none)",
        ]
    );
    assert_eq!(report.open, ["pool eu: disable eu.example.com"]);
}

#[test]
fn a_pool_that_could_not_be_read_just_before_was_not_written() {
    for reply in [lost(), refused(404, "gone"), answered(502, &json!("")), ok(&json!([]))] {
        let mut pass = over_pool(Switch::Disable, Set::new());
        play(&mut pass, &[(POOLS, ok(&pools(true))), (READ_POOL, reply)]);
        let report = pass.finish();
        assert_eq!(report.failures.len(), 1);
        assert_eq!(report.open, [""; 0], "nothing was begun");
        assert_eq!(report.holds.dropped, [hold()].into());
    }
}

#[test]
fn an_origin_that_has_left_its_pool_meanwhile_is_not_put_back() {
    let mut pass = over_pool(Switch::Disable, Set::new());
    let mut without = full_pool(true);
    without["origins"].as_array_mut().unwrap().remove(0);
    play(&mut pass, &[(POOLS, ok(&pools(true))), (READ_POOL, ok(&without))]);
    let report = pass.finish();
    assert!(report.failures[0].ends_with("origin `eu.example.com` is no longer in the pool"));
}

#[test]
fn a_reply_that_does_not_show_the_switch_is_a_failure() {
    let mut pass = over_pool(Switch::Disable, Set::new());
    play(
        &mut pass,
        &[
            (POOLS, ok(&pools(true))),
            (READ_POOL, ok(&full_pool(true))),
            (WRITE_POOL, ok(&full_pool(true))),
            (READ_POOL, ok(&full_pool(true))),
        ],
    );
    let report = pass.finish();
    assert_eq!(report.applied, []);
    assert!(report.failures[0].ends_with("it does not show the change to `eu.example.com`"));
    assert_eq!(report.open.len(), 1);
}

#[test]
fn a_told_host_is_written_beside_everything_else_of_an_origin() {
    let mut wanted = pool("eu", "eu.example.com", Switch::Enable);
    wanted.manage = true;
    let host = "www.example.com".to_owned();
    wanted.origins.get_mut("eu.example.com").unwrap().host_header = Some(host);
    let desired = Desired { pools: vec![wanted], ..Desired::default() };
    let mut pass = Reconcile::new(PassInput { desired, ..PassInput::default() });
    let mut after = full_pool(true);
    after["origins"][0]["header"] = json!({"Host": ["www.example.com"]});
    let played = play(
        &mut pass,
        &[(POOLS, ok(&pools(true))), (READ_POOL, ok(&full_pool(true))), (WRITE_POOL, ok(&after))],
    );
    let origins = &played.bodies[0]["origins"];
    assert_eq!(origins[0]["header"], json!({"Host": ["www.example.com"]}));
    assert_eq!((&origins[0]["enabled"], &origins[0]["weight"]), (&json!(true), &json!(0.5)));
    assert_clean(&pass.finish());
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_785_585_600_000 + ms)
}

/// A pass 20 s after a call about `eu` whose reply was lost; `eu` is up again.
fn after_a_lost_call(until: Timestamp) -> Reconcile {
    let survivor = pool("us", "us.example.com", Switch::Enable);
    let pools = vec![pool("eu", "eu.example.com", Switch::Enable), survivor];
    let claim = Claim { hold: hold(), begun: at(0), until, is_doubtful: false };
    let desired = Desired { pools, ..Desired::default() };
    let input = PassInput { desired, claims: vec![claim], ..PassInput::default() };
    let mut pass = Reconcile::new(input);
    pass.tell_time(at(20_000));
    pass
}

fn unproved(report: &PassReport) -> Vec<String> {
    let told = report.withheld.iter().filter(|w| w.why == WithheldReason::Unproved);
    told.map(ToString::to_string).collect()
}

/// The pools, with `eu` disabled at an instant that the API tells or not.
fn disabled_at(since: Option<Timestamp>) -> Value {
    let mut pools = pools(false);
    pools[0]["origins"][0]["disabled_at"] = since.map(|at| at.to_string()).into();
    pools
}

#[test]
fn a_lost_call_disabled_what_was_disabled_no_later_than_its_end() {
    for since in [at(0), at(8_000)] {
        let mut pass = after_a_lost_call(at(8_000));
        let script = [
            (POOLS, ok(&disabled_at(Some(since)))),
            (READ_POOL, ok(&full_pool(false))),
            (WRITE_POOL, ok(&full_pool(true))),
        ];
        play(&mut pass, &script);
        let report = pass.finish();
        assert_eq!(applied(&report), ["pool eu: enable eu.example.com"], "{since}");
        assert_eq!(unproved(&report), [""; 0]);
        assert_eq!(report.holds.released, [hold()].into());
    }
}

#[test]
fn what_is_disabled_after_a_lost_call_was_disabled_by_a_person_and_stays_so() {
    for since in [Some(at(8_001)), None] {
        let mut pass = after_a_lost_call(at(8_000));
        play(&mut pass, &[(POOLS, ok(&disabled_at(since)))]);
        let report = pass.finish();
        assert_eq!(report.applied, [], "{since:?}");
        assert_eq!(report.holds.doubtful, [hold()].into());
        let [told] = unproved(&report).try_into().unwrap();
        let told: String = told;
        let begins = told.starts_with("pool eu: enable eu.example.com: it is disabled since ");
        let end = "Enable it in the dashboard if nobody wants it off [unproved]";
        assert!(begins && told.ends_with(end), "{told}");
    }
}

#[test]
fn a_doubtful_claim_is_reported_until_somebody_enables_the_origin() {
    let doubtful = || {
        let mut pass = after_a_lost_call(at(8_000));
        pass.claims[0].is_doubtful = true;
        pass
    };
    let mut pass = doubtful();
    play(&mut pass, &[(POOLS, ok(&disabled_at(Some(at(1)))))]);
    let report = pass.finish();
    assert_eq!(report.applied, [], "no time is a proof any more");
    assert_eq!(unproved(&report).len(), 1);
    let mut pass = doubtful();
    play(&mut pass, &[(POOLS, ok(&pools(true)))]);
    let report = pass.finish();
    assert_eq!((unproved(&report).len(), report.holds.dropped), (0, [hold()].into()));
}

#[test]
fn a_claim_stays_open_while_its_call_may_still_arrive() {
    let until = at(CALL_LASTS_MS);
    for (now, dropped) in [(until, Set::new()), (until.plus(1), Set::of([hold()]))] {
        let mut pass = after_a_lost_call(until);
        pass.tell_time(now);
        play(&mut pass, &[(POOLS, ok(&pools(true)))]);
        assert_eq!(pass.finish().holds.dropped, dropped, "{now}");
    }
}

#[test]
fn a_change_that_was_put_off_for_want_of_calls_disabled_nothing() {
    let mut pass = over_pool(Switch::Disable, Set::new());
    pass.allowance = Allowance { calls: 2, upkeep: 2 };
    play(&mut pass, &[(POOLS, ok(&pools(true))), (READ_POOL, ok(&full_pool(true)))]);
    let report = pass.finish();
    assert_eq!(report.put_off, Some(Urgency::Failover));
    assert_eq!(report.holds.dropped, [hold()].into());
    assert_eq!(report.open, [""; 0]);
}

#[test]
fn an_enabling_that_was_refused_keeps_its_hold() {
    let mut pass = over_pool(Switch::Enable, [hold()].into());
    let script = [
        (POOLS, ok(&pools(false))),
        (READ_POOL, ok(&full_pool(false))),
        (WRITE_POOL, refused(400, "no")),
    ];
    play(&mut pass, &script);
    let holds = pass.finish().holds;
    assert_eq!((holds.claimed, holds.released), ([hold()].into(), Set::new()));
}

#[test]
fn what_we_disabled_in_a_pool_that_left_the_config_is_reported_until_somebody_enables_it() {
    let left = || {
        let pools = vec![pool("us", "us.example.com", Switch::Enable)];
        let desired = Desired { pools, ..Desired::default() };
        Reconcile::new(PassInput { desired, holds: [hold()].into(), ..PassInput::default() })
    };
    let mut pass = left();
    play(&mut pass, &[(POOLS, ok(&pools(false)))]);
    let report = pass.finish();
    assert_clean(&report);
    let told: Vec<String> = report.withheld.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["pool eu: enable eu.example.com: Pointsman disabled it, and the config no longer has \
          this \
          pool, so it stays disabled. Enable it in the dashboard, or put it back into the config \
          [left_config]"]
    );
    assert_eq!(report.holds.released, Set::new());
    let mut pass = left();
    play(&mut pass, &[(POOLS, ok(&pools(true)))]);
    let report = pass.finish();
    assert_eq!((report.withheld, report.holds.released), (vec![], [hold()].into()));
}

#[test]
fn what_we_disabled_is_looked_after_where_the_config_publishes_nothing_any_more() {
    let input = PassInput { holds: [hold()].into(), ..PassInput::default() };
    let mut pass = Reconcile::new(input);
    play(&mut pass, &[(POOLS, ok(&pools(false)))]);
    assert_eq!(pass.finish().withheld.len(), 1);
}

#[test]
fn of_two_origins_on_one_host_only_the_port_that_is_down_is_written() {
    fn origin(name: &str, port: u16, on: bool) -> Value {
        json!({"name": name, "address": "eu.example.com", "port": port, "enabled": on})
    }
    let two = |first: bool| {
        json!({"id": "p1", "name": "eu",
               "origins": [origin("a", 8443, first), origin("b", 9443, true)]})
    };
    let mut eu = pool("eu", "eu.example.com:8443", Switch::Disable);
    let up = pool("eu", "eu.example.com:9443", Switch::Enable).origins;
    eu.origins.extend(up.iter().map(|(key, member)| (key.clone(), member.clone())));
    let desired = Desired { pools: vec![eu], ..Desired::default() };
    let mut pass = Reconcile::new(PassInput { desired, ..PassInput::default() });
    let script = [
        (POOLS, ok(&json!([two(true)]))),
        (READ_POOL, ok(&two(true))),
        (WRITE_POOL, ok(&two(false))),
    ];
    let played = play(&mut pass, &script);
    assert_eq!(played.bodies, [json!({"origins": two(false)["origins"]})]);
    let report = pass.finish();
    assert_clean(&report);
    assert_eq!(applied(&report), ["pool eu: disable eu.example.com:8443"]);
    let held = Hold { address: "eu.example.com:8443".to_owned(), ..hold() };
    assert_eq!(report.holds.claimed, [held].into());
}

#[test]
fn after_a_lost_reply_the_pool_is_read_back_and_only_what_is_disabled_then_is_held() {
    for (is_made, claimed) in [(true, Set::of([hold()])), (false, Set::new())] {
        for reply in [lost(), answered(502, &json!("")), answered(200, &json!("cut off"))] {
            let mut pass = over_pool(Switch::Disable, Set::new());
            let script = [
                (POOLS, ok(&pools(true))),
                (READ_POOL, ok(&full_pool(true))),
                (WRITE_POOL, reply),
                (READ_POOL, ok(&full_pool(!is_made))),
            ];
            play(&mut pass, &script);
            let report = pass.finish();
            assert_eq!(
                report.holds,
                HoldChanges { claimed: claimed.clone(), ..HoldChanges::default() }
            );
            assert_eq!((report.failures.len(), report.open.len()), (1, 1));
        }
    }
}

#[test]
fn after_a_lost_enabling_the_hold_ends_if_the_origin_is_enabled_and_stays_if_not() {
    for (is_made, claimed, released) in
        [(true, Set::new(), Set::of([hold()])), (false, Set::of([hold()]), Set::new())]
    {
        let mut pass = over_pool(Switch::Enable, [hold()].into());
        let script = [
            (POOLS, ok(&pools(false))),
            (READ_POOL, ok(&full_pool(false))),
            (WRITE_POOL, lost()),
            (READ_POOL, ok(&full_pool(is_made))),
        ];
        play(&mut pass, &script);
        let holds = pass.finish().holds;
        assert_eq!((holds.claimed, holds.released), (claimed, released), "{is_made}");
    }
}
