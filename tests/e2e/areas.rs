//! Probes from several areas: who decides, who is led elsewhere, and what one costs that dies.

use crate::support::{World, config};
use pointsman_lab::deployment::{BERLIN, HOST};
use pointsman_lab::edge::NetFault;
use reqwest::Method;
use serde_json::{Value, json};

const BRAZILIAN: &str = "br1.origin.example.com";

fn from_areas() -> Value {
    let mut config = config();
    config["areas"] = json!({"use": ["weur", "enam", "sam"]});
    config
}

/// The region that serves a client in Buenos Aires, whose nearest one is in Brazil.
async fn serves_argentina(world: &World) -> Option<String> {
    let cf = json!({"country": "AR", "latitude": "-34.6", "longitude": "-58.4", "colo": "EZE"});
    let request = world.edge().request(Method::GET, HOST, "/a", Some(&cf));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.headers().get("x-lab-region").map(|it| it.to_str().unwrap().to_owned())
}

async fn seen_of(world: &World, region: &str) -> Value {
    let page = world.kv_json(&format!("region:{region}")).await.unwrap();
    page["origins"][format!("{region}-1")]["monitors"]["api"]["areas"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_area_probes_and_says_from_which_data_center() {
    let mut world = World::settled_with(&from_areas()).await;
    world.minute().await;
    let status = world.status().await.unwrap();
    for (area, colo) in [("weur", "FRA"), ("enam", "IAD"), ("sam", "GRU")] {
        let told = &status["areas"][area];
        assert_eq!(*told, json!({"colo": colo, "answers": true}), "{area}");
        let seen = seen_of(&world, "eu-west").await;
        assert_eq!(seen[area]["health"], "up", "{area}: {seen}");
    }
    let before = world.region("eu-west").unwrap().served().health;
    world.minute().await;
    let probes = world.region("eu-west").unwrap().served().health - before;
    assert_eq!(probes, 3, "one from each area, and none from the run itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_one_area_does_not_reach_is_left_by_its_clients_alone() {
    let mut world = World::settled_with(&from_areas()).await;
    assert_eq!(serves_argentina(&world).await.as_deref(), Some("sa-east"));
    world.edge().fault_from("sam", BRAZILIAN, Some(NetFault::Refuse)).await.unwrap();
    world.minutes(2).await;
    assert_eq!(world.health("sa-east").await, "up", "two of three reach it");
    let status = world.status().await.unwrap();
    assert_eq!(status["reasons"]["api"]["sa-east"]["away"], json!(["sam"]));
    let seen = seen_of(&world, "sa-east").await;
    assert_eq!((&seen["sam"]["health"], &seen["weur"]["health"]), (&json!("down"), &json!("up")));
    assert_eq!(world.enabled_in_pool("sa-east"), Some(true), "balancers go by the quorum");
    world.crash().await;
    assert_ne!(serves_argentina(&world).await.as_deref(), Some("sa-east"));
    let berlin = world.get(BERLIN, "/a").await.unwrap();
    assert_eq!(berlin.region.as_deref(), Some("eu-west"));
    assert_eq!(world.residency_violations(), 0);
    world.edge().fault_from("sam", BRAZILIAN, None).await.unwrap();
    world.minutes(2).await;
    world.crash().await;
    assert_eq!(serves_argentina(&world).await.as_deref(), Some("sa-east"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_area_that_is_cut_off_takes_nobody_down_and_says_that_it_doubts_itself() {
    let mut world = World::settled_with(&from_areas()).await;
    for (_, host, _) in pointsman_lab::deployment::REGIONS {
        world.edge().fault_from("sam", host, Some(NetFault::Refuse)).await.unwrap();
    }
    for host in pointsman_lab::deployment::CONTROLS {
        world.edge().fault_from("sam", host, Some(NetFault::Refuse)).await.unwrap();
    }
    world.minutes(3).await;
    for region in ["eu-west", "us-east", "sa-east"] {
        assert_eq!(world.health(region).await, "up");
        assert_eq!(seen_of(&world, region).await["sam"]["health"], "up");
    }
    let status = world.status().await.unwrap();
    assert!(status["areas"]["sam"]["doubted_since"].is_string(), "{}", status["areas"]);
    assert!(status["doubted_since"].is_null(), "the others reach everything");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_area_reaches_is_down() {
    let mut world = World::settled_with(&from_areas()).await;
    for area in ["weur", "enam", "sam"] {
        world.edge().fault_from(area, BRAZILIAN, Some(NetFault::Refuse)).await.unwrap();
    }
    world.minute().await;
    assert_eq!(world.health("sa-east").await, "down");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_vantage_points_the_run_probes_by_itself() {
    let without = |options: &mut pointsman_lab::edge::EdgeOptions| {
        options.durable_objects.retain(|(binding, _)| binding != "VANTAGE");
    };
    let mut world = World::started_on(&from_areas(), without).await;
    world.minute().await;
    for region in ["eu-west", "us-east", "sa-east"] {
        assert_eq!(world.health(region).await, "up");
    }
    let status = world.status().await.unwrap();
    assert_eq!(status["areas"]["weur"]["answers"], json!(false));
    let log = world.edge().log();
    assert!(log.iter().any(|line| line.contains("area weur")), "{log:#?}");
}
