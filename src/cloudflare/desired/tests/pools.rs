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
fn a_monitor_asks_at_cloudflare_as_ours_does() {
    let fields = |monitor: serde_json::Value| {
        let mut config = config();
        let pool = &mut config["services"]["web"]["publish"][0]["pool"];
        (pool["manage"], pool["monitor"]) = (json!(true), json!(true));
        config["monitors"]["m"] = monitor;
        let desired = wanted(&config, &[]);
        let [monitor] = desired.monitors.as_slice() else { panic!("{:?}", desired.monitors) };
        (monitor.name.clone(), monitor.fields.clone())
    };
    let (name, http) = fields(json!({
        "path": "/up", "method": "HEAD", "headers": {"x-app": "shop"}, "port": 9000,
        "scheme": "http", "follow_redirects": 2, "retries": 1,
    }));
    assert_eq!(name, "pointsman:monitor:m:http:9000");
    assert_eq!((http.kind.as_str(), http.method.as_str(), http.port), ("http", "HEAD", 9000));
    assert_eq!((http.follow_redirects, http.retries), (true, 1));
    let headers = http.header.unwrap();
    assert_eq!(headers.get("x-app"), Some(&vec!["shop".to_owned()]));
    let (name, tcp) = fields(json!({"type": "tcp"}));
    assert_eq!(name, "pointsman:monitor:m:443");
    assert_eq!((tcp.kind.as_str(), tcp.method.as_str()), ("tcp", "connection_established"));
    assert_eq!((tcp.port, tcp.expected_codes.as_str(), tcp.header), (443, "", None));
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

#[test]
fn origins_on_one_host_are_told_apart_by_their_ports() {
    let mut config = config();
    let origin = |id: &str, port: u16| {
        let url = format!("https://de.example.net:{port}");
        json!({"id": id, "url": url, "ipv4": "192.0.2.11"})
    };
    config["regions"]["de"]["origins"] = json!([origin("de-1", 8443), origin("de-2", 9443)]);
    let desired = wanted(&config, &[("de-1", OverrideTo::Down), ("de-2", OverrideTo::Up)]);
    let pool = desired.pools.iter().find(|pool| pool.name == "de").unwrap();
    let members: Vec<_> = pool
        .origins
        .iter()
        .map(|(key, member)| (key.as_str(), member.switch, member.endpoint.port))
        .collect();
    assert_eq!(
        members,
        [
            ("de.example.net:8443", Switch::Disable, 8443),
            ("de.example.net:9443", Switch::Enable, 9443),
        ]
    );
    let whole = desired.jurisdictions.iter().find(|j| j.under.is_none()).unwrap();
    assert!(pool.origins.keys().all(|key| whole.origins.contains(key)));
}

#[test]
fn a_pool_whose_origins_have_several_ports_gets_no_monitor_and_says_why() {
    let mut config = config();
    let pool = &mut config["services"]["web"]["publish"][0]["pool"];
    (pool["manage"], pool["monitor"]) = (json!(true), json!(true));
    config["regions"]["de"]["origins"][1]["url"] = json!("https://de2.example.net:8443");
    let desired = wanted(&config, &[]);
    assert_eq!(desired.monitors, []);
    let pool = desired.pools.iter().find(|pool| pool.name == "de").unwrap();
    assert_eq!(pool.monitor, None);
    let why = pool.unmonitored.as_deref().unwrap_or_default();
    assert!(why.contains("`https://de2.example.net:8443`"), "{why}");
    config["regions"]["de"]["origins"][1]["url"] = json!("https://de2.example.net:443");
    assert_eq!(wanted(&config, &[]).monitors.len(), 1, "443 is the port of https, written or not");
}

#[test]
fn a_pool_should_have_all_origins_of_its_regions_if_it_names_them_or_is_managed() {
    let is_whole = |config: &Value| wanted(config, &[]).pools[0].is_whole;
    let mut config = config();
    assert!(is_whole(&config));
    for publish in config["services"]["web"]["publish"].as_array_mut().unwrap() {
        publish.get_mut("pool").and_then(Value::as_object_mut).map(|pool| pool.remove("regions"));
    }
    config["services"]["web"]["publish"].as_array_mut().unwrap().pop();
    assert!(!is_whole(&config));
}
