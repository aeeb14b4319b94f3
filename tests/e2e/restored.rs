//! The Controller after its storage is lost: it goes on from KV, and says so.

use crate::called::{Called, with_receivers};
use crate::support::World;
use pointsman_lab::receivers::Service;
use pointsman_lab::region::Mode;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// The class of the Controller.
const CONTROLLER: &str = "Controller";
/// How long a page may wait for the writes of the day.
const MINUTES_MAX: u32 = 30;
/// A reason that names a person, which nobody should write.
const REASON: &str = "asked by ann@example.com, ticket 7";

async fn get(world: &World, path: &str) -> Value {
    use pointsman_lab::deployment::{ADMIN_HOST, ADMIN_TOKEN};
    let path = format!("/.pointsman/v1/{path}");
    let request = world.edge().request(Method::GET, ADMIN_HOST, &path, None);
    let answer = request.bearer_auth(ADMIN_TOKEN).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// The audit pages of KV, one behind the other.
async fn pages(world: &World) -> String {
    let mut pages = String::new();
    for key in world.edge().kv_list("audit:").await.unwrap() {
        pages += &world.edge().kv_get(&key.name).await.unwrap().unwrap();
    }
    pages
}

/// What `pointsman audit verify` says of pages, and its exit code.
fn verified(pages: &str, head: &str) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pointsman"))
        .args(["audit", "verify", "-", "--expect-head", head])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(pages.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// Waits until KV has the whole chain and a state that ends with it. Returns its head.
async fn all_in_kv(called: &mut Called) -> Value {
    for _ in 0..MINUTES_MAX {
        let head = get(called, "audit").await["head"].clone();
        let is_kept = pages(called).await.contains(head["hash"].as_str().unwrap());
        if is_kept && called.kv_json("state").await.unwrap()["audit"]["head"] == head {
            return head;
        }
        // A page may have to wait for the writes of the day.
        called.minute().await;
    }
    panic!("KV does not have all: {:#}", called.status().await.unwrap()["kv"]);
}

/// The lines of the log that are about the loss.
fn told(world: &World) -> Vec<Value> {
    let log = world.edge().log();
    let lines = log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["event"] == "restored").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_whose_storage_is_lost_goes_on_from_kv_and_says_so() {
    let mut config = with_receivers();
    // Each change is a page in KV within the minute, so that nothing is lost with the storage.
    config["limits"] = json!({"kv_writes_per_day": 1_000_000});
    let mut called = Called::start(&config).await;
    called.set("eu-west", Mode::Refuse).await;
    called.minutes(2).await;
    let drain = json!({"drain": {"region": "sa-east"}});
    assert_eq!(called.act_because(&drain, REASON).await.0, 200);
    called.all_delivered().await;
    called.minutes(2).await;
    let head = all_in_kv(&mut called).await;
    let before = called.status().await.unwrap();
    let incident = before["incidents"][0]["id"].clone();
    assert!(incident.is_string() && head["n"].as_u64() > Some(3), "{head} {before:#}");
    let orders = get(&called, "orders").await;
    let (answer, config) = (called.answer().await, before["config"].clone());
    assert!(answer.contains("us1"), "{answer}");
    called.api().clear_transcript();
    let calls = called.taken(Service::Pagerduty).len();

    assert!(called.edge().lose_objects(CONTROLLER).await.unwrap() > 0, "there was storage");
    called.minute().await;

    let after = called.status().await.unwrap();
    assert_eq!(after["incidents"][0]["id"], incident, "{after:#}");
    assert_eq!(after["incidents"].as_array().unwrap().len(), 2, "and that of the drain");
    assert_eq!(get(&called, "orders").await, orders);
    assert_eq!(after["config"], config);
    assert_eq!((called.answer().await, called.api().write_calls()), (answer, 0), "nothing moves");
    let [line] = told(&called).try_into().unwrap();
    let text = line["text"].as_str().unwrap();
    assert!(
        text.starts_with("the memory was lost and is restored from KV, from `state`"),
        "{text}"
    );
    assert!(text.contains(&format!("goes on behind entry {}", head["n"])), "{text}");
    called.all_delivered().await;
    let alerts = called.taken(Service::Pagerduty);
    let alerts: Vec<&Value> = alerts[calls..].iter().map(|it| &it.body["payload"]).collect();
    assert_eq!(alerts.len(), 1, "what was told before is not told again: {alerts:#?}");
    assert_eq!(
        (&alerts[0]["class"], &alerts[0]["severity"]),
        (&json!("restored"), &json!("error"))
    );

    let later = all_in_kv(&mut called).await;
    let pages = pages(&called).await;
    let (code, said) = verified(&pages, head["hash"].as_str().unwrap());
    assert_eq!(code, Some(0), "the head of before the loss is in the chain: {said}");
    assert!(said.contains(&format!("the chain holds: entries 1 to {}", later["n"])), "{said}");
    assert_eq!(pages.matches("\"restored\"").count(), 1, "{pages}");
    let (code, said) =
        verified(&pages.replacen("\"restored\"", "\"applied\"", 1), "0".repeat(64).as_str());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("was changed"), "{said}");

    // The same order can be lifted, and the next one has the next number.
    let number = orders[0]["id"].clone();
    assert_eq!(called.act(&json!({"lift": {"order": number}})).await.0, 200);
    let (_, next) = called.act(&drain).await;
    assert_eq!(next["order"].as_u64(), number.as_u64().map(|number| number + 1), "{next}");
    called.minutes(2).await;
    all_in_kv(&mut called).await;
    let mut written = called.edge().log().join("\n");
    for key in called.edge().kv_list("").await.unwrap() {
        written += &called.edge().kv_get(&key.name).await.unwrap().unwrap_or_default();
        written += &key.metadata.unwrap_or_default().to_string();
    }
    assert!(written.contains("[address] ticket 7"), "there is something to search");
    assert!(!written.contains("ann@example.com"), "an address was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_has_lost_its_storage_and_reaches_no_kv_waits_for_it() {
    use pointsman_lab::edge::KvFaults;
    let mut called = Called::start(&with_receivers()).await;
    called.minutes(2).await;
    let head = all_in_kv(&mut called).await;
    called
        .edge()
        .set_kv_faults(KvFaults { fail_reads: true, ..KvFaults::default() })
        .await
        .unwrap();
    called.edge().lose_objects(CONTROLLER).await.unwrap();
    called.minute().await;
    assert_eq!(told(&called).len(), 0, "it does not take it that there is nothing");
    called.edge().set_kv_faults(KvFaults::default()).await.unwrap();
    called.minute().await;
    let later = all_in_kv(&mut called).await;
    assert!(later["n"].as_u64() > head["n"].as_u64(), "{later}");
    assert_eq!(told(&called).len(), 1);
    let (code, said) = verified(&pages(&called).await, head["hash"].as_str().unwrap());
    assert_eq!(code, Some(0), "{said}");
}
