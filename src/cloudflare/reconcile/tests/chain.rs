//! What is created for what is created: a monitor, a pool with it, a balancer over that.

use super::*;
use crate::cloudflare::desired::{DesiredBalancer, DesiredMonitor};
use crate::json;

const MONITORS: &str = "GET /accounts/acc/load_balancers/monitors";
const BALANCERS: &str = "GET /zones/z1/load_balancers";
const NEW_MONITOR: &str = "POST /accounts/acc/load_balancers/monitors";
const NEW_POOL: &str = "POST /accounts/acc/load_balancers/pools";
const NEW_BALANCER: &str = "POST /zones/z1/load_balancers";
const MARKER: &str = "pointsman:monitor:api";

fn wanted(lists: &Value) -> PassInput {
    let mut new = pool("eu", "eu.example.com", Switch::Enable);
    (new.manage, new.monitor) = (true, Some(MARKER.to_owned()));
    let monitor = DesiredMonitor {
        account: "acc".to_owned(),
        name: MARKER.to_owned(),
        fields: json::read(r#"{"path": "/health", "type": "https"}"#).unwrap(),
    };
    let balancer = DesiredBalancer {
        zone: "example.com".to_owned(),
        name: "www.example.com".to_owned(),
        service: service("api"),
        account: "acc".to_owned(),
        pools: [("eu".to_owned(), vec![region("eu")])].into(),
        down: Set::new(),
        is_guarded: false,
        fields: Some(json::read(&lists.to_string()).unwrap()),
        manage: true,
        manual: false,
    };
    let desired = Desired {
        pools: vec![new],
        monitors: vec![monitor],
        balancers: vec![balancer],
        ..Desired::default()
    };
    PassInput { desired, zone_ids: known_zone(), ..PassInput::default() }
}

fn lists() -> Value {
    json!({"default_pools": ["eu"], "fallback_pool": "eu", "country_pools": {"DE": ["eu"]},
           "steering_policy": "geo",
           "random_steering": {"default_weight": 1, "pool_weights": {"eu": 0.5}}})
}

fn monitor() -> Value {
    json!({"id": "m7", "description": MARKER, "path": "/health", "type": "https"})
}

fn made_pool() -> Value {
    let origin = json!({"name": "eu-1", "address": "eu.example.com", "enabled": true});
    json!({"id": "p7", "name": "eu", "description": "pointsman:api", "monitor": "m7",
           "origins": [origin]})
}

fn made_balancer() -> Value {
    json!({"id": "b7", "name": "www.example.com", "description": "pointsman:api",
           "default_pools": ["p7"], "fallback_pool": "p7", "country_pools": {"DE": ["p7"]},
           "steering_policy": "geo", "proxied": true, "enabled": true,
           "random_steering": {"default_weight": 1, "pool_weights": {"p7": 0.5}}})
}

fn nothing() -> Vec<(&'static str, Reply)> {
    [POOLS, MONITORS, BALANCERS].map(|list| (list, ok(&json!([])))).to_vec()
}

#[test]
fn a_monitor_a_pool_and_a_balancer_are_created_in_one_pass_with_their_ids() {
    let mut pass = Reconcile::new(wanted(&lists()));
    let mut script = nothing();
    script.extend([
        (NEW_MONITOR, ok(&monitor())),
        (NEW_POOL, ok(&made_pool())),
        (NEW_BALANCER, ok(&made_balancer())),
    ]);
    let played = play(&mut pass, &script);
    let [monitor, pool, balancer] = played.bodies.as_slice() else { panic!("{:?}", played.bodies) };
    assert_eq!((&monitor["description"], &monitor["path"]), (&json!(MARKER), &json!("/health")));
    assert_eq!((&pool["name"], &pool["monitor"]), (&json!("eu"), &json!("m7")));
    assert_eq!(pool["origins"][0]["address"], "eu.example.com");
    assert_eq!(
        *balancer,
        json!({"name": "www.example.com", "description": "pointsman:api", "proxied": true,
               "default_pools": ["p7"], "fallback_pool": "p7", "country_pools": {"DE": ["p7"]},
               "region_pools": {}, "pop_pools": {}, "pool_sets": [], "steering_policy": "geo",
               "random_steering": {"default_weight": 1.0, "pool_weights": {"p7": 0.5}}})
    );
    let report = pass.finish();
    assert_clean(&report);
    assert_eq!(report.applied.len(), 3);
}

#[test]
fn once_all_is_there_nothing_is_written() {
    let mut pass = Reconcile::new(wanted(&lists()));
    play(
        &mut pass,
        &[
            (POOLS, ok(&json!([made_pool()]))),
            (MONITORS, ok(&json!([monitor()]))),
            (BALANCERS, ok(&json!([made_balancer()]))),
        ],
    );
    let report = pass.finish();
    assert_clean(&report);
    assert_eq!(report.planned, 0);
}

#[test]
fn what_needs_something_that_could_not_be_created_is_not_tried() {
    let mut pass = Reconcile::new(wanted(&lists()));
    let mut script = nothing();
    script.extend([(NEW_MONITOR, ok(&monitor())), (NEW_POOL, refused(400, "no"))]);
    play(&mut pass, &script);
    let report = pass.finish();
    assert_eq!(applied(&report), ["monitor pointsman:monitor:api: create it"]);
    assert_eq!(
        report.failures,
        [
            "pool eu: create it: the API rejected the request (400): 1000 no",
            "load balancer www.example.com: create it: `country_pools` names \
             an object that does not exist yet",
        ]
    );
    assert_eq!(report.open, [""; 0], "neither was begun");
}

#[test]
fn a_pool_that_a_balancer_newly_leads_to_is_created_before_it() {
    let mut before = made_balancer();
    (before["default_pools"], before["fallback_pool"]) = (json!(["p1"]), json!("p1"));
    let mut pass = Reconcile::new(wanted(&lists()));
    play(
        &mut pass,
        &[
            (POOLS, ok(&json!([{"id": "p1", "name": "old", "origins": []}]))),
            (MONITORS, ok(&json!([]))),
            (BALANCERS, ok(&json!([before]))),
            (NEW_MONITOR, ok(&monitor())),
            (NEW_POOL, ok(&made_pool())),
            ("PATCH /zones/z1/load_balancers/b7", ok(&made_balancer())),
        ],
    );
    assert_clean(&pass.finish());
}

#[test]
fn only_the_fields_of_a_balancer_that_differ_are_sent() {
    let mut before = made_balancer();
    before["default_pools"] = json!(["p7", "gone"]);
    before["session_affinity"] = json!("cookie");
    before["adaptive_routing"] = json!({"failover_across_pools": true});
    let mut after = before.clone();
    after["default_pools"] = json!(["p7"]);
    let mut pass = Reconcile::new(wanted(&lists()));
    let played = play(
        &mut pass,
        &[
            (POOLS, ok(&json!([made_pool()]))),
            (MONITORS, ok(&json!([monitor()]))),
            (BALANCERS, ok(&json!([before]))),
            ("PATCH /zones/z1/load_balancers/b7", ok(&after)),
        ],
    );
    assert_eq!(played.bodies, [json!({"default_pools": ["p7"]})]);
    assert_clean(&pass.finish());
}

#[test]
fn a_balancer_whose_reply_does_not_show_the_change_is_a_failure() {
    let mut before = made_balancer();
    before["default_pools"] = json!(["p7", "gone"]);
    let mut pass = Reconcile::new(wanted(&lists()));
    play(
        &mut pass,
        &[
            (POOLS, ok(&json!([made_pool()]))),
            (MONITORS, ok(&json!([monitor()]))),
            (BALANCERS, ok(&json!([before]))),
            ("PATCH /zones/z1/load_balancers/b7", ok(&before)),
        ],
    );
    let report = pass.finish();
    assert!(report.failures[0].ends_with("it does not show `default_pools` as it was written"));
    assert_eq!(report.applied, []);
}

#[test]
fn a_pool_that_does_not_show_its_new_monitor_is_a_failure() {
    let mut other = made_pool();
    other["monitor"] = json!("m1");
    let mut pass = Reconcile::new(wanted(&lists()));
    play(
        &mut pass,
        &[
            (POOLS, ok(&json!([other]))),
            (MONITORS, ok(&json!([monitor()]))),
            (BALANCERS, ok(&json!([made_balancer()]))),
            ("PATCH /accounts/acc/load_balancers/pools/p7", ok(&other)),
        ],
    );
    let report = pass.finish();
    assert!(
        report.failures[0].ends_with("it does not show `monitor` as it was written"),
        "{report:?}"
    );
}

#[test]
fn without_its_pools_nothing_is_said_of_a_balancer() {
    let mut pass = Reconcile::new(wanted(&lists()));
    play(
        &mut pass,
        &[
            (POOLS, answered(502, &json!(""))),
            (MONITORS, ok(&json!([monitor()]))),
            (BALANCERS, ok(&json!([made_balancer()]))),
        ],
    );
    let report = pass.finish();
    assert_eq!((report.applied.len(), report.failures.len()), (0, 1));
}

#[test]
fn rules_of_a_balancer_that_lead_elsewhere_are_seen() {
    let mut ruled = made_balancer();
    ruled["rules"] = json!([
        {"name": "off", "disabled": true, "overrides": {"default_pools": ["p7"]}},
        {"name": "sticky", "overrides": {"session_affinity": "cookie", "fallback_pool": ""}},
        {"name": "night", "overrides": {"default_pools": ["p9"]}},
    ]);
    let mut guarded = wanted(&lists());
    guarded.desired.balancers[0].is_guarded = true;
    let mut pass = Reconcile::new(guarded);
    play(
        &mut pass,
        &[
            (POOLS, ok(&json!([made_pool()]))),
            (MONITORS, ok(&json!([monitor()]))),
            (BALANCERS, ok(&json!([ruled]))),
        ],
    );
    let report = pass.finish();
    assert_eq!(report.withheld.len(), 1);
    assert!(report.withheld[0].because.starts_with("its rules `night` choose"), "{report:?}");
}

const SLOW: &str = "monitor pointsman:monitor:api: check every 15 s: ";

/// The same with a monitor that checks every 15 s.
fn wanted_fast() -> PassInput {
    let mut wanted = wanted(&lists());
    wanted.desired.monitors[0].fields.interval = 15;
    wanted
}

fn told(report: &PassReport) -> Vec<String> {
    report.withheld.iter().map(ToString::to_string).collect()
}

#[test]
fn a_monitor_whose_interval_is_refused_is_created_with_one_that_every_plan_allows() {
    let mut pass = Reconcile::new(wanted_fast());
    let mut script = nothing();
    script.extend([
        (NEW_MONITOR, refused(400, "interval must be in range [60, 3600]")),
        (NEW_MONITOR, ok(&monitor())),
        (NEW_POOL, ok(&made_pool())),
        (NEW_BALANCER, ok(&made_balancer())),
    ]);
    let played = play(&mut pass, &script);
    assert_eq!(
        (&played.bodies[0]["interval"], &played.bodies[1]["interval"]),
        (&json!(15), &json!(60))
    );
    let report = pass.finish();
    assert_clean(&report);
    assert_eq!(report.applied.len(), 3);
    assert_eq!(report.slow_monitors, ["acc".to_owned()].into());
    let [told] = told(&report).try_into().unwrap();
    let told: String = told;
    assert!(told.starts_with(SLOW) && told.contains("interval must be in range"), "{told}");
}

#[test]
fn an_account_that_refused_an_interval_is_not_asked_again_and_it_is_still_reported() {
    let wanted = PassInput { slow_monitors: ["acc".to_owned()].into(), ..wanted_fast() };
    let mut pass = Reconcile::new(wanted);
    let script = [
        (POOLS, ok(&json!([made_pool()]))),
        (MONITORS, ok(&json!([monitor()]))),
        (BALANCERS, ok(&json!([made_balancer()]))),
    ];
    play(&mut pass, &script);
    let report = pass.finish();
    assert_clean(&report);
    assert_eq!(report.planned, 0);
    let told = told(&report);
    assert!(told.len() == 1 && told[0].starts_with(SLOW), "{told:?}");
}

#[test]
fn a_pool_and_its_balancer_are_created_without_a_monitor_that_is_refused() {
    let mut pass = Reconcile::new(wanted(&lists()));
    let mut script = nothing();
    let mut pool = made_pool();
    pool["monitor"] = Value::Null;
    script.extend([
        (NEW_MONITOR, refused(400, "path must start with /")),
        (NEW_POOL, ok(&pool)),
        (NEW_BALANCER, ok(&made_balancer())),
    ]);
    let played = play(&mut pass, &script);
    assert_eq!(played.bodies[1].get("monitor"), None);
    let report = pass.finish();
    assert_eq!(report.applied.len(), 2);
    assert_eq!(
        report.failures,
        ["monitor pointsman:monitor:api: create it: the API rejected the request (400): \
          1000 path must start with /"],
        "it is told once"
    );
}
