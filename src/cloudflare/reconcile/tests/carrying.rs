//! What a pass hands on to the next, how long that counts, and that nothing is changed on it alone.

use super::super::readings::READING_MS_MAX;
use super::*;

/// One name in each of some zones, whose ids are known.
fn zones(count: usize) -> PassInput {
    let mut wanted = over(Vec::new());
    for index in 0..count {
        let zone = format!("z{index:02}.example");
        let (id, name) = (format!("id{index:02}"), format!("files.{zone}"));
        wanted.zone_ids.insert(zone.clone(), id);
        wanted.desired.records.push(DesiredRecords { zone, ..named(&name) });
    }
    wanted
}

/// The zones as they are: what each record says, by the zone's id.
#[derive(Default)]
struct Zones {
    said: Map<String, String>,
    others: &'static str,
}

/// Zones whose records all say this.
fn all(content: &'static str) -> Zones {
    Zones { others: content, ..Zones::default() }
}

impl Zones {
    /// Answers every call of a pass. Returns the calls.
    fn answer(&mut self, pass: &mut Reconcile) -> Vec<String> {
        let mut calls = Vec::new();
        loop {
            match pass.next_step() {
                Next::Done => return calls,
                Next::Intend { .. } => {}
                Next::Wait => panic!("nothing is under way"),
                Next::Call(number, call) => {
                    let id = call.path.split('/').nth(2).unwrap().to_owned();
                    if let Some(body) = &call.body {
                        self.said.insert(id.clone(), body["content"].as_str().unwrap().to_owned());
                    }
                    let name = format!("files.{}.example", id.replace("id", "z"));
                    let says = self.said.get(&id).map_or(self.others, String::as_str);
                    let row = record_of("r", &name, says);
                    let reply = if call.is_write() { row } else { json!([row]) };
                    pass.answer(number, &ok(&reply), Timestamp::default());
                    calls.push(format!("{} {}", call.method.as_str(), call.path));
                }
            }
        }
    }
}

fn answers(pass: &mut Reconcile, content: &'static str) -> Vec<String> {
    all(content).answer(pass)
}

fn is_write(call: &str) -> bool {
    !call.starts_with("GET")
}

#[test]
fn sixty_zones_are_read_in_two_passes_of_the_default_limit() {
    let mut pass = limited(zones(60), 45, 0, Readings::default());
    assert_eq!(answers(&mut pass, "us.example.com").len(), 45);
    let first = pass.finish();
    assert_eq!((first.put_off, first.is_planned), (Some(Urgency::Law), false));
    assert_eq!(first.failures, [""; 0], "it got further");
    assert_eq!(first.left.unread, 15);
    let mut pass = limited(zones(60), 45, 5_000, first.readings);
    assert_eq!(answers(&mut pass, "us.example.com").len(), 15);
    let second = pass.finish();
    assert_clean(&second);
    assert_eq!(second.as_of, Timestamp::from_millis(0), "as old as what was read first");
    assert_eq!(second.readings, Readings::default(), "it came to its end");
}

#[test]
fn sixty_records_that_are_to_move_all_move_in_the_end() {
    let mut readings = Readings::default();
    let (mut written, mut passes) = (Set::new(), 0);
    let mut zones_there = all("eu.example.com");
    while written.len() < 60 {
        let mut pass = limited(zones(60), 45, 1_000 * passes, readings);
        let calls = zones_there.answer(&mut pass);
        for call in calls.iter().filter(|call| is_write(call)) {
            assert!(written.insert(call.clone()), "{call} was made twice");
            let zone = call.split('/').nth(2).unwrap().to_owned();
            let read = calls.iter().position(|read| read.contains(&zone)).unwrap();
            assert!(read < calls.iter().position(|it| it == call).unwrap(), "{call} was not read");
        }
        let report = pass.finish();
        assert_eq!(report.failures, [""; 0]);
        readings = report.readings;
        passes += 1;
        assert!(passes <= 6, "reading takes two passes, and each change two calls");
        if report.put_off.is_none() {
            break;
        }
    }
    assert_eq!(written.len(), 60);
}

#[test]
fn a_reading_counts_until_it_is_five_minutes_old() {
    for (age_ms, calls) in [(READING_MS_MAX - 1, 1), (READING_MS_MAX, 6), (READING_MS_MAX + 1, 6)] {
        let mut pass = limited(zones(6), 5, 0, Readings::default());
        answers(&mut pass, "us.example.com");
        let readings = pass.finish().readings;
        let mut pass = limited(zones(6), 45, age_ms, readings);
        assert_eq!(answers(&mut pass, "us.example.com").len(), calls, "{age_ms}");
        assert_clean(&pass.finish());
    }
}

#[test]
fn what_takes_longer_to_read_than_a_reading_counts_is_told_with_the_key() {
    let mut pass = limited(zones(60), 45, 0, Readings::default());
    answers(&mut pass, "us.example.com");
    let readings = pass.finish().readings;
    let mut pass = limited(zones(60), 45, READING_MS_MAX, readings);
    answers(&mut pass, "us.example.com");
    let failures = pass.finish().failures;
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].contains("raise `limits.api_calls_per_pass`"), "{failures:?}");
}

#[test]
fn what_an_earlier_pass_has_read_is_read_again_before_it_is_changed() {
    let mut pass = limited(zones(2), 1, 0, Readings::default());
    answers(&mut pass, "eu.example.com");
    let readings = pass.finish().readings;
    // Somebody has moved the first record since.
    let mut pass = limited(zones(2), 45, 1_000, readings);
    let calls = answers(&mut pass, "us.example.com");
    assert_eq!(calls.iter().filter(|call| is_write(call)).count(), 0, "{calls:?}");
    assert_eq!(calls.len(), 2, "the other zone, and the first once more");
    assert_clean(&pass.finish());
}

#[test]
fn what_a_pass_tried_to_change_is_read_again_by_the_next() {
    let mut pass = limited(zones(2), 45, 0, Readings::default());
    let mut calls = 0;
    loop {
        match pass.next_step() {
            Next::Done => break,
            Next::Intend { .. } => {}
            Next::Wait => panic!("nothing is under way"),
            Next::Call(number, call) if call.is_write() => {
                pass.answer(number, &lost(), Timestamp::default());
            }
            Next::Call(number, _) => {
                let name = format!("files.z0{calls}.example");
                let row = record_of("r", &name, "eu.example.com");
                pass.answer(number, &ok(&json!([row])), Timestamp::default());
                calls += 1;
            }
        }
    }
    let report = pass.finish();
    assert_eq!(report.open.len(), 1, "the first reply was lost, and that ended the pass");
    let mut pass = limited(zones(2), 45, 1_000, report.readings);
    let (_, call) = asked(&mut pass);
    assert!(call.path.starts_with("/zones/id00/dns_records?"), "{call:?}");
}

#[test]
fn a_name_that_is_new_in_the_config_is_read_though_its_zone_was() {
    let mut pass = limited(over(vec![named("a.example.com")]), 1, 0, Readings::default());
    let (number, _) = asked(&mut pass);
    let seen = json!([record_of("ra", "a.example.com", "eu.example.com")]);
    pass.answer(number, &ok(&seen), Timestamp::default());
    while pass.next_step() != Next::Done {}
    let readings = pass.finish().readings;
    assert_ne!(readings, Readings::default());
    let both = over(vec![named("a.example.com"), named("b.example.com")]);
    let mut pass = limited(both, 45, 0, readings);
    let (_, call) = asked(&mut pass);
    assert_eq!(call.path, "/zones/z1/dns_records?per_page=500&page=1");
}
