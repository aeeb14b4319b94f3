//! The order of a plan.

use super::*;
use crate::cloudflare::desired::DesiredMonitor;
use crate::cloudflare::observed::MonitorFields;
use crate::json;

#[test]
fn the_law_comes_first_then_failover_then_restore_then_upkeep() {
    let mut desired = wanted_pools(&[
        ("br", &[("br1", Switch::Enable)]),
        ("eu", &[("eu1", Switch::Enable), ("eu2", Switch::Enable)]),
        ("us", &[("us1", Switch::Disable)]),
    ]);
    desired.records = wanted_records(&["192.0.2.1"]).records;
    desired.pools[0].origins.get_mut("br1").unwrap().weight = Some(Weight::of_hundredths(50));
    let mut observed = observed_pools(&[
        ("br", &[("br1", true)]),
        ("eu", &[("eu1", false), ("eu2", true)]),
        ("us", &[("us1", true)]),
    ]);
    observed.records = observed_records(vec![record("r1", "198.51.100.7", OURS)]).records;
    let holds = Set::of([hold("eu", "eu1")]);
    let plan = plan(&desired, &observed, &holds, &Circumstances::default());
    assert_eq!(
        told(&plan),
        [
            "files.example.com A: answer 192.0.2.1 (eu-west)",
            "pool us: disable us1",
            "pool eu: enable eu1",
            "pool br: set the weight of br1 to 0.50",
        ]
    );
    let urgencies = urgencies(&plan);
    assert_eq!(urgencies, [Urgency::Law, Urgency::Failover, Urgency::Restore, Urgency::Upkeep]);
}

#[test]
fn of_what_is_equally_urgent_what_others_need_comes_first() {
    let mut desired = wanted_pools(&[("eu", &[("eu1", Switch::Enable)]), ("us", &[])]);
    desired.pools[0].manage = true;
    desired.pools[1].origins = desired.pools[0].origins.clone();
    for member in desired.pools[1].origins.values_mut() {
        member.weight = Some(Weight::of_hundredths(50));
    }
    let fields: MonitorFields = json::read("{}").unwrap();
    let (account, name) = (ACCOUNT.to_owned(), "pointsman:monitor:m".to_owned());
    desired.monitors = vec![DesiredMonitor { account, name, fields }];
    desired.records = wanted_records(&["192.0.2.1"]).records;
    desired.records[0].ttl_s = 300;
    let mut observed = observed_pools(&[("us", &[("eu1", true)])]);
    observed.records = observed_records(vec![record("r1", "192.0.2.1", OURS)]).records;
    observed.monitors = [(ACCOUNT.to_owned(), Vec::new())].into();
    assert_eq!(
        told(&planned(&desired, &observed)),
        [
            "monitor pointsman:monitor:m: create it",
            "pool eu: create it",
            "files.example.com A: restore its settings",
            "pool us: set the weight of eu1 to 0.50",
        ]
    );
}

#[test]
fn the_order_in_which_the_api_lists_things_has_no_meaning() {
    let desired = wanted_records(&["192.0.2.5", "192.0.2.6"]);
    let records = vec![
        record("r1", "192.0.2.1", OURS),
        record("r2", "192.0.2.2", OURS),
        record("r3", "192.0.2.3", OURS),
    ];
    let forwards = ops(&planned(&desired, &observed_records(records.clone())));
    let backwards = records.into_iter().rev().collect();
    let backwards = ops(&planned(&desired, &observed_records(backwards)));
    assert_eq!(forwards, backwards);
    assert_eq!(
        forwards,
        [
            patch("r1", "192.0.2.1", "192.0.2.5"),
            patch("r2", "192.0.2.2", "192.0.2.6"),
            delete("r3", "192.0.2.3"),
        ]
    );
}

#[test]
fn the_order_of_pools_and_origins_has_no_meaning() {
    let desired = wanted_pools(&[
        ("eu", &[("eu1", Switch::Disable), ("eu2", Switch::Disable)]),
        ("us", &[("us1", Switch::Enable)]),
    ]);
    let mut observed =
        observed_pools(&[("eu", &[("eu1", true), ("eu2", true)]), ("us", &[("us1", true)])]);
    let forwards = planned(&desired, &observed);
    pool_at(&mut observed, 0).origins.reverse();
    observed.pools.get_mut(ACCOUNT).unwrap().reverse();
    assert_eq!(planned(&desired, &observed), forwards);
    assert_eq!(told(&forwards), ["pool eu: disable eu1, disable eu2"]);
}
