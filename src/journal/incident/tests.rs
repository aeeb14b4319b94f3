use super::*;
use crate::journal::report;
use proptest::prelude::*;

fn at(s: u64) -> Timestamp {
    Timestamp::from_millis(1_764_429_540_000 + s * SECOND)
}

fn region() -> RegionId {
    RegionId::parse("eu-west").unwrap()
}

/// How a service stands, whose fault was seen two seconds ago.
fn stands(service: &str, trouble: Option<Trouble>, now: u64) -> Standing {
    Standing {
        service: ServiceId::parse(service).ok(),
        trouble,
        is_well: trouble.is_none(),
        seen: at(now.saturating_sub(2)),
        cause: Cause { reason: "HTTP timeout occurred".to_owned(), ..Cause::default() },
        why: trouble.map(|_| "eu-1: HTTP timeout occurred".to_owned()),
    }
}

fn down(now: u64) -> Vec<Standing> {
    vec![stands("api", Some(Trouble::Down), now)]
}

fn well(now: u64) -> Vec<Standing> {
    vec![stands("api", None, now)]
}

fn opened(standings: &[Standing], now: u64) -> (Incident, Vec<Event>) {
    let (mut incident, event) = Incident::open(7, Some(&region()), standings, at(now)).unwrap();
    let mut told = vec![event];
    told.extend(incident.follow(standings, at(now)));
    (incident, told)
}

fn kinds(told: &[Event]) -> Vec<&str> {
    told.iter().map(|event| event.kind.as_str()).collect()
}

fn applied(s: u64) -> Event {
    Event::new(EventKind::Applied, "pool eu: disable x".to_owned(), at(s)).because("w".to_owned())
}

#[test]
fn an_incident_has_each_phase_in_its_turn() {
    let (mut incident, told) = opened(&down(10), 10);
    assert_eq!(kinds(&told), ["opened", "down"]);
    assert_eq!(incident.id, "2025-11-29t1519-eu-west-7");
    incident.phases.reach(Phase::Decided, at(11));
    incident.note(&applied(12));
    incident.note(&applied(14));
    incident.phases.reach(Phase::Verified, at(17));
    assert_eq!(incident.follow(&down(20), at(20)), [], "it goes on, and that is no news");
    let told = incident.follow(&well(70), at(70));
    assert_eq!(kinds(&told), ["up"]);
    assert_eq!(told[0].text, "api is up again in eu-west after 1 min");
    incident.note(&applied(72));
    incident.return_at(at(80));
    let took: Vec<_> = incident.phases.reached().map(|(it, _, took)| (it.short(), took)).collect();
    let all = [
        ("t0", 0),
        ("t1", 2_000),
        ("t2", 1_000),
        ("t3", 1_000),
        ("t4", 2_000),
        ("t5", 3_000),
        ("t6", 53_000),
        ("t7", 2_000),
    ];
    assert_eq!(took, all);
    assert_eq!(incident.changes, 3);
}

#[test]
fn an_incident_is_over_after_a_quiet_time_and_not_before() {
    let quiet_s = QUIET_MS / SECOND;
    for (later_s, is_over) in [(quiet_s - 1, false), (quiet_s, true), (quiet_s + 1, true)] {
        let (mut incident, _) = opened(&down(10), 10);
        incident.follow(&well(70), at(70));
        incident.return_at(at(70));
        let told = incident.close_if_over(at(70 + later_s));
        assert_eq!(told.is_some(), is_over, "{later_s}");
        assert_eq!(incident.is_open(), !is_over);
    }
    let (mut incident, _) = opened(&down(10), 10);
    assert_eq!(incident.close_if_over(at(1_000_000)), None, "it is still down");
}

#[test]
fn traffic_that_does_not_come_back_keeps_it_open_for_a_day() {
    let patience_s = BACK_PATIENCE_MS / SECOND;
    for (later_s, is_over) in [(patience_s - 1, false), (patience_s, true)] {
        let (mut incident, _) = opened(&down(10), 10);
        incident.follow(&well(70), at(70));
        assert_eq!(incident.close_if_over(at(70 + later_s)).is_some(), is_over, "{later_s}");
    }
}

#[test]
fn what_flaps_is_one_incident_that_counts_it() {
    let (mut incident, _) = opened(&down(10), 10);
    for flap in 1..4 {
        let now = flap * 100;
        assert_eq!(kinds(&incident.follow(&well(now), at(now))), ["up"]);
        incident.return_at(at(now));
        assert_eq!(incident.close_if_over(at(now + 40)), None);
        assert_eq!(kinds(&incident.follow(&down(now + 50), at(now + 50))), ["down"]);
        assert_eq!(incident.flaps, u32::try_from(flap).unwrap());
        assert!(!incident.phases.has(Phase::Up) && !incident.phases.has(Phase::Back));
    }
    assert_eq!(incident.phases.at(Phase::Seen), Some(at(8)), "the fault is the first one");
    let summary = incident.summary(at(400));
    assert!(summary.contains(" on and off for ") && summary.contains("3 flaps"), "{summary}");
}

#[test]
fn a_region_that_hurts_two_services_is_one_incident_that_lists_both() {
    let two = |a: Option<Trouble>, b: Option<Trouble>, now| {
        vec![stands("api", a, now), stands("files", b, now)]
    };
    let (mut incident, told) = opened(&two(Some(Trouble::Down), None, 10), 10);
    assert_eq!(kinds(&told), ["opened", "down"]);
    let both = two(Some(Trouble::Down), Some(Trouble::Down), 12);
    assert_eq!(kinds(&incident.follow(&both, at(12))), ["down"]);
    assert_eq!(incident.flaps, 0);
    let told = incident.follow(&two(None, Some(Trouble::Down), 20), at(20));
    assert_eq!(kinds(&told), ["up"]);
    assert!(!incident.phases.has(Phase::Up), "one is still down");
    incident.follow(&two(None, None, 30), at(30));
    assert_eq!(incident.phases.at(Phase::Up), Some(at(30)));
    assert!(incident.summary(at(30)).starts_with("returned · api, files eu-west down 22 s"));
}

#[test]
fn a_region_that_loses_an_origin_and_then_all_has_the_phases_of_the_whole_loss() {
    let (mut incident, told) = opened(&[stands("api", Some(Trouble::Degraded), 10)], 10);
    assert_eq!(kinds(&told), ["opened"], "others serve");
    incident.note(&applied(12));
    for (later_s, seen_s) in [(20, 8), (1_000, 998)] {
        let mut incident = incident.clone();
        let told = incident.follow(&down(later_s), at(later_s));
        assert_eq!(kinds(&told), ["down"]);
        assert_eq!(incident.phases.at(Phase::Seen), Some(at(seen_s)), "{later_s}");
        assert!(!incident.phases.has(Phase::LastChange));
        assert_eq!((incident.worst, incident.flaps), (Trouble::Down, 0));
    }
}

#[test]
fn what_nobody_knows_neither_ends_nor_begins_it() {
    let unknown = Standing { is_well: false, ..stands("api", None, 20) };
    assert!(Incident::open(1, Some(&region()), std::slice::from_ref(&unknown), at(20)).is_none());
    let (mut incident, _) = opened(&down(10), 10);
    assert_eq!(incident.follow(&[unknown], at(20)), []);
    assert_eq!(incident.trouble, Some(Trouble::Down));
    incident.follow(&[], at(30));
    assert_eq!(incident.trouble, None, "the config has the region no more");
}

#[test]
fn so_many_events_are_kept_the_first_and_the_last() {
    for count in [INCIDENT_EVENTS_MAX - 1, INCIDENT_EVENTS_MAX, INCIDENT_EVENTS_MAX + 1] {
        let (mut incident, _) = opened(&down(10), 10);
        for each in 0..count {
            let text = format!("{each}");
            incident.note(&Event::new(EventKind::Observed, text, at(20)));
        }
        let left_out = count.saturating_sub(INCIDENT_EVENTS_MAX);
        assert_eq!(incident.events.len(), count - left_out);
        assert_eq!(incident.events_left_out as usize, left_out);
        assert_eq!(incident.events[0].text, "0");
        assert_eq!(incident.events.last().unwrap().text, format!("{}", count - 1));
    }
}

#[test]
fn an_event_has_so_many_bytes_and_no_more() {
    for len in [INCIDENT_TEXT_BYTES_MAX - 1, INCIDENT_TEXT_BYTES_MAX] {
        assert_eq!(bounded(&"x".repeat(len)), "x".repeat(len));
    }
    let cut = bounded(&"x".repeat(INCIDENT_TEXT_BYTES_MAX + 1));
    assert_eq!(cut, "x".repeat(INCIDENT_TEXT_BYTES_MAX) + "…");
}

#[test]
fn a_person_who_acts_has_taken_it() {
    let (mut incident, _) = opened(&down(10), 10);
    let who = Actor { name: "on-call".to_owned(), way: crate::journal::Way::Token };
    let event = incident.event(EventKind::Acted, "looks after it".to_owned(), at(20));
    incident.note(&event.by(who).because("on it".to_owned()));
    assert!(incident.summary(at(21)).ends_with(" · taken by on-call (token)"));
    assert!(report(&incident, at(21)).contains("Taken by on-call (token) at 15:19:20"));
}

fn any_trouble() -> impl Strategy<Value = (Option<Trouble>, bool)> {
    prop_oneof![
        Just((None, true)),
        Just((None, false)),
        Just((Some(Trouble::Degraded), false)),
        Just((Some(Trouble::Drained), false)),
        Just((Some(Trouble::Down), false)),
    ]
}

proptest! {
    #[test]
    fn the_phases_of_any_history_are_in_order(
        steps in proptest::collection::vec(
            (any_trouble(), any_trouble(), 1..400_u64, 0..6_u8),
            1..60,
        )
    ) {
        let mut now = 10;
        let (mut incident, _) = opened(&down(now), now);
        for ((a, a_well), (b, b_well), later_s, act) in steps {
            now += later_s;
            let standings = [
                Standing { is_well: a_well, ..stands("api", a, now) },
                Standing { is_well: b_well, ..stands("files", b, now) },
            ];
            incident.follow(&standings, at(now));
            match act {
                0 => incident.phases.reach(Phase::Decided, at(now)),
                1 => incident.note(&applied(now - later_s / 2)),
                2 => incident.acknowledged_change(at(now)),
                3 if incident.phases.has(Phase::Up) => incident.return_at(at(now)),
                4 if !incident.phases.has(Phase::Up) => {
                    incident.phases.reach(Phase::Verified, at(now));
                }
                _ => drop(incident.close_if_over(at(now))),
            }
            let instants: Vec<_> = incident.phases.reached().map(|(_, at, _)| at).collect();
            prop_assert!(instants.is_sorted(), "{instants:?}");
            prop_assert_eq!(incident.trouble.is_none(), incident.phases.has(Phase::Up));
            prop_assert!(!report(&incident, at(now)).is_empty());
            if !incident.is_open() {
                break;
            }
        }
    }
}
