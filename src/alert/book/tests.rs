use super::*;
use crate::journal::Actor;
use crate::order::Act;
use crate::ordered::Set;
use crate::time::{MINUTE, Millis, SECOND};

fn at(s: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + s * SECOND)
}

fn receiver(id: &str, kind: ReceiverKind) -> Receiver {
    Receiver {
        id: ReceiverId::parse(id).unwrap(),
        kind,
        url_secret: None,
        key_secret: None,
        allow_hosts: Vec::new(),
        eu: false,
        services: Set::new(),
        min_severity: Severity::Warning,
        events: Set::new(),
        escalate_after_ms: None,
        group_ms: 5 * MINUTE,
    }
}

fn second(after_ms: Millis) -> Receiver {
    Receiver { escalate_after_ms: Some(after_ms), ..receiver("second", ReceiverKind::Pagerduty) }
}

fn api() -> ServiceId {
    ServiceId::parse("api").unwrap()
}

fn eu() -> RegionId {
    RegionId::parse("eu-west").unwrap()
}

fn event(kind: EventKind, text: &str, s: u64) -> Event {
    Event::new(kind, text.to_owned(), at(s))
}

/// Of the incident `i-1` in `eu-west`.
fn of_incident(kind: EventKind, text: &str, s: u64) -> Event {
    let mut event = event(kind, text, s).about(Some(&api()), Some(&eu()));
    event.subject.incident = Some("i-1".to_owned());
    if kind == EventKind::Down { event.urgent() } else { event }
}

fn follow(book: &mut Book, receivers: &[Receiver], orders: &[Order], s: u64) -> Vec<String> {
    let messages = book.follow(Rules { receivers, orders, now: at(s) });
    let word = |(id, it): (ReceiverId, Message)| {
        format!("{id} {} {} {}", it.action.as_str(), it.key, it.lines.len())
    };
    messages.into_iter().map(word).collect()
}

fn next(book: &Book, receivers: &[Receiver], orders: &[Order], s: u64) -> Option<u64> {
    let next = book.next(Rules { receivers, orders, now: at(s) })?;
    Some((next.millis() - 1_000_000) / SECOND)
}

fn maintenance(service: Option<ServiceId>, region: Option<RegionId>, until: u64) -> Order {
    let json = crate::json::write(&Act::Maintenance { service, region });
    let text = format!(
        r#"{{"id": 1, "act": {json}, "who": {{"name": "a", "way": "token"}}, "reason": "r",
            "at": "{0}", "from": "{0}", "until": "{1}"}}"#,
        at(0),
        at(until)
    );
    crate::json::read(&text).unwrap()
}

#[test]
fn an_incident_is_triggered_once_told_of_acknowledged_and_resolved() {
    let receivers =
        [receiver("pd", ReceiverKind::Pagerduty), receiver("slack", ReceiverKind::Slack)];
    let mut book = Book::default();
    assert!(book.hear(&of_incident(EventKind::Opened, "first bad probe", 0)));
    assert_eq!(follow(&mut book, &receivers, &[], 0), [""; 0], "nobody is called for that");
    assert!(book.hear(&of_incident(EventKind::Down, "no healthy origin", 60)));
    assert_eq!(follow(&mut book, &receivers, &[], 60), ["pd trigger i-1 2", "slack trigger i-1 2"]);
    assert_eq!(follow(&mut book, &receivers, &[], 60), [""; 0], "once");
    book.hear(&of_incident(EventKind::Applied, "disabled", 62));
    assert_eq!(follow(&mut book, &receivers, &[], 62), [""; 0], "grouped");
    assert_eq!(next(&book, &receivers, &[], 62), Some(360));
    assert_eq!(follow(&mut book, &receivers, &[], 359), [""; 0]);
    assert_eq!(follow(&mut book, &receivers, &[], 360), ["slack update i-1 1"]);
    let acted = of_incident(EventKind::Acted, "taken", 400).by(Actor::config());
    assert!(book.hear(&acted));
    let told = ["pd acknowledge i-1 2", "slack acknowledge i-1 1"];
    assert_eq!(follow(&mut book, &receivers, &[], 400), told);
    book.hear(&of_incident(EventKind::Closed, "over", 500));
    assert_eq!(
        follow(&mut book, &receivers, &[], 500),
        ["pd resolve i-1 1", "slack resolve i-1 1"]
    );
    assert_eq!(book, Book::default());
    assert!(!book.hear(&of_incident(EventKind::Verified, "late", 501)), "that is no alert again");
}

#[test]
fn a_flapping_condition_is_one_alert_until_it_has_been_over_for_so_long() {
    let receivers = [receiver("pd", ReceiverKind::Pagerduty)];
    let mut book = Book::default();
    let mut told = Vec::new();
    for minute in 0..10 {
        book.hear(&event(EventKind::Failed, "the API answers 500", minute * 60));
        told.extend(follow(&mut book, &receivers, &[], minute * 60));
        book.is_over("failed", at(minute * 60 + 30));
        told.extend(follow(&mut book, &receivers, &[], minute * 60 + 30));
    }
    assert_eq!(told, ["pd trigger failed 1"]);
    assert_eq!(next(&book, &receivers, &[], 570), Some(570 + 300));
    assert_eq!(follow(&mut book, &receivers, &[], 869), [""; 0]);
    assert_eq!(follow(&mut book, &receivers, &[], 870), ["pd resolve failed 9"]);
    assert_eq!(book, Book::default());
}

#[test]
fn the_second_tier_is_called_if_nobody_acknowledges_in_time() {
    let receivers = [receiver("pd", ReceiverKind::Pagerduty), second(10 * MINUTE)];
    let mut book = Book::default();
    book.hear(&of_incident(EventKind::Down, "d", 0));
    assert_eq!(follow(&mut book, &receivers, &[], 0), ["pd trigger i-1 1"]);
    let mut acknowledged = book.clone();
    assert_eq!(next(&book, &receivers, &[], 1), Some(600));
    assert_eq!(follow(&mut book, &receivers, &[], 599), [""; 0]);
    assert_eq!(follow(&mut book, &receivers, &[], 600), ["second trigger i-1 1"]);
    book.hear(&of_incident(EventKind::Closed, "c", 700));
    let told = follow(&mut book, &receivers, &[], 700);
    assert_eq!(told, ["pd resolve i-1 1", "second resolve i-1 1"], "both hear of the end");

    acknowledged.hear(&of_incident(EventKind::Acted, "a", 599));
    assert_eq!(follow(&mut acknowledged, &receivers, &[], 599), ["pd acknowledge i-1 1"]);
    assert_eq!(next(&acknowledged, &receivers, &[], 599), None);
    assert_eq!(follow(&mut acknowledged, &receivers, &[], 10_000), [""; 0]);
}

#[test]
fn announced_work_is_quiet_and_what_outlasts_it_calls() {
    let receivers = [receiver("pd", ReceiverKind::Pagerduty)];
    for (order, is_quiet) in [
        (maintenance(None, None, 600), true),
        (maintenance(Some(api()), None, 600), true),
        (maintenance(None, Some(eu()), 600), true),
        (maintenance(None, Some(RegionId::parse("us").unwrap()), 600), false),
        (maintenance(Some(ServiceId::parse("web").unwrap()), None, 600), false),
    ] {
        let orders = [order];
        let mut book = Book::default();
        book.hear(&of_incident(EventKind::Down, "d", 10));
        let told = follow(&mut book, &receivers, &orders, 10);
        assert_eq!(told.is_empty(), is_quiet, "{orders:?}");
        if is_quiet {
            assert_eq!(next(&book, &receivers, &orders, 10), Some(600));
            assert_eq!(follow(&mut book, &receivers, &orders, 599), [""; 0]);
            assert_eq!(follow(&mut book, &receivers, &orders, 600), ["pd trigger i-1 1"]);
        }
    }
    let orders = [maintenance(None, None, 600)];
    let mut book = Book::default();
    book.hear(&event(EventKind::Silent, "no run", 10).urgent());
    assert_eq!(follow(&mut book, &receivers, &orders, 10), ["pd trigger silent 1"]);
}

#[test]
fn each_filter_keeps_out_what_it_is_for() {
    let web = ServiceId::parse("web").unwrap();
    let plain = receiver("pd", ReceiverKind::Pagerduty);
    let of = |services: &[&ServiceId]| Receiver {
        services: Set::of(services.iter().map(|id| (*id).clone())),
        ..plain.clone()
    };
    let least = |min_severity| Receiver { min_severity, ..plain.clone() };
    let only = |kind| Receiver { events: Set::of([kind]), ..plain.clone() };
    let (down, failed) = (of_incident(EventKind::Down, "d", 0), event(EventKind::Failed, "f", 0));
    for (receiver, event, is_called) in [
        (of(&[]), &down, true),
        (of(&[&api()]), &down, true),
        (of(&[&web]), &down, false),
        (of(&[&web]), &failed, true),
        (least(Severity::Critical), &down, true),
        (least(Severity::Critical), &failed, false),
        (least(Severity::Error), &failed, true),
        (only(EventKind::Down), &down, true),
        (only(EventKind::Down), &failed, false),
    ] {
        let mut book = Book::default();
        book.hear(event);
        let told = follow(&mut book, std::slice::from_ref(&receiver), &[], 0);
        assert_eq!(told.len(), usize::from(is_called), "{receiver:?} {event:?}");
    }
    let drained = Event { is_urgent: false, ..down };
    assert_eq!(drained.severity(), Severity::Info, "a drain is as it should be");
}

#[test]
fn what_gets_worse_calls_again_and_the_last_lines_are_kept() {
    let receivers = [receiver("pd", ReceiverKind::Pagerduty)];
    let mut book = Book::default();
    let mut withheld = event(EventKind::Withheld, "w", 0);
    withheld.subject.incident = Some("i-1".to_owned());
    book.hear(&withheld);
    assert_eq!(follow(&mut book, &receivers, &[], 0), ["pd trigger i-1 1"]);
    book.hear(&of_incident(EventKind::Down, "d", 1));
    assert_eq!(follow(&mut book, &receivers, &[], 1), ["pd trigger i-1 1"]);
    for number in 0..u64::try_from(LINES_MAX).unwrap() + 5 {
        book.hear(&of_incident(EventKind::Applied, "a", 2 + number));
    }
    let alert = book.open.get("i-1").unwrap();
    assert_eq!((alert.lines.len(), alert.lines_total), (LINES_MAX, 2 + 25));
}

#[test]
fn so_many_alerts_are_open_and_the_oldest_is_forgotten_for_one_more() {
    let mut book = Book::default();
    for number in 0..=u64::try_from(OPEN_MAX).unwrap() {
        let mut down = of_incident(EventKind::Down, "d", number);
        down.subject.incident = Some(format!("i-{number}"));
        book.hear(&down);
    }
    assert_eq!(book.open.len(), OPEN_MAX);
    assert!(!book.open.contains_key("i-0") && book.open.contains_key("i-1"));
}

#[test]
fn what_is_wrong_for_another_reason_now_has_the_words_of_now() {
    let mut book = Book::default();
    let slack = [receiver("slack", ReceiverKind::Slack)];
    let titles = |book: &mut Book, s| {
        let messages = book.follow(Rules { receivers: &slack, orders: &[], now: at(s) });
        messages.into_iter().map(|(_, it)| it.title).collect::<Vec<_>>()
    };
    book.hear(&event(EventKind::NotReady, "its lag is unknown", 0));
    let first = titles(&mut book, 0);
    assert!(first[0].contains("its lag is unknown"), "{first:?}");
    book.hear(&event(EventKind::NotReady, "sa-east is down", 600));
    let second = titles(&mut book, 600);
    assert!(second[0].contains("sa-east is down"), "{second:?}");
    book.hear(&of_incident(EventKind::Down, "api is down", 700));
    titles(&mut book, 700);
    book.hear(&of_incident(EventKind::Down, "api is down again", 1_400));
    let third = titles(&mut book, 1_400);
    assert!(third.iter().all(|title| !title.contains("again")), "{third:?}");
}
