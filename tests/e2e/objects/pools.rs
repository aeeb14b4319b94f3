//! Pools that others work in too: lost calls, lines that leave the config, strangers, ports and
//! monitors that the account's plan does not allow.

use super::scene::{one_of_each, path, set, settled, writes};
use crate::support::{World, until};
use pointsman_lab::api::{Fault, FaultKind};
use pointsman_lab::deployment::pool_name;
use pointsman_lab::region::Mode;
use serde_json::{Value, json};

async fn withheld(world: &World) -> String {
    world.status().await.unwrap()["cloudflare"]["withheld"].to_string()
}

/// What a person does to the first origin of a pool.
fn switch_by_hand(world: &World, pool: &str, enabled: bool) {
    let tables = world.api().world();
    let mut tables = tables.lock();
    let mut origins = tables.pool(pool).unwrap()["origins"].clone();
    origins[0]["enabled"] = json!(enabled);
    origins[0].as_object_mut().unwrap().remove("disabled_at");
    tables.edit_pool(pool, &json!({"origins": origins})).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_disables_after_a_call_that_never_arrived_stays_disabled() {
    let mut world = settled().await;
    let pool = pool_name("eu-west");
    let lost = Fault::new(FaultKind::CloseBeforeApply).on("PATCH", &path(&world, &pool));
    world.api().inject(lost.times(3));
    set(&mut world, "eu-west", Mode::Refuse).await;
    let (edge, minute) = (world.edge(), world.begin_minute());
    let run = tokio::spawn(async move { edge.run_cron(minute).await });
    let is_lost = async || {
        let status = world.status().await.unwrap();
        status["cloudflare"]["failures"].to_string().contains("no reply")
    };
    until("the call is known to be lost", is_lost).await;
    assert_eq!(world.enabled_in_pool("eu-west"), Some(true));
    switch_by_hand(&world, &pool, false);
    world.api().clear_faults();
    run.await.unwrap().unwrap();
    world.minute().await;
    set(&mut world, "eu-west", Mode::Healthy).await;
    world.minutes(3).await;
    assert_eq!(world.health("eu-west").await, "up");
    assert_eq!(world.enabled_in_pool("eu-west"), Some(false), "{}", withheld(&world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_disabled_is_reported_after_its_line_has_left_the_config() {
    let mut world = settled().await;
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    assert_eq!(world.enabled_in_pool("eu-west"), Some(false));
    let mut config = world.stored_config().await;
    config["services"]["api"]["publish"] = json!([]);
    world.edge().kv_put("config", &config.to_string()).await.unwrap();
    set(&mut world, "eu-west", Mode::Healthy).await;
    world.minutes(2).await;
    let told = withheld(&world).await;
    assert!(told.contains("[left_config]") && told.contains(&pool_name("eu-west")), "{told}");
    assert_eq!(world.enabled_in_pool("eu-west"), Some(false));
    switch_by_hand(&world, &pool_name("eu-west"), true);
    world.compare().await;
    let status = world.status().await.unwrap()["cloudflare"].clone();
    assert_eq!((&status["withheld"], &status["disabled_by_us"]), (&json!([]), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_put_into_our_pools_or_over_them_is_reported() {
    let world = settled().await;
    let pool = pool_name("us-east");
    let zone = path(&world, "records").split('/').nth(2).unwrap().to_owned();
    {
        let tables = world.api().world();
        let mut tables = tables.lock();
        let row = tables.pool(&pool).unwrap();
        let mut origins = row["origins"].clone();
        let theirs = json!({"name": "theirs", "address": "192.0.2.77", "port": 8443});
        origins.as_array_mut().unwrap().push(theirs);
        tables.edit_pool(&pool, &json!({"origins": origins})).unwrap();
        let shop = json!({
            "name": "shop.example.com", "default_pools": [row["id"]], "fallback_pool": row["id"],
        });
        tables.add_load_balancer(&zone, &shop).unwrap();
    }
    world.compare().await;
    let told = withheld(&world).await;
    for what in [&*format!("pool {pool}: "), "192.0.2.77:8443", "load balancer shop.example.com: "]
    {
        assert!(told.contains(what), "{what}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_that_the_plan_does_not_allow_is_slower_and_nothing_waits_for_it() {
    let mut config = one_of_each();
    config["monitors"]["api"]["interval_s"] = json!(15);
    // One round a run: the next would come 15 real seconds later.
    config["limits"] = json!({"probes_per_run": 3});
    let mut world = World::started_with(&config).await;
    world.api().world().lock().monitor_interval_s_min = 60;
    world.minutes(3).await;
    let status = world.status().await.unwrap()["cloudflare"].clone();
    assert_eq!(status["failures"], json!([]), "{status:#}");
    let told = status["withheld"].to_string();
    assert!(told.contains("check every 15 s") && told.contains("[refused]"), "{told}");
    let snapshot = world.api().world().lock().snapshot();
    assert_eq!(snapshot["monitors"][0]["interval"], 60);
    let pool = world.api().world().lock().pool("bulk-eu").unwrap();
    assert_eq!(pool["monitor"], snapshot["monitors"][0]["id"]);
    assert!(world.api().world().lock().load_balancer(super::scene::BALANCER).is_some());
    world.api().clear_transcript();
    world.minutes(3).await;
    assert_eq!(writes(&world), Vec::<String>::new(), "the account is not asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_origins_on_one_host_only_the_port_that_is_down_is_disabled() {
    let mut config = one_of_each();
    let url = "https://eu1.origin.example.com:8443";
    let odd = json!({"id": "eu-odd", "url": url, "ipv4": "192.0.2.9"});
    config["regions"]["eu-west"]["origins"].as_array_mut().unwrap().push(odd);
    // The simulated network knows no ports, so an operator says that this one is down.
    config["overrides"] = json!([{
        "origin": "eu-odd", "set": "down", "reason": "disks", "author": "ann",
        "until": "2099-01-01T00:00:00Z",
    }]);
    config["services"]["bulk"]["publish"][0]["pool"]["switch"] = json!("origins");
    config["services"]["bulk"]["publish"][0]["pool"].as_object_mut().unwrap().remove("monitor");
    let mut world = World::started_with(&config).await;
    world.minutes(4).await;
    let pool = world.api().world().lock().pool("bulk-eu").unwrap();
    let seen: Vec<(&Value, &Value)> = pool["origins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|origin| (&origin["port"], &origin["enabled"]))
        .collect();
    assert_eq!(seen, [(&json!(0), &json!(true)), (&json!(8443), &json!(false))], "{pool:#}");
}
