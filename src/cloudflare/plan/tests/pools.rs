//! Pools: switches, shares, and who may be touched at all.

use super::*;
use serde_json::{Value, json};

const TWO: &[(&str, &[(&str, bool)])] = &[("eu", &[("eu1", true)]), ("us", &[("us1", true)])];

fn eu_is_down() -> Desired {
    wanted_pools(&[("eu", &[("eu1", Switch::Disable)]), ("us", &[("us1", Switch::Enable)])])
}

/// A plan of pools of which some things are held.
fn held(desired: &Desired, observed: &Observed, holds: &[Hold]) -> Plan {
    plan(desired, observed, &Set::of(holds.iter().cloned()), &Circumstances::default())
}

#[test]
fn an_origin_that_is_down_is_disabled() {
    let plan = planned(&eu_is_down(), &observed_pools(TWO));
    assert_eq!(told(&plan), ["pool eu: disable eu1"]);
    assert_eq!(urgencies(&plan), [Urgency::Failover]);
    let effect = Effect { away: regions(&["eu"]), serving: Some(regions(&["us"])) };
    assert_eq!(plan.actions[0].effect, effect);
}

#[test]
fn a_region_of_which_one_origin_is_left_loses_no_traffic() {
    let desired = wanted_pools(&[("eu", &[("eu1", Switch::Disable), ("eu2", Switch::Enable)])]);
    let plan = planned(&desired, &observed_pools(&[("eu", &[("eu1", true), ("eu2", true)])]));
    assert_eq!(plan.actions[0].effect.away, Set::new());
}

#[test]
fn the_last_usable_origin_of_a_service_is_never_disabled() {
    let desired =
        wanted_pools(&[("eu", &[("eu1", Switch::Disable)]), ("us", &[("us1", Switch::Disable)])]);
    let plan = planned(&desired, &observed_pools(TWO));
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        [
            "pool eu: disable eu1: 0 origins of `files` are up and enabled, so this stays enabled \
             [last_usable]",
            "pool us: disable us1: 0 origins of `files` are up and enabled, so this stays enabled \
             [last_usable]"
        ]
    );
}

#[test]
fn the_last_usable_origin_that_a_rule_permits_is_never_disabled() {
    let mut desired = eu_is_down();
    desired.jurisdictions.push(Jurisdiction {
        service: service(),
        under: Some("rule `gdpr`".to_owned()),
        origins: ["eu1".to_owned()].into(),
    });
    let plan = planned(&desired, &observed_pools(TWO));
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        ["pool eu: disable eu1: 0 origins of `files` under rule `gdpr` are up and enabled, so \
             this stays enabled [last_usable]"]
    );
}

#[test]
fn a_pool_is_read_whatever_the_case_of_its_addresses() {
    let observed = observed_pools(&[("eu", &[("EU1.", true)]), ("us", &[("us1", true)])]);
    assert_eq!(told(&planned(&eu_is_down(), &observed)), ["pool eu: disable EU1."]);
}

#[test]
fn an_origin_in_a_pool_that_is_switched_off_is_no_survivor() {
    let mut observed = observed_pools(TWO);
    pool_at(&mut observed, 1).enabled = false;
    assert_eq!(planned(&eu_is_down(), &observed).actions, []);
}

#[test]
fn nothing_is_disabled_on_the_promise_of_an_enabling_that_may_fail() {
    let observed = observed_pools(&[("eu", &[("eu1", true)]), ("us", &[("us1", false)])]);
    let plan = held(&eu_is_down(), &observed, &[hold("us", "us1")]);
    assert_eq!(told(&plan), ["pool us: enable us1"]);
    assert_eq!(urgencies(&plan), [Urgency::Restore]);
    assert!(plan.is_partial, "the next pass comes soon");
}

#[test]
fn what_we_disabled_is_enabled_again_and_what_a_person_disabled_is_not() {
    let desired = wanted_pools(&[("eu", &[("eu1", Switch::Enable), ("eu2", Switch::Enable)])]);
    let observed = observed_pools(&[("eu", &[("eu1", false), ("eu2", false)])]);
    let plan = held(&desired, &observed, &[hold("eu", "eu1")]);
    assert_eq!(told(&plan), ["pool eu: enable eu1"]);
    assert!(!plan.is_partial, "nothing was withheld that could be right afterwards");
}

#[test]
fn a_hold_of_another_pool_or_account_counts_for_nothing() {
    let desired = wanted_pools(&[("eu", &[("eu1", Switch::Enable)])]);
    let observed = observed_pools(&[("eu", &[("eu1", false)])]);
    let elsewhere = Hold { account: "other".to_owned(), ..hold("eu", "eu1") };
    assert_eq!(held(&desired, &observed, &[hold("us", "eu1"), elsewhere]).actions, []);
}

#[test]
fn an_origin_of_unknown_health_and_an_origin_of_others_are_left_alone() {
    let desired = wanted_pools(&[("eu", &[("eu1", Switch::Leave), ("eu3", Switch::Enable)])]);
    let observed = observed_pools(&[("eu", &[("eu1", true), ("other", true), ("eu3", true)])]);
    assert_eq!(planned(&desired, &observed).actions, []);
    let observed = observed_pools(&[("eu", &[("eu1", false), ("other", false), ("eu3", true)])]);
    let holds = [hold("eu", "eu1"), hold("eu", "other")];
    assert_eq!(held(&desired, &observed, &holds).actions, []);
}

#[test]
fn a_pool_that_is_not_there_is_reported_and_not_created() {
    let desired = wanted_pools(&[("eu", &[("eu1", Switch::Disable)])]);
    let plan = planned(&desired, &observed_pools(&[]));
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        ["pool eu: the account has no pool of this name; create it, or set `manage = true` \
             [missing]"]
    );
}

#[test]
fn pools_that_were_not_read_are_not_taken_for_missing() {
    let mut desired = wanted_pools(&[("eu", &[("eu1", Switch::Disable)])]);
    desired.pools[0].manage = true;
    assert_eq!(planned(&desired, &Observed::default()), Plan::default());
}

#[test]
fn a_managed_pool_is_created_whole_with_every_origin_enabled() {
    let mut desired = wanted_pools(&[("eu", &[("eu1", Switch::Disable)])]);
    (desired.pools[0].manage, desired.pools[0].monitor) = (true, Some("pointsman:m".to_owned()));
    let plan = planned(&desired, &observed_pools(&[]));
    assert_eq!(told(&plan), ["pool eu: create it"]);
    assert_eq!(urgencies(&plan), [Urgency::Upkeep]);
    let Change::Fields { kind: "pools", id: None, fields, .. } = &plan.actions[0].change else {
        panic!("{plan:?}");
    };
    let body: Vec<(&str, Value)> = fields.iter().map(|f| (&*f.name, f.to.clone())).collect();
    let origin = json!({"name": "eu-1", "address": "eu1", "port": 0, "enabled": true,
                        "weight": 1.0, "header": {"Host": ["eu1"]}});
    assert_eq!(
        body,
        [
            ("name", json!("eu")),
            ("description", json!("pointsman:files")),
            ("origins", json!([origin])),
            ("monitor", json!("pointsman:m")),
        ]
    );
}

#[test]
fn a_pool_that_is_marked_for_another_service_is_left_alone() {
    let mut observed = observed_pools(TWO);
    pool_at(&mut observed, 0).description = Some("pointsman:other theirs".to_owned());
    let plan = planned(&eu_is_down(), &observed);
    assert_eq!(plan.actions, []);
    assert_eq!(withheld(&plan), ["pool eu: it is marked for `other` [foreign]"]);
    pool_at(&mut observed, 0).description = OURS.map(str::to_owned);
    assert_eq!(planned(&eu_is_down(), &observed).actions.len(), 1);
}

#[test]
fn a_pool_without_any_of_our_origins_is_left_alone() {
    let mut desired = eu_is_down();
    desired.pools[0].monitor = Some("pointsman:m".to_owned());
    let mut observed = observed_pools(&[("eu", &[("other", true)]), ("us", &[("us1", true)])]);
    observed.monitors = [(ACCOUNT.to_owned(), Vec::new())].into();
    for switched in [PoolSwitch::Origins, PoolSwitch::Pool] {
        desired.pools[0].switched = switched;
        let plan = planned(&desired, &observed);
        assert_eq!(plan.actions, []);
        assert_eq!(withheld(&plan), ["pool eu: none of its origins is in the config [foreign]"]);
    }
}

#[test]
fn a_pool_is_switched_as_a_whole_once_all_its_origins_are_down() {
    let mut desired = wanted_pools(&[
        ("eu", &[("eu1", Switch::Disable), ("eu2", Switch::Leave)]),
        ("us", &[("us1", Switch::Enable)]),
    ]);
    desired.pools[0].switched = PoolSwitch::Pool;
    let observed =
        observed_pools(&[("eu", &[("eu1", true), ("eu2", true)]), ("us", &[("us1", true)])]);
    assert_eq!(planned(&desired, &observed).actions, [], "one of them may be up");
    desired.pools[0].origins.insert("eu2".to_owned(), pool_member(Switch::Disable, "eu", "eu2"));
    let plan = planned(&desired, &observed);
    assert_eq!(told(&plan), ["pool eu: disable it: all its origins are down"]);
    assert_eq!(urgencies(&plan), [Urgency::Failover]);
    assert_eq!(plan.actions[0].effect.away, regions(&["eu"]));
}

#[test]
fn a_pool_is_enabled_again_only_where_we_disabled_it() {
    let mut desired = wanted_pools(&[("eu", &[("eu1", Switch::Enable)])]);
    desired.pools[0].switched = PoolSwitch::Pool;
    let mut observed = observed_pools(&[("eu", &[("eu1", true)])]);
    pool_at(&mut observed, 0).enabled = false;
    assert_eq!(planned(&desired, &observed).actions, []);
    let plan = held(&desired, &observed, &[hold("eu", "*")]);
    assert_eq!(told(&plan), ["pool eu: enable it: one of its origins is up"]);
    assert_eq!(urgencies(&plan), [Urgency::Restore]);
}

#[test]
fn the_last_usable_pool_is_never_disabled() {
    let mut desired = wanted_pools(&[("eu", &[("eu1", Switch::Disable)])]);
    desired.pools[0].switched = PoolSwitch::Pool;
    let plan = planned(&desired, &observed_pools(&[("eu", &[("eu1", true)])]));
    assert_eq!(plan.actions, []);
    assert_eq!(
        withheld(&plan),
        ["pool eu: disable it: 0 origins of `files` are up and enabled, so this stays enabled \
             [last_usable]"]
    );
}

#[test]
fn shares_that_differ_are_set_and_others_are_left() {
    let mut desired = wanted_pools(&[(
        "eu",
        &[("eu1", Switch::Enable), ("eu2", Switch::Leave), ("eu3", Switch::Enable)],
    )]);
    let half = Weight::of_hundredths(50);
    for (address, weight) in [("eu1", Some(half)), ("eu2", Some(Weight::ONE)), ("eu3", None)] {
        desired.pools[0].origins.get_mut(address).unwrap().weight = weight;
    }
    let origins = &[("eu1", true), ("eu2", true), ("eu3", true), ("other", true)][..];
    let mut observed = observed_pools(&[("eu", origins)]);
    pool_at(&mut observed, 0).origins[2].weight = Weight::NONE;
    let plan = planned(&desired, &observed);
    assert_eq!(told(&plan), ["pool eu: set the weight of eu1 to 0.50"]);
    assert_eq!(urgencies(&plan), [Urgency::Upkeep]);
    pool_at(&mut observed, 0).origins[0].weight = half;
    assert_eq!(planned(&desired, &observed).actions, []);
}

#[test]
fn a_person_switches_the_origins_of_a_service_that_fails_over_by_hand() {
    let desired = wanted_pools(&[("eu", &[("eu1", Switch::Leave)])]);
    let observed = observed_pools(&[("eu", &[("eu1", true)])]);
    assert_eq!(planned(&desired, &observed), Plan::default());
}

#[test]
fn two_services_do_not_count_for_each_other() {
    let mut desired = eu_is_down();
    desired.pools[1].service = ServiceId::parse("other").unwrap();
    let plan = planned(&desired, &observed_pools(TWO));
    assert_eq!(plan.actions, [], "the other's origin serves nobody of ours");
    assert_eq!(plan.withheld[0].why, WithheldReason::LastUsable);
}

#[test]
fn a_pool_that_we_manage_tells_its_origins_the_configured_host_and_keeps_every_other() {
    let mut desired = wanted_pools(&[("eu", &[("eu1", Switch::Enable), ("eu2", Switch::Enable)])]);
    let member = desired.pools[0].origins.get_mut("eu1").unwrap();
    member.host_header = Some("www.example.com".to_owned());
    desired.pools[0].manage = true;
    let mut observed = observed_pools(&[("eu", &[("eu1", true), ("eu2", true)])]);
    let header = |host: &str| Some(Map::of([("Host".to_owned(), vec![host.to_owned()])]));
    for before in [None, header("eu1")] {
        pool_at(&mut observed, 0).origins[0].header = before;
        pool_at(&mut observed, 0).origins[1].header = header("by.hand");
        let plan = planned(&desired, &observed);
        assert_eq!(told(&plan), ["pool eu: tell eu1 the host www.example.com"]);
        assert_eq!(urgencies(&plan), [Urgency::Upkeep]);
    }
    pool_at(&mut observed, 0).origins[0].header = header("www.example.com");
    assert_eq!(planned(&desired, &observed).actions, []);
    pool_at(&mut observed, 0).origins[0].header = header("eu1");
    desired.pools[0].manage = false;
    assert_eq!(planned(&desired, &observed).actions, [], "who does not let us manage it, sets it");
}

#[test]
fn a_new_pool_tells_each_origin_the_configured_host_or_its_own() {
    let mut desired = wanted_pools(&[("eu", &[("eu1", Switch::Enable), ("eu2", Switch::Enable)])]);
    let member = desired.pools[0].origins.get_mut("eu1").unwrap();
    member.host_header = Some("www.example.com".to_owned());
    desired.pools[0].manage = true;
    let plan = planned(&desired, &observed_pools(&[]));
    let Change::Fields { fields, .. } = &plan.actions[0].change else { panic!("{plan:?}") };
    let origins = &fields.iter().find(|field| field.name == "origins").unwrap().to;
    assert_eq!(origins[0]["header"], json!({"Host": ["www.example.com"]}));
    assert_eq!(origins[1]["header"], json!({"Host": ["eu2"]}));
}

const PORTS: &[(&str, &[(&str, Switch)])] =
    &[("eu", &[("eu1:8443", Switch::Disable), ("eu1:9443", Switch::Enable)])];

#[test]
fn two_origins_on_one_host_are_two_by_their_ports() {
    let desired = wanted_pools(PORTS);
    let observed = observed_pools(&[("eu", &[("eu1:8443", true), ("eu1:9443", true)])]);
    let plan = planned(&desired, &observed);
    assert_eq!(told(&plan), ["pool eu: disable eu1:8443"]);
    assert_eq!(withheld(&plan), [""; 0]);
    let observed = observed_pools(&[("eu", &[("eu1:8443", false), ("eu1:9443", false)])]);
    let plan = held(&desired, &observed, &[hold("eu", "eu1:8443"), hold("eu", "eu1:9443")]);
    assert_eq!(told(&plan), ["pool eu: enable eu1:9443"]);
}

#[test]
fn the_last_origin_in_use_is_told_by_its_port_too() {
    let desired = wanted_pools(PORTS);
    let observed = observed_pools(&[("eu", &[("eu1:8443", true), ("eu1:9443", false)])]);
    let plan = planned(&desired, &observed);
    assert_eq!((plan.actions.len(), plan.withheld[0].why), (0, WithheldReason::LastUsable));
}

#[test]
fn a_hold_without_a_port_is_that_of_the_only_origin_at_its_address() {
    let desired = wanted_pools(&[("eu", &[("eu1:8443", Switch::Enable)])]);
    let observed = observed_pools(&[("eu", &[("eu1:8443", false)])]);
    let holds = [hold("eu", "eu1")];
    assert_eq!(told(&held(&desired, &observed, &holds)), ["pool eu: enable eu1:8443"]);
    let observed = observed_pools(&[("eu", &[("eu1:8443", false), ("eu1:9443", false)])]);
    assert_eq!(held(&wanted_pools(PORTS), &observed, &holds).actions, []);
}

#[test]
fn a_managed_pool_is_created_with_the_ports_of_its_origins() {
    let mut desired = wanted_pools(PORTS);
    desired.pools[0].manage = true;
    let plan = planned(&desired, &observed_pools(&[]));
    let Change::Fields { fields, .. } = &plan.actions[0].change else { panic!("{plan:?}") };
    let origins = fields.iter().find(|field| field.name == "origins").unwrap();
    let written: Vec<(&Value, &Value)> =
        origins.to.as_array().unwrap().iter().map(|o| (&o["address"], &o["port"])).collect();
    assert_eq!(written, [(&json!("eu1"), &json!(8443)), (&json!("eu1"), &json!(9443))]);
}

#[test]
fn a_port_that_differs_is_reported_and_the_origin_is_still_ours() {
    let mut desired = eu_is_down();
    desired.pools[0] = wanted_pool("eu", &[("eu1:8443", Switch::Disable)]);
    desired.jurisdictions.clear();
    let plan = planned(&desired, &observed_pools(TWO));
    assert_eq!(told(&plan), ["pool eu: disable eu1"]);
    assert_eq!(
        withheld(&plan),
        ["pool eu: visitors are sent to the port of its protocol of `eu1`, and probes to port \
          8443 \
          as the config says, so its health may be that of another server. Set the port in the \
          pool, or in the `url` [unclear]"]
    );
    let two = observed_pools(&[("eu", &[("eu1", true), ("eu1:9443", true)]), TWO[1]]);
    let plan = planned(&desired, &two);
    assert_eq!(plan.actions, [], "which of the two it is, nobody knows");
    assert_eq!(withheld(&plan), ["pool eu: none of its origins is in the config [foreign]"]);
}

#[test]
fn an_origin_that_the_pool_has_by_its_address_is_ours() {
    let mut desired = eu_is_down();
    for (pool, ip) in desired.pools.iter_mut().zip(["192.0.2.1", "2001:db8::1"]) {
        for member in pool.origins.values_mut() {
            member.endpoint = member.endpoint.clone().with_ip(ip);
        }
    }
    let mut observed = observed_pools(TWO);
    for (index, ip) in ["192.0.2.1", "2001:0DB8::0001"].into_iter().enumerate() {
        ip.clone_into(&mut pool_at(&mut observed, index).origins[0].address);
    }
    let plan = planned(&desired, &observed);
    assert_eq!(told(&plan), ["pool eu: disable 192.0.2.1"]);
    assert_eq!(withheld(&plan), [""; 0]);
    assert_eq!(plan.actions[0].effect.serving, Some(regions(&["us"])));
}

#[test]
fn an_address_that_two_origins_share_is_in_use_while_one_of_them_is_up() {
    let mut desired = wanted_pools(&[
        ("eu", &[("eu1", Switch::Disable), ("eu2", Switch::Enable)]),
        ("us", &[("us1", Switch::Disable)]),
    ]);
    for member in desired.pools[0].origins.values_mut() {
        member.endpoint = member.endpoint.clone().with_ip("192.0.2.1");
    }
    let observed = observed_pools(&[("eu", &[("192.0.2.1", true)]), TWO[1]]);
    assert_eq!(told(&planned(&desired, &observed)), ["pool us: disable us1"]);
}
