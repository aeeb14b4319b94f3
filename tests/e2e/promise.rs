//! How long a detection takes in real minutes, against what the config states.

use crate::support::{World, config, until};
use pointsman::config::{Config, Estate, RecoveryTime};
use pointsman::ids::ServiceId;
use pointsman_lab::region::Mode;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The fault begins just after a probe that passed, in the last third of a run: the next probe
/// still ends within the run, and no recheck does.
const FAULT: Duration = Duration::from_secs(32);
const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_hangs_late_in_a_run_is_down_within_the_time_that_is_stated() {
    let mut config = config();
    config["monitors"]["api"]["interval_s"] = json!(15);
    config["monitors"]["api"]["timeout_ms"] = json!(5_000);
    let checked = Config::parse(&config.to_string()).unwrap();
    let monitor = checked.monitors.values().next().unwrap();
    let estate = Estate::of(&checked);
    let stated = Duration::from_millis(estate.detection(monitor).total_ms());
    let service = checked.services.get(&ServiceId::parse("downloads").unwrap()).unwrap();
    let recovery = RecoveryTime::of(&checked, &estate, service).unwrap();

    let mut world = World::started_with(&config).await;
    let (first, began) = (world.begin_minute(), Instant::now());
    let fails = async {
        sleep_until(began + FAULT).await;
        assert_eq!(world.health("eu-west").await, "up");
        let before = world.answer().await;
        world.set("eu-west", Mode::Hang).await;
        (Instant::now(), before)
    };
    let edge = world.edge();
    let (run, (fault, before)) = tokio::join!(edge.run_cron(first), fails);
    run.unwrap();
    assert_eq!(world.health("eu-west").await, "up", "no three probes end within this run");
    sleep_until(began + MINUTE).await;
    let second = world.begin_minute();
    let found = async {
        until("the region is down", async || world.health("eu-west").await == "down").await;
        fault.elapsed()
    };
    let edge = world.edge();
    let (run, took) = tokio::join!(edge.run_cron(second), found);
    run.unwrap();
    println!("down after {took:?}; stated are {stated:?}");
    assert!(took <= stated, "{took:?} is longer than {stated:?}");
    // And until new look-ups find another region. Who asked a moment before keeps the old answer
    // for as long as its TTL says.
    until("the record has moved", async || world.answer().await != before).await;
    let ttl = Duration::from_millis(recovery.ttl_ms);
    let (moved, stated) = (fault.elapsed() + ttl, Duration::from_millis(recovery.total_ms()));
    println!("new clients elsewhere after {moved:?} with the TTL; stated are {stated:?}");
    assert!(moved <= stated, "{moved:?} is longer than {stated:?}");
}
