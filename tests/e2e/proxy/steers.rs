//! How clients are led: cookies that keep them, shares that divide them, the primary.

use super::{asks_to_return, header, settled_with_service, waits_and};
use crate::support::{World, until};
use pointsman::ids::{RegionId, ServiceId};
use pointsman::steering::token::{Purpose, SigningKey, sign};
use pointsman::time::Timestamp;
use pointsman_lab::deployment::{BERLIN, CHICAGO, COOKIE_KEY, Client, HOST, SAO_PAULO, now_ms};
use pointsman_lab::region::{CLIENT_HEADER, Mode};
use reqwest::{Method, Response};
use serde_json::{Value, json};

const AFFINITY: &str = "__Host-pointsman-region";
const WROTE: &str = "__Host-pointsman-wrote";
const HOUR_MS: i64 = 3_600_000;

/// A token as the Worker would sign it.
fn token(purpose: Purpose, service: &str, region: &str, lives_ms: i64) -> String {
    let until = u64::try_from(now_ms() + lives_ms).unwrap();
    sign(
        &SigningKey::new(COOKIE_KEY).unwrap(),
        purpose,
        &ServiceId::parse(service).unwrap(),
        &RegionId::parse(region).unwrap(),
        Timestamp::from_millis(until),
    )
}

/// The affinity cookie of a client that stays with a region.
fn stays_with(region: &str) -> String {
    format!("{AFFINITY}={}", token(Purpose::Affinity, "api", region, 20 * HOUR_MS))
}

async fn ask(world: &World, client: Client, method: &str, cookie: &str) -> Response {
    let request = world.ask(client, method, "/x").header("cookie", cookie);
    request.send().await.unwrap()
}

fn region(response: &Response) -> &str {
    header(response, "x-lab-region")
}

/// What a cookie of the answer says, up to its first attribute, if it is set.
fn cookie(response: &Response, name: &str) -> Option<String> {
    let all = response.headers().get_all("set-cookie").iter();
    let mut all = all.map(|value| value.to_str().unwrap());
    let found = all.find(|value| value.starts_with(&format!("{name}=")))?;
    Some(found.split(';').next().unwrap().to_owned())
}

/// Whether the answer keeps the client with this region from now on.
fn keeps_with(response: &Response, region: &str) -> bool {
    let start = format!("{AFFINITY}=1.{region}.");
    cookie(response, AFFINITY).is_some_and(|cookie| cookie.starts_with(&start))
}

/// A world in which German clients have the choice, and cookies keep them.
async fn by_cookie() -> World {
    settled_with_service(&json!({"affinity": "cookie"})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_that_only_this_host_and_no_script_can_read_keeps_a_client_with_its_region() {
    let world = by_cookie().await;
    let first = ask(&world, CHICAGO, "GET", "a=1").await;
    assert_eq!(region(&first), "us-east");
    let whole = header(&first, "set-cookie");
    let (pair, attributes) = whole.split_once("; ").unwrap();
    assert!(pair.starts_with("__Host-pointsman-region=1.us-east."), "{whole}");
    assert_eq!(attributes, "Path=/; Max-Age=82800; Secure; HttpOnly; SameSite=Lax");
    let moved = ask(&world, BERLIN, "GET", &format!("a=1; {pair}; b=2")).await;
    assert_eq!(region(&moved), "us-east", "the client stays where it was");
    assert!(header(&moved, "x-pointsman").contains("reason=affinity"));
    assert_eq!(cookie(&moved, AFFINITY), None, "it has one that will do");
    let ours = cookie(&first, AFFINITY).unwrap();
    let signed = ours.split('.').nth(2).unwrap().parse::<i64>().unwrap() * 1_000 - now_ms();
    assert!((82_000_000..=82_800_000).contains(&signed), "{signed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_that_is_not_exactly_ours_counts_for_nothing() {
    let world = by_cookie().await;
    let good = token(Purpose::Affinity, "api", "us-east", HOUR_MS);
    let (said, signature) = good.rsplit_once('.').unwrap();
    let forged = [
        format!("1.us-east.{}.{}", now_ms() / 1_000 + 3_600, "0".repeat(32)),
        token(Purpose::Affinity, "api", "eu-west", HOUR_MS).replace("eu-west", "us-east"),
        format!("{said}0.{signature}"),
        format!("{said}.{}", signature.to_uppercase()),
        token(Purpose::Affinity, "api", "us-east", -1_000),
        token(Purpose::Affinity, "api", "us-east", 9 * 24 * HOUR_MS),
        token(Purpose::Affinity, "downloads", "us-east", HOUR_MS),
        token(Purpose::ReadYourWrites, "api", "us-east", HOUR_MS),
        "us-east".to_owned(),
        String::new(),
        "1.us-east".repeat(2_000),
    ];
    for value in forged {
        let answer = ask(&world, BERLIN, "GET", &format!("{AFFINITY}={value}")).await;
        assert_eq!(region(&answer), "eu-west", "{value}");
        assert!(keeps_with(&answer, "eu-west"), "{value}: a good one takes its place");
    }
    let answer = ask(&world, BERLIN, "GET", &format!("{AFFINITY}={good}")).await;
    assert_eq!(region(&answer), "us-east", "the one that was changed would have counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_leads_nobody_where_the_law_does_not() {
    let world = by_cookie().await;
    let answer = ask(&world, SAO_PAULO, "GET", &stays_with("us-east")).await;
    assert_eq!(region(&answer), "sa-east");
    assert!(keeps_with(&answer, "sa-east"));
    assert_eq!(world.residency_violations(), 0);
    world.set("sa-east", Mode::Refuse).await;
    let refused = ask(&world, SAO_PAULO, "GET", &stays_with("us-east")).await;
    assert_eq!((refused.status().as_u16(), cookie(&refused, AFFINITY)), (502, None));
    assert_eq!(world.residency_violations(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_region_dies_is_kept_with_the_next_from_then_on() {
    let mut world = by_cookie().await;
    world.set("us-east", Mode::Refuse).await;
    for when in ["found by the request", "found by an earlier one"] {
        let answer = ask(&world, CHICAGO, "GET", &stays_with("us-east")).await;
        assert_eq!(answer.status(), 200, "{when}");
        assert_eq!(region(&answer), "eu-west", "{when}");
        assert!(keeps_with(&answer, "eu-west"), "{when}");
    }
    world.minute().await;
    world.crash().await;
    let answer = ask(&world, CHICAGO, "GET", &stays_with("us-east")).await;
    assert!(keeps_with(&answer, "eu-west"), "the table says that it is down");
    let mark = header(&answer, "x-pointsman");
    assert!(!mark.contains("try="), "it was not asked first: {mark}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_takes_the_same_share_of_the_clients_each_time() {
    let world = settled_with_service(&json!({
        "steering": "ordered", "regions": ["us-east", "eu-west", "sa-east"],
        "canary": {"us-east": 30},
    }))
    .await;
    let first = by_address(&world).await;
    let chosen = first.iter().filter(|region| *region == "us-east").count();
    assert!((15..=45).contains(&chosen), "{chosen} of 100");
    assert!(first.iter().all(|region| region == "us-east" || region == "eu-west"));
    world.crash().await;
    assert_eq!(by_address(&world).await, first, "another isolate chooses the same");
}

/// The regions of a hundred clients, by their addresses.
pub(super) async fn by_address(world: &World) -> Vec<String> {
    let mut regions = Vec::new();
    for last in 0..100 {
        let address = format!("203.0.113.{last}");
        let request = world.ask(BERLIN, "GET", "/x").header("cf-connecting-ip", address);
        let response = request.send().await.unwrap();
        regions.push(match response.status().as_u16() {
            200 => region(&response).to_owned(),
            status => status.to_string(),
        });
    }
    regions
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_drains_keeps_its_clients_and_takes_no_new_ones() {
    let mut config = waits_and(&json!({"affinity": "cookie"}));
    config["residency"].as_array_mut().unwrap().pop();
    config["overrides"] = json!([{
        "region": "eu-west", "set": "drain", "reason": "new disks", "author": "ann",
        "until": "2999-01-01T00:00:00Z",
    }]);
    let world = World::settled_with(&config).await;
    let new = ask(&world, BERLIN, "GET", "").await;
    assert_eq!(region(&new), "us-east");
    assert!(keeps_with(&new, "us-east"));
    let old = ask(&world, BERLIN, "GET", &stays_with("eu-west")).await;
    assert_eq!(region(&old), "eu-west");
    assert_eq!(cookie(&old, AFFINITY), None, "its cookie is not made to last longer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_sheds_turns_its_share_away_and_all_regions_together_refuse() {
    let world = settled_with_service(&json!({"shed": {"eu-west": 40}})).await;
    let regions = by_address(&world).await;
    let turned_away = regions.iter().filter(|region| *region == "us-east").count();
    assert!((25..=55).contains(&turned_away), "{turned_away} of 100");
    assert!(regions.iter().all(|region| region == "us-east" || region == "eu-west"));

    let all = json!({"shed": {"eu-west": 100, "us-east": 100, "sa-east": 100}});
    let world = settled_with_service(&all).await;
    let refused = world.ask(BERLIN, "GET", "/x").send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(asks_to_return(&refused));
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "shed");
}

/// A world in which `us-east` takes the writes and replicas say how far they lag.
async fn with_primary() -> World {
    let mut config = waits_and(&json!({
        "writes": "primary", "primary": "us-east", "max_lag_s": 30, "read_your_writes_s": 60,
    }));
    config["monitors"]["api"]["expect"] =
        json!({"json": {"/replication_lag_s": {"min": 0, "max": 300}}});
    // Brazilian clients could not write at all.
    config["residency"] = json!([]);
    World::settled_with(&config).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_reads_from_the_primary_after_it_wrote_and_others_where_it_is_fast() {
    let world = with_primary().await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE"] {
        let wrote = ask(&world, BERLIN, method, "").await;
        assert_eq!(region(&wrote), "us-east", "{method}");
        let cookie = cookie(&wrote, WROTE).unwrap();
        assert_eq!(region(&ask(&world, BERLIN, "GET", &cookie).await), "us-east");
    }
    let read = ask(&world, BERLIN, "GET", "").await;
    assert_eq!((region(&read), cookie(&read, WROTE)), ("eu-west", None));
    let late = format!("{WROTE}={}", token(Purpose::ReadYourWrites, "api", "us-east", -1_000));
    assert_eq!(region(&ask(&world, BERLIN, "GET", &late).await), "eu-west");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_lags_too_far_is_not_read_from() {
    let mut world = with_primary().await;
    world.region("eu-west").unwrap().set_replication_lag_s(40);
    world.minute().await;
    world.crash().await;
    assert_ne!(region(&ask(&world, BERLIN, "GET", "").await), "eu-west");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_meets_a_dead_primary_is_refused_and_not_made_elsewhere() {
    let world = with_primary().await;
    // It may have done what it got, and 503 would say that it did not.
    for (mode, body, status, told) in [
        (Mode::Refuse, "order", 502, "unreachable"),
        (Mode::Hang, "order", 504, "timed_out"),
        (Mode::Refuse, "", 502, "unreachable"),
    ] {
        world.set("us-east", mode).await;
        world.crash().await;
        let before = ["eu-west", "sa-east"].map(|region| world.arrived(region));
        for _ in 0..2 {
            let request = world.ask(BERLIN, "POST", "/orders").body(body);
            let refused = request.send().await.unwrap();
            assert_eq!(refused.status(), status, "{mode}");
            assert!(asks_to_return(&refused));
            assert_eq!(refused.json::<Value>().await.unwrap()["code"], told);
        }
        let read = ask(&world, BERLIN, "GET", "").await;
        assert_eq!(region(&read), "eu-west", "reads go on");
        let after = ["eu-west", "sa-east"].map(|region| world.arrived(region));
        assert_eq!(after, [before[0] + 1, before[1]]);
    }
    world.set("us-east", Mode::Healthy).await;
    until("writes are taken again", async || ask(&world, BERLIN, "POST", "").await.status() == 200)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_policy_leads_a_german_client_as_it_says() {
    let only_us = json!({"us-east": 100, "eu-west": 0, "sa-east": 0});
    let policies = [
        (
            json!({"steering": "ordered", "regions": ["us-east", "eu-west", "sa-east"]}),
            "us-east",
            "order",
        ),
        (json!({"steering": "proximity"}), "eu-west", "nearest"),
        (
            json!({"steering": "geo", "geo": {"countries": {"DE": ["sa-east"]}}}),
            "sa-east",
            "country",
        ),
        (json!({"steering": "geo", "geo": {"pops": {"TXL": ["us-east"]}}}), "us-east", "pop"),
        (json!({"steering": "geo", "geo": {"regions": {"WEU": ["us-east"]}}}), "us-east", "region"),
        (json!({"steering": "weighted", "weights": only_us}), "us-east", "share"),
        (json!({"steering": "least_outstanding", "weights": only_us}), "us-east", "less_busy"),
        (json!({"steering": "latency"}), "eu-west", "fastest"),
    ];
    for (keys, expected, reason) in policies {
        let world = settled_with_service(&keys).await;
        let answer = world.ask(BERLIN, "GET", "/x").send().await.unwrap();
        assert_eq!(region(&answer), expected, "{keys}");
        assert_eq!(header(&answer, "x-pointsman"), format!("region={expected}; reason={reason}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_a_client_decides_between_the_halves_of_its_country() {
    let geo = json!({"regions": {"WNAM": ["sa-east"], "ENAM": ["us-east"]}});
    let world = settled_with_service(&json!({"steering": "geo", "geo": geo})).await;
    for (told, expected) in [
        (json!({"regionCode": "TX", "longitude": "-95.4"}), "sa-east"),
        (json!({"regionCode": "TX", "longitude": "-80.0"}), "sa-east"),
        (json!({"regionCode": "IL", "longitude": "-110.0"}), "us-east"),
        (json!({"longitude": "-95.4"}), "sa-east"),
        (json!({"regionCode": 7, "longitude": "-77.5"}), "us-east"),
        (json!({"regionCode": "T\nX"}), "us-east"),
        (json!({}), "us-east"),
    ] {
        let mut cf = told;
        (cf["country"], cf["latitude"]) = ("US".into(), "39.0".into());
        let request = world.edge().request(Method::GET, HOST, "/x", Some(&cf));
        let request = request.header(CLIENT_HEADER, "US");
        let answer = request.send().await.unwrap();
        assert_eq!(region(&answer), expected, "{cf}");
        assert_eq!(header(&answer, "x-pointsman"), format!("region={expected}; reason=region"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_region_gets_nothing_beside_two_idle_ones_where_requests_under_way_decide() {
    // Longer than the test may take, so what is under way stays so.
    let world = settled_with_service(&json!({
        "steering": "least_outstanding", "try_timeout_ms": 60_000, "timeout_ms": 60_000,
    }))
    .await;
    // Asked again until Europe has one: the others answer at once.
    let keeps_europe_busy = async {
        loop {
            let slow = world.ask(BERLIN, "GET", "/told?delay_ms=60000&in=eu-west");
            assert_ne!(region(&slow.send().await.unwrap()), "eu-west");
        }
    };
    let others = async {
        until("Europe is busy", async || world.arrived("eu-west") == 1).await;
        for _ in 0..30 {
            assert_ne!(region(&ask(&world, BERLIN, "GET", "").await), "eu-west");
        }
    };
    tokio::select! {
        () = keeps_europe_busy => (),
        () = others => (),
    }
}
