//! A minute of traffic in which every region dies twice.

use super::{header, waits};
use crate::support::{World, until};
use pointsman_lab::deployment::{BERLIN, CHICAGO, Client, HOST, SAO_PAULO};
use pointsman_lab::edge::Edge;
use pointsman_lab::region::{CLIENT_HEADER, Mode};
use reqwest::Method;
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, sleep};

const CLIENTS: [Client; 8] =
    [BERLIN, CHICAGO, BERLIN, CHICAGO, BERLIN, CHICAGO, SAO_PAULO, SAO_PAULO];
/// How often each of them asks.
const EVERY: Duration = Duration::from_millis(50);
/// How long a region is dead.
const DEAD: Duration = Duration::from_secs(4);
/// What workerd may have at the end. Its heap grows to about 420 MB before the collector holds it
/// there; these few thousand requests bring it to 180.
const RESIDENT_MAX: u64 = 300_000_000;

/// What the clients got.
#[derive(Default)]
struct Account {
    answered: AtomicU64,
    /// Brazilian clients that were told that Brazil is down, while it was.
    told: AtomicU64,
    brazil_is_down: AtomicBool,
    failed: Mutex<Vec<String>>,
}

async fn ask_for_ever(client: Client, edge: Arc<Edge>, account: Arc<Account>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let was_down = account.brazil_is_down.load(Relaxed);
        let request = edge.request(Method::GET, HOST, "/orders", Some(&client.cf()));
        let got = match request.header(CLIENT_HEADER, client.country).send().await {
            Ok(response) => {
                let said =
                    (response.status().as_u16(), header(&response, "x-pointsman").to_owned());
                response.bytes().await.map(|_| said)
            }
            Err(error) => Err(error),
        };
        let is_down = was_down || account.brazil_is_down.load(Relaxed);
        match got {
            Ok((200, _)) => _ = account.answered.fetch_add(1, Relaxed),
            Ok((502..=504, _)) if client == SAO_PAULO && is_down => {
                account.told.fetch_add(1, Relaxed);
            }
            other => account.failed.lock().unwrap().push(format!("{}: {other:?}", client.name)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_one_region_after_the_other_dies_and_returns() {
    let mut config = waits();
    let home = json!({"id": "us", "when": {"country": "US"}, "allow": ["US"], "mode": "preferred"});
    config["residency"].as_array_mut().unwrap().push(home);
    let world = World::settled_with(&config).await;
    let account = Arc::<Account>::default();
    let clients =
        CLIENTS.map(|client| tokio::spawn(ask_for_ever(client, world.edge(), account.clone())));
    let regions = ["eu-west", "us-east", "sa-east"];
    for (round, modes) in
        [[Mode::Refuse, Mode::Hang], [Mode::Hang, Mode::Refuse]].iter().enumerate()
    {
        for (place, region) in regions.into_iter().enumerate() {
            let mode = modes[(round + place) % 2];
            account.brazil_is_down.store(region == "sa-east", Relaxed);
            world.set(region, mode).await;
            sleep(DEAD).await;
            world.set(region, Mode::Healthy).await;
            let before = world.arrived(region);
            until("the region has its traffic again", async || world.arrived(region) > before + 20)
                .await;
            account.brazil_is_down.store(false, Relaxed);
        }
    }
    clients.iter().for_each(tokio::task::JoinHandle::abort);
    let failed = account.failed.lock().unwrap().clone();
    let (answered, told) = (account.answered.load(Relaxed), account.told.load(Relaxed));
    assert!(
        failed.is_empty(),
        "{} of {answered} failed: {:#?}",
        failed.len(),
        failed.first_chunk::<5>()
    );
    assert!(answered > 2_000, "{answered}");
    assert!(told > 0, "Brazil was down, and somebody was told");
    assert_eq!(world.residency_violations(), 0);
    let resident = world.edge().resident_bytes().await.unwrap();
    assert!(resident < RESIDENT_MAX, "{resident} bytes after {answered} answers");
}
