//! `one-record.toml`: a record moves and returns, on what the free plan has.

use super::{Setup, example};
use crate::support::until;
use pointsman_lab::receivers::Service;
use pointsman_lab::region::Mode;
use serde_json::json;

const NAME: &str = "www.example.com";
const FRANKFURT: &str = "203.0.113.10";
const ASHBURN: &str = "203.0.113.20";
/// What the free plan allows one invocation, less what alerts keep. All calls together are fewer.
const SUBREQUESTS: usize = 50 - 5;
/// Writes to KV that the free plan allows a day.
const WRITES: u64 = 1_000;
/// A day's heartbeats of `routes`.
const HEARTBEATS: u64 = 288;
/// Minutes until a record returns: ten in which its region stays up, and two to see that it is up.
const RETURNS_WITHIN: u32 = 14;

impl Setup {
    async fn answer_of(&self, name: &str) -> String {
        self.dig(name, "A").await.unwrap().join(",")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_moves_and_returns_within_the_free_plan() {
    let config = example("one-record.toml");
    let budget = config["limits"]["kv_writes_per_day"].as_u64().unwrap();
    assert!(budget < WRITES, "others of the account may write, too");
    let mut setup = Setup::start(&config).await;
    until("the record is made", async || setup.answer_of(NAME).await == FRANKFURT).await;
    setup.minutes(5).await;

    setup.edge().reset_kv_counts().await.unwrap();
    setup.api().clear_transcript();
    setup.set("frankfurt", Mode::Refuse).await;
    setup.minutes(2).await;
    until("the record moves", async || setup.answer_of(NAME).await == ASHBURN).await;
    setup.hears(Service::Slack, "frankfurt").await;

    setup.set("frankfurt", Mode::Healthy).await;
    setup.minutes(5).await;
    assert_eq!(setup.answer_of(NAME).await, ASHBURN, "up again, and not for ten minutes");
    let mut minutes = 5;
    while setup.answer_of(NAME).await != FRANKFURT {
        assert!(minutes < RETURNS_WITHIN, "{:#?}", setup.edge().log());
        setup.minute().await;
        minutes += 1;
    }

    setup.minutes(15).await;
    let kv = setup.edge().kv_counts().await.unwrap();
    let (writes, calls) = (kv.writes, setup.api().transcript().len());
    println!("a failure and a return: {writes} writes to KV, {calls} calls of the API: {kv:?}");
    assert!(writes + HEARTBEATS <= budget, "{writes}");
    let pages = setup.edge().kv_list("incident:").await.unwrap();
    let summaries: Vec<_> = pages.iter().map(|page| page.metadata.as_ref().unwrap()).collect();
    let told = json!(summaries).to_string();
    assert!(told.contains("closed ·") && told.contains("frankfurt"), "its page is there: {told}");
    assert!(calls <= SUBREQUESTS, "{calls}");
    let beats = setup.told(Service::Monitor).len();
    assert!(beats > 20, "each run calls the monitor outside: {beats}");
}
