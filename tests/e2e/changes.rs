//! Configs that people put into force, and the audit chain, on the real runtime.

use crate::admin::{act, get};
use crate::support::{World, config, until};
use pointsman_lab::deployment::ADMIN_TOKEN;
use serde_json::{Value, json};

/// The config with another limit.
fn with_writes(writes: u32) -> Value {
    let mut config = config();
    config["limits"]["kv_writes_per_day"] = json!(writes);
    config
}

async fn in_use(world: &World) -> Value {
    get(world, "config", ADMIN_TOKEN).await.body
}

async fn push(world: &World, text: &Value, base: &Value) -> (u16, Value) {
    let act_of = json!({"push_config": {"text": text.to_string(), "base": base}});
    let body = json!({"act": act_of, "reason": "a test"});
    let answer = act(world, body.to_string(), ADMIN_TOKEN).await;
    (answer.status, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_config_is_in_use_at_once_kv_follows_and_one_can_go_back() {
    let mut world = World::settled().await;
    let first = in_use(&world).await;
    let (status, acted) = push(&world, &with_writes(901), &first["fingerprint"]).await;
    assert_eq!(status, 200, "{acted}");
    let second = in_use(&world).await;
    assert_eq!(second["revision"], first["revision"].as_u64().unwrap() + 1, "{second}");
    until("KV has the pushed config", async || world.stored_config().await == with_writes(901))
        .await;
    let (status, refused) = push(&world, &config(), &first["fingerprint"]).await;
    assert_eq!((status, &refused["code"]), (409, &json!("conflict")), "its base is past");
    world.minute().await;
    assert_eq!(in_use(&world).await["fingerprint"], second["fingerprint"]);
    let back = json!({"act": {"roll_back": {"revision": first["revision"]}}, "reason": "a test"});
    let answer = act(&world, back.to_string(), ADMIN_TOKEN).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(in_use(&world).await["fingerprint"], first["fingerprint"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_in_the_dashboard_counts_and_each_change_is_in_the_chain_of_kv() {
    let mut world = World::settled().await;
    world.edge().kv_put("config", &with_writes(902).to_string()).await.unwrap();
    world.minute().await;
    let history = get(&world, "config/history", ADMIN_TOKEN).await.body;
    assert_eq!(history["revisions"][0]["who"]["way"], "config", "{history}");
    let (status, acted) =
        push(&world, &with_writes(903), &in_use(&world).await["fingerprint"]).await;
    assert_eq!(status, 200, "{acted}");
    world.minute().await;
    let kinds = async || -> Vec<Value> {
        let page = world.kv_json("audit:0000000001").await.unwrap_or_default();
        let entries = page["entries"].as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| json!([entry["kind"], entry["who"]["way"]])).collect()
    };
    let taken = |way: &str| json!(["config_taken", way]);
    until("the chain in KV has both", async || {
        let kinds = kinds().await;
        kinds.contains(&taken("config")) && kinds.contains(&taken("token"))
    })
    .await;
    let live = get(&world, "audit", ADMIN_TOKEN).await.body;
    let entries = live["entries"].as_array().unwrap();
    let hashes: Vec<_> = entries.iter().map(|it| (&it["before"], &it["hash"])).collect();
    assert!(hashes.windows(2).all(|two| two[1].0 == two[0].1), "{live}");
    assert_eq!(live["head"]["hash"], *hashes.last().unwrap().1);
}
