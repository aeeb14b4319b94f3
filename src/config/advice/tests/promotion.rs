//! Whether a standby would be promoted, and endpoints of managers that mislead.

use super::*;

/// A primary whose standby may lose five minutes, with a sound promotion.
fn promoting(change: impl FnOnce(&mut Value)) -> Value {
    let mut config = quiet();
    config["monitors"]["web"] = json!({"interval_s": 15});
    let service = &mut config["services"]["web"];
    service["writes"] = json!("primary");
    service["contract"] = json!({"rpo_s": 300});
    let hook = |name: &str| format!("https://hooks.example.net/{name}");
    service["failover"] = json!({"promote": {
        "url": hook("promote"),
        "secret": "HOOKS",
        "contact_age_pointer": "/contact_age_s",
        "position_pointer": "/position",
        "fence": {"url": hook("fence"), "secret": "HOOKS"},
    }});
    change(&mut config["services"]["web"]);
    config
}

/// What is said of promotion, of all that is said.
fn said(config: &Value) -> Vec<String> {
    let codes = ["W104", "W112", "W150", "W151", "W152", "W153", "W154"];
    told(config)
        .into_iter()
        .filter(|told| codes.iter().any(|code| told.starts_with(code)))
        .collect()
}

fn promote(service: &mut Value) -> &mut Value {
    &mut service["failover"]["promote"]
}

#[test]
fn nothing_is_said_of_a_sound_promotion() {
    assert_eq!(said(&promoting(|_| ())), [""; 0]);
}

#[test]
fn a_recovery_time_for_writes_needs_somebody_who_promotes() {
    let path = "W112 services.web.contract.rto_s";
    let promises = |service: &mut Value| service["contract"] = json!({"rto_s": 3_600});
    assert_eq!(said(&promoting(promises)), [""; 0]);
    let alone = promoting(|service| {
        promises(service);
        service["failover"] = json!({});
    });
    assert_eq!(said(&alone), [path]);
    let mut follows = promoting(|service| {
        promises(service);
        service["failover"] = json!({"follow": {"manager": "sentinel", "monitor": "redis"}});
    });
    follows["monitors"]["redis"] = json!({"path": "/redis"});
    assert_eq!(said(&follows), [""; 0]);
    assert!(!told(&follows).iter().any(|told| told.starts_with("W111")), "the monitor is used");
}

#[test]
fn a_contact_may_be_thirty_seconds_old() {
    for (max_s, warns) in [(29, true), (30, false)] {
        let config = promoting(|service| promote(service)["max_contact_age_s"] = json!(max_s));
        let path = "W150 services.web.failover.promote.max_contact_age_s";
        assert_eq!(said(&config) == [path], warns, "{max_s}");
    }
}

#[test]
fn a_hook_without_a_secret_and_a_position_that_nobody_sees_are_told() {
    let unsigned = promoting(|service| {
        promote(service)["secret"] = json!(null);
        promote(service)["fence"]["secret"] = json!(null);
    });
    let paths = ["promote.fence.url", "promote.url"];
    assert_eq!(said(&unsigned), paths.map(|path| format!("W152 services.web.failover.{path}")));
    let blind = promoting(|service| promote(service)["position_pointer"] = json!(null));
    assert_eq!(said(&blind), ["W153 services.web.failover.promote"]);
}

#[test]
fn the_worst_case_that_can_be_proved_is_held_against_the_contract() {
    let least = |interval_s: u32| {
        let warns = |rpo_s: u32| {
            let mut config = promoting(|service| {
                service["contract"] = json!({"rpo_s": rpo_s});
                promote(service)["max_lag_s"] = json!(0);
            });
            config["monitors"]["web"]["interval_s"] = json!(interval_s);
            said(&config) == ["W151 services.web.contract.rpo_s"]
        };
        let least = (0..2_000).find(|rpo_s| !warns(*rpo_s)).unwrap();
        assert!(warns(least - 1) && !warns(least));
        least
    };
    // Two more probes, and one that detects the fault.
    assert_eq!(least(60) - least(15), 3 * 45);
}

#[test]
fn endpoints_of_patroni_that_mislead_are_told() {
    let following = |path: &str, own: Value| {
        let mut config = promoting(|service| {
            service["failover"] = json!({"follow": {"manager": "patroni", "monitor": "patroni"}});
        });
        config["monitors"]["patroni"] = json!({"path": path});
        config["monitors"]["web"] = own;
        said(&config)
    };
    assert_eq!(following("/patroni", json!({})), [""; 0]);
    for path in ["/", "/primary", "/primary?x=1"] {
        assert_eq!(following(path, json!({})), ["W154 monitors.patroni.path"], "{path}");
    }
    let lock = json!({"path": "/primary"});
    assert_eq!(following("/patroni", lock), ["W154 monitors.web.path"]);
    let state = json!({"path": "/primary", "expect": {"json": {"/state": "running"}}});
    assert_eq!(following("/patroni", state), [""; 0]);
}

#[test]
fn a_path_of_patroni_that_follows_the_lock_needs_a_state_without_a_promotion_too() {
    let found = |name: &str, monitor: Value| {
        let mut config = quiet();
        config["monitors"] = json!({name: monitor});
        config["services"]["web"]["monitor"] = json!(name);
        said(&config)
    };
    let at = ["W154 monitors.web.path"];
    for path in ["/primary", "/read-only", "/primary?x=1"] {
        assert_eq!(found("web", json!({"path": path})), at, "{path}");
    }
    // `/readiness` is a path of many programs.
    assert_eq!(found("web", json!({"path": "/readiness"})), [""; 0]);
    assert_eq!(found("web", json!({"path": "/readiness", "port": 8008})), at);
    let named = ["W154 monitors.patroni-db.path"];
    assert_eq!(found("patroni-db", json!({"path": "/readiness"})), named);
    let by_field = json!({"path": "/leader", "expect": {"json": {"/dcs_last_seen": {"min": 1}}}});
    assert_eq!(found("web", by_field), at);
    let state = json!({"path": "/readiness", "port": 8008,
        "expect": {"json": {"/state": "running"}}});
    assert_eq!(found("web", state), [""; 0]);
}

#[test]
fn paths_that_tell_of_the_cluster_are_told() {
    let found = |path: &str, port: u32| {
        let mut config = quiet();
        config["monitors"]["web"] = json!({"path": path, "port": port});
        told(&config)
    };
    let at = ["W163 monitors.web.path"];
    assert_eq!(found("/cluster", 8008), at);
    assert_eq!(found("/cluster", 80), [""; 0], "it may be anything");
    for path in ["/api/overview", "/api/aliveness-test/%2F", "/api/healthchecks/node"] {
        assert_eq!(found(path, 15672), at, "{path}");
    }
    assert_eq!(found("/api/overviews", 15672), [""; 0]);
    assert_eq!(found("/api/nodes/rabbit@a", 15672), [""; 0]);
}

#[test]
fn several_probes_at_a_time_at_one_patroni_are_told() {
    let found = |monitors: Value, members: Value, areas: usize| {
        let mut config = quiet();
        config["monitors"] = monitors;
        config["monitors"]["web"] = json!({"all": members});
        let all = ["weur", "eeur", "enam", "wnam", "apac"];
        if areas > 0 {
            config["areas"] = json!({"use": all[..areas]});
        }
        let told = told(&config).into_iter();
        told.filter(|told| told.starts_with("W162")).collect::<Vec<_>>()
    };
    let patroni = |path: &str| json!({"path": path, "port": 8008});
    let one = || json!({"a": patroni("/patroni")});
    let two = || json!({"a": patroni("/patroni"), "b": patroni("/liveness")});
    assert_eq!(found(one(), json!(["a"]), 0), [""; 0]);
    assert_eq!(found(two(), json!(["a", "b"]), 0), ["W162 monitors.b"]);
    assert_eq!(found(one(), json!(["a"]), 4), [""; 0]);
    assert_eq!(found(one(), json!(["a"]), 5), ["W162 monitors.a"]);
    // Another port is another server.
    let other = json!({"a": patroni("/patroni"), "b": {"path": "/health", "port": 8080}});
    assert_eq!(found(other, json!(["a", "b"]), 0), [""; 0]);
}

#[test]
fn a_limit_in_a_query_of_patroni_is_read_or_not_and_opens_in_either_case() {
    let problem = |path: &str| {
        let mut config = quiet();
        config["monitors"]["web"] = json!({"path": path});
        let config = Config::parse(&config.to_string()).unwrap();
        let advice = advise(&config, at(NOW));
        let mut found = advice.into_iter().filter(|it| it.code == AdviceCode::W154);
        found.next().map(|advice| advice.problem)
    };
    for unread in ["lag=1mb", "lag=1M", "lag=1MiB", "lag=10s", "Lag=1"] {
        let said = problem(&format!("/replica?{unread}")).unwrap();
        assert_eq!(said, format!("Patroni does not read `{unread}`, and sets no limit"));
    }
    for read in ["lag=1", "lag=1MB", "lag=16kB"] {
        let said = problem(&format!("/replica?{read}")).unwrap();
        assert_eq!(said, format!("`{read}` is no limit once Patroni has lost its store"));
    }
    assert_eq!(problem("/replica"), None);
    assert_eq!(problem("/shop?lag=1mb"), None);
}
