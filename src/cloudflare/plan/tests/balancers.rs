//! Load balancers: what is sent, when it is urgent, and what is nobody else's business.

use super::*;
use crate::cloudflare::desired::DesiredBalancer;
use crate::cloudflare::observed::{Balancer, BalancerFields};
use crate::json;
use serde_json::{Value, json};

pub(super) const NAME: &str = "www.example.com";

pub(super) fn fields(value: &Value) -> BalancerFields {
    json::read(&value.to_string()).unwrap()
}

/// A balancer over the pools `eu` and `us`, each in the region of its name, with one origin each.
pub(super) fn wanted(lists: &Value) -> Desired {
    let pools: &[(&str, &[(&str, Switch)])] =
        &[("eu", &[("eu1", Switch::Enable)]), ("us", &[("us1", Switch::Enable)])];
    let mut desired = wanted_pools(pools);
    desired.balancers = vec![DesiredBalancer {
        zone: "example.com".to_owned(),
        name: NAME.to_owned(),
        service: service(),
        account: ACCOUNT.to_owned(),
        pools: Map::of(["eu", "us"].map(|pool| (pool.to_owned(), vec![region(pool)]))),
        down: Set::new(),
        is_guarded: false,
        fields: Some(fields(lists)),
        manage: false,
        manual: false,
    }];
    desired
}

pub(super) fn observed(lists: &Value) -> Observed {
    let mut observed = observed_pools(&[("eu", &[("eu1", true)]), ("us", &[("us1", true)])]);
    let balancer = Balancer {
        id: "b1".to_owned(),
        name: NAME.to_owned(),
        description: None,
        enabled: true,
        overriding: Vec::new(),
        fields: fields(lists),
    };
    observed.balancers = [("example.com".to_owned(), vec![balancer])].into();
    observed
}

pub(super) fn balancer_at(observed: &mut Observed) -> &mut Balancer {
    &mut observed.balancers.get_mut("example.com").unwrap()[0]
}

/// Both pools in this order, the first being the fallback.
pub(super) fn ordered(pools: &[&str]) -> Value {
    json!({"default_pools": pools, "fallback_pool": pools[0]})
}

fn changed(plan: &Plan) -> Vec<(&str, Value)> {
    let changes = plan.actions.iter().flat_map(|action| match &action.change {
        Change::Fields { fields, .. } => fields.iter(),
        other => panic!("{other:?}"),
    });
    changes.map(|change| (change.name.as_str(), change.to.clone())).collect()
}

#[test]
fn a_balancer_that_does_as_wanted_is_left_alone() {
    let both = ordered(&["eu", "us"]);
    assert_eq!(planned(&wanted(&both), &observed(&both)), Plan::default());
}

#[test]
fn only_what_differs_is_sent() {
    let wanted = wanted(&json!({
        "default_pools": ["us", "eu"], "fallback_pool": "us", "steering_policy": "random",
        "country_pools": {"DE": ["eu"]},
    }));
    let observed = observed(&json!({
        "default_pools": ["eu", "us"], "fallback_pool": "us", "steering_policy": "random",
        "country_pools": {"DE": ["eu"]}, "session_affinity": "cookie", "proxied": true,
    }));
    let plan = planned(&wanted, &observed);
    assert_eq!(changed(&plan), [("default_pools", json!(["us", "eu"]))]);
    assert_eq!(told(&plan), ["load balancer www.example.com: set default_pools"]);
}

#[test]
fn defaults_that_are_left_out_null_or_spelt_out_make_no_difference() {
    let wanted = wanted(&json!({
        "default_pools": ["eu", "us"], "fallback_pool": "eu", "country_pools": {},
        "region_pools": {}, "pop_pools": {}, "pool_sets": [], "steering_policy": "off",
        "session_affinity": "none", "proxied": false,
        "random_steering": {"default_weight": 1, "pool_weights": {"eu": 1, "us": 0.5}},
    }));
    let weights = json!({"default_weight": 1.0, "pool_weights": {"us": 0.5}});
    for (key, value) in [
        ("country_pools", Value::Null),
        ("region_pools", json!({"WEU": []})),
        ("steering_policy", json!("")),
        ("session_affinity", json!("")),
        ("proxied", Value::Null),
        ("pool_sets", Value::Null),
    ] {
        let mut lists = ordered(&["eu", "us"]);
        lists["random_steering"] = weights.clone();
        lists[key] = value;
        assert_eq!(planned(&wanted, &observed(&lists)), Plan::default(), "{key}");
    }
}

#[test]
fn what_the_config_leaves_open_stays_as_it_is() {
    let observed = observed(&json!({
        "default_pools": ["eu", "us"], "fallback_pool": "eu", "session_affinity": "cookie",
        "session_affinity_ttl": 300, "proxied": true, "ttl": 30, "steering_policy": "off",
        "random_steering": {"default_weight": 0.2, "pool_weights": {}},
    }));
    assert_eq!(planned(&wanted(&ordered(&["eu", "us"])), &observed), Plan::default());
}

#[test]
fn lists_by_country_and_sets_are_sent_whole() {
    let set = json!({"name": "pointsman-0", "disabled": false,
        "match": {"topology": {"countries": ["DE"]}},
        "overrides": {"pools": ["eu"], "fallback_pool": "eu", "steering_policy": "off"}});
    let mut lists = ordered(&["eu", "us"]);
    lists["country_pools"] = json!({"BR": ["us", "eu"]});
    lists["pool_sets"] = json!([set]);
    let mut seen = ordered(&["eu", "us"]);
    seen["country_pools"] = json!({"BR": ["us"], "PT": ["us"]});
    let plan = planned(&wanted(&lists), &observed(&seen));
    assert_eq!(
        changed(&plan),
        [("country_pools", json!({"BR": ["us", "eu"]})), ("pool_sets", json!([set]))]
    );
}

#[test]
fn a_balancer_that_is_not_there_is_created_only_where_it_is_managed() {
    let mut desired = wanted(&ordered(&["eu", "us"]));
    let mut observed = observed(&ordered(&["eu"]));
    observed.balancers = [("example.com".to_owned(), Vec::new())].into();
    let plan = planned(&desired, &observed);
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        ["load balancer www.example.com: the zone has no load balancer of this name; create it, \
             or set `manage = true` [missing]"]
    );
    desired.balancers[0].manage = true;
    let plan = planned(&desired, &observed);
    assert_eq!(told(&plan), ["load balancer www.example.com: create it"]);
    assert_eq!(urgencies(&plan), [Urgency::Upkeep]);
    let changed = changed(&plan);
    for field in [
        ("name", json!(NAME)),
        ("description", json!("pointsman:files")),
        ("proxied", json!(true)),
        ("default_pools", json!(["eu", "us"])),
        ("fallback_pool", json!("eu")),
    ] {
        assert!(changed.contains(&field), "{field:?}: {changed:?}");
    }
}

#[test]
fn a_new_balancer_has_no_more_than_the_config_says_where_it_says_it() {
    let mut lists = ordered(&["eu", "us"]);
    lists["ttl"] = json!(30);
    let mut desired = wanted(&lists);
    desired.balancers[0].manage = true;
    let mut observed = observed(&ordered(&["eu"]));
    observed.balancers = [("example.com".to_owned(), Vec::new())].into();
    let plan = planned(&desired, &observed);
    assert!(changed(&plan).iter().all(|(name, _)| *name != "proxied"), "it has a time to live");
}

#[test]
fn a_balancer_waits_for_pools_that_nobody_creates() {
    let mut desired = wanted(&ordered(&["eu", "us"]));
    let mut observed = observed(&ordered(&["eu", "us"]));
    observed.pools.get_mut(ACCOUNT).unwrap().pop();
    let plan = planned(&desired, &observed);
    assert_eq!(plan.actions, []);
    assert!(
        withheld(&plan).contains(
            &"load balancer www.example.com: its pool `us` does not exist [missing]".to_owned()
        ),
        "{plan:?}"
    );
    desired.pools[1].manage = true;
    let before = balancer_at(&mut observed);
    before.fields.default_pools = Some(texts(&["eu"]));
    assert_eq!(
        told(&planned(&desired, &observed)),
        ["pool us: create it", "load balancer www.example.com: set default_pools"],
        "a pool comes before the balancer that leads to it"
    );
}

#[test]
fn balancers_or_pools_that_were_not_read_are_not_taken_for_missing() {
    let mut desired = wanted(&ordered(&["eu", "us"]));
    desired.balancers[0].manage = true;
    desired.pools = Vec::new();
    let whole = observed(&ordered(&["us", "eu"]));
    let no_pools = Observed { pools: Map::new(), ..whole.clone() };
    let no_balancers = Observed { balancers: Map::new(), ..whole };
    for observed in [no_pools, no_balancers] {
        assert_eq!(planned(&desired, &observed), Plan::default());
    }
}

#[test]
fn a_balancer_that_is_marked_for_another_service_is_left_alone() {
    let mut observed = observed(&ordered(&["us", "eu"]));
    balancer_at(&mut observed).description = Some("pointsman:other".to_owned());
    let plan = planned(&wanted(&ordered(&["eu", "us"])), &observed);
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        ["load balancer www.example.com: it is marked for `other` [foreign]"]
    );
}

#[test]
fn a_name_in_another_case_is_the_same_balancer() {
    let mut observed = observed(&ordered(&["eu", "us"]));
    balancer_at(&mut observed).name = "WWW.example.com.".to_owned();
    assert_eq!(planned(&wanted(&ordered(&["eu", "us"])), &observed), Plan::default());
}

#[test]
fn how_urgent_a_change_is_depends_on_where_clients_are_led_now() {
    let urgency = |wants: &Value, seen: &Value, down: &[&str]| {
        let mut desired = wanted(wants);
        desired.balancers[0].down = Set::of(texts(down));
        planned(&desired, &observed(seen)).actions[0].urgency
    };
    let (eu_first, us_first) = (ordered(&["eu", "us"]), ordered(&["us", "eu"]));
    assert_eq!(urgency(&eu_first, &us_first, &["us"]), Urgency::Failover);
    assert_eq!(urgency(&eu_first, &us_first, &[]), Urgency::Restore);
    let mut by_country = eu_first.clone();
    by_country["country_pools"] = json!({"US": ["us"]});
    assert_eq!(urgency(&eu_first, &by_country, &["us"]), Urgency::Failover);
    let mut sticky = eu_first.clone();
    sticky["session_affinity"] = json!("cookie");
    assert_eq!(urgency(&sticky, &eu_first, &["us"]), Urgency::Upkeep);
}

#[test]
fn a_move_says_which_regions_lose_traffic_and_which_serve() {
    let mut desired = wanted(&ordered(&["eu", "us"]));
    desired.balancers[0].down = Set::of(texts(&["us"]));
    let plan = planned(&desired, &observed(&ordered(&["us", "eu"])));
    let effect = Effect { away: regions(&["us"]), serving: Some(regions(&["eu"])) };
    assert_eq!(plan.actions[0].effect, effect);
}

#[test]
fn a_person_moves_a_balancer_whose_service_fails_over_by_hand() {
    let mut desired = wanted(&ordered(&["eu", "us"]));
    desired.balancers[0].manual = true;
    let plan = planned(&desired, &observed(&ordered(&["us", "eu"])));
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        ["load balancer www.example.com: the failover mode of its service is `manual` [manual]"]
    );
    assert_eq!(planned(&desired, &observed(&ordered(&["eu", "us"]))), Plan::default());
}

#[test]
fn a_policy_that_only_lists_by_place_implied_is_said_when_they_go() {
    let mut lists = ordered(&["eu", "us"]);
    lists["steering_policy"] = json!("geo");
    let mut seen = ordered(&["eu", "us"]);
    (seen["steering_policy"], seen["country_pools"]) = (json!(""), json!({"DE": ["us"]}));
    let plan = planned(&wanted(&lists), &observed(&seen));
    assert_eq!(changed(&plan), [("country_pools", json!({})), ("steering_policy", json!("geo"))]);
}
