//! What a night leaves behind: the incident, its phases, and the log.

use crate::support::{World, config};
use pointsman_lab::edge::NetFault;
use pointsman_lab::region::Mode;
use serde_json::{Value, json};

/// The phases of an incident that has come to its end.
const PHASES: [&str; 8] =
    ["seen", "confirmed", "decided", "first_change", "last_change", "verified", "up", "back"];

/// The ids that KV lists, the latest first.
async fn ids(world: &World) -> Vec<String> {
    let index = world.kv_json("incidents").await.unwrap();
    let incidents = index["incidents"].as_array().cloned().unwrap_or_default();
    incidents.iter().map(|incident| incident["id"].as_str().unwrap().to_owned()).collect()
}

/// The page of the only incident.
async fn page(world: &World) -> Value {
    let ids = ids(world).await;
    let [id] = ids.as_slice() else { panic!("{ids:?}\n{}", world.edge().log().join("\n")) };
    world.kv_json(&format!("incident:{id}")).await.unwrap()
}

/// The lines of the log that are events of an incident.
fn story(world: &World, id: &str) -> Vec<Value> {
    let log = world.edge().log();
    let lines = log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["incident"] == id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_in_kv_with_all_its_phases_also_over_a_crash() {
    let mut config = config();
    config["monitors"]["api"]["excerpt"] = json!(true);
    let mut world = World::settled_with(&config).await;
    world.minute().await;
    world.set("eu-west", Mode::Status { code: 503 }).await;
    world.minutes(2).await;
    let during = page(&world).await;
    let incident = &during["incident"];
    let id = incident["id"].as_str().unwrap().to_owned();
    assert_eq!(incident["region"], "eu-west");
    assert_eq!(incident["affected"].as_array().unwrap().len(), 2, "two services: {during:#}");
    assert_eq!(incident["cause"]["status"], 503);
    assert!(incident["cause"]["excerpt"].is_string(), "{during:#}");
    for phase in &PHASES[..6] {
        assert!(incident["phases"][phase].is_string(), "{phase}: {during:#}");
    }
    assert!(incident["changes"].as_u64() >= Some(2), "{during:#}");

    world.crash().await;
    world.minute().await;
    world.set("eu-west", Mode::Healthy).await;
    world.minutes(4).await;
    let after = page(&world).await;
    assert_eq!(after["incident"]["id"], id.as_str(), "the same over a crash");
    let phases = &after["incident"]["phases"];
    let instants: Vec<&str> = PHASES.iter().filter_map(|phase| phases[phase].as_str()).collect();
    assert_eq!(instants.len(), PHASES.len(), "{after:#}");
    assert!(instants.is_sorted(), "{instants:?}");
    assert!(after["summary"].as_str().unwrap().starts_with("returned · "), "{after:#}");
    assert_eq!(world.status().await.unwrap()["incidents"][0]["id"], id.as_str());

    world.minutes(11).await;
    let closed = page(&world).await;
    assert!(closed["incident"]["closed_at"].is_string(), "{closed:#}");
    assert_eq!(world.status().await.unwrap()["incidents"], json!([]));
    let told = story(&world, &id);
    let kinds: Vec<&str> = told.iter().map(|line| line["event"].as_str().unwrap()).collect();
    for kind in ["observed", "opened", "down", "applied", "verified", "up", "closed"] {
        assert!(kinds.contains(&kind), "{kind}: {told:#?}");
    }
    assert_eq!(kinds.iter().filter(|kind| **kind == "opened").count(), 1, "{told:#?}");
    let keys = world.edge().kv_list("incident").await.unwrap();
    let summaries = keys.iter().map(|key| key.metadata.as_ref().unwrap()["summary"].to_string());
    let summaries: Vec<_> = summaries.collect();
    assert!(summaries.iter().any(|summary| summary.contains("HTTP 503")), "{summaries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observer_that_is_cut_off_has_an_incident_of_its_own() {
    let mut world = World::settled().await;
    world.network(Some(NetFault::Refuse)).await.unwrap();
    world.minutes(2).await;
    let page = page(&world).await;
    assert_eq!(page["incident"]["region"], Value::Null, "{page:#}");
    assert_eq!(page["incident"]["trouble"], "doubt");
    assert!(page["summary"].as_str().unwrap().starts_with("open · observer in doubt"), "{page:#}");
}
