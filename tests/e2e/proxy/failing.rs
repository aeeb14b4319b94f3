//! Regions that fail and return: who pays for it, how often, and what is not made worse.

use super::{TRY_MS, header, timed, waits, waits_and};
use crate::support::World;
use chrono::DateTime;
use futures_util::future::join_all;
use pointsman_lab::deployment::{BERLIN, SAO_PAULO, now_ms};
use pointsman_lab::region::Mode;
use serde_json::json;
use std::time::{Duration, Instant};

/// Below this nobody has waited for a dead region.
const NOTHING: Duration = Duration::from_millis(TRY_MS - 200);
/// One try, and time for everything else.
const ONE_TRY: Duration = Duration::from_millis(TRY_MS + 600);
/// Between two requests of a client that asks all the time.
const PAUSE: Duration = Duration::from_millis(40);
/// Longest wait for a region to get traffic again after it returned.
const RETURN_BOUND: Duration = Duration::from_secs(6);

/// A German client's request, which must be answered, and by which region it was.
async fn served(world: &World, path: &str) -> (String, Duration) {
    let (response, took) = timed(world.ask(BERLIN, "GET", path)).await;
    assert_eq!(response.status(), 200, "{:?}", response.headers());
    (header(&response, "x-lab-region").to_owned(), took)
}

/// How many tries each of some clients needed who ask at once: the most that any of them did.
async fn most_tries_at_once(world: &World, clients: usize) -> u32 {
    let asked = (0..clients).map(|_| async {
        let response = world.ask(BERLIN, "GET", "/x").send().await.unwrap();
        assert_eq!(response.status(), 200, "{:?}", response.headers());
        let mark = header(&response, "x-pointsman");
        mark.split_once("try=").map_or(1, |(_, tries)| tries.parse().unwrap())
    });
    join_all(asked).await.into_iter().max().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_request_to_a_dead_region_waits_and_the_next_fifty_do_not() {
    let world = World::settled_with(&waits()).await;
    world.set("eu-west", Mode::Hang).await;
    let (region, took) = served(&world, "/x").await;
    assert_eq!(region, "us-east");
    assert!(took < ONE_TRY, "{took:?}");
    for _ in 0..50 {
        let (_, took) = served(&world, "/x").await;
        assert!(took < NOTHING, "{took:?}");
    }
    assert_eq!(world.arrived("eu-west"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_clients_at_once_do_not_wait_for_a_region_that_is_known_to_be_dead() {
    let world = World::settled_with(&waits()).await;
    world.set("eu-west", Mode::Hang).await;
    served(&world, "/x").await;
    for _ in 0..20 {
        assert_eq!(most_tries_at_once(&world, 16).await, 1);
    }
    assert_eq!(world.arrived("eu-west"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_asked_a_region_in_the_moment_of_its_death_are_answered() {
    // Long enough for a region that is well to answer 48 at once on any machine.
    let keys = json!({"try_timeout_ms": 5_000, "timeout_ms": 20_000});
    let world = World::settled_with(&waits_and(&keys)).await;
    for mode in [Mode::Hang, Mode::Refuse] {
        world.set("eu-west", mode).await;
        world.crash().await;
        assert_eq!(most_tries_at_once(&world, 48).await, 2, "{mode:?}");
        assert_eq!(most_tries_at_once(&world, 48).await, 1, "{mode:?}: it is known by now");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_of_our_own_brings_a_region_back_and_no_client_pays_for_it() {
    let world = World::settled_with(&waits()).await;
    world.set("eu-west", Mode::Refuse).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1_500) {
        assert_eq!(served(&world, "/x").await.0, "us-east");
        tokio::time::sleep(PAUSE).await;
    }
    let before = world.region("eu-west").unwrap().served();
    world.set("eu-west", Mode::Healthy).await;
    let began = Instant::now();
    while served(&world, "/x").await.0 != "eu-west" {
        assert!(began.elapsed() < RETURN_BOUND);
        tokio::time::sleep(PAUSE).await;
    }
    let after = world.region("eu-west").unwrap().served();
    assert_eq!((after.health, after.other), (before.health + 1, before.other + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_is_tried_after_one_second_then_two_and_never_by_a_client() {
    let world = World::settled_with(&waits()).await;
    world.set("eu-west", Mode::Status { code: 503 }).await;
    let mut trials = Vec::new();
    let mut known = world.region("eu-west").unwrap().served().health;
    let mut opened = None;
    while trials.len() < 3 {
        served(&world, "/x").await;
        let arrived = world.region("eu-west").unwrap().served();
        if arrived.other == 5 && opened.is_none() {
            opened = Some(Instant::now());
        }
        if arrived.health > known {
            known = arrived.health;
            trials.push(opened.unwrap().elapsed());
        }
        assert!(opened.is_none_or(|opened| opened.elapsed() < Duration::from_secs(12)));
        tokio::time::sleep(PAUSE).await;
    }
    assert_eq!(world.arrived("eu-west"), 5);
    for (trial, after_ms) in trials.iter().zip([1_000, 3_000, 7_000]) {
        let ms = trial.as_millis();
        assert!((after_ms - 100..after_ms + 900).contains(&ms), "{trials:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_too_slow_for_a_try_is_not_let_back_by_a_health_page_that_is_as_slow() {
    let world = World::settled_with(&waits()).await;
    world.set("eu-west", Mode::Slow { delay_ms: TRY_MS + 400 }).await;
    served(&world, "/x").await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(4) {
        let (region, took) = served(&world, "/x").await;
        assert_eq!(region, "us-east");
        assert!(took < NOTHING, "{took:?}, {:?} after the first", began.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
}

/// The most retries that the budget grants of so many requests since then: a fifth, and ten in each
/// window, of which a new one may begin every eight seconds.
fn granted_of(requests: u64, began: Instant) -> u64 {
    requests / 5 + 10 * (began.elapsed().as_secs() / 8 + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_fails_every_second_request_gets_no_more_retries_than_the_budget() {
    let keys = json!({"proxy": {"breaker_success_percent": 0}});
    let world = World::settled_with(&waits_and(&keys)).await;
    let (mut answered, mut handed_on) = (0, 0);
    let began = Instant::now();
    for n in 0..120 {
        let path = if n % 2 == 0 { "/x" } else { "/told?code=503&in=eu-west" };
        let response = world.ask(BERLIN, "GET", path).send().await.unwrap();
        match response.status().as_u16() {
            200 => answered += 1,
            503 => handed_on += 1,
            other => panic!("{other}"),
        }
    }
    let retries = world.arrived("us-east");
    assert_eq!(world.arrived("eu-west"), 120, "each request once");
    assert_eq!((answered, handed_on), (60 + retries, 60 - retries));
    assert!((20..=granted_of(120, began)).contains(&retries), "{retries}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brown_out_of_every_region_is_not_amplified() {
    let world = World::settled_with(&waits()).await;
    for region in ["eu-west", "us-east", "sa-east"] {
        world.set(region, Mode::Status { code: 503 }).await;
    }
    let began = Instant::now();
    for _ in 0..200 {
        let response = world.ask(BERLIN, "GET", "/x").send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), header(&response, "x-pointsman").is_empty()),
            (503, false)
        );
    }
    let arrived: u64 = ["eu-west", "us-east", "sa-east"].map(|r| world.arrived(r)).iter().sum();
    // What the budget grants, and the request that opens a breaker, which follows the others to the
    // next region, once for each of the first two.
    let most = 200 + granted_of(200, began) + 2;
    assert!((200..=most).contains(&arrived), "{arrived} of {most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_statuses_that_are_listed_are_tried_elsewhere() {
    let keys = json!({"proxy": {"retry_on": [500]}});
    let world = World::settled_with(&waits_and(&keys)).await;
    let asked = async |code: u16| {
        let path = format!("/told?code={code}&in=eu-west");
        let response = world.ask(BERLIN, "GET", &path).send().await.unwrap();
        (response.status().as_u16(), header(&response, "x-lab-region").to_owned())
    };
    assert_eq!(asked(500).await, (200, "us-east".to_owned()));
    assert_eq!(asked(503).await, (503, "eu-west".to_owned()));
    assert_eq!(asked(404).await, (404, "eu-west".to_owned()));
    let post = world.ask(BERLIN, "POST", "/told?code=500&in=eu-west").send().await.unwrap();
    assert_eq!(post.status(), 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_request_is_answered_by_the_next_region_where_the_service_hedges() {
    for hedges in [true, false] {
        let world = World::settled_with(&waits_and(&json!({"proxy": {"hedge": hedges}}))).await;
        for _ in 0..60 {
            served(&world, "/x").await;
        }
        let late = "/told?delay_ms=600&in=eu-west";
        let mut by_the_next = 0;
        for _ in 0..5 {
            let (region, took) = served(&world, late).await;
            let is_next = region == "us-east";
            assert_eq!(took < Duration::from_millis(500), is_next, "{region}, {took:?}");
            by_the_next += u32::from(is_next);
            served(&world, "/x").await;
        }
        assert_eq!(by_the_next, if hedges { 5 } else { 0 });
        let before = world.arrived("us-east");
        let post = world.ask(BERLIN, "POST", late).send().await.unwrap();
        assert_eq!(header(&post, "x-lab-region"), "eu-west");
        assert_eq!(world.arrived("us-east"), before, "a write is not made twice");
        let arrived = world.arrived("eu-west") + world.arrived("us-east");
        assert!(arrived <= 71 + 71 / 5 + 10, "{arrived}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_request_is_not_sent_where_no_other_region_is_permitted() {
    let world = World::settled_with(&waits_and(&json!({"proxy": {"hedge": true}}))).await;
    for _ in 0..30 {
        world.ask(SAO_PAULO, "GET", "/x").send().await.unwrap();
    }
    let late = world.ask(SAO_PAULO, "GET", "/told?delay_ms=600&in=sa-east").send().await.unwrap();
    assert_eq!((late.status().as_u16(), header(&late, "x-lab-region")), (200, "sa-east"));
    assert_eq!(world.residency_violations(), 0);
    assert_eq!(world.arrived("eu-west") + world.arrived("us-east"), 0);
}

/// As a header says it: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(seconds: i64) -> String {
    let date = DateTime::from_timestamp(seconds, 0).unwrap();
    date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_asks_to_be_left_alone_is_for_as_long_as_it_asks() {
    for is_date in [false, true] {
        let world = World::settled_with(&waits()).await;
        let at = now_ms() / 1_000 + 4;
        let retry_after = if is_date { http_date(at) } else { "3".to_owned() };
        let before = world.region("eu-west").unwrap().served().health;
        let path = format!("/told?code=429&in=eu-west&header=retry-after:{retry_after}");
        let path = path.replace(' ', "%20");
        for _ in 0..9 {
            let response = world.ask(BERLIN, "GET", &path).send().await.unwrap();
            assert_eq!(response.status(), 429);
            assert_eq!(header(&response, "retry-after"), retry_after);
        }
        assert_eq!(served(&world, &path).await.0, "us-east", "the tenth shows that it is a storm");
        let opened = Instant::now();
        while served(&world, "/x").await.0 == "us-east" {
            assert!(opened.elapsed() < RETURN_BOUND);
            tokio::time::sleep(PAUSE).await;
        }
        assert!(opened.elapsed() > Duration::from_millis(2_900), "{:?}", opened.elapsed());
        assert_eq!(world.region("eu-west").unwrap().served().health, before + 1);
    }
}
