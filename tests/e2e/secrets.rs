//! Secrets and personal data stay where they belong.

use crate::support::World;
use pointsman_lab::api::{Fault, FaultKind};
use pointsman_lab::deployment::{ADMIN_TOKEN, BERLIN, HOST};
use pointsman_lab::region::Mode;
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn no_token_and_no_address_of_a_client_is_written_anywhere() {
    let mut world = World::settled().await;
    world.set("eu-west", Mode::Refuse).await;
    world.api().inject(Fault::new(FaultKind::EchoToken(403)).on("PATCH", "/"));
    world.api().inject(Fault::new(FaultKind::EchoToken(400)).on("PATCH", "/"));
    world.api().inject(Fault::new(FaultKind::EchoToken(500)).on("GET", "/"));
    let client = world.edge().request(Method::GET, HOST, "/x", Some(&BERLIN.cf()));
    let answer = client.header("cf-connecting-ip", "198.51.100.23").send().await.unwrap();
    let answer = answer.text().await.unwrap();
    assert!(!answer.contains("lab-api-token"));
    world.minutes(3).await;
    let told = world.compare().await.to_string();
    assert_eq!(world.api().waiting_faults(), 0, "every echo was heard");

    let mut written = world.edge().log().join("\n");
    for key in world.edge().kv_list("").await.unwrap() {
        written += &world.edge().kv_get(&key.name).await.unwrap().unwrap_or_default();
        written += &key.metadata.unwrap_or_default().to_string();
    }
    written += &world.status().await.unwrap().to_string();
    written += &told;
    assert!(written.contains("eu-west"), "there is something to search");
    for secret in ["lab-api-token", ADMIN_TOKEN, "198.51.100.23"] {
        assert!(!written.contains(secret), "`{secret}` was written");
    }
}
