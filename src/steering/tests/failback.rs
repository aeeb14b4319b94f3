//! Clients that return by stages to a region that was out.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;

/// Europe was out, and this percentage of its clients has returned.
fn returned(percent: u32) -> (&'static str, Value) {
    ("/services/api/regions/0/returned", json!(percent))
}

fn policy(policy: &str) -> (&'static str, Value) {
    steering(json!({"policy": policy}))
}

fn first(table: &Table, request: &RequestFacts<'_>) -> String {
    regions(table, request).first().cloned().unwrap_or_else(|| "none".to_owned())
}

#[test]
fn a_region_gets_the_stage_s_share_of_its_clients_and_others_serve_the_rest() {
    for percent in [1, 10, 25, 50, 99] {
        let table = with(&[policy("ordered"), returned(percent)]);
        let expected = [("eu-west", percent), ("us-east", 100 - percent)];
        assert_shares(&shares(&table, &berlin()), &expected);
    }
    for (percent, all) in [(0, "us-east"), (100, "eu-west")] {
        let table = with(&[policy("ordered"), returned(percent)]);
        assert_shares(&shares(&table, &berlin()), &[(all, 100)]);
    }
}

#[test]
fn only_clients_that_it_would_have_anyway_return_to_it() {
    let weights = |index: usize| format!("/services/api/regions/{index}/weight");
    let weights = [weights(0), weights(1), weights(2)];
    let table = with(&[
        policy("weighted"),
        (weights[0].as_str(), json!(50)),
        (weights[1].as_str(), json!(50)),
        (weights[2].as_str(), json!(0)),
        returned(20),
    ]);
    assert_shares(&shares(&table, &berlin()), &[("eu-west", 10), ("us-east", 90)]);
}

#[test]
fn where_it_is_the_only_permitted_one_that_can_serve_it_takes_all_at_once() {
    let alone = with_health(["up", "down", "down"], &[returned(0)]);
    assert_shares(&shares(&alone, &berlin()), &[("eu-west", 100)]);
    let rule = json!({"id": "gdpr", "mode": "strict", "when": {"countries": ["DE"]},
                      "permits": ["eu-west"]});
    let bound = with(&[("/rules", json!([rule])), returned(0)]);
    assert_shares(&shares(&bound, &berlin()), &[("eu-west", 100)]);
    assert_shares(&shares(&bound, &chicago()), &[("us-east", 100)]);
}

#[test]
fn a_region_that_is_up_and_returns_comes_before_one_that_drains_and_behind_all_others() {
    let table = with(&[
        policy("ordered"),
        returned(0),
        ("/services/api/regions/1/draining", json!(true)),
        ("/services/api/regions/2/canary", json!(0)),
    ]);
    assert_eq!(regions(&table, &berlin()), ["sa-east", "eu-west", "us-east"]);
}

#[test]
fn a_primary_takes_its_writes_whoever_has_returned() {
    let table = with(&[
        steering(json!({"policy": "ordered", "primary": "eu-west", "max_lag_s": 60})),
        returned(0),
        ("/services/api/regions/1/lag_s", json!(1)),
    ]);
    let write = RequestFacts { method: "POST", ..berlin() };
    assert_eq!(regions(&table, &write), ["eu-west"]);
    assert_eq!(first(&table, &berlin()), "us-east");
}

#[test]
fn who_orders_a_switch_to_it_means_all_clients() {
    let table = with(&[steering(json!({"policy": "ordered", "prefer": "eu-west"})), returned(0)]);
    assert_shares(&shares(&table, &berlin()), &[("eu-west", 100)]);
}

#[test]
fn the_decision_says_what_is_put_behind_and_why() {
    let table = with(&[policy("ordered"), returned(0)]);
    let decision = decide(&table, &berlin(), &Evidence::default());
    let wishes: Vec<_> = decision.wishes.iter().map(|it| (it.filter, it.behind.len())).collect();
    assert_eq!(wishes, [(Filter::Failback, 1)]);
    assert_eq!(Filter::Failback.as_str(), "failback");
}

const REGIONS: [&str; 3] = ["eu-west", "us-east", "sa-east"];

/// Those that send a client to the same region each time.
const POLICIES: [&str; 5] = ["ordered", "geo", "proximity", "weighted", "latency"];

proptest! {
    #[test]
    fn who_has_returned_stays_as_more_return(
        policy_ in select(&POLICIES[..]),
        percent in 0_u32..=100,
        more in 0_u32..=100,
        number: u64,
        seed: u64,
    ) {
        let (percent, more) = (percent.min(more), percent.max(more));
        let client = Some(StableHash::of_number("test", number));
        let request = RequestFacts { client, seed, ..berlin() };
        let at = |percent| first(&with(&[policy(policy_), returned(percent)]), &request);
        let (before, after) = (at(percent), at(more));
        prop_assert!(
            before == after || after == "eu-west",
            "{}: from {} to {} as {} became {} %", policy_, before, after, percent, more
        );
    }

    #[test]
    fn no_stage_puts_a_request_where_the_law_does_not_permit_it(
        percent in 0_u32..=100,
        number: u64,
        permits in prop::collection::btree_set(select(&REGIONS[..]), 0..3),
        down in prop::collection::vec(any::<bool>(), 3),
    ) {
        let word = |index: usize| if down[index] { "down" } else { "up" };
        let permits: Vec<&str> = permits.into_iter().collect();
        let rule = json!({"id": "r", "mode": "strict", "when": {}, "permits": permits});
        let table = |percent| with_health(
            [word(0), word(1), word(2)],
            &[("/rules", json!([rule])), returned(percent)],
        );
        let client = Some(StableHash::of_number("test", number));
        let request = RequestFacts { client, ..berlin() };
        let found = regions(&table(percent), &request);
        prop_assert!(found.iter().all(|region| permits.contains(&region.as_str())));
        let mut whole = regions(&table(100), &request);
        let mut part = found;
        whole.sort();
        part.sort();
        prop_assert_eq!(part, whole, "a stage refuses nobody");
    }
}
