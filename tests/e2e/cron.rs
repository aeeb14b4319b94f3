//! Cron that is silent: who probes then, and who is told.

use crate::support::{World, config, until};
use pointsman_lab::deployment::now_ms;
use pointsman_lab::region::Mode;
use serde_json::json;

/// So long ago cron has begun its last run: four seconds later another one stands in.
const SILENT_FOR_MS: i64 = 76_000;

#[tokio::test(flavor = "multi_thread")]
async fn while_cron_is_silent_the_controller_has_runs_made_that_fail_over_and_says_so() {
    let mut config = config();
    config["monitors"]["api"]["interval_s"] = json!(5);
    let world = World::started_with(&config).await;
    world.edge().run_cron(now_ms() - SILENT_FOR_MS).await.unwrap();
    assert_eq!(world.health("eu-west").await, "up");
    let eu = world.region("eu-west").unwrap();
    let before = eu.served().health;
    eu.set(Mode::Refuse).await.unwrap();
    until("a run without cron", async || world.health("eu-west").await == "down").await;
    assert!(world.region("us-east").unwrap().served().health > 0);
    assert!(eu.served().health >= before);
    let status = world.status().await.unwrap();
    assert!(status["last_run"]["cron_silent_since"].is_string(), "{}", status["last_run"]);
    let told = |event: &str| {
        let sought = format!(r#""event":"{event}""#);
        world.edge().log().iter().filter(|line| line.contains(&sought)).count()
    };
    assert_eq!((told("stands_in"), told("stands_down")), (1, 0));

    world.edge().run_cron(now_ms()).await.unwrap();
    let status = world.status().await.unwrap();
    assert!(status["last_run"].get("cron_silent_since").is_none(), "{}", status["last_run"]);
    assert_eq!((told("stands_in"), told("stands_down")), (1, 1));
}
