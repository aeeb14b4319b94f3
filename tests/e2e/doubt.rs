//! Whom the Worker takes down when regions hang, and when it is cut off itself.

use crate::support::{World, config};
use pointsman_lab::deployment::REGIONS;
use pointsman_lab::edge::NetFault;
use pointsman_lab::region::Mode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// From the first probe of a region that hangs until it is down, after its interval: three probes
/// of a second each, a second between them, and as much again for a busy machine.
const CONFIRMED: Duration = Duration::from_secs(10);

/// The lab's config, with the default controls or without any.
fn with_controls(has_controls: bool) -> Value {
    let mut config = config();
    if !has_controls {
        config["observer"] = json!({"controls": []});
    }
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_three_regions_that_hang_together_are_down_in_the_stated_time() {
    for has_controls in [false, true] {
        let mut world = World::settled_with(&with_controls(has_controls)).await;
        world.minute().await;
        world.set("eu-west", Mode::Hang).await;
        world.set("us-east", Mode::Hang).await;
        let began = Instant::now();
        world.minute().await;
        assert!(began.elapsed() < CONFIRMED, "{:?}", began.elapsed());
        for (region, health) in [("eu-west", "down"), ("us-east", "down"), ("sa-east", "up")] {
            assert_eq!(world.health(region).await, health, "{region}, controls: {has_controls}");
        }
        assert_eq!(world.status().await.unwrap()["doubted_since"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observer_that_is_cut_off_takes_no_region_down() {
    for (has_controls, fault) in [(false, NetFault::Hang), (true, NetFault::Refuse)] {
        let mut world = World::settled_with(&with_controls(has_controls)).await;
        world.minute().await;
        world.network(Some(fault)).await.unwrap();
        world.minutes(2).await;
        assert!(world.status().await.unwrap()["doubted_since"].is_string());
        world.network(None).await.unwrap();
        world.minute().await;
        for (region, ..) in REGIONS {
            assert_eq!(world.health(region).await, "up", "{region}, controls: {has_controls}");
        }
        assert_eq!(world.status().await.unwrap()["doubted_since"], Value::Null);
        let log = world.edge().log().join("\n");
        assert!(!log.contains(" to down"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_was_down_before_a_gap_is_down_until_a_probe_says_otherwise() {
    let mut world = World::settled().await;
    world.set("us-east", Mode::Refuse).await;
    world.minute().await;
    assert_eq!(world.health("us-east").await, "down");
    let writes = world.api().write_calls();
    world.skip_minutes(180);
    world.minute().await;
    let log = world.edge().log().join("\n");
    let once = "it was unknown before the first run alone";
    assert_eq!(log.matches("us-east-1/api went from unknown").count(), 1, "{once}: {log}");
    assert_eq!(world.kv_json("status").await.unwrap()["services"]["api"]["us-east"], "down");
    assert_eq!(world.api().write_calls(), writes, "nothing moves for it");
    world.set("us-east", Mode::Healthy).await;
    // It has been down for long, so it is probed at twice the interval.
    world.minutes(2).await;
    assert_eq!(world.health("us-east").await, "up");
}
