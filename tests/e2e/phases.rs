//! How long it takes in real minutes from a fault until the record is applied, whenever it strikes.

use crate::support::{World, config};
use pointsman_lab::region::Mode;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// How many faults are measured; the variable `POINTSMAN_PHASES` asks for more.
const PHASES: u32 = 1;
/// How many of them run side by side.
const AT_ONCE: usize = 5;
/// How often the record is looked at.
const LOOK: Duration = Duration::from_millis(50);
const MINUTE: Duration = Duration::from_mins(1);
/// The longest time from a fault until the record is applied, and the median.
const WORST: Duration = MINUTE;
const MEDIAN: Duration = Duration::from_secs(20);

/// A moment of a minute that looks random and is the same for one number.
fn phase(number: u32) -> Duration {
    let mixed = u64::from(number + 17).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Duration::from_millis((mixed >> 24) % 60_000)
}

fn fault(number: u32) -> Mode {
    match number % 3 {
        0 => Mode::Refuse,
        1 => Mode::Hang,
        _ => Mode::Status { code: 503 },
    }
}

async fn one_fault(number: u32) -> Duration {
    let mut config = config();
    config["monitors"]["api"]["interval_s"] = json!(15);
    let mut world = World::started_with(&config).await;
    let began = Instant::now();
    let minutes: Vec<i64> = (0..4).map(|_| world.begin_minute()).collect();
    let edge = world.edge();
    let runs = async {
        for (minute, at) in (0..).zip(minutes) {
            sleep_until(began + MINUTE * minute).await;
            edge.run_cron(at).await.unwrap();
        }
        panic!("the record did not move within two minutes: {:?}", edge.log());
    };
    let moves = async {
        // In the second run: the first one has made everything known.
        sleep_until(began + MINUTE + phase(number)).await;
        assert!(world.answer().await.contains("eu1"));
        world.set("eu-west", fault(number)).await;
        let struck = Instant::now();
        while !world.answer().await.contains("us1") {
            sleep(LOOK).await;
        }
        struck.elapsed()
    };
    let took = tokio::select! { () = runs => unreachable!(), took = moves => took };
    println!("{:?} at {:?}: {took:?}", fault(number), phase(number));
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_applied_within_a_minute_whenever_it_strikes() {
    let phases = std::env::var("POINTSMAN_PHASES").ok();
    let phases = phases.map_or(PHASES, |text| text.parse().unwrap());
    let mut took = Vec::new();
    for batch in (0..phases).collect::<Vec<_>>().chunks(AT_ONCE) {
        let faults: Vec<_> = batch.iter().map(|number| tokio::spawn(one_fault(*number))).collect();
        for fault in faults {
            took.push(fault.await.unwrap());
        }
    }
    took.sort();
    let (median, worst) = (took[took.len() / 2], took[took.len() - 1]);
    println!("{phases} faults: applied after {median:?} (median), {worst:?} (worst)");
    assert!(worst <= WORST, "{took:?}");
    // One fault alone has no median.
    assert!(took.len() < 10 || median <= MEDIAN, "{took:?}");
}
