use super::*;

fn only(code: &str, config: &Value) -> Vec<String> {
    told(config).into_iter().filter(|told| told.starts_with(code)).collect()
}

#[test]
fn a_peak_may_be_as_high_as_all_capacities_together() {
    let with_peak = |peak: u32| {
        let mut config = quiet();
        for id in ["de", "ie", "us"] {
            config["regions"][id]["capacity_rps"] = 100.into();
        }
        config["services"]["web"]["peak_rps"] = peak.into();
        only("W132", &config)
    };
    assert_eq!(with_peak(299), [""; 0]);
    assert_eq!(with_peak(300), [""; 0]);
    assert_eq!(with_peak(301), ["W132 services.web.peak_rps"]);
}

#[test]
fn a_recovery_time_needs_a_second_region_under_each_rule() {
    let promising = |mut config: Value| {
        config["services"]["web"]["contract"] = json!({"rto_s": 600});
        only("W132", &config)
    };
    assert_eq!(promising(quiet()), [""; 0]);
    assert_eq!(promising(with_rule(&["DE", "IE"])), [""; 0]);
    assert_eq!(promising(with_rule(&["DE"])), ["W132 services.web.contract.rto_s"]);
}

#[test]
fn overrides_that_leave_no_region_are_told_while_they_last() {
    let overriding = |regions: &[&str], set: &str, until: &str| {
        let mut config = quiet();
        let entry = |region| {
            let why = "a test";
            json!({"region": region, "set": set, "reason": why, "author": "me", "until": until})
        };
        config["overrides"] = regions.iter().map(entry).collect();
        only("W133", &config)
    };
    let later = "2026-06-01T00:00:00.001Z";
    assert_eq!(overriding(&["de", "ie", "us"], "down", later), ["W133 overrides"]);
    assert_eq!(overriding(&["de", "ie", "us"], "drain", later), [""; 0]);
    assert_eq!(overriding(&["de", "ie", "us"], "down", NOW), [""; 0]);
    assert_eq!(overriding(&["de", "ie", "us"], "up", later), [""; 0]);
    assert_eq!(overriding(&["de", "ie"], "down", later), [""; 0]);
}

#[test]
fn private_addresses_and_names_without_public_dns_are_told() {
    let with = |key: &str, value: &str| {
        let mut config = quiet();
        config["regions"]["de"]["origins"][0][key] = value.into();
        only("W130", &config)
    };
    for ip in ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.127.255.255"] {
        assert_eq!(with("ipv4", ip), ["W130 regions.de.origins[0].ipv4"], "{ip}");
    }
    for ip in ["100.128.0.1", "172.32.0.1", "192.0.2.1", "8.8.8.8"] {
        assert_eq!(with("ipv4", ip), [""; 0], "{ip}");
    }
    assert_eq!(with("ipv6", "fd00::1"), ["W130 regions.de.origins[0].ipv6"]);
    assert_eq!(with("ipv6", "2001:db8::1"), [""; 0]);
    for host in ["de.internal", "de.local", "x.de.home.arpa"] {
        let url = format!("https://{host}");
        assert_eq!(with("url", &url), ["W130 regions.de.origins[0].url"], "{host}");
    }
    assert_eq!(with("url", "https://internal.example.net"), [""; 0]);
    let mut control = quiet();
    control["observer"] = json!({"controls": ["https://up.example.org", "https://dns.local/x"]});
    assert_eq!(only("W130", &control), ["W130 observer.controls[1]"]);
}

#[test]
fn a_backup_without_one_of_its_three_bounds_is_told() {
    let told_with = |roles: &[&str]| {
        let mut config = quiet();
        let bounds = roles.iter().map(|role| {
            let bound = match *role {
                "size" => json!({"min": 1, "is": role}),
                _ => json!({"max_age_s": 90_000, "is": role}),
            };
            (format!("/{role}"), bound)
        });
        let bounds: serde_json::Map<String, Value> = bounds.collect();
        config["services"]["web"]["contract"] =
            json!({"components": {"nightly": {"kind": "backup", "bounds": bounds}}});
        told(&config)
    };
    let all = ["last_run", "last_proof", "size"];
    assert_eq!(told_with(&all), [""; 0]);
    for missing in all {
        let others: Vec<_> = all.into_iter().filter(|role| *role != missing).collect();
        let path = "W155 services.web.contract.components.nightly.bounds";
        assert_eq!(told_with(&others), [path], "{missing}");
    }
}

#[test]
fn live_traffic_that_nobody_counts_is_told() {
    let mut config = quiet();
    let service = &mut config["services"]["web"];
    service["contract"] = json!({"availability": 99.9});
    service["failover"] = json!({"trigger": {}});
    assert_eq!(told(&config), [""; 0]);
    config["services"]["web"]["hosts"] = json!([]);
    config["services"]["web"]["publish"] = json!([{"dns": {
        "zone": "example.com", "name": "www.example.com", "type": "CNAME",
    }}]);
    let about_traffic = |told: Vec<String>| {
        let all = told.into_iter().filter(|advice| advice.starts_with("W156"));
        all.collect::<Vec<_>>()
    };
    let expected =
        ["W156 services.web.contract.availability", "W156 services.web.failover.trigger"];
    assert_eq!(about_traffic(told(&config)), expected);
}
