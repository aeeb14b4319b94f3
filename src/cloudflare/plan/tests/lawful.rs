//! Load balancers under strict rules.

use super::balancers::{balancer_at, observed, ordered, wanted};
use super::*;
use crate::cloudflare::observed::PoolOrigin;
use serde_json::{Value, json};

/// Only `eu` is for everybody; clients in the US may go to `us` as well.
fn lists() -> Value {
    let mut lists = ordered(&["eu"]);
    lists["country_pools"] = json!({"US": ["us", "eu"]});
    lists
}

fn guarded() -> Desired {
    let mut desired = wanted(&lists());
    desired.balancers[0].is_guarded = true;
    desired
}

fn urgency(seen: &Value) -> Urgency {
    planned(&guarded(), &observed(seen)).actions[0].urgency
}

#[test]
fn every_list_that_leads_where_it_must_not_is_a_breach() {
    assert_eq!(planned(&guarded(), &observed(&lists())), Plan::default());
    for (key, value) in [
        ("default_pools", json!(["eu", "us"])),
        ("fallback_pool", json!("us")),
        ("country_pools", json!({"US": ["us", "eu"], "DE": ["us"]})),
        ("region_pools", json!({"WEU": ["us"]})),
        ("pop_pools", json!({"LHR": ["us"]})),
        ("pool_sets", json!([{"match": {"default": true}, "overrides": {"pools": ["us"]}}])),
        ("pool_sets", json!([{"match": {"default": true}, "overrides": {"fallback_pool": "us"}}])),
        ("default_pools", json!(["eu", "(gone)"])),
    ] {
        let mut seen = lists();
        seen[key] = value;
        assert_eq!(urgency(&seen), Urgency::Law, "{key}");
    }
}

#[test]
fn a_list_that_is_only_shorter_or_in_another_order_is_no_breach() {
    let mut seen = lists();
    seen["country_pools"] = json!({"US": ["eu", "us"]});
    assert_eq!(urgency(&seen), Urgency::Restore);
    seen["country_pools"] = json!({});
    assert_eq!(urgency(&seen), Urgency::Restore);
    seen["country_pools"] = json!({"US": ["us", "eu"], "DE": ["eu"]});
    assert_eq!(urgency(&seen), Urgency::Restore);
    seen["country_pools"] = lists()["country_pools"].clone();
    seen["pool_sets"] =
        json!([{"disabled": true, "match": {"default": true}, "overrides": {"pools": ["us"]}}]);
    assert_eq!(urgency(&seen), Urgency::Restore, "a set that is switched off leads nobody");
}

#[test]
fn a_breach_is_mended_even_where_a_person_moves_the_service() {
    let mut desired = guarded();
    desired.balancers[0].manual = true;
    let plan = planned(&desired, &observed(&ordered(&["us", "eu"])));
    assert_eq!(urgencies(&plan), [Urgency::Law]);
}

#[test]
fn sets_are_compared_with_the_wanted_set_for_the_same_places() {
    let set = |pools: &[&str]| {
        let matches = json!({"topology": {"countries": ["US"]}});
        json!([{"name": "s", "match": matches, "overrides": {"pools": pools}}])
    };
    let mut lists = ordered(&["eu"]);
    lists["pool_sets"] = set(&["us", "eu"]);
    let mut desired = wanted(&lists);
    desired.balancers[0].is_guarded = true;
    let mut seen = ordered(&["eu"]);
    seen["pool_sets"] = set(&["us"]);
    assert_eq!(urgencies(&planned(&desired, &observed(&seen))), [Urgency::Restore]);
    seen["pool_sets"] = set(&["(other)"]);
    assert_eq!(urgencies(&planned(&desired, &observed(&seen))), [Urgency::Law]);
}

#[test]
fn without_a_lawful_fallback_nothing_is_published() {
    let mut desired = guarded();
    desired.balancers[0].fields = None;
    let plan = planned(&desired, &observed(&lists()));
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        ["load balancer www.example.com: no pool lies entirely in regions that every rule \
          permits, so there is no lawful fallback pool [unlawful]"]
    );
}

#[test]
fn a_pool_with_an_origin_that_is_in_none_of_its_regions_is_published_nowhere() {
    let stranger = PoolOrigin {
        address: "Stranger.example.com".to_owned(),
        port: 0,
        enabled: true,
        weight: Weight::ONE,
        header: None,
        disabled_at: None,
    };
    let mut lawful = observed(&ordered(&["eu"]));
    pool_at(&mut lawful, 1).origins.push(stranger.clone());
    let plan = planned(&guarded(), &lawful);
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan)[1..],
        ["load balancer www.example.com: pool `us` contains `Stranger.example.com`, which is not \
             an origin of the pool's regions, so its jurisdiction is unknown [unlawful]"]
    );
    pool_at(&mut lawful, 1).origins[1].enabled = false;
    assert_eq!(planned(&guarded(), &lawful).actions.len(), 1, "it gets no traffic");
    let mut leads_out = observed(&ordered(&["us", "eu"]));
    pool_at(&mut leads_out, 1).origins.push(stranger);
    assert_eq!(urgencies(&planned(&guarded(), &leads_out)), [Urgency::Law], "to stay is worse");
}

#[test]
fn where_no_rule_binds_it_a_strange_origin_is_nobodys_business() {
    let mut observed = observed(&ordered(&["us", "eu"]));
    let mut stranger = observed_pool("us", &[("s", true)]);
    pool_at(&mut observed, 1).origins.append(&mut stranger.origins);
    assert_eq!(planned(&wanted(&lists()), &observed).actions.len(), 1);
}

#[test]
fn rules_of_the_balancer_that_lead_elsewhere_are_reported_and_the_rest_is_kept() {
    let mut observed = observed(&ordered(&["us", "eu"]));
    balancer_at(&mut observed).overriding = texts(&["night", "beta"]);
    let plan = planned(&guarded(), &observed);
    assert_eq!(urgencies(&plan), [Urgency::Law]);
    assert_eq!(
        withheld(&plan),
        ["load balancer www.example.com: its rules `night`, `beta` choose pools of their own, \
          which Pointsman does not check against the residency rules [unlawful]"]
    );
    assert_eq!(planned(&wanted(&lists()), &observed).withheld, [], "no rule binds this one");
}

#[test]
fn a_pool_that_a_breach_needs_is_created_before_it_is_mended() {
    let mut desired = guarded();
    desired.pools[1].manage = true;
    let mut observed = observed(&ordered(&["(other)"]));
    observed.pools.get_mut(ACCOUNT).unwrap().pop();
    assert_eq!(
        told(&planned(&desired, &observed)),
        [
            "pool us: create it",
            "load balancer www.example.com: set country_pools, default_pools, fallback_pool",
        ]
    );
}
