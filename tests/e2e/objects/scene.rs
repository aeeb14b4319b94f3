//! A deployment that publishes one of each: a record that moves, a set of records, pools of which
//! origins are switched, pools that are switched whole, and a load balancer. All but the first and
//! the second are created by the Worker itself.

use crate::support::{World, assert_conforming, config};
use pointsman_lab::api::{Exchange, Fault};
use pointsman_lab::region::Mode;
use serde_json::{Map, Value, json};

/// The set of records.
pub(crate) const FILES: &str = "files.example.com";
/// The load balancer.
pub(crate) const BALANCER: &str = "lb.example.com";
/// Most minutes that the Worker is given to mend something.
const MINUTES_MAX: u32 = 8;

/// What the lab's account is called in a config.
const ACCOUNT: &str = "00000000000000000000000000000000";

/// A config that publishes one of each. No guard waits for time.
pub(crate) fn one_of_each() -> Value {
    let mut config = config();
    // These regions flap more in a test than any in a year.
    config["monitors"]["api"]["damping"] = json!({"half_life_s": 0});
    let addresses = [("eu-west", "192.0.2.1"), ("us-east", "192.0.2.2"), ("sa-east", "192.0.2.3")];
    for (region, address) in addresses {
        config["regions"][region]["origins"][0]["ipv4"] = json!(address);
    }
    config["services"]["files"] = json!({
        "monitor": "api",
        "regions": ["eu-west", "us-east"],
        "publish": [{"dns": {
            "zone": "example.com", "name": FILES, "type": "A", "mode": "members", "manage": true,
        }}],
    });
    let pool = |name: &str, region: &str| {
        json!({"pool": {
            "account": ACCOUNT, "name": name, "regions": [region], "switch": "pool",
            "manage": true, "monitor": true,
        }})
    };
    let balancer = json!({"load_balancer": {
        "zone": "example.com", "name": BALANCER, "manage": true,
    }});
    config["services"]["bulk"] = json!({
        "monitor": "api",
        "regions": ["eu-west", "us-east"],
        "steering": "ordered",
        "publish": [pool("bulk-eu", "eu-west"), pool("bulk-us", "us-east"), balancer],
    });
    config["guards"] = json!({"hold_down_s": 0, "changes_per_hour": 10_000});
    config
}

/// A settled deployment with one of each.
pub(crate) async fn settled() -> World {
    let world = World::settled_with(&one_of_each()).await;
    let missing = world.status().await.unwrap()["cloudflare"].clone();
    assert_eq!(missing["failures"], json!([]), "{missing:#}");
    assert_eq!(missing["withheld"], json!([]), "{missing:#}");
    world
}

/// What the tables say, without what differs from run to run: ids and instants.
pub(crate) fn tables(world: &World) -> Value {
    let snapshot = world.api().world().lock().snapshot();
    let rows = |rows: &Value| rows.as_array().cloned().unwrap_or_default();
    let lists = [&snapshot["pools"], &snapshot["monitors"]];
    let named: Vec<Value> = lists.into_iter().flat_map(rows).collect();
    let ids = named.iter().filter_map(|row| {
        let name = row["name"].as_str().or(row["description"].as_str())?;
        Some((row["id"].as_str()?.to_owned(), name.to_owned()))
    });
    let ids: Vec<(String, String)> = ids.collect();
    let mut tables = stripped(&snapshot, &ids);
    for list in ["pools", "monitors"] {
        sort(&mut tables[list]);
    }
    for zone in tables["zones"].as_array_mut().unwrap() {
        for list in ["records", "load_balancers"] {
            sort(&mut zone[list]);
        }
    }
    tables
}

fn sort(rows: &mut Value) {
    rows.as_array_mut().unwrap().sort_by_key(ToString::to_string);
}

fn stripped(value: &Value, ids: &[(String, String)]) -> Value {
    const MOVING: [&str; 6] =
        ["id", "created_on", "modified_on", "disabled_at", "comment_modified_on", "account"];
    let name_of = |text: &str| {
        let named = ids.iter().find(|(id, _)| id == text).map(|(_, name)| name.clone());
        named.unwrap_or_else(|| text.to_owned())
    };
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, _)| !MOVING.contains(&key.as_str()));
            let kept = kept.map(|(key, value)| (name_of(key), stripped(value, ids)));
            Value::Object(kept.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| stripped(item, ids)).collect(),
        Value::String(text) => name_of(text).into(),
        other => other.clone(),
    }
}

/// The path below which calls about an object are made.
pub(crate) fn path(world: &World, object: &str) -> String {
    let tables = world.api().world();
    let tables = tables.lock();
    let snapshot = tables.snapshot();
    let zone = snapshot["zones"][0]["id"].as_str().unwrap().to_owned();
    let account = tables.account_id().to_owned();
    let pool = |name: &str| {
        let id = tables.pool(name).unwrap()["id"].as_str().unwrap().to_owned();
        format!("/accounts/{account}/load_balancers/pools/{id}")
    };
    match object {
        "records" => format!("/zones/{zone}/dns_records"),
        "balancer" => format!("/zones/{zone}/load_balancers"),
        "pools" => format!("/accounts/{account}/load_balancers/pools"),
        "monitors" => format!("/accounts/{account}/load_balancers/monitors"),
        name => pool(name),
    }
}

/// What a clean failover of Europe and a clean return make of the tables.
pub(crate) struct Clean {
    pub(crate) settled: Value,
    pub(crate) failed: Value,
}

/// Sets a region's mode, with everything due to be probed at once: probes that are due at different
/// instants would each be waited for.
pub(crate) async fn set(world: &mut World, region: &str, mode: Mode) {
    world.skip_minutes(1);
    world.set(region, mode).await;
}

/// Plays a clean failover and return.
pub(crate) async fn clean_run(world: &mut World) -> Clean {
    let settled = tables(world);
    set(world, "eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    let failed = tables(world);
    let log = world.edge().log().join("\n");
    assert_ne!(failed, settled, "{log}");
    assert_eq!(world.status().await.unwrap()["cloudflare"]["failures"], json!([]), "{log}");
    set(world, "eu-west", Mode::Healthy).await;
    world.minutes(2).await;
    assert_eq!(tables(world), settled, "{}", world.edge().log().join("\n"));
    Clean { settled, failed }
}

/// Lets Europe fail while the API has a fault, and checks that all ends as in a clean run; then the
/// same for the return.
pub(crate) async fn ends_as(world: &mut World, clean: &Clean, fault: &Fault) {
    set(world, "eu-west", Mode::Refuse).await;
    becomes(world, &clean.failed, fault).await;
    set(world, "eu-west", Mode::Healthy).await;
    becomes(world, &clean.settled, fault).await;
    let status = world.status().await.unwrap()["cloudflare"].clone();
    for key in ["failures", "disabled_by_us", "in_flight"] {
        assert_eq!(status[key], json!([]), "{fault:?}: {status:#}");
    }
}

async fn becomes(world: &mut World, expected: &Value, fault: &Fault) {
    world.api().inject(fault.clone());
    for _ in 0..MINUTES_MAX {
        world.minute().await;
        let status = world.status().await.unwrap()["cloudflare"].clone();
        // A call that the API has carried out may still wait for its reply.
        let is_quiet = ["failures", "in_flight"].into_iter().all(|key| status[key] == json!([]));
        if world.api().waiting_faults() == 0 && is_quiet && tables(world) == *expected {
            return;
        }
    }
    let (log, status) = (world.edge().log().join("\n"), world.status().await.unwrap());
    assert_eq!(world.api().waiting_faults(), 0, "{fault:?} never struck\n{log}");
    assert_eq!(tables(world), *expected, "{fault:?}\n{status:#}\n{log}");
    panic!("{fault:?} left failures\n{status:#}\n{log}");
}

/// Holds everything that was said against the published document.
pub(crate) fn conforms(world: &World) {
    assert_conforming(&world.api().transcript());
}

/// The writes since the transcript was cleared, as method and path.
pub(crate) fn writes(world: &World) -> Vec<String> {
    let transcript = world.api().transcript();
    let writes = transcript.iter().filter(|exchange| exchange.is_write());
    writes.map(|Exchange { method, path, .. }| format!("{method} {path}")).collect()
}
