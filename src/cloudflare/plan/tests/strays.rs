//! What is left alone and reported: strangers in pools, missing origins, balancers of others.

use super::*;
use crate::cloudflare::observed::{Balancer, BalancerFields};

fn eu() -> Desired {
    wanted_pools(&[("eu", &[("eu1", Switch::Enable), ("eu2", Switch::Enable)])])
}

fn whole(mut desired: Desired) -> Desired {
    desired.pools.iter_mut().for_each(|pool| pool.is_whole = true);
    desired
}

#[test]
fn an_origin_of_others_in_a_pool_is_reported_by_name() {
    let observed = observed_pools(&[(
        "eu",
        &[("eu1", true), ("eu2", true), ("z.example.net:8443", false), ("a.example.net", true)],
    )]);
    let plan = planned(&eu(), &observed);
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        ["pool eu: the config has no such origin in the regions of this pool: `a.example.net`, \
          `z.example.net:8443`; whatever its health, Pointsman leaves it as it is. Add it to the \
          config, or take it out of the pool [foreign]"]
    );
    assert!(!plan.is_partial, "the next plan is the same");
}

#[test]
fn an_origin_of_the_config_that_its_pool_has_not_is_reported_by_name() {
    let observed = observed_pools(&[("eu", &[("eu1", true)])]);
    assert_eq!(
        withheld(&planned(&whole(eu()), &observed)),
        ["pool eu: it has no origin `eu2`, which the config has in its regions, so no visitor is \
          sent there. Add it to the pool [missing]"]
    );
}

#[test]
fn pools_that_share_out_the_origins_of_a_service_miss_only_what_none_of_them_has() {
    let all: &[(&str, Switch)] = &[("eu1", Switch::Enable), ("us1", Switch::Enable)];
    let desired = wanted_pools(&[("eu", all), ("us", all)]);
    let observed = observed_pools(&[("eu", &[("eu1", true)]), ("us", &[("us1", true)])]);
    assert_eq!(planned(&desired, &observed), Plan::default());
    let observed = observed_pools(&[("eu", &[("eu1", true)]), ("us", &[("eu1", true)])]);
    assert_eq!(
        withheld(&planned(&desired, &observed)),
        ["pools of `files`: none of them has the origin `us1` of the config, so no visitor is \
          sent \
          there. Add it to a pool, or say with `regions` what each pool has [missing]"]
    );
    let observed = observed_pools(&[("eu", &[("eu1", true)])]);
    let plan = planned(&desired, &observed);
    assert_eq!(plan.withheld.len(), 1, "only the pool is missing: who knows what is in it");
}

fn balancer(name: &str, pools: &[&str]) -> Balancer {
    Balancer {
        id: format!("id-{name}"),
        name: name.to_owned(),
        description: None,
        enabled: true,
        overriding: Vec::new(),
        fields: BalancerFields {
            default_pools: Some(texts(pools)),
            fallback_pool: pools.first().map(|pool| (*pool).to_owned()),
            ..BalancerFields::default()
        },
    }
}

#[test]
fn a_balancer_that_is_not_in_the_config_and_uses_our_pools_is_reported() {
    let mut observed = observed_pools(&[("eu", &[("eu1", true), ("eu2", true)])]);
    let others =
        [balancer("shop.example.com", &["theirs", "eu"]), balancer("x.example.com", &["theirs"])];
    observed.balancers = [("example.com".to_owned(), others.to_vec())].into();
    let told =
        ["load balancer shop.example.com: it is not in the config and sends visitors to `eu` as \
         well. What Pointsman disables there is disabled for them too, and no residency rule is \
         checked for them. Publish it, or give it pools of its own [foreign]"];
    assert_eq!(withheld(&planned(&eu(), &observed)), told);
    let theirs = observed.balancers.get_mut("example.com").unwrap();
    theirs[0].enabled = false;
    assert_eq!(planned(&eu(), &observed), Plan::default(), "it sends nobody anywhere");
}

#[test]
fn what_we_disabled_and_has_left_a_pool_of_the_config_is_reported_and_stays_disabled() {
    let desired = wanted_pools(&[("eu", &[("eu1", Switch::Enable)])]);
    let observed = observed_pools(&[("eu", &[("eu1", true), ("us1", false)])]);
    let holds = Set::of([hold("eu", "us1")]);
    let plan = plan(&desired, &observed, &holds, &Circumstances::default());
    assert_eq!(plan.actions, [], "a rule may forbid it by now");
    let told = withheld(&plan);
    let left = told.iter().find(|told| told.ends_with("[left_config]")).unwrap();
    assert!(
        left.starts_with("pool eu: enable us1: Pointsman disabled it, and the config no longer")
    );
}

#[test]
fn a_monitor_that_one_pool_cannot_have_is_reported_and_the_pool_goes_without() {
    let mut desired = eu();
    desired.pools[0].unmonitored = Some("its origins have several ports".to_owned());
    let observed = observed_pools(&[("eu", &[("eu1", true), ("eu2", true)])]);
    assert_eq!(
        withheld(&planned(&desired, &observed)),
        ["pool eu: attach a monitor: its origins have several ports [unclear]"]
    );
}
