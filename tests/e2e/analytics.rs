//! Data points for Analytics Engine: written where a dataset is bound, and nowhere else.

use crate::support::{World, config};
use pointsman::analytics::{BLOBS, DOUBLES};
use pointsman_lab::deployment::{BERLIN, SAO_PAULO};
use pointsman_lab::edge::{DataPoint, EdgeOptions};
use pointsman_lab::region::Mode;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A minute has to end, and then an isolate writes with its next look for a table, after half a
/// minute more.
const BOUND: Duration = Duration::from_secs(110);

fn bound(options: &mut EdgeOptions) {
    options.dataset = Some("ANALYTICS".to_owned());
}

/// Seven answers, one refusal by law, one of a host that is no service's.
async fn some_traffic(world: &World) {
    for n in 0..7 {
        assert_eq!(world.get(BERLIN, &format!("/secret-path-{n}")).await.unwrap().status, 200);
    }
    assert!(world.get(SAO_PAULO, "/x").await.unwrap().status >= 500);
    let strange = world.edge().request(Method::GET, "strange.example.com", "/", None);
    assert_eq!(strange.send().await.unwrap().status(), 404);
}

/// Goes on asking until the isolate has written so many answers, and all of it has arrived.
async fn written(world: &World, answers: u64) -> Vec<DataPoint> {
    let began = Instant::now();
    loop {
        let points = world.edge().data_points().await.unwrap();
        let of_clients = points.iter().filter(|point| point.blobs[0] == "answers");
        let is_all = of_clients.map(|point| point.doubles[1]).sum::<u64>() >= answers;
        if is_all && world.isolate().await["points"]["written"] == points.len() {
            return points;
        }
        assert!(began.elapsed() < BOUND, "{points:#?}\n{}", world.edge().log().join("\n"));
        let cf = BERLIN.cf();
        let strange = world.edge().request(Method::GET, "strange.example.com", "/", Some(&cf));
        assert_eq!(strange.send().await.unwrap().status(), 404);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// How many of each: what, service, region, of.
fn sums(points: &[DataPoint]) -> BTreeMap<[&str; 4], u64> {
    let mut sums = BTreeMap::new();
    for DataPoint { blobs, doubles, .. } in points {
        let [what, service, region, _, of] = [0, 1, 2, 3, 4].map(|place| blobs[place].as_str());
        *sums.entry([what, service, region, of]).or_default() += doubles[1];
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_meet_is_written_once_even_while_the_controller_is_out_of_reach() {
    let mut world = World::started_on(&config(), bound).await;
    world.minute().await;
    world.set("sa-east", Mode::Refuse).await;
    world.minutes(2).await;
    // From now on nobody takes a report.
    world.edge().restart_with("CONTROLLER_JURISDICTION", "nowhere").await.unwrap();
    some_traffic(&world).await;
    let points = written(&world, 8).await;
    for point in &points {
        let DataPoint { index, blobs, doubles } = point;
        assert_eq!(index, &blobs[1], "{point:?}");
        assert_eq!(blobs[3], "weur", "{point:?}");
        assert!(blobs[BLOBS..].iter().all(String::is_empty), "{point:?}");
        assert!(doubles[DOUBLES..].iter().all(|double| *double == 0), "{point:?}");
        let text = format!("{point:?}");
        for client in ["secret-path", "\"DE\"", "\"BR\"", "127.0.0.1", "example.com"] {
            assert!(!text.contains(client), "{client} in {text}");
        }
    }
    let sums = sums(&points);
    let expected = [
        (["answers", "api", "", ""], 8),
        (["tries", "api", "eu-west", ""], 7),
        (["refused", "api", "", "no_usable_region"], 1),
    ];
    for (row, count) in expected {
        assert_eq!(sums.get(&row), Some(&count), "{row:?} of {sums:#?}");
    }
    let decided = sums.iter().filter(|([what, ..], _)| *what == "decided");
    assert_eq!(decided.map(|(_, count)| count).sum::<u64>(), 7, "{sums:#?}");
    assert!(sums.contains_key(&["refused", "", "", "unknown_host"]), "{sums:#?}");
    let rows: BTreeSet<_> =
        points.iter().map(|point| format!("{:?} {}", point.blobs, point.doubles[0])).collect();
    assert_eq!(rows.len(), points.len(), "one point for each row of a minute");
    let page = world.isolate().await;
    assert_eq!(page["points"], json!({"written": points.len(), "dropped": 0}));
    assert_eq!(page["news"]["taken"], 0, "{page}");
    assert_ne!(page["news"]["failed"], 0, "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_dataset_nothing_is_said_and_a_text_in_its_place_is_logged() {
    let without = World::settled().await;
    let mut text = World::started_on(&config(), |options| {
        options.vars.insert("ANALYTICS".to_owned(), "pointsman".to_owned());
    })
    .await;
    text.minute().await;
    for (world, complaints) in [(&without, 0), (&text, 1)] {
        for _ in 0..3 {
            assert_eq!(world.get(BERLIN, "/x").await.unwrap().status, 200);
        }
        assert_eq!(world.isolate().await["points"], Value::Null);
        let log = world.edge().log();
        let said: Vec<_> = log.iter().filter(|line| line.contains("ANALYTICS")).collect();
        assert_eq!(said.len(), complaints, "{log:#?}");
        for line in said {
            assert!(line.contains("something else than a dataset"), "{line}");
        }
    }
}
