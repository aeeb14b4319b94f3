//! What a day costs in writes to KV: 1,440 runs in virtual time, the quiet day and bad ones.

use super::*;
use crate::config::KV_WRITES_PER_DAY_DEFAULT;
use crate::health::{FailureKind, FailureReason, Verdict};
use crate::testing::{fail, pass};
use crate::tick::ProbeResult;
use crate::time::{MINUTE, Millis, SECOND};
use std::collections::BTreeMap;

/// From a decision to `routes` on its way, at most: what the contract counts for a decision.
const DECISION_MS: Millis = 2 * SECOND;
/// So many minutes of each hour documents are asked for as often as a health changes.
const BUSY_MINUTES: u64 = 5;
/// So many writes that no day comes near.
const WITHOUT_A_LIMIT: u32 = 1_000_000;

/// What probes find.
type Weather = fn(origin: &str, minute: u64, probe: u64) -> Verdict;

fn other_failure() -> Verdict {
    Verdict::Fail { reason: FailureReason::of(FailureKind::TcpConnectionFailed) }
}

/// Each kind of day by its name.
const DAYS: [(&str, Weather); 5] =
    [
        ("quiet", |_, _, _| pass()),
        ("two reasons by turns", |origin, _, probe| match (origin, probe % 2) {
            ("eu-1", 0) => fail(),
            ("eu-1", _) => other_failure(),
            _ => pass(),
        }),
        ("one that flaps", |origin, minute, _| {
            if origin == "eu-1" && minute.is_multiple_of(2) { fail() } else { pass() }
        }),
        ("each third probe fails", |origin, _, probe| {
            if origin == "eu-1" && probe.is_multiple_of(3) { fail() } else { pass() }
        }),
        ("an outage each hour", |origin, minute, _| {
            let hour = minute / 60;
            let is_struck =
                ["eu-1", "us-1"].iter().position(|it| *it == origin) == Some((hour % 2) as usize);
            if is_struck && minute % 60 < 10 { fail() } else { pass() }
        }),
    ];

struct Day {
    mind: Controller,
    weather: Weather,
    /// Probes of each origin.
    probes: BTreeMap<String, u64>,
    /// Every write, by key and instant.
    writes: Vec<(String, Timestamp)>,
    /// The last table that was written.
    table: Option<Document>,
    /// Whether documents are asked for after every round. Otherwise at the end of each run, and in
    /// [`BUSY_MINUTES`] of each hour when a health changed, which is far less to work out.
    after_each_round: bool,
}

/// Three regions that serve one name and publish nothing.
fn config(writes_per_day: u32, is_damped: bool) -> String {
    let mut config: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    config["limits"] = serde_json::json!({"kv_writes_per_day": writes_per_day});
    config["services"]["api"]["publish"] = serde_json::json!([]);
    config["services"].as_object_mut().unwrap().remove("files");
    if !is_damped {
        config["monitors"]["api"]["damping"] = serde_json::json!({"half_life_s": 0});
    }
    config.to_string()
}

impl Day {
    fn new(weather: Weather, config: &str) -> Self {
        let mut mind = Controller::default();
        assert_eq!(mind.offer_config(config, at(0)), Offered::Taken);
        let (probes, writes) = (BTreeMap::new(), Vec::new());
        Self { mind, weather, probes, writes, table: None, after_each_round: false }
    }

    /// Plays the run of a minute. Returns which targets went down, and when.
    fn run(&mut self, minute: u64) -> Vec<(String, Timestamp)> {
        let run = at(minute * MINUTE);
        let mut request = RoundRequest::first(run, run);
        let mut down = Vec::new();
        loop {
            let round = self.mind.round(&request);
            for changed in &round.changed {
                if changed.transition.to == Health::Down {
                    down.push((changed.target.origin.as_str().to_owned(), request.now));
                }
            }
            let is_over = matches!(round.reply, RoundReply::Done(_));
            let is_busy = minute % 60 < BUSY_MINUTES && !round.changed.is_empty();
            if self.after_each_round || is_over || is_busy {
                self.write(request.now.plus(1));
                let wake = self.mind.next_wake_with_cron(request.now.plus(1), false);
                // A key that rests is written by the alarm, before the next round.
                if let Some(wake) = wake.filter(|wake| wake.at.since(request.now) <= SECOND) {
                    self.write(wake.at);
                }
            }
            let RoundReply::Probe { wait_ms, probes, .. } = round.reply else { return down };
            let now = request.now.plus(wait_ms).plus(10);
            let result = |probe: tick::Probe| {
                let origin = probe.target.origin.as_str().to_owned();
                let count = self.probes.entry(origin.clone()).or_default();
                *count += 1;
                let verdict = (self.weather)(&origin, minute, *count);
                ProbeResult {
                    fields: Vec::new(),
                    target: probe.target,
                    at: now,
                    verdict,
                    pushed_back_ms: None,
                    took_ms: 0,
                }
            };
            request.results = probes.into_iter().map(result).collect();
            (request.round, request.now) = (request.round + 1, now);
        }
    }

    /// Writes what is due; everything arrives.
    fn write(&mut self, now: Timestamp) {
        let Due { routes, pages, .. } = self.mind.due_documents(now);
        for document in routes.into_iter().chain(pages) {
            self.mind.writing(&document, now);
            self.mind.written(&document, now);
            self.writes.push((document.key.clone(), now));
            if document.key == routes::KEY {
                self.table = Some(document);
            }
        }
    }

    /// The most writes within any 24 hours.
    fn most_in_a_day(&self) -> usize {
        let within = |from: usize| {
            let begin = self.writes[from].1;
            self.writes[from..]
                .iter()
                .take_while(|(_, at)| at.since(begin) < 24 * 60 * MINUTE)
                .count()
        };
        (0..self.writes.len()).map(within).max().unwrap_or(0)
    }

    /// When `routes` was written.
    fn tables(&self) -> Vec<Timestamp> {
        let tables = self.writes.iter().filter(|(key, _)| key == routes::KEY);
        tables.map(|(_, at)| *at).collect()
    }

    fn never_twice_a_second(&self) -> bool {
        let mut last = BTreeMap::new();
        self.writes.iter().all(|(key, at)| {
            let before = last.insert(key, *at);
            before.is_none_or(|before| at.since(before) >= SECOND)
        })
    }

    /// How the table in KV says a region of `api` stands.
    fn told(&self, region: &str) -> Health {
        let table = routes::Table::parse(&self.table.as_ref().unwrap().text).unwrap();
        let service = table.service("api.example.com").unwrap();
        let mut regions = service.candidates.iter().map(|region| &region.entry);
        regions.find(|entry| entry.id.as_str() == region).unwrap().health
    }
}

/// One row of the table.
struct Row {
    name: &'static str,
    before: usize,
    after: usize,
    tables: usize,
    /// The longest time between two of them.
    gap_ms: Millis,
    /// How long a failover at the end of the day took to be on its way.
    told_ms: Millis,
}

fn played(name: &'static str, weather: Weather) -> Row {
    // Without a limit, an hour tells what a day comes to: each kind of day repeats.
    let mut unlimited = Day::new(weather, &config(WITHOUT_A_LIMIT, true));
    (1..=60).for_each(|minute| drop(unlimited.run(minute)));
    unlimited.after_each_round = true;
    let begun = unlimited.writes.len();
    (61..=120).for_each(|minute| drop(unlimited.run(minute)));
    let before = (unlimited.writes.len() - begun) * 24;
    let mut day = Day::new(weather, &config(KV_WRITES_PER_DAY_DEFAULT, true));
    (1..=1_440).for_each(|minute| drop(day.run(minute)));
    assert!(day.never_twice_a_second(), "{name}");
    let tables = day.tables();
    let gaps = tables.windows(2).map(|pair| pair[1].since(pair[0]));
    let (tables, gap_ms) = (tables.len(), gaps.max().unwrap_or(0));
    let after = day.most_in_a_day();
    // A region that was up all day dies at its end, while the others go on as before.
    assert_eq!(day.told("sa-east"), Health::Up);
    day.weather = |origin, minute, probe| match origin {
        "br-1" => fail(),
        _ if minute.is_multiple_of(2) && origin == "eu-1" => fail(),
        _ if probe == 0 => fail(),
        _ => pass(),
    };
    day.after_each_round = true;
    let mut told_ms = None;
    for minute in 1_441..=1_444 {
        let before = day.writes.len();
        for (_, decided) in day.run(minute).iter().filter(|(origin, _)| origin == "br-1") {
            let mut after = day.writes[before..].iter().filter(|(key, _)| key == routes::KEY);
            let written = after
                .find(|(_, at)| at >= decided)
                .unwrap_or_else(|| panic!("{name}: the failover at {decided} is not in `routes`"));
            told_ms = Some(written.1.since(*decided));
        }
        if told_ms.is_some() {
            break;
        }
    }
    assert_eq!(day.told("sa-east"), Health::Down, "{name}");
    let told_ms = told_ms.unwrap_or_else(|| panic!("{name}: the region did not go down"));
    Row { name, before, after, tables, gap_ms, told_ms }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are for people")]
fn no_day_spends_more_than_its_writes_and_each_ends_with_a_table_that_is_true() {
    println!(
        "| day | writes without a limit | with 900 a day | of `routes` | failover told after |"
    );
    for (name, weather) in DAYS {
        let Row { name, before, after, tables, gap_ms, told_ms } = played(name, weather);
        println!("| {name} | {before} | {after} | {tables} | {told_ms} ms |");
        assert!(after <= 900, "{name}: {after}");
        // The first round after a heartbeat is due comes a minute later, or with the run after
        // that, which begins some milliseconds late.
        assert!(gap_ms <= HEARTBEAT_MS + MINUTE + SECOND, "{name}: no table for {gap_ms} ms");
        assert!(told_ms <= DECISION_MS, "{name}: {told_ms} ms");
    }
}

#[test]
fn what_is_held_back_is_told_and_written_later() {
    let (_, flapping) = DAYS[3];
    let mut day = Day::new(flapping, &config(KV_WRITES_PER_DAY_DEFAULT, true));
    let mut minute = 1;
    while day.mind.status(at(minute * MINUTE)).kv.held_back.is_empty() {
        day.run(minute);
        minute += 1;
    }
    let status = day.mind.status(at(minute * MINUTE));
    assert_eq!((status.kv.writes_per_day, status.kv.left_for_pages), (900, 0), "minute {minute}");
    let said: Vec<_> = day.mind.take_news().into_iter().map(|line| line.text).collect();
    let held = |line: &&String| line.contains("documents are held back");
    assert_eq!(said.iter().filter(held).count(), 1, "{said:?}");
    day.weather = |_, _, _| pass();
    let mut quiet = 0;
    while !day.mind.status(at(minute * MINUTE + 59_000)).kv.held_back.is_empty() {
        day.run(minute);
        (minute, quiet) = (minute + 1, quiet + 1);
    }
    assert!(quiet <= 60, "{quiet}");
    let due = day.mind.due_documents(at(minute * MINUTE + 59_500));
    assert!(due.pages.is_empty(), "KV has what is true: {:?}", keys(&due.pages));
    let said: Vec<_> = day.mind.take_news().into_iter().map(|line| line.text).collect();
    let over = |line: &String| line.contains("nothing is held back any more");
    assert!(said.iter().any(over), "{said:?}");
}

#[test]
fn a_region_that_flaps_without_damping_leaves_enough_for_a_real_failover() {
    let (name, weather) = DAYS[3];
    let mut day = Day::new(weather, &config(KV_WRITES_PER_DAY_DEFAULT, false));
    (1..=121).for_each(|minute| drop(day.run(minute)));
    day.after_each_round = true;
    let tables = day.tables().len();
    assert!(tables < 120, "{name}: {tables} in two hours");
    day.weather = |origin, _, _| if origin == "br-1" { fail() } else { pass() };
    let down = day.run(122);
    let decided = down.iter().find(|(origin, _)| origin == "br-1").unwrap().1;
    let told = |write: &&(String, Timestamp)| write.0 == routes::KEY && write.1 >= decided;
    let written = day.writes.iter().find(told).unwrap().1;
    assert!(written.since(decided) <= DECISION_MS);
    assert_eq!(day.told("sa-east"), Health::Down);
}
