//! Pools: read just before, written back whole, and what is held meanwhile.

use super::*;
use crate::cloudflare::observed::Weight;

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
    assert_eq!(report.released, Set::new());
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
    let played = play(&mut pass, &[(POOLS, ok(&pools(true))), (WRITE_POOL, ok(&with(false)))]);
    assert_eq!(played.bodies, [json!({"enabled": false})]);
    assert_eq!(played.intents[0].1, std::slice::from_ref(&whole));
    assert_clean(&pass.finish());
    let mut pass = over(Switch::Enable, Set::of([whole.clone()]));
    let script = [(POOLS, ok(&json!([with(false)]))), (WRITE_POOL, ok(&with(true)))];
    let played = play(&mut pass, &script);
    assert_eq!(played.bodies, [json!({"enabled": true})]);
    assert_eq!(pass.finish().released, Set::of([whole.clone()]));
    let mut pass = over(Switch::Enable, Set::of([whole.clone()]));
    play(&mut pass, &[(POOLS, ok(&json!([with(true)])))]);
    assert_eq!(pass.finish().released, Set::of([whole]), "somebody else enabled it");
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
    assert_eq!(pass.finish().released, [hold()].into());
}

#[test]
fn a_hold_ends_as_well_when_somebody_else_enabled_the_origin() {
    let mut pass = over_pool(Switch::Enable, [hold()].into());
    play(&mut pass, &[(POOLS, ok(&pools(true)))]);
    assert_eq!(pass.finish().released, [hold()].into());
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
    assert_eq!(pass.finish().released, Set::new());
}

#[test]
fn a_lost_reply_leaves_the_hold_so_that_the_next_pass_may_enable_what_this_one_disabled() {
    let mut pass = over_pool(Switch::Disable, Set::new());
    let played = play(
        &mut pass,
        &[(POOLS, ok(&pools(true))), (READ_POOL, ok(&full_pool(true))), (WRITE_POOL, lost())],
    );
    assert_eq!(played.intents[0].1, [hold()]);
    let report = pass.finish();
    assert_eq!(report.released, Set::new());
    assert_eq!(report.failures, ["pool eu: disable eu.example.com: no reply from the API (none)"]);
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
