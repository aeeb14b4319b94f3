use super::*;
use crate::geo::Area;
use crate::ids::{ID_BYTES_MAX, RegionId, ServiceId};
use crate::time::{MINUTE, Timestamp};
use crate::traffic::{Ended, Happened, Line, Requests, What};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::{env, fs};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/analytics.md");

fn at(minute: u64) -> Timestamp {
    Timestamp::from_millis(minute * MINUTE)
}

fn line(minute: u64, service: &str, region: Option<&str>, took_ms: &[u64]) -> Line {
    let mut requests = Requests::default();
    for took_ms in took_ms {
        requests.note(Ended::Well, *took_ms);
    }
    let region = region.map(|region| RegionId::parse(region).unwrap());
    Line::of(at(minute), (ServiceId::parse(service).unwrap(), region), requests)
}

fn happened(what: What, service: Option<&str>, of: &str, count: u64) -> Happened {
    let service = service.map(|service| ServiceId::parse(service).unwrap());
    Happened { what, service, of: Some(of.to_owned()).filter(|of| !of.is_empty()), count }
}

/// The points that are due, by the names of the columns that say something.
fn due(points: &Points, area: Option<Area>, now: Timestamp) -> Vec<Value> {
    let due = points.due(area, now).unwrap_or(json!([]));
    let due = due.as_array().unwrap().iter();
    due.map(|point| {
        let parts = point.as_array().unwrap();
        assert_eq!(parts.len(), 3);
        let (blobs, doubles) = (parts[1].as_array().unwrap(), parts[2].as_array().unwrap());
        assert_eq!((blobs.len(), doubles.len()), (BLOBS, DOUBLES));
        let values = [&parts[0]].into_iter().chain(blobs).chain(doubles);
        let named = COLUMNS.iter().zip(values);
        let named = named.filter(|(_, value)| **value != json!("") && **value != json!(0));
        named.map(|(column, value)| (column.name.to_owned(), value.clone())).collect()
    })
    .collect()
}

#[test]
fn each_row_of_a_minute_is_a_point_whose_columns_stand_in_their_places() {
    let mut points = Points::default();
    let mut failing = line(7, "api", Some("eu-west"), &[3, 80]);
    failing.counts.note(Ended::Badly, 1);
    failing.counts.note(Ended::Unanswered, 1);
    points.add_lines(&[failing, line(7, "api", None, &[11_000])]);
    let told = [
        happened(What::Decided, Some("api"), "latency", 4),
        happened(What::RuledOut, None, "lgpd", 2),
        happened(What::BreakerOpened, Some("api"), "eu-west", 1),
        happened(What::Retried, Some("api"), "", 3),
    ];
    points.add_happened(&told, at(7));
    let expected = json!([
        {"index1": "api", "blob1": "answers", "blob2": "api", "blob4": "weur",
            "double1": 420, "double2": 1, "double5": 11_000, "double17": 1},
        {"index1": "api", "blob1": "breaker_opened", "blob2": "api", "blob3": "eu-west",
            "blob4": "weur", "double1": 420, "double2": 1},
        {"index1": "api", "blob1": "decided", "blob2": "api", "blob4": "weur",
            "blob5": "latency", "double1": 420, "double2": 4},
        {"index1": "api", "blob1": "retried", "blob2": "api", "blob4": "weur",
            "double1": 420, "double2": 3},
        {"blob1": "ruled_out", "blob4": "weur", "blob5": "lgpd", "double1": 420, "double2": 2},
        {"index1": "api", "blob1": "tries", "blob2": "api", "blob3": "eu-west", "blob4": "weur",
            "double1": 420, "double2": 4, "double3": 2, "double4": 1, "double5": 83,
            "double6": 1, "double7": 1, "double8": 1, "double9": 1, "double10": 2, "double11": 2,
            "double12": 2, "double13": 2, "double14": 2, "double15": 2, "double16": 2,
            "double17": 2},
    ]);
    assert_eq!(Value::from(due(&points, Some(Area::Weur), at(8))), expected);
}

#[test]
fn a_minute_is_due_when_it_has_ended_and_then_it_is_one_point() {
    let mut points = Points::default();
    points.add_lines(&[line(7, "api", None, &[20])]);
    points.add_lines(&[line(8, "api", None, &[40])]);
    points.add_lines(&[line(7, "api", None, &[30])]);
    let (first, second) = (
        json!({"index1": "api", "blob1": "answers", "blob2": "api", "double1": 420, "double2": 2,
            "double5": 50, "double8": 1, "double9": 2, "double10": 2, "double11": 2,
            "double12": 2, "double13": 2, "double14": 2, "double15": 2, "double16": 2,
            "double17": 2}),
        480,
    );
    assert_eq!(due(&points, None, at(8).minus(1)), [] as [Value; 0]);
    assert_eq!(due(&points, None, at(9).minus(1)), std::slice::from_ref(&first));
    let both = due(&points, None, at(9));
    assert_eq!((both.len(), &both[0]), (2, &first));
    assert_eq!(both[1]["double1"], second);
    points.taken(1);
    assert_eq!(due(&points, None, at(9)), both[1..]);
    points.taken(1);
    assert_eq!(points.due(None, at(9)), None);
    assert_eq!(points.counts(), Counts { written: 2, dropped: 0 });
}

/// Points of so many services, all of one minute.
fn many(count: usize) -> Points {
    let mut points = Points::default();
    for service in 0..count {
        points.add_lines(&[line(1, &format!("s{service:04}"), None, &[1])]);
    }
    points
}

#[test]
fn more_points_than_one_invocation_may_write_are_written_one_after_the_other() {
    let rest = 7;
    let mut points = many(POINTS_AT_ONCE_MAX + rest);
    assert_eq!(due(&points, None, at(2)).len(), POINTS_AT_ONCE_MAX);
    // A runtime that takes fewer than it should.
    points.taken(25);
    let next = due(&points, None, at(2));
    assert_eq!((next.len(), &next[0]["index1"]), (POINTS_AT_ONCE_MAX - 25 + rest, &json!("s0025")));
    points.taken(next.len());
    assert_eq!(points.due(None, at(2)), None);
    assert_eq!((points.counts().dropped, points.dropped_since()), (0, 0));
}

#[test]
fn so_many_points_are_kept_and_it_is_said_how_many_were_dropped() {
    for (count, dropped) in [(POINTS_MAX - 1, 0), (POINTS_MAX, 0), (POINTS_MAX + 1, 1)] {
        let mut points = many(count);
        // What is there already has room.
        points.add_lines(&[line(1, "s0000", None, &[1])]);
        assert_eq!((points.counts().dropped, points.dropped_since()), (dropped, dropped));
        assert_eq!(points.dropped_since(), 0, "it is said once");
        assert_eq!(due(&points, None, at(2))[0]["double2"], 2);
    }
}

#[test]
fn a_point_that_is_refused_first_does_not_keep_back_the_others() {
    let mut points = many(3);
    points.taken(0);
    assert_eq!(due(&points, None, at(2))[0]["index1"], "s0001");
    points.taken(2);
    assert_eq!(points.counts(), Counts { written: 2, dropped: 1 });
    assert_eq!(points.dropped_since(), 1);
    points.taken(5);
    assert_eq!(points.counts().written, 2, "no more were taken than there were");
}

/// The part of the page between two marks; renewed where that is asked for.
fn assert_on_page(mark: &str, made: &str) {
    let page = fs::read_to_string(PAGE).unwrap();
    let (begin, end) = (format!("<!-- {mark} -->"), format!("<!-- /{mark} -->"));
    let (before, rest) = page.split_once(&begin).unwrap();
    let (committed, behind) = rest.split_once(&end).unwrap();
    if env::var_os("POINTSMAN_UPDATE").is_some() {
        return fs::write(PAGE, [before, &begin, made, &end, behind].concat()).unwrap();
    }
    assert_eq!(committed, made, "run this test with POINTSMAN_UPDATE=1");
}

#[test]
fn the_page_about_data_points_has_all_columns_and_all_that_happens() {
    let mut table = "\n| column | what it says |\n| --- | --- |\n".to_owned();
    for Column { name, says } in COLUMNS {
        writeln!(table, "| `{name}` | {says} |").unwrap();
    }
    assert_on_page("columns", &(table + "\n"));
    let words: Vec<String> = What::WORDS.iter().map(|word| format!("`{word}`")).collect();
    let list = words.join(", ");
    assert_on_page("happenings", &format!("\nWhat happens: {list}.\n\n"));
}

#[test]
fn columns_are_named_by_their_places_and_buckets_by_their_bounds() {
    let places = (1..=1).map(|n| format!("index{n}"));
    let places = places.chain((1..=BLOBS).map(|n| format!("blob{n}")));
    let places: Vec<_> = places.chain((1..=DOUBLES).map(|n| format!("double{n}"))).collect();
    assert_eq!(COLUMNS.map(|column| column.name).as_slice(), places);
    let buckets = COLUMNS[COLUMNS.len() - crate::traffic::LATENCY_BOUNDS_MS.len() - 1..].iter();
    for (column, bound) in buckets.zip(crate::traffic::LATENCY_BOUNDS_MS) {
        let told = column.says.split_once("within ").unwrap().1.trim_end_matches('.');
        let (number, unit) = told.split_once(' ').unwrap();
        let number: f64 = number.parse().unwrap();
        let told_ms = number * if unit == "s" { 1_000.0 } else { 1.0 };
        assert!((told_ms - f64::from(u32::try_from(bound).unwrap())).abs() < 0.001, "{column:?}");
    }
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z][a-z0-9-]{0,8}", "[a-z][a-z0-9-]{62}"]
        .prop_filter("an id", |id| id.len() <= ID_BYTES_MAX)
}

proptest! {
    /// What exceeds one of Cloudflare's limits is lost without a word.
    #[test]
    fn every_point_is_within_the_limits_and_nothing_is_lost_or_counted_twice(
        lines in proptest::collection::vec(
            (0_u64..4, id(), proptest::option::of(id()), 0_u64..20_000), 0..60),
        told in proptest::collection::vec(
            (0..What::ALL.len(), proptest::option::of(id()), id(), 1_u64..100_000_000), 0..60),
        takes in proptest::collection::vec(1_usize..40, 1..9),
    ) {
        let mut points = Points::default();
        for (minute, service, region, took_ms) in &lines {
            points.add_lines(&[line(*minute, service, region.as_deref(), &[*took_ms])]);
        }
        for (what, service, of, count) in &told {
            let told = happened(What::ALL[*what], service.as_deref(), of, *count);
            points.add_happened(&[told], at(2));
        }
        let counted = lines.len() as u64 + told.iter().map(|(.., count)| count).sum::<u64>();
        let mut written = 0;
        for take in takes.iter().cycle() {
            let Some(due) = points.due(Some(Area::Apac), at(4)) else { break };
            let due = due.as_array().unwrap();
            prop_assert!((1..=POINTS_AT_ONCE_MAX).contains(&due.len()));
            for point in due {
                let texts = point[1].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
                prop_assert!(texts.clone().count() <= BLOBS_MAX);
                prop_assert!(texts.map(str::len).sum::<usize>() <= BLOBS_BYTES_MAX);
                prop_assert!(point[0].as_str().unwrap().len() <= INDEX_BYTES_MAX);
                prop_assert!(point[2].as_array().unwrap().len() <= DOUBLES_MAX);
            }
            let taken = due.iter().take(*take);
            written += taken.map(|point| point[2][1].as_u64().unwrap()).sum::<u64>();
            points.taken(due.len().min(*take));
        }
        prop_assert_eq!(written, counted);
        prop_assert_eq!(points.counts().dropped, 0);
    }
}
