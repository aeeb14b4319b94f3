//! A config that is broken, and one that is mended.

use crate::support::World;
use pointsman_lab::deployment::BERLIN;

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_config_is_refused_whole_and_the_status_says_why() {
    let mut world = World::settled().await;
    let mut config = world.stored_config().await;
    let in_use = world.status().await.unwrap()["config"]["in_use"].clone();
    config["services"]["api"]["monitor"] = "nothing".into();
    config["monitors"]["api"]["timeout_ms"] = 1.into();
    world.edge().kv_put("config", &config.to_string()).await.unwrap();
    world.minute().await;

    let status = world.status().await.unwrap();
    assert_eq!(status["config"]["in_use"], in_use);
    let problems = status["config"]["refused"]["problems"].as_array().unwrap();
    let told: Vec<_> = problems.iter().map(|p| (&p["code"], &p["path"])).collect();
    assert_eq!(
        told,
        [
            (&"E007".into(), &"monitors.api.timeout_ms".into()),
            (&"E006".into(), &"services.api.monitor".into())
        ] as [(&serde_json::Value, &serde_json::Value); 2]
    );
    assert_eq!(world.health("eu-west").await, "up");
    assert_eq!(world.get(BERLIN, "/").await.unwrap().region.as_deref(), Some("eu-west"));
    let keys = world.edge().kv_list("status").await.unwrap();
    let summary = keys[0].metadata.as_ref().unwrap()["summary"].as_str().unwrap().to_owned();
    assert!(summary.contains("config refused"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_good_config_outlives_a_crash() {
    let mut world = World::settled().await;
    world.edge().kv_put("config", "{ not json").await.unwrap();
    world.minute().await;
    world.crash().await;
    world.minute().await;
    assert_eq!(world.health("us-east").await, "up");
    let status = world.status().await.unwrap();
    assert_eq!(status["config"]["refused"]["problems"][0]["code"], "E001");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mended_config_is_taken_and_its_change_shows() {
    let mut world = World::settled().await;
    let mut config = world.stored_config().await;
    config["services"]["api"]["regions"] = serde_json::json!(["us-east", "sa-east"]);
    world.edge().kv_put("config", &config.to_string()).await.unwrap();
    world.minute().await;
    assert_eq!(world.health("eu-west").await, "absent");
    assert_eq!(world.status().await.unwrap()["config"]["refused"], serde_json::Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_config_every_request_is_refused_and_nothing_is_probed() {
    let mut world = World::started().await;
    world.edge().kv_delete("config").await.unwrap();
    world.minute().await;
    let answer = world.get(BERLIN, "/").await.unwrap();
    assert_eq!(answer.status, 503);
    assert_eq!(answer.problem().unwrap()["code"], "no_routes");
    assert_eq!(world.region("eu-west").unwrap().served().health, 0);
}
