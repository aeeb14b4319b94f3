//! What orders say, and when.

use super::*;
use crate::testing::{drain, order, set_origin};

const NOW: Timestamp = Timestamp::from_millis(1_000);

fn region(id: &str) -> RegionId {
    RegionId::parse(id).unwrap()
}

fn service(id: &str) -> ServiceId {
    ServiceId::parse(id).unwrap()
}

fn id(order: Option<&Order>) -> Option<u64> {
    order.map(|order| order.id)
}

#[test]
fn an_order_counts_from_its_beginning_until_its_end() {
    let mut later = order(1, drain("eu-west", None), Some(Timestamp::from_millis(2_000)));
    (later.from, later.has_begun) = (NOW, false);
    let orders = [later];
    for (ms, counts) in [(999, false), (1_000, true), (1_999, true), (2_000, false), (2_001, false)]
    {
        let orders = Orders::new(&orders, Timestamp::from_millis(ms));
        assert_eq!(orders.drain(None, &region("eu-west")).is_some(), counts, "{ms}");
    }
}

#[test]
fn an_order_that_has_begun_stays_in_force_though_a_clock_goes_back() {
    let mut begun = order(1, drain("eu-west", None), None);
    begun.from = NOW;
    let orders = [begun];
    let before = Orders::new(&orders, Timestamp::from_millis(1));
    assert!(before.drain(None, &region("eu-west")).is_some());
}

#[test]
fn what_is_ordered_for_one_service_says_nothing_about_another() {
    let orders = [
        order(1, drain("eu-west", Some("api")), None),
        order(2, Act::Halt { service: Some(service("api")) }, None),
        order(3, Act::Switch { service: service("api"), to: region("us-east") }, None),
    ];
    let orders = Orders::new(&orders, NOW);
    let (api, files) = (service("api"), service("files"));
    assert_eq!(id(orders.drain(Some(&api), &region("eu-west"))), Some(1));
    assert_eq!(id(orders.drain(Some(&files), &region("eu-west"))), None);
    assert_eq!(id(orders.drain(None, &region("eu-west"))), None);
    assert_eq!(id(orders.drain(Some(&api), &region("us-east"))), None);
    assert_eq!(id(orders.halt(Some(&api))), Some(2));
    assert_eq!((id(orders.halt(Some(&files))), id(orders.halt(None))), (None, None));
    assert_eq!(orders.switch(&api).map(|(_, to)| to.as_str()), Some("us-east"));
    assert_eq!(orders.switch(&files), None);
}

#[test]
fn what_is_ordered_for_all_services_holds_for_each() {
    let orders = [
        order(1, drain("eu-west", None), None),
        order(2, Act::Halt { service: None }, None),
        order(3, Act::Outage { region: region("us-east") }, None),
    ];
    let orders = Orders::new(&orders, NOW);
    let api = service("api");
    assert_eq!(id(orders.drain(Some(&api), &region("eu-west"))), Some(1));
    assert_eq!((id(orders.halt(Some(&api))), id(orders.halt(None))), (Some(2), Some(2)));
    assert_eq!(id(orders.outage(&region("us-east"))), Some(3));
    assert_eq!(id(orders.outage(&region("eu-west"))), None);
}

#[test]
fn corruption_halts_too_and_a_halt_is_no_corruption() {
    let orders = [order(1, Act::Corruption { service: None }, None)];
    let declared = Orders::new(&orders, NOW);
    assert_eq!((id(declared.halt(None)), id(declared.corruption(None))), (Some(1), Some(1)));
    let orders = [order(1, Act::Halt { service: None }, None)];
    assert_eq!(id(Orders::new(&orders, NOW).corruption(None)), None);
}

#[test]
fn of_two_orders_about_the_same_the_last_one_counts() {
    let both =
        Act::Override { origin: None, region: Some(region("eu-west")), set: OverrideTo::Drain };
    let to = |id: &str| Act::Switch { service: service("api"), to: region(id) };
    let mut orders = vec![
        order(1, set_origin("eu-1", OverrideTo::Down), None),
        order(2, both, None),
        order(3, to("us-east"), None),
        order(4, to("sa-east"), None),
    ];
    let eu = OriginId::parse("eu-1").unwrap();
    let set = |orders: &[Order]| {
        let said = Orders::new(orders, NOW).override_of(&region("eu-west"), &eu);
        said.map(|(order, set)| (order.id, set))
    };
    assert_eq!(set(&orders), Some((2, OverrideTo::Drain)));
    assert_eq!(Orders::new(&orders, NOW).switch(&service("api")).unwrap().0.id, 4);
    orders.retain(|order| order.id != 2 && order.id != 4);
    assert_eq!(set(&orders), Some((1, OverrideTo::Down)), "the other one is left");
    assert_eq!(Orders::new(&orders, NOW).switch(&service("api")).unwrap().0.id, 3);
}

#[test]
fn work_that_is_announced_explains_what_happens_there_and_nothing_else() {
    let (api, files) = (service("api"), service("files"));
    let (eu, us) = (region("eu-west"), region("us-east"));
    let muted = |act: Act, service: Option<&ServiceId>, region: Option<&RegionId>| {
        is_muted(&[order(1, act, None)], service, region, NOW)
    };
    let all = Act::Maintenance { service: None, region: None };
    let of_api = Act::Maintenance { service: Some(api.clone()), region: None };
    let there = Act::Maintenance { service: Some(api.clone()), region: Some(eu.clone()) };
    assert!(muted(all.clone(), None, None) && muted(all, Some(&api), Some(&us)));
    assert!(muted(of_api.clone(), Some(&api), Some(&us)));
    assert!(!muted(of_api.clone(), Some(&files), Some(&us)) && !muted(of_api, None, None));
    assert!(muted(there.clone(), Some(&api), Some(&eu)));
    assert!(!muted(there.clone(), Some(&api), Some(&us)) && !muted(there, Some(&api), None));
    assert!(!muted(drain("eu-west", None), Some(&api), Some(&eu)));
}

#[test]
fn each_act_tells_what_it_is_about() {
    for (act, words) in [
        (drain("eu-west", Some("api")), "drain eu-west for api"),
        (set_origin("eu-1", OverrideTo::Up), "set origin eu-1 to up"),
        (Act::Corruption { service: None }, "declare corruption"),
        (Act::Switch { service: service("api"), to: region("us-east") }, "switch api to us-east"),
        (Act::Lift { order: 7 }, "lift order 7"),
    ] {
        assert_eq!(act.to_string(), words);
    }
    let told = order(7, drain("eu-west", None), Some(NOW)).told();
    let words = "by ann (token) until 1970-01-01T00:00:01.000Z (order 7; `pointsman lift 7` ends \
                 it): maintenance";
    assert_eq!(told, words);
}
