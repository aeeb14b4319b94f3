//! What a probe meets, and what the status says of it.

use crate::support::World;
use pointsman_lab::deployment::REGIONS;
use pointsman_lab::edge::{NetFault, Route};
use pointsman_lab::region::Mode;

/// Why a region is down, as KV tells it.
async fn reason(world: &World, region: &str) -> String {
    let page = world.kv_json(&format!("region:{region}")).await.unwrap();
    let origin = &page["origins"][format!("{region}-1")];
    origin["monitors"]["api"]["reason"].as_str().unwrap_or_default().to_owned()
}

async fn set_all(world: &World, mode: Mode) {
    for (region, ..) in REGIONS {
        world.set(region, mode).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_certificate_that_expires_everywhere_takes_every_region_down() {
    let mut world = World::settled().await;
    for (region, host, delay_ms) in REGIONS {
        let port = world.region(region).unwrap().port();
        let route = Route { port, delay_ms, fault: Some(NetFault::TlsError) };
        world.edge().route_host(host, route).await.unwrap();
    }
    world.minute().await;
    for (region, ..) in REGIONS {
        assert_eq!(world.health(region).await, "down");
        let reason = reason(&world, region).await;
        assert!(reason.contains("certificate, name or handshake"), "{reason}");
    }
    assert!(world.status().await.unwrap()["doubted_since"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_page_whose_body_does_not_decompress_is_an_answer() {
    let mut world = World::settled().await;
    set_all(&world, Mode::BrokenGzip).await;
    world.minute().await;
    for (region, ..) in REGIONS {
        assert_eq!(world.health(region).await, "down");
        let reason = reason(&world, region).await;
        assert_eq!(reason, "response body broke off or does not decompress (status 200)");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_page_that_breaks_off_is_an_answer() {
    let mut world = World::settled().await;
    set_all(&world, Mode::Reset).await;
    world.minute().await;
    for (region, ..) in REGIONS {
        assert_eq!(world.health(region).await, "down");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_page_that_asks_for_fewer_requests_is_left_alone() {
    let mut world = World::settled().await;
    let before = world.region("eu-west").unwrap().served().health;
    world.set("eu-west", Mode::Throttle { retry_after_s: 60 }).await;
    world.minutes(2).await;
    let probes = world.region("eu-west").unwrap().served().health - before;
    assert_eq!(probes, 2, "one in each run, and no recheck");
    assert_eq!(world.health("eu-west").await, "up");
    world.minute().await;
    assert_eq!(world.health("eu-west").await, "down", "three in a row");
    assert_eq!(reason(&world, "eu-west").await, "asked for fewer requests (status 429)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_status_is_named() {
    let mut world = World::settled().await;
    world.set("us-east", Mode::Status { code: 503 }).await;
    world.minute().await;
    assert_eq!(reason(&world, "us-east").await, "response code mismatch (status 503)");
}
