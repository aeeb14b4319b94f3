//! Every place that reports a mistake is reached by some file of `tests/configs`, and every limit
//! holds at its number and not one beyond it.

use super::recovery::STEPS_MAX;
use crate::config::{
    ACCESS_MAX, ADDRESSES_MAX, ADMIN_HOSTS_MAX, ADMIN_TOKENS_MAX, ALERTS_MAX, ALLOWED_HOSTS_MAX,
    BOUNDS_MAX, COMPONENTS_MAX, COMPOSITE_MEMBERS_MAX, Code, Config, HOSTS_MAX, MONITORS_MAX,
    ORIGINS_MAX, OVERRIDES_MAX, PROBE_HEADERS_MAX, PUBLISH_MAX, REGIONS_MAX, RULES_MAX,
    SERVICES_MAX, SETS_MAX, TENANTS_MAX,
};
use crate::fingerprint::Fingerprint;
use crate::health::FIELDS_MAX;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::panic::Location;
use std::path::Path;

/// A file and a line.
type Site = (String, usize);

/// Where a limit is, its number, and a config with so many.
type Limit = (&'static str, usize, fn(usize) -> Value);

thread_local! {
    static REACHED: RefCell<BTreeSet<Site>> = RefCell::default();
}

/// Remembers the place that reports.
#[track_caller]
pub(super) fn reached() {
    let at = Location::caller();
    let file = Path::new(at.file()).file_name().unwrap().to_string_lossy().into_owned();
    REACHED.with_borrow_mut(|reached| reached.insert((file, at.line().try_into().unwrap())));
}

/// The places that report, from the sources. The helpers themselves are none: they are tracked to
/// whoever calls them.
fn sites() -> BTreeSet<Site> {
    const CALLS: [&str; 6] =
        [".report(", ".report_with(", ".unknown(", ".twice(", ".at_most(", ".not_empty("];
    let mut sites = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/check");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut in_helper = false;
        for (index, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            in_helper =
                line.contains("cfg_attr(test, track_caller)") || in_helper && line != "    }";
            let is_call = CALLS.iter().any(|call| line.contains(call));
            if is_call && !in_helper && file != "tests.rs" {
                sites.insert((file.clone(), index + 1));
            }
        }
    }
    sites
}

fn json_of(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(instant) => instant.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(json_of).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json_of(value))).collect())
        }
    }
}

/// Code and path of each mistake.
fn mistakes(document: &Value) -> Vec<(Code, String)> {
    let found = Config::read(document, Fingerprint::of(b"")).err().unwrap_or_default();
    found.into_iter().map(|found| (found.code, found.path)).collect()
}

/// A sound config with as few keys as there can be.
fn smallest() -> Value {
    json!({
        "version": 1,
        "regions": {"eu": {
            "country": "IE",
            "origins": [{"id": "eu-1", "url": "https://eu1.example.net"}],
        }},
        "monitors": {"web": {}},
        "services": {"web": {"hosts": ["www.example.com"], "monitor": "web", "regions": ["eu"]}},
        "limits": {"probes_per_run": 10_000},
    })
}

fn table(count: usize, value: impl Fn(usize) -> Value) -> Value {
    Value::Object(
        (0..count).map(|index| (format!("x{index}"), value(index))).collect::<Map<_, _>>(),
    )
}

fn list(count: usize, value: impl Fn(usize) -> Value) -> Value {
    (0..count).map(value).collect()
}

fn region(origins: usize, name: usize) -> Value {
    let origin = |index: usize| {
        let id = format!("o-{name}-{index}");
        json!({"id": id, "url": format!("https://{id}.example.net")})
    };
    json!({"country": "IE", "origins": list(origins, origin)})
}

#[expect(clippy::too_many_lines, reason = "one table, a few lines for each limit")]
fn limits() -> Vec<Limit> {
    vec![
        ("regions", REGIONS_MAX, |n| {
            let mut config = smallest();
            config["regions"] = table(n, |name| region(1, name));
            config["services"]["web"]["regions"] = json!(["x0"]);
            config
        }),
        ("regions", ORIGINS_MAX, |n| {
            let mut config = smallest();
            config["regions"]["eu"] = region(n, 0);
            config
        }),
        ("monitors", MONITORS_MAX, |n| {
            let mut config = smallest();
            config["monitors"] = table(n, |_| json!({}));
            config["services"]["web"]["monitor"] = "x0".into();
            config
        }),
        ("monitors.site.all", COMPOSITE_MEMBERS_MAX, |n| composite("all", n)),
        ("monitors.site.must_pass", COMPOSITE_MEMBERS_MAX, |n| composite("must_pass", n)),
        ("services", SERVICES_MAX, |n| {
            let mut config = smallest();
            config["services"] = table(n, |_| json!({"monitor": "web", "regions": ["eu"]}));
            config
        }),
        ("services.web.hosts", HOSTS_MAX, |n| {
            let mut config = smallest();
            let host = |index| format!("h{index}.example.com").into();
            config["services"]["web"]["hosts"] = list(n, host);
            config
        }),
        ("services.web.publish", PUBLISH_MAX, |n| {
            let mut config = smallest();
            let account = "0123456789abcdef0123456789abcdef";
            let pool = |index| json!({"pool": {"account": account, "name": format!("p{index}")}});
            config["services"]["web"]["publish"] = list(n, pool);
            config
        }),
        ("services.web.contract.components", COMPONENTS_MAX, |n| {
            let mut config = smallest();
            let bounds = json!({"/lag_s": {"max": 5}});
            let component = |_| json!({"kind": "api", "bounds": bounds});
            config["services"]["web"]["contract"] = json!({"components": table(n, component)});
            config
        }),
        ("services.web.contract.components.db.bounds", BOUNDS_MAX, |n| {
            let mut config = smallest();
            config["services"]["web"]["contract"] = fields("db", n);
            config
        }),
        ("monitors.web", FIELDS_MAX, |n| {
            let mut config = smallest();
            let mut contract = fields("db", BOUNDS_MAX);
            let others = fields("more", n - BOUNDS_MAX);
            contract["components"]["more"] = others["components"]["more"].clone();
            // Of a component there are fewer; the third has the last one.
            if n > 2 * BOUNDS_MAX {
                let more = &mut contract["components"]["more"]["bounds"];
                more.as_object_mut().unwrap().remove("/more-0");
                contract["components"]["last"] = fields("last", 1)["components"]["last"].clone();
                contract["components"]["last"]["bounds"]["/more-0"] = json!(1);
            }
            config["services"]["web"]["contract"] = contract;
            config
        }),
        ("services.web.failover.steps", STEPS_MAX, |n| {
            let mut config = smallest();
            let url = "https://ops.example.net/step";
            let step = |index| json!({"name": format!("s{index}"), "url": url});
            config["services"]["web"]["failover"] = json!({"steps": list(n, step)});
            config
        }),
        ("residency", RULES_MAX, |n| {
            let mut config = smallest();
            let rule = |index| json!({"id": format!("r{index}"), "allow": "IE", "mode": "strict"});
            config["residency"] = list(n, rule);
            config
        }),
        ("sets", SETS_MAX, |n| {
            let mut config = smallest();
            config["sets"] = table(n, |_| json!(["IE"]));
            config
        }),
        ("tenants", TENANTS_MAX, |n| {
            let mut config = smallest();
            config["tenants"] = table(n, |_| json!({"allow": "IE"}));
            config["services"]["web"]["tenant"] = json!({"header": "x-tenant"});
            config
        }),
        ("overrides", OVERRIDES_MAX, |n| {
            let mut config = smallest();
            config["regions"]["eu"] = region(ORIGINS_MAX, 0);
            config["overrides"] = list(n, |index| {
                json!({
                    "origin": format!("o-0-{index}"),
                    "set": "up",
                    "reason": "upgrade",
                    "author": "ada",
                    "until": "2027-01-01T00:00:00Z",
                })
            });
            config
        }),
        ("observer.controls", 4, |n| {
            let mut config = smallest();
            let url = |index| format!("https://c{index}.example.org/").into();
            config["observer"] = json!({"controls": list(n, url)});
            config
        }),
        ("admin.hosts", ADMIN_HOSTS_MAX, |n| {
            let mut config = smallest();
            let host = |index| format!("h{index}.example.org").into();
            config["admin"] = json!({"hosts": list(n, host)});
            config
        }),
        ("admin.tokens", ADMIN_TOKENS_MAX, |n| {
            let mut config = smallest();
            let token = |index: usize| {
                let id = format!("t{}", index / 2);
                json!({"id": id, "role": "viewer", "sha256": format!("{index:064x}")})
            };
            config["admin"] = json!({"tokens": list(n, token)});
            config
        }),
        ("admin.access", ACCESS_MAX, |n| {
            let mut config = smallest();
            let app = |index: usize| {
                let team = "acme.cloudflareaccess.com";
                json!({"team_domain": team, "aud": format!("{index:064x}"), "role": "viewer"})
            };
            config["admin"] = json!({"access": list(n, app)});
            config
        }),
        ("monitors.web.headers", PROBE_HEADERS_MAX, |n| {
            let mut config = smallest();
            config["monitors"]["web"]["headers"] = table(n, |_| json!("1"));
            config
        }),
        ("regions.eu.origins[0].addresses", ADDRESSES_MAX, |n| {
            let mut config = smallest();
            let address = |index| format!("192.0.2.{index}").into();
            config["regions"]["eu"]["origins"][0]["addresses"] = list(n, address);
            config
        }),
        ("alerts", ALERTS_MAX, |n| {
            let mut config = smallest();
            let id = |index| format!("slack-{index}");
            let alert = |index| json!({"id": id(index), "kind": "slack", "url_secret": "SLACK"});
            config["alerts"] = list(n, alert);
            config
        }),
        ("watchdog.allow_hosts", ALLOWED_HOSTS_MAX, |n| {
            let mut config = smallest();
            let host = |index| format!("h{index}.example.org").into();
            config["watchdog"] = json!({"allow_hosts": list(n, host)});
            config
        }),
    ]
}

/// A contract of one component with so many bounds.
fn fields(name: &str, bounds: usize) -> Value {
    let bounds = (0..bounds).map(|n| (format!("/{name}-{n}"), json!(1)));
    let bounds: serde_json::Map<String, Value> = bounds.collect();
    json!({"components": {name: {"kind": "api", "bounds": bounds}}})
}

fn composite(key: &str, members: usize) -> Value {
    let mut config = smallest();
    config["monitors"] = table(members, |_| json!({}));
    config["monitors"]["site"] = json!({"all": ["x0"]});
    config["monitors"]["site"][key] = list(members, |index| format!("x{index}").into());
    config["services"]["web"]["monitor"] = "site".into();
    config
}

#[test]
fn each_limit_holds_at_its_number_and_not_one_beyond() {
    for (path, most, config) in limits() {
        assert_eq!(mistakes(&config(most)), [], "{path} with {most}");
        let found = mistakes(&config(most + 1));
        assert_eq!(found, [(Code::E004, path.to_owned())], "{path} with one more than {most}");
    }
}

#[test]
fn each_place_that_reports_is_reached_by_some_file() {
    REACHED.with_borrow_mut(BTreeSet::clear);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs");
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        // What is no TOML, or no config, never comes here; nor do the diagnostics beside the files.
        let Ok(table) = text.parse::<toml::Table>() else { continue };
        mistakes(&json_of(toml::Value::Table(table)));
    }
    for (_, most, config) in limits() {
        mistakes(&config(most + 1));
    }
    let reached = REACHED.with_borrow(Clone::clone);
    let sites = sites();
    assert!(sites.len() > 80, "only {} places were found", sites.len());
    let missed: Vec<_> = sites.difference(&reached).collect();
    assert!(missed.is_empty(), "write a file into tests/configs for each of {missed:#?}");
    let strays: Vec<_> = reached.difference(&sites).collect();
    assert!(strays.is_empty(), "these report in a way that is not looked for: {strays:#?}");
}

#[test]
fn the_worst_case_may_take_as_long_as_promised_and_no_longer() {
    let config = |rto_s: u32| {
        let mut config = smallest();
        config["regions"]["us"] = region(1, 1);
        config["services"]["web"]["regions"] = json!(["eu", "us"]);
        config["services"]["web"]["contract"] = json!({"rto_s": rto_s});
        config["observer"] = json!({"controls": []});
        mistakes(&config)
    };
    // 60 to the next probe, 6 for the other's, 4 * 5 and 3 * 1 to confirm, 1 for the replies,
    // 6 + 6 at the end of a run; 2 to decide, 90 to spread.
    let late = [(Code::E016, "services.web.contract.rto_s".to_owned())];
    assert_eq!(config(193), late);
    assert_eq!(config(194), []);
    assert_eq!(config(195), []);
}

#[test]
fn a_window_may_be_as_short_as_its_failures_take_and_no_shorter() {
    let config = |window_s: u32| {
        let mut config = smallest();
        config["monitors"]["web"] = json!({"fall": 10, "window_s": window_s});
        mistakes(&config)
    };
    assert_eq!(config(84), [(Code::E014, "monitors.web.window_s".to_owned())]);
    assert_eq!(config(85), []);
}
