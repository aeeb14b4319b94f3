//! The operator's surface.

use crate::support::World;
use pointsman_lab::deployment::{ADMIN_TOKEN, HOST};
use reqwest::Method;

async fn ask(world: &World, path: &str, token: Option<&str>) -> (u16, String) {
    let request = world.edge().request(Method::GET, HOST, path, None);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_for_those_who_have_the_token() {
    let world = World::settled().await;
    assert_eq!(ask(&world, "/.pointsman/status", None).await.0, 401);
    assert_eq!(ask(&world, "/.pointsman/status", Some("wrong")).await.0, 401);
    assert_eq!(ask(&world, "/.pointsman/other", Some(ADMIN_TOKEN)).await.0, 404);
    let (status, body) = ask(&world, "/.pointsman/status", Some(ADMIN_TOKEN)).await;
    assert_eq!(status, 200);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["services"]["downloads"]["us-east"], "up");
    assert!(body["last_run"]["probes"].as_u64().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_below_ours_never_reaches_a_region() {
    let world = World::settled().await;
    let served = || world.regions().map(|region| region.served().other).sum::<u64>();
    let before = served();
    ask(&world, "/.pointsman/status", None).await;
    ask(&world, "/.pointsman/anything", None).await;
    ask(&world, "/.pointsman/", Some(ADMIN_TOKEN)).await;
    assert_eq!(served(), before);
    ask(&world, "/.pointsmanlike", None).await;
    assert_eq!(served(), before + 1, "the counter counts");
}
