use super::*;
use crate::geo::Area;
use crate::ids::{RegionId, ServiceId};
use crate::time::{MINUTE, Millis, Timestamp};

const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(100 * DAY + ms)
}

fn service(id: &str) -> ServiceId {
    ServiceId::parse(id).unwrap()
}

fn region(id: &str) -> RegionId {
    RegionId::parse(id).unwrap()
}

fn counts(requests: u64, failures: u64) -> Counts {
    Counts { requests, failures, ..Counts::default() }
}

fn line(minute: Timestamp, region_id: Option<&str>, counts: Counts) -> Line {
    let requests = Requests { counts, ..Requests::default() };
    Line::of(minute, (service("api"), region_id.map(region)), requests)
}

fn report(isolate: &str, number: u64, lines: Vec<Line>) -> Report {
    let (isolate, area) = (isolate.to_owned(), Some(Area::Sam));
    Report { isolate, number, area, lines, happened: Vec::new() }
}

fn any(_: &ServiceId, _: Option<&RegionId>) -> bool {
    true
}

fn answers(traffic: &Traffic, window_ms: Millis, now: Timestamp) -> Counts {
    traffic.window(&service("api"), None, window_ms, now)
}

#[test]
fn tries_are_of_a_region_and_answers_of_the_service() {
    let mut traffic = Traffic::default();
    let lines = vec![
        line(at(0), Some("eu"), counts(10, 5)),
        line(at(0), Some("us"), counts(5, 0)),
        line(at(0), None, counts(10, 0)),
    ];
    assert_eq!(traffic.take(&report("a", 1, lines), any, at(1)), Taken::Counted(0));
    let tries = |id: &str| traffic.window(&service("api"), Some(&region(id)), HOUR, at(1));
    assert_eq!((tries("eu"), tries("us")), (counts(10, 5), counts(5, 0)));
    assert_eq!(answers(&traffic, HOUR, at(1)), counts(10, 0));
    assert_eq!(traffic.window(&service("other"), None, HOUR, at(1)), Counts::default());
}

#[test]
fn a_report_that_is_sent_again_counts_once_also_over_a_restart() {
    let mut traffic = Traffic::default();
    let first = report("a", 1, vec![line(at(0), None, counts(3, 0))]);
    let other = report("b", 1, vec![line(at(0), None, counts(4, 0))]);
    assert_eq!(traffic.take(&first, any, at(1)), Taken::Counted(0));
    assert_eq!(traffic.take(&first, any, at(2)), Taken::Known);
    assert_eq!(traffic.take(&other, any, at(3)), Taken::Counted(0));
    assert!(traffic.write_down(at(4)));
    let late = report("a", 2, vec![line(at(0), None, counts(5, 0))]);
    traffic.take(&late, any, at(5));
    assert_eq!(answers(&traffic, HOUR, at(5)), counts(12, 0));
    // What was not written down is lost with its number, so telling it again counts.
    let mut restored = Traffic::default();
    for (id, row) in traffic.rows() {
        restored.restore(id.clone(), row).unwrap();
    }
    restored.restore_heard(traffic.heard_row().unwrap()).unwrap();
    assert_eq!(answers(&restored, HOUR, at(5)), counts(7, 0));
    assert_eq!(restored.take(&first, any, at(6)), Taken::Known);
    assert_eq!(restored.take(&late, any, at(6)), Taken::Counted(0));
    assert_eq!(answers(&restored, HOUR, at(6)), counts(12, 0));
}

#[test]
fn bad_lines_are_refused_and_the_good_ones_count() {
    let mut traffic = Traffic::default();
    let lines = vec![
        line(at(0), None, counts(1, 0)),
        line(at(0), None, counts(1, 2)),
        line(at(0), Some("gone"), counts(1, 0)),
        line(at(0).minus(LATE_MS_MAX), None, counts(1, 0)),
    ];
    let known = |_: &ServiceId, region: Option<&RegionId>| region.is_none();
    assert_eq!(traffic.take(&report("a", 1, lines), known, at(1)), Taken::Counted(3));
    assert_eq!(answers(&traffic, DAY, at(1)), counts(1, 0));
    assert_eq!(traffic.take(&report("a b", 2, Vec::new()), any, at(1)), Taken::Refused);
    assert_eq!(traffic.refused, 4);
}

#[test]
fn a_window_is_made_of_the_finest_steps_that_reach_so_far_back() {
    let mut traffic = Traffic::default();
    let mut now = at(0);
    for number in 0..(31 * 24) {
        now = at(number * HOUR);
        let lines = vec![line(now, None, counts(1, 0)), line(now, Some("eu"), counts(1, 0))];
        traffic.take(&report("a", number + 1, lines), any, now);
    }
    for (window_ms, sum) in [(MINUTE, 1), (HOUR, 2), (6 * HOUR, 7), (3 * DAY, 73)] {
        assert_eq!(answers(&traffic, window_ms, now), counts(sum, 0), "{window_ms}");
        let tries = traffic.window(&service("api"), Some(&region("eu")), window_ms, now);
        assert_eq!(tries, counts(sum, 0), "{window_ms}");
    }
    assert_eq!(answers(&traffic, WINDOW_MS_MAX, now), counts(721, 0));
    assert_eq!(traffic.counted_since(&service("api")), Some(now.minus(WINDOW_MS_MAX)));
}

#[test]
fn counts_are_written_down_once_a_minute_and_rarer_where_there_are_many_services() {
    let mut traffic = Traffic::default();
    assert!(!traffic.write_down(at(0)), "there is nothing");
    traffic.take(&report("a", 1, vec![line(at(0), None, counts(1, 0))]), any, at(0));
    for (ms, is_written) in [(0, true), (WRITE_EVERY_MS - 1, false), (WRITE_EVERY_MS, true)] {
        assert_eq!(traffic.write_down(at(ms)), is_written, "{ms}");
    }
    let many = (0..99)
        .map(|n| Line { service: service(&format!("s-{n}")), ..line(at(0), None, counts(1, 0)) });
    traffic.take(&report("a", 2, many.collect()), any, at(0));
    let every_ms = 101 * DAY / ROWS_PER_DAY;
    assert!(every_ms > WRITE_EVERY_MS);
    assert!(!traffic.write_down(at(WRITE_EVERY_MS + every_ms - 1)));
    assert!(traffic.write_down(at(WRITE_EVERY_MS + every_ms)));
    assert_eq!(traffic.rows().count(), 100);
}

#[test]
fn so_many_isolates_are_remembered_and_the_oldest_are_forgotten() {
    let mut traffic = Traffic::default();
    let say = |n: u64| report(&format!("i{n}"), 1, Vec::new());
    let most = u64::try_from(HEARD_MAX).unwrap();
    for n in 0..=most {
        traffic.take(&say(n), any, at(n));
    }
    assert_eq!(traffic.take(&say(most), any, at(most)), Taken::Known);
    assert_eq!(traffic.take(&say(1), any, at(most)), Taken::Known);
    assert_eq!(traffic.take(&say(0), any, at(most)), Taken::Counted(0), "it was forgotten");
}

#[test]
fn what_the_config_no_longer_has_is_forgotten() {
    let mut traffic = Traffic::default();
    let lines = vec![line(at(0), None, counts(1, 0)), line(at(0), Some("eu"), counts(1, 0))];
    traffic.take(&report("a", 1, lines), any, at(0));
    traffic.retain(|_, region| region.is_none(), at(1));
    assert_eq!(answers(&traffic, HOUR, at(0)), counts(1, 0));
    let tries = traffic.window(&service("api"), Some(&region("eu")), HOUR, at(0));
    assert_eq!(tries, Counts::default());
    traffic.retain(|_, _| false, at(1));
    assert_eq!(answers(&traffic, HOUR, at(0)), Counts::default());
}

#[test]
fn a_service_with_ten_regions_takes_a_small_row() {
    let mut traffic = Traffic::default();
    let regions: Vec<String> = (0..10).map(|n| format!("region-{n}")).collect();
    let busy = Counts { requests: 99_999, failures: 99, unanswered: 9, latency_ms_sum: 9_999_999 };
    // An hour apart for a month, and a minute apart in the last hours.
    let hours = (0..31 * 24).map(|hour| hour * HOUR);
    let minutes = (0..8 * 60).map(|minute| 31 * DAY + minute * MINUTE);
    let mut last = at(0);
    for (number, ms) in (1..).zip(hours.chain(minutes)) {
        last = at(ms);
        let mut lines = vec![line(last, None, busy)];
        lines.extend(regions.iter().map(|id| line(last, Some(id), busy)));
        traffic.take(&report("a", number, lines), any, last);
    }
    assert!(traffic.write_down(last));
    let bytes: Vec<usize> = traffic.rows().map(|(_, row)| row.len()).collect();
    assert!(bytes.iter().all(|bytes| *bytes < 130_000), "{bytes:?}");
}

#[test]
fn the_latency_of_a_way_is_the_mean_of_the_last_minutes_and_of_enough_answers() {
    let mut traffic = Traffic::default();
    let of = |requests, failures, latency_ms_sum| Counts {
        requests,
        failures,
        unanswered: 0,
        latency_ms_sum,
    };
    let seen = |traffic: &Traffic, area, now| {
        let way = (service("api"), region("eu"), area);
        traffic.latency(&way, at(now)).map(|seen| seen.mean_ms)
    };
    let first = vec![line(at(0), Some("eu"), of(20, 1, 19 * 80)), line(at(0), None, of(20, 0, 9))];
    traffic.take(&report("a", 1, first), any, at(1));
    assert_eq!(seen(&traffic, Area::Sam, 1), None, "nineteen were answered well");
    traffic.take(
        &report("a", 2, vec![line(at(MINUTE), Some("eu"), of(1, 0, 280))]),
        any,
        at(MINUTE),
    );
    assert_eq!(seen(&traffic, Area::Sam, MINUTE), Some(90));
    assert_eq!(seen(&traffic, Area::Weur, MINUTE), None, "from there nobody has told");
    let unknown =
        Report { area: None, ..report("b", 1, vec![line(at(0), Some("eu"), of(50, 0, 1))]) };
    traffic.take(&unknown, any, at(MINUTE));
    assert_eq!(seen(&traffic, Area::Sam, MINUTE), Some(90));
    assert_eq!(seen(&traffic, Area::Sam, 7 * MINUTE), None, "it is of the last minutes");
    traffic.retain(any, at(9 * MINUTE));
    let empty = Traffic::default();
    assert_eq!(seen(&traffic, Area::Sam, 0), seen(&empty, Area::Sam, 0), "and then forgotten");
}

#[test]
fn the_95th_percentile_of_a_way_comes_from_the_buckets_of_all_isolates() {
    let mut traffic = Traffic::default();
    for (number, (isolate, took_ms, ended)) in (1..).zip([("a", 20, 90), ("b", 400, 10)]) {
        let mut requests = Requests::default();
        (0..ended).for_each(|_| requests.note(Ended::Well, took_ms));
        requests.note(Ended::Badly, 9_000);
        let line = Line::of(at(0), (service("api"), Some(region("eu"))), requests);
        let told = report(isolate, number, vec![line]);
        // It is told as text.
        let told = crate::json::read(&crate::json::write(&told)).unwrap();
        assert_eq!(traffic.take(&told, any, at(1)), Taken::Counted(0));
    }
    let seen = traffic.latency(&(service("api"), region("eu"), Area::Sam), at(1));
    assert_eq!(seen, Some(WayLatency { mean_ms: 58, p95_ms: Some(375) }));
}

#[test]
fn totals_only_grow_count_each_report_once_and_begin_anew_with_the_controller() {
    let mut traffic = Traffic::default();
    let mut requests = Requests::default();
    (0..3).for_each(|_| requests.note(Ended::Well, 40));
    requests.note(Ended::Badly, 9_000);
    let told = Line::of(at(0), (service("api"), Some(region("eu"))), requests);
    let first = report("a", 1, vec![told]);
    assert_eq!(traffic.take(&first, any, at(1)), Taken::Counted(0));
    assert_eq!(traffic.take(&first, any, at(2)), Taken::Known);
    // An older build tells no buckets: its sum is of no buckets, too.
    let without = Counts { requests: 5, failures: 0, unanswered: 0, latency_ms_sum: 500 };
    let line = line(at(0), Some("eu"), without);
    traffic.take(&report("b", 1, vec![line]), any, at(3));
    // What is so old that no window has it was told all the same.
    traffic.retain(any, at(40 * DAY));
    let total = traffic.totals().requests(&service("api"), Some(&region("eu")));
    assert_eq!((total.counts.requests, total.counts.failures), (9, 1));
    assert_eq!((total.latencies.total(), total.counts.latency_ms_sum), (3, 120));
    assert!(traffic.write_down(at(4)));
    let mut restored = Traffic::default();
    for (id, row) in traffic.rows() {
        restored.restore(id.clone(), row).unwrap();
    }
    let after = restored.totals().requests(&service("api"), Some(&region("eu")));
    assert_eq!(after, Requests::default());
    traffic.retain(|_, region| region.is_none(), at(5));
    let same = traffic.totals().requests(&service("api"), Some(&region("eu")));
    assert_eq!(same, total, "the config has it no more, and may have it again");
}

#[test]
fn there_are_so_many_totals_and_those_that_there_are_go_on() {
    let mut traffic = Traffic::default();
    let told = |rule: usize| Happened {
        what: What::RuledOut,
        service: None,
        of: Some(format!("rule-{rule}")),
        count: 1,
    };
    let all: Vec<Happened> = (0..=TOTALS_MAX).map(told).collect();
    traffic.take_happened(&all, |_| true);
    traffic.take_happened(&[told(0)], |_| true);
    let total = |rule: usize| {
        traffic.totals().happened(What::RuledOut, None, Some(&format!("rule-{rule}")))
    };
    assert_eq!((total(0), total(TOTALS_MAX - 1), total(TOTALS_MAX)), (2, 1, 0));
}

#[test]
fn what_happened_is_added_up_and_what_nobody_knows_is_refused() {
    let mut traffic = Traffic::default();
    let told = |of: &str, count| Happened {
        what: What::Refused,
        service: Some(service("api")),
        of: Some(of.to_owned()),
        count,
    };
    let is_known = |told: &Happened| told.of.as_deref() == Some("shed");
    traffic.take_happened(&[told("shed", 2), told("odd", 7), told("shed", 0)], is_known);
    traffic.take_happened(&[told("shed", 3)], is_known);
    let total = |of| traffic.totals().happened(What::Refused, Some(&service("api")), Some(of));
    assert_eq!((total("shed"), total("odd"), traffic.refused), (5, 0, 2));
    assert_eq!(traffic.totals().happened(What::Refused, None, Some("shed")), 0);
}

#[test]
fn isolates_are_counted_while_they_tell() {
    let mut traffic = Traffic::default();
    traffic.take(&report("a", 1, Vec::new()), any, at(0));
    traffic.take(&report("b", 1, Vec::new()), any, at(MINUTE));
    assert_eq!(traffic.isolates(5 * MINUTE, at(5 * MINUTE)), 2);
    assert_eq!(traffic.isolates(5 * MINUTE, at(5 * MINUTE + 1)), 1);
}
