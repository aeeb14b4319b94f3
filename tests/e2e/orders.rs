//! What people order at the deployed Worker, and what follows.

use crate::support::{World, config, until};
use pointsman::time::Timestamp;
use pointsman_lab::deployment::{ADMIN_HOST, ADMIN_TOKEN, BERLIN, now_ms};
use pointsman_lab::edge::KvFaults;
use pointsman_lab::region::Mode;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How many drains are measured; the variable `POINTSMAN_DRAINS` asks for more.
const DRAINS: u32 = 2;
/// How many of them run side by side.
const AT_ONCE: usize = 10;
/// How often a client asks that waits for a change.
const LOOK: Duration = Duration::from_millis(200);
/// How long KV hides a new value, as its cache does.
const KV_SPREAD_MS: u64 = 30_000;
/// Longest time from an order to the first proxied answer elsewhere: an isolate looks for a new
/// table every 30 s, and a request that comes behind that look is the first to go by it.
const NEWS_BOUND: Duration = Duration::from_secs(40);
/// The same where nobody but KV tells.
const KV_BOUND: Duration = Duration::from_secs(70);

pub(crate) async fn act(world: &World, body: &Value) -> Value {
    let request = world.edge().request(Method::POST, ADMIN_HOST, "/.pointsman/v1/acts", None);
    let request = request.bearer_auth(ADMIN_TOKEN).header("content-type", "application/json");
    let answer = request.body(body.to_string()).send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// Gives an order. Returns its number.
pub(crate) async fn order(world: &World, act_: Value) -> u64 {
    let acted = act(world, &json!({"act": act_, "reason": "a test"})).await;
    acted["order"].as_u64().unwrap()
}

pub(crate) async fn lift(world: &World, order: u64) {
    act(world, &json!({"act": {"lift": {"order": order}}, "reason": "over"})).await;
}

async fn orders(world: &World) -> Vec<u64> {
    let request = world.edge().request(Method::GET, ADMIN_HOST, "/.pointsman/v1/orders", None);
    let answer = request.bearer_auth(ADMIN_TOKEN).send().await.unwrap();
    let orders: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    orders.as_array().unwrap().iter().map(|order| order["id"].as_u64().unwrap()).collect()
}

/// The region that answers a client in Berlin.
pub(crate) async fn region(world: &World) -> String {
    world.get(BERLIN, "/x").await.unwrap().region.unwrap_or_else(|| "none".to_owned())
}

/// A new isolate on the same storage has the table that is in force, and so shows at once what an
/// older one sees at its next look.
pub(crate) async fn region_anew(world: &World) -> String {
    world.crash().await;
    region(world).await
}

fn routes_say(routes: &Value, region: &str, key: &str) -> Value {
    let regions = routes["services"]["api"]["regions"].as_array().unwrap();
    regions.iter().find(|it| it["id"] == region).unwrap()[key].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_sends_clients_elsewhere_and_lifting_it_brings_them_back() {
    let world = World::settled().await;
    assert_eq!(region(&world).await, "eu-west");
    let dry = json!({"act": {"drain": {"region": "eu-west"}}, "reason": "r", "is_dry": true});
    let foreseen = act(&world, &dry).await;
    let changes = foreseen["changes"].to_string();
    assert!(changes.contains("taking no new clients"), "{changes}");
    assert_eq!(orders(&world).await, [0_u64; 0]);
    let first = order(&world, json!({"drain": {"region": "eu-west"}})).await;
    let second = order(&world, json!({"drain": {"region": "eu-west"}})).await;
    assert_eq!(orders(&world).await, [first, second]);
    until("the table in KV says so", async || {
        let routes = world.kv_json("routes").await.unwrap();
        routes_say(&routes, "eu-west", "draining") == true
    })
    .await;
    assert_eq!(region_anew(&world).await, "us-east");
    until("the record leads elsewhere", async || world.answer().await.contains("us1")).await;
    lift(&world, first).await;
    assert_eq!(orders(&world).await, [second], "the other one is left");
    assert_eq!(region_anew(&world).await, "us-east");
    lift(&world, second).await;
    until("the table in KV says so", async || {
        let routes = world.kv_json("routes").await.unwrap();
        routes_say(&routes, "eu-west", "draining") == false
    })
    .await;
    assert_eq!(region_anew(&world).await, "eu-west");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_changes_are_halted_nothing_is_written_at_the_api_and_the_proxy_goes_on() {
    let mut world = World::settled().await;
    world.compare().await;
    let halt = order(&world, json!({"halt": {}})).await;
    let before = world.answer().await;
    world.set("eu-west", Mode::Refuse).await;
    world.minutes(4).await;
    assert_eq!(world.health("eu-west").await, "down");
    let status = world.status().await.unwrap();
    assert_eq!(status["cloudflare"]["halted"], true);
    let withheld = status["cloudflare"]["withheld"].to_string();
    assert!(withheld.contains("halted by admin-token"), "{withheld}");
    assert_eq!((world.answer().await, world.enabled_in_pool("eu-west")), (before, Some(true)));
    assert_eq!(region_anew(&world).await, "us-east");
    lift(&world, halt).await;
    until("the failover happens", async || world.answer().await.contains("us1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_leads_clients_and_the_record_to_one_region() {
    let world = World::settled().await;
    let switch = |service: &str| json!({"switch": {"service": service, "to": "us-east"}});
    order(&world, switch("api")).await;
    order(&world, switch("downloads")).await;
    until("the record follows", async || world.answer().await.contains("us1")).await;
    until("the table in KV says so", async || {
        let routes = world.kv_json("routes").await.unwrap();
        routes["services"]["api"]["steering"]["prefer"] == "us-east"
    })
    .await;
    assert_eq!(region_anew(&world).await, "us-east");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_begins_and_ends_by_the_alarm_without_a_run_though_the_controller_is_killed() {
    let world = World::settled().await;
    let instant = |ms: i64| Timestamp::from_millis(u64::try_from(ms).unwrap()).to_string();
    let from = now_ms() + 65_000;
    let body = json!({
        "act": {"drain": {"region": "eu-west"}}, "reason": "a window",
        "from": instant(from), "until": instant(from + 4_000),
    });
    act(&world, &body).await;
    world.crash().await;
    let draining = async || {
        let routes = world.kv_json("routes").await.unwrap();
        routes_say(&routes, "eu-west", "draining") == true
    };
    assert!(!draining().await);
    wait_for(Duration::from_secs(90), &draining).await;
    world.crash().await;
    wait_for(Duration::from_secs(30), &async || !draining().await).await;
    assert_eq!(orders(&world).await, [0_u64; 0]);
    let log = world.edge().log();
    for kind in ["in_force", "lifted"] {
        let told = log.iter().filter(|line| line.contains(kind) && line.contains("order 1: "));
        assert_eq!(told.count(), 1, "{log:?}");
    }
}

async fn wait_for(bound: Duration, check: &impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !check().await {
        assert!(began.elapsed() < bound, "not within {} s", bound.as_secs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The time until a client that asks all the time is answered elsewhere than in `eu-west`.
async fn moved(world: &World) -> Duration {
    let began = Instant::now();
    while region(world).await == "eu-west" {
        assert!(began.elapsed() < KV_BOUND * 2, "{:?}", world.edge().log());
        tokio::time::sleep(LOOK).await;
    }
    began.elapsed()
}

/// Writes the table with `eu-west` draining into KV, where the Controller knows nothing of it.
async fn drained_in_kv(world: &World) {
    let mut routes = world.kv_json("routes").await.unwrap();
    for service in routes["services"].as_object_mut().unwrap().values_mut() {
        for region in service["regions"].as_array_mut().unwrap() {
            if region["id"] == "eu-west" {
                region["draining"] = json!(true);
            }
        }
    }
    let as_of = Timestamp::try_from(routes["as_of"].as_str().unwrap().to_owned()).unwrap();
    routes["as_of"] = json!(as_of.plus(1_000).to_string());
    world.edge().kv_put("routes", &routes.to_string()).await.unwrap();
}

/// How long each of so many drains takes, each in a world of its own and at another moment of the
/// half minute between two looks.
async fn measured(by_order: bool) -> Vec<Duration> {
    let drains = std::env::var("POINTSMAN_DRAINS").ok();
    let drains = drains.map_or(DRAINS, |text| text.parse().unwrap());
    let mut took = Vec::new();
    for batch in (0..drains).collect::<Vec<_>>().chunks(AT_ONCE) {
        let runs = batch.iter().map(|run| {
            let phase = Duration::from_millis(KV_SPREAD_MS * u64::from(*run) / u64::from(drains));
            tokio::spawn(one_drain(by_order, phase))
        });
        for run in runs.collect::<Vec<_>>() {
            took.push(run.await.unwrap());
        }
    }
    took.sort();
    let [p50, worst] = [took[took.len() / 2], took[took.len() - 1]].map(|it| it.as_secs_f64());
    let way = if by_order { "news and KV" } else { "KV alone" };
    println!("{drains} drains by {way}: p50 {p50:.1} s, worst {worst:.1} s");
    took
}

async fn one_drain(by_order: bool, phase: Duration) -> Duration {
    let world = World::settled_with(&config()).await;
    let faults = KvFaults { propagation_ms: KV_SPREAD_MS, ..KvFaults::default() };
    assert_eq!(region(&world).await, "eu-west");
    world.edge().set_kv_faults(faults).await.unwrap();
    tokio::time::sleep(phase).await;
    if by_order {
        order(&world, json!({"drain": {"region": "eu-west"}})).await;
    } else {
        drained_in_kv(&world).await;
    }
    let took = moved(&world).await;
    println!("phase {phase:?}: {took:?}, news {}", news(&world).await);
    took
}

/// What became of the questions of the isolate to the Controller.
async fn news(world: &World) -> Value {
    world.isolate().await["news"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_reaches_a_proxy_at_its_next_look_although_kv_still_hides_it() {
    let took = measured(true).await;
    assert!(took.iter().all(|took| *took < NEWS_BOUND), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_kv_alone_brings_is_used_once_kv_shows_it() {
    let took = measured(false).await;
    assert!(took.iter().all(|took| *took < KV_BOUND), "{took:?}");
}
