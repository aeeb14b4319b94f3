//! Whose an object is: people and other tools work in the same account.

use super::scene::{BALANCER, FILES, one_of_each, path, set, settled, tables, writes};
use crate::support::World;
use pointsman_lab::api::SharedWorld;
use pointsman_lab::deployment::pool_name;
use pointsman_lab::region::Mode;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_a_person_disabled_stays_disabled() {
    let mut world = settled().await;
    world.api().world().lock().edit_pool("bulk-us", &json!({"enabled": false})).unwrap();
    set(&mut world, "us-east", Mode::Refuse).await;
    world.minutes(1).await;
    set(&mut world, "us-east", Mode::Healthy).await;
    world.minutes(3).await;
    assert_eq!(world.health("us-east").await, "up");
    assert_eq!(world.api().world().lock().pool("bulk-us").unwrap()["enabled"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balancer_that_a_person_switched_off_stays_off_and_its_other_fields_stay() {
    let mut world = settled().await;
    let theirs = json!({
        "enabled": false, "session_affinity": "cookie", "session_affinity_ttl": 1800,
        "adaptive_routing": {"failover_across_pools": true},
    });
    world.api().world().lock().edit_load_balancer(BALANCER, &theirs).unwrap();
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    let balancer = world.api().world().lock().load_balancer(BALANCER).unwrap();
    let names: Vec<Value> = balancer["default_pools"].as_array().unwrap().clone();
    let us = world.api().world().lock().pool("bulk-us").unwrap()["id"].clone();
    assert_eq!(names[0], us, "it follows health all the same");
    assert_eq!(balancer["enabled"], false);
    assert_eq!(balancer["session_affinity"], "cookie");
    assert_eq!(balancer["adaptive_routing"]["failover_across_pools"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_marked_for_somebody_else_is_never_touched() {
    let mut world = settled().await;
    let theirs = json!({"description": "pointsman:another"});
    world.api().world().lock().edit_load_balancer(BALANCER, &theirs).unwrap();
    world.api().world().lock().edit_pool("bulk-eu", &theirs).unwrap();
    let record = json!({"comment": "pointsman:another"});
    world.api().world().lock().edit_record(FILES, "A", &record).unwrap();
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    let after = tables(&world);
    let pools = after["pools"].as_array().unwrap();
    let pool = pools.iter().find(|pool| pool["name"] == "bulk-eu").unwrap();
    assert_eq!(pool["enabled"], true);
    let contents = world.api().world().lock().records(FILES).len();
    assert_eq!(contents, 2, "the record of another is still there, down or not");
    let withheld = world.status().await.unwrap()["cloudflare"]["withheld"].to_string();
    assert!(withheld.contains("marked for `another`"), "{withheld}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_record_needs_no_marker() {
    let mut config = one_of_each();
    config["services"]["files"]["publish"][0]["dns"]["adopt"] = json!(true);
    let mut world = World::started_with(&config).await;
    let zone = path(&world, "records").split('/').nth(2).unwrap().to_owned();
    let record = json!({"name": FILES, "type": "A", "content": "192.0.2.1", "ttl": 60});
    world.api().world().lock().add_record(&zone, &record).unwrap();
    world.minutes(1).await;
    let contents = world.api().world().lock().records(FILES);
    assert_eq!(contents.len(), 2, "{contents:#?}");
    assert!(contents[0]["comment"].is_null(), "what is adopted is not marked");
}

/// Changes one field of its own origin in a shared pool, as another tool does: reads the array,
/// edits it, writes all of it.
fn writes_own_weight(tables: &SharedWorld, pool: &str, weight: f64) {
    let mut tables = tables.lock();
    let mut origins = tables.pool(pool).unwrap()["origins"].clone();
    for origin in origins.as_array_mut().unwrap() {
        origin.as_object_mut().unwrap().remove("disabled_at");
        if origin["name"] == "theirs" {
            origin["weight"] = json!(weight);
        }
    }
    tables.edit_pool(pool, &json!({"origins": origins})).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_writer_loses_nothing_and_neither_do_we() {
    let mut world = World::settled().await;
    let pool = pool_name("eu-west");
    let theirs = json!({
        "name": "theirs", "address": "192.0.2.77", "enabled": true, "weight": 0.5,
        "header": {"Host": ["www.example.com"]},
    });
    let mut origins = world.api().world().lock().pool(&pool).unwrap()["origins"].clone();
    origins.as_array_mut().unwrap().push(theirs);
    world.api().world().lock().edit_pool(&pool, &json!({"origins": origins})).unwrap();
    let list = path(&world, "pools");
    let mut weight = 0.1;
    for mode in [Mode::Refuse, Mode::Healthy, Mode::Refuse, Mode::Healthy] {
        // Once just after our list was read, and so before we read the pool itself; then while we
        // write others, and after.
        let (name, share) = (pool.clone(), weight);
        world.api().on_next_get(&list, move |tables| {
            let mut origins = tables.pool(&name).unwrap()["origins"].clone();
            for origin in origins.as_array_mut().unwrap() {
                origin.as_object_mut().unwrap().remove("disabled_at");
                if origin["name"] == "theirs" {
                    origin["weight"] = json!(share);
                }
            }
            tables.edit_pool(&name, &json!({"origins": origins})).unwrap();
        });
        set(&mut world, "eu-west", mode).await;
        world.minutes(2).await;
        let is_up = mode == Mode::Healthy;
        let now = world.api().world().lock().pool(&pool).unwrap();
        assert_eq!(now["origins"][0]["enabled"], is_up, "{now:#}");
        assert_eq!(now["origins"][1]["weight"], weight, "{now:#}");
        assert_eq!(now["origins"][1]["header"]["Host"][0], "www.example.com");
        assert_eq!(now["origins"][1]["enabled"], true);
        writes_own_weight(&world.api().world(), &pool, weight + 0.05);
        world.minutes(1).await;
        let now = world.api().world().lock().pool(&pool).unwrap();
        assert_eq!(now["origins"][0]["enabled"], is_up, "{now:#}");
        assert_eq!(now["origins"][1]["weight"], weight + 0.05, "{now:#}");
        weight += 0.1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_of_every_object_is_mended_at_the_next_comparison() {
    let world = settled().await;
    let settled = tables(&world);
    let tables_of = world.api().world();
    let us = tables_of.lock().pool("bulk-us").unwrap()["id"].clone();
    tables_of.lock().edit_load_balancer(BALANCER, &json!({"default_pools": [us]})).unwrap();
    tables_of.lock().edit_record(FILES, "A", &json!({"ttl": 300})).unwrap();
    let monitor = tables_of.lock().snapshot()["monitors"][0]["id"].as_str().unwrap().to_owned();
    tables_of.lock().edit_monitor(&monitor, &json!({"path": "/elsewhere"})).unwrap();
    assert_ne!(tables(&world), settled);
    world.compare().await;
    assert_eq!(tables(&world), settled);
    world.api().clear_transcript();
    world.compare().await;
    assert_eq!(writes(&world), Vec::<String>::new());
}

const RECORD: &str = pointsman_lab::deployment::RECORD;

/// The zone's id.
fn zone(world: &World) -> String {
    path(world, "records").split('/').nth(2).unwrap().to_owned()
}

async fn told(world: &World, list: &str) -> String {
    world.status().await.unwrap()["cloudflare"][list].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_whose_marker_a_tool_dropped_is_still_ours_and_gets_it_back() {
    let mut world = settled().await;
    let before = tables(&world);
    let record = world.api().world().lock().record(RECORD, "CNAME").unwrap();
    // As octodns and dns-lexicon do: a PUT without the comment, and with a TTL of their own.
    let put = json!({
        "name": RECORD, "type": "CNAME", "content": record["content"], "ttl": 3600,
    });
    world.api().world().lock().overwrite_record(RECORD, "CNAME", &put).unwrap();
    assert_ne!(tables(&world), before);
    world.compare().await;
    assert_eq!(tables(&world), before);
    let applied = told(&world, "applied").await;
    assert!(applied.contains("its marker is lost"), "{applied}");
    assert!(applied.contains("its TTL is 3600 s instead of 60 s"), "{applied}");
    world.api().world().lock().overwrite_record(RECORD, "CNAME", &put).unwrap();
    world.crash().await;
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    let moved = world.api().world().lock().record(RECORD, "CNAME").unwrap();
    assert_eq!(moved["content"], "us1.origin.example.com", "after a restart too");
    assert_eq!(moved["id"], record["id"], "changed in place");
    assert_eq!(moved["comment"], "pointsman:downloads");
    let applied = told(&world, "applied").await;
    assert!(applied.contains("two owners: others changed it 2 times"), "{applied}");
    super::scene::conforms(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_beside_ours_is_told_and_under_a_rule_it_is_a_breach() {
    let mut config = one_of_each();
    let mut world = World::settled_with(&config).await;
    let stranger = json!({"name": FILES, "type": "A", "content": "192.0.2.1", "ttl": 60});
    let abroad = json!({"name": FILES, "type": "AAAA", "content": "2001:db8::66", "ttl": 60});
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    // Ours has left the address that is down, and a person puts it there again.
    let zone = zone(&world);
    world.api().world().lock().add_record(&zone, &stranger).unwrap();
    world.api().world().lock().add_record(&zone, &abroad).unwrap();
    world.compare().await;
    let withheld = told(&world, "withheld").await;
    assert!(withheld.contains("`192.0.2.1` (region eu-west, which is down"), "{withheld}");
    assert!(withheld.contains("`2001:db8::66` (no origin of the config"), "{withheld}");
    assert!(!withheld.contains("[breach]"), "{withheld}");
    let rule = json!({
        "id": "gdpr", "when": {"host": FILES}, "allow": ["IE"], "mode": "strict",
    });
    config["residency"].as_array_mut().unwrap().push(rule);
    world.write_config(&config.to_string()).await.unwrap();
    world.minutes(2).await;
    let status = world.status().await.unwrap()["cloudflare"].clone();
    let first = status["withheld"][0].as_str().unwrap();
    assert!(first.contains("[breach]") && first.contains("2001:db8::66"), "{status:#}");
    let log = world.edge().log().join("\n");
    assert!(log.contains("action needed: files.example.com: clients may be led to"), "{log}");
    let left = world.api().world().lock().records(FILES);
    let left: Vec<&Value> = left.iter().map(|record| &record["content"]).collect();
    assert_eq!(left, ["192.0.2.1", "2001:db8::66"], "ours is not abroad; theirs are not touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_zones_of_one_name_the_one_that_answers_is_written() {
    let mut world = settled().await;
    let old = zone(&world);
    let ours = world.api().world().lock().record(RECORD, "CNAME").unwrap();
    let new = {
        let tables = world.api().world();
        let mut tables = tables.lock();
        tables.set_zone_status(&old, "moved").unwrap();
        let new = tables.add_zone("example.com", pointsman_lab::api::Plan::Free);
        let record = json!({
            "name": RECORD, "type": "CNAME", "content": ours["content"], "ttl": 60,
            "comment": "pointsman:downloads",
        });
        tables.add_record(&new, &record).unwrap();
        new
    };
    // The status of a known zone is looked at once an hour.
    world.skip_minutes(61);
    world.minute().await;
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    let snapshot = world.api().world().lock().snapshot();
    let record_in = |id: &str| {
        let zone = snapshot["zones"].as_array().unwrap().iter().find(|z| z["id"] == *id).unwrap();
        let mut records = zone["records"].as_array().unwrap().iter();
        records.find(|record| record["name"] == RECORD).unwrap()["content"].clone()
    };
    assert_eq!(record_in(&new), "us1.origin.example.com");
    assert_eq!(record_in(&old), "eu1.origin.example.com", "nothing is written where nobody asks");
    assert_eq!(world.answer().await, "us1.origin.example.com.");
}
