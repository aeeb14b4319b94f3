//! What an isolate writes as data points.

use super::*;
use crate::time::MINUTE;
use crate::traffic::Line;

/// An isolate with a dataset.
fn writing(changes: &[(&str, Value)]) -> Isolate {
    let mut isolate = isolate(changes);
    isolate.take_dataset(Some(true));
    isolate
}

/// The points that are due, all taken: what, service, region, area, of; and how many.
fn written(isolate: &mut Isolate, now: u64) -> Vec<([String; 5], u64)> {
    let Some(text) = isolate.due_points(at(now)) else { return Vec::new() };
    let points: Vec<(String, [String; 5], Vec<u64>)> = serde_json::from_str(&text).unwrap();
    isolate.points_taken(points.len());
    let points = points.into_iter().inspect(|(index, texts, _)| assert_eq!(*index, texts[1]));
    points.map(|(_, texts, numbers)| (texts, numbers[1])).collect()
}

fn well(isolate: &mut Isolate, now: u64) {
    let tried = GET.first(isolate, now);
    isolate.over(&tried, answered(200), 20, now);
}

#[test]
fn what_a_report_tells_is_also_written_and_is_written_once() {
    let mut isolate = writing(&[]);
    for now in 0..3 {
        well(&mut isolate, now);
    }
    let told = isolate.traffic_report(1, at(4)).unwrap();
    // Nobody takes the report, so it is told again, and again.
    isolate.news_failed(at(5));
    well(&mut isolate, 6);
    assert_eq!(isolate.traffic_report(1, at(7)).as_ref(), Some(&told));
    assert_eq!(written(&mut isolate, 8), [], "the minute goes on");
    let all = written(&mut isolate, MINUTE);
    let row = |what: &str, region: &str, of: &str, count| {
        ([what, "api", region, "weur", of].map(str::to_owned), count)
    };
    let chosen = told.happened[0].of.clone().unwrap();
    let expected =
        [row("answers", "", "", 4), row("decided", "", &chosen, 4), row("tries", "eu-west", "", 4)];
    assert_eq!(all, expected);
    assert_eq!(isolate.traffic_report(1, at(MINUTE + 1)), Some(told), "it is out of reach");
    assert_eq!(written(&mut isolate, 2 * MINUTE), []);
}

#[test]
fn every_line_and_everything_that_happened_becomes_a_point() {
    let mut isolate = writing(&[]);
    well(&mut isolate, 0);
    let first = GET.first(&mut isolate, 1);
    let reason = isolate.over(&first, TryEnd::Unreachable, 10, 10).unwrap();
    let second = sent(GET.ask(&mut isolate, reason, &first.trail, 10));
    isolate.over(&second, answered(200), 30, 40);
    let strange = Asking { host: "other.example.com", ..GET };
    super::refused(strange.go_on(&mut isolate, FIRST, 41));
    let written = written(&mut isolate, MINUTE);
    let told = isolate.traffic_report(1, at(MINUTE)).unwrap();
    assert_eq!(written.len(), told.lines.len() + told.happened.len(), "{written:#?}");
    for Line { service, region, counts, .. } in &told.lines {
        let what = if region.is_some() { "tries" } else { "answers" };
        let region = region.as_ref().map(ToString::to_string).unwrap_or_default();
        let row = [what, service.as_str(), &region, "weur", ""].map(str::to_owned);
        assert!(written.contains(&(row, counts.requests)), "{what} {region}: {written:#?}");
    }
    for told in &told.happened {
        let is_it = |(texts, count): &([String; 5], u64)| {
            let of = if texts[2].is_empty() { &texts[4] } else { &texts[2] };
            texts[0] == told.what.as_str()
                && texts[1] == told.service.as_ref().map(ToString::to_string).unwrap_or_default()
                && Some(of).filter(|of| !of.is_empty()) == told.of.as_ref()
                && *count == told.count
        };
        assert!(written.iter().any(is_it), "{told:?}: {written:#?}");
    }
}

#[test]
fn a_new_table_loses_no_point() {
    let mut isolate = writing(&[]);
    well(&mut isolate, 0);
    let mut routes = three();
    routes["as_of"] = at(1_000).to_string().into();
    routes["services"]["api"]["regions"].as_array_mut().unwrap().remove(0);
    assert!(isolate.take(&routes.to_string(), at(1_000)).unwrap());
    well(&mut isolate, 1_001);
    let tries: Vec<_> = written(&mut isolate, MINUTE)
        .into_iter()
        .filter(|(texts, _)| texts[0] == "tries")
        .map(|(texts, count)| (texts[2].clone(), count))
        .collect();
    assert_eq!(tries, [("eu-west".to_owned(), 1), ("us-east".to_owned(), 1)]);
}

#[test]
fn without_a_dataset_nothing_is_kept_and_another_binding_is_logged_once() {
    let mut isolate = isolate(&[]);
    for (bound, notes) in [(None, 0), (Some(false), 1), (Some(false), 0), (None, 0)] {
        isolate.take_dataset(bound);
        well(&mut isolate, 0);
        assert_eq!(isolate.due_points(at(MINUTE)), None);
        assert_eq!(isolate.points_dropped(), None);
        assert_eq!(isolate.report(at(0))["points"], Value::Null);
        assert_eq!(isolate.notes().len(), notes, "{bound:?}");
    }
}

#[test]
fn an_isolate_says_how_many_points_were_written_and_dropped() {
    let mut isolate = writing(&[]);
    well(&mut isolate, 0);
    assert!(isolate.due_points(at(MINUTE)).is_some());
    isolate.points_taken(0);
    assert_eq!(isolate.points_dropped().unwrap(), "ANALYTICS: 1 data points were dropped");
    assert_eq!(isolate.points_dropped(), None);
    assert_eq!(written(&mut isolate, MINUTE).len(), 2);
    assert_eq!(isolate.report(at(0))["points"], json!({"written": 2, "dropped": 1}));
}
