//! Pools, their switches and monitors, and where the last origin must stay.

use super::*;

#[test]
fn every_origin_of_a_pools_regions_is_a_member_by_address() {
    let desired = wanted(&config(), &[("de-1", OverrideTo::Up), ("de-2", OverrideTo::Down)]);
    let pool = desired.pools.iter().find(|pool| pool.name == "de").unwrap();
    let members: Vec<_> = pool
        .origins
        .iter()
        .map(|(address, member)| (address.as_str(), member.switch, member.id.as_str()))
        .collect();
    assert_eq!(
        members,
        [("de1.example.net", Switch::Enable, "de-1"), ("de2.example.net", Switch::Disable, "de-2"),]
    );
    assert_eq!((pool.switched, pool.manage, &pool.monitor), (PoolSwitch::Origins, false, &None));
}

#[test]
fn an_origin_of_which_nobody_knows_is_left_and_one_that_drains_is_switched_off() {
    let desired = wanted(&config(), &[("us-1", OverrideTo::Drain)]);
    let pool = desired.pools.iter().find(|pool| pool.name == "us").unwrap();
    let switches: Vec<_> = pool.origins.values().map(|member| member.switch).collect();
    assert_eq!(switches, [Switch::Disable, Switch::Leave]);
}

#[test]
fn a_service_that_fails_over_by_hand_switches_nothing() {
    let mut config = config();
    config["services"]["web"]["failover"] = json!({"mode": "manual"});
    let desired = wanted(&config, &of(&["us"], OverrideTo::Down));
    let mut members = desired.pools.iter().flat_map(|pool| pool.origins.values());
    assert!(members.all(|member| member.switch == Switch::Leave));
}

#[test]
fn a_monitor_mirrors_ours_once_for_all_pools() {
    let mut config = config();
    for index in [0, 1] {
        let pool = &mut config["services"]["web"]["publish"][index]["pool"];
        (pool["manage"], pool["monitor"]) = (json!(true), json!(true));
    }
    let desired = wanted(&config, &[]);
    let [monitor] = desired.monitors.as_slice() else { panic!("{:?}", desired.monitors) };
    assert_eq!(monitor.name, "pointsman:monitor:m");
    let fields = &monitor.fields;
    assert_eq!((fields.kind.as_str(), fields.path.as_str(), fields.port), ("https", "/health", 0));
    assert_eq!((fields.interval, fields.timeout, fields.retries), (15, 2, 0));
    let named = desired.pools.iter().filter(|pool| pool.monitor.as_ref() == Some(&monitor.name));
    assert_eq!(named.count(), 2);
}

#[test]
fn one_origin_must_stay_in_the_service_and_under_each_rule() {
    let desired = wanted(&with_gdpr(config()), &[]);
    let told: Vec<_> = desired
        .jurisdictions
        .iter()
        .map(|j| (j.under.as_deref().unwrap_or("all"), j.origins.len()))
        .collect();
    assert_eq!(told, [("all", 8), ("rule `gdpr`", 4)]);
}

#[test]
fn a_load_is_known_where_the_service_says_its_peak() {
    assert_eq!(wanted(&config(), &[]).loads, Map::new());
    let mut config = config();
    config["services"]["web"]["peak_rps"] = json!(500);
    for region in ["de", "ie", "us", "br"] {
        config["regions"][region]["capacity_rps"] = json!(300);
    }
    let desired = wanted(&config, &[]);
    let load = desired.loads.values().next().unwrap();
    assert_eq!((load.peak_rps, load.capacity_rps.values().copied().collect()), (500, vec![300; 4]));
}

#[test]
fn pools_and_monitors_tell_origins_the_host_that_the_proxy_tells_them() {
    let mut config = config();
    config["services"]["web"]["host_header"] = json!("www.example.net");
    config["regions"]["de"]["origins"][1]["host_header"] = json!("de2.example.net");
    for index in [0, 1] {
        let pool = &mut config["services"]["web"]["publish"][index]["pool"];
        (pool["manage"], pool["monitor"]) = (json!(true), json!(true));
    }
    let desired = wanted(&config, &[]);
    let pool = desired.pools.iter().find(|pool| pool.name == "de").unwrap();
    let told: Vec<_> = pool.origins.values().map(|member| member.host_header.as_deref()).collect();
    assert_eq!(told, [Some("www.example.net"), None], "the second is told its own");
    let [monitor] = desired.monitors.as_slice() else { panic!("{:?}", desired.monitors) };
    assert_eq!(monitor.name, "pointsman:monitor:m:www.example.net");
    let host = vec!["www.example.net".to_owned()];
    assert_eq!(monitor.fields.header, Some(Map::of([("Host".to_owned(), host)])));
    assert_eq!(
        wanted(&self::config(), &[]).pools[0].origins.values().next().unwrap().host_header,
        None
    );
}
