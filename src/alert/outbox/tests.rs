use super::*;
use crate::alert::AlertAction;
use crate::journal::Severity;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn at(s: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + s * SECOND)
}

fn id(name: &str) -> ReceiverId {
    ReceiverId::parse(name).unwrap()
}

fn message(key: &str, action: AlertAction, severity: Severity, at: Timestamp) -> Message {
    Message {
        action,
        key: key.to_owned(),
        is_incident: true,
        since: Timestamp::from_millis(1),
        at,
        severity,
        kind: EventKind::Down,
        service: None,
        region: None,
        title: format!("{key} {}", action.as_str()),
        lines: Vec::new(),
    }
}

fn trigger(key: &str, at: Timestamp) -> Message {
    message(key, AlertAction::Trigger, Severity::Error, at)
}

fn answered(status: u16) -> Outcome {
    Outcome::Answered { status, retry_after_ms: None, said: "said".to_owned() }
}

/// The numbers of what is sent now.
fn begun(outbox: &mut Outbox, s: u64) -> Vec<u64> {
    outbox.begin(AT_ONCE_MAX, at(s)).into_iter().map(|entry| entry.id).collect()
}

#[test]
fn a_message_is_tried_again_after_what_may_pass_and_given_up_after_what_cannot() {
    for (outcome, is_delivered, is_lost) in [
        (answered(200), true, false),
        (answered(202), true, false),
        (answered(301), false, true),
        (answered(302), false, true),
        (answered(400), false, true),
        (answered(404), false, true),
        (answered(408), false, false),
        (answered(410), false, true),
        (answered(429), false, false),
        (answered(500), false, false),
        (answered(503), false, false),
        (answered(522), false, false),
        (Outcome::TimedOut, false, false),
        (Outcome::NoConnection, false, false),
        (Outcome::NotSent { why: "no secret".to_owned() }, false, false),
    ] {
        let mut outbox = Outbox::default();
        outbox.put(&id("a"), trigger("i", at(0)));
        assert_eq!(begun(&mut outbox, 0), [1]);
        let lost = outbox.end(1, 1, &outcome, at(1));
        assert_eq!(lost.is_some(), is_lost, "{outcome:?}");
        assert_eq!(outbox.entries.is_empty(), is_delivered || is_lost, "{outcome:?}");
        let state = outbox.receivers.get(&id("a")).unwrap();
        assert_eq!(state.last_failure.is_none(), is_delivered, "{outcome:?}");
        if let Some(lost) = lost {
            assert!(lost.text().starts_with("`a` was not told (trigger): i trigger; it answered "));
        }
    }
}

#[test]
fn waits_double_up_to_a_limit_and_a_receiver_may_ask_for_more() {
    let mut outbox = Outbox::default();
    outbox.put(&id("a"), trigger("i", at(0)));
    let (mut now, mut waits) = (at(0), Vec::new());
    for tries in 1..=9 {
        assert_eq!(outbox.begin(AT_ONCE_MAX, now).len(), 1, "{tries}");
        outbox.end(1, tries, &answered(503), now);
        let next = outbox.next_try().unwrap();
        waits.push(next.since(now) / SECOND);
        assert!(outbox.begin(AT_ONCE_MAX, next.minus(1)).is_empty(), "not before");
        now = next;
    }
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    for (asked_ms, waits_ms) in
        [(0, BACKOFF_MS), (7 * MINUTE, 7 * MINUTE), (RETRY_AFTER_MS_MAX + 1, RETRY_AFTER_MS_MAX)]
    {
        let mut outbox = Outbox::default();
        outbox.put(&id("a"), trigger("i", at(0)));
        outbox.begin(AT_ONCE_MAX, at(0));
        let retry_after_ms = Some(asked_ms);
        let outcome = Outcome::Answered { status: 429, retry_after_ms, said: String::new() };
        outbox.end(1, 1, &outcome, at(0));
        assert_eq!(outbox.next_try(), Some(at(0).plus(waits_ms)));
    }
}

#[test]
fn messages_about_one_alert_keep_their_order_and_others_pass_one_that_is_never_taken() {
    let mut outbox = Outbox::default();
    outbox.put(&id("a"), trigger("poison", at(0)));
    outbox.put(&id("a"), message("poison", AlertAction::Resolve, Severity::Error, at(0)));
    outbox.put(&id("a"), trigger("other", at(0)));
    outbox.put(&id("b"), trigger("poison", at(0)));
    assert_eq!(begun(&mut outbox, 0), [1, 4], "one for each receiver");
    assert_eq!(begun(&mut outbox, 100), [0; 0], "each is busy");
    outbox.end(1, 1, &answered(500), at(0));
    assert_eq!(begun(&mut outbox, 5), [3], "the other passes, the resolve does not");
    outbox.end(3, 1, &answered(200), at(5));
    assert_eq!(begun(&mut outbox, 6), [1]);
    outbox.end(1, 2, &answered(200), at(6));
    assert_eq!(begun(&mut outbox, 7), [2]);
}

#[test]
fn what_is_too_old_is_given_up_and_so_is_what_nobody_waits_for() {
    let last_ms = GIVE_UP_AFTER_MS;
    for (after_ms, is_lost) in [(last_ms - 1, false), (last_ms, true), (last_ms + 1, true)] {
        let mut outbox = Outbox::default();
        outbox.put(&id("a"), trigger("i", at(0)));
        outbox.begin(AT_ONCE_MAX, at(0));
        outbox.end(1, 1, &answered(503), at(0));
        let lost = outbox.expire(|_| true, at(0).plus(after_ms));
        assert_eq!(lost.len(), usize::from(is_lost));
        assert!(lost.iter().all(|lost| lost.why == "24 h are over: it answered 503"), "{lost:?}");
    }
    let mut outbox = Outbox::default();
    outbox.put(&id("a"), trigger("i", at(0)));
    assert_eq!(outbox.expire(|_| false, at(0)).len(), 1);
}

#[test]
fn so_many_messages_wait_and_the_oldest_of_the_least_is_lost_for_one_more() {
    let mut outbox = Outbox::default();
    for number in 0..OUTBOX_MAX {
        let severity = if number == 7 { Severity::Warning } else { Severity::Critical };
        let it = message(&number.to_string(), AlertAction::Trigger, severity, at(0));
        assert_eq!(outbox.put(&id("a"), it).1, None);
    }
    let lost = outbox.put(&id("a"), trigger("more", at(1))).1.unwrap();
    assert_eq!((lost.entry.id, outbox.entries.len(), outbox.dropped), (8, OUTBOX_MAX, 1));
    let lost = outbox.put(&id("a"), trigger("again", at(1))).1.unwrap();
    assert_eq!(lost.entry.message.key, "more", "the others are worse");
}

#[test]
fn what_was_being_sent_when_the_work_ended_is_sent_again_and_says_so() {
    let mut outbox = Outbox::default();
    outbox.put(&id("a"), trigger("i", at(0)));
    let first = outbox.begin(AT_ONCE_MAX, at(0)).remove(0);
    assert_eq!(outbox.next_try(), Some(at(0).plus(TRY_LOST_AFTER_MS)), "somebody looks after it");
    let text = crate::json::write(&outbox);
    let mut outbox: Outbox = crate::json::read(&text).unwrap();
    outbox.recover();
    let second = outbox.begin(AT_ONCE_MAX, at(1)).remove(0);
    assert_eq!(first.message_id(), second.message_id());
    assert!(!first.may_have_arrived && second.may_have_arrived);
    assert_eq!(outbox.end(1, 1, &answered(500), at(2)), None, "an end of the lost try is none");
    assert!(outbox.is_sending());
    assert_eq!(outbox.end(1, 1, &answered(200), at(2)), None, "but it may have arrived");
    assert_eq!(outbox.entries, []);
    assert_eq!(outbox.end(1, 2, &answered(200), at(3)), None, "then the second end is nothing");
}

/// What happens to a try.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// It arrives, and the answer does.
    Taken,
    /// It arrives, and the answer is lost.
    TakenUnheard,
    /// It arrives, and this object ends before it hears of it. What was saved before goes on.
    TakenAndCrashed,
    /// It does not arrive, and this object ends.
    Crashed,
    /// It does not arrive.
    Answered(u16),
    TimedOut,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Taken),
        1 => Just(Fate::TakenUnheard),
        1 => Just(Fate::TakenAndCrashed),
        1 => Just(Fate::Crashed),
        1 => prop::sample::select(vec![408, 429, 500, 503, 522]).prop_map(Fate::Answered),
        1 => Just(Fate::TimedOut),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever crashes and answers, a receiver that knows messages by their numbers has each
    /// exactly once, in the order of its alert, as long as their time has not run out.
    #[test]
    fn each_message_arrives_exactly_once_at_a_receiver_that_knows_numbers(
        puts in prop::collection::vec((0_usize..3, 0_usize..3), 1..30),
        fates in prop::collection::vec(fate(), 0..150),
    ) {
        let names = ["a", "b", "c"];
        let mut outbox = Outbox::default();
        let (mut puts, mut fates) = (puts.into_iter(), fates.into_iter());
        let mut taken: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut wanted: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
        let (mut s, mut is_over) = (0, false);
        while !is_over {
            // A new message now and then, and time passes.
            if let Some((to, about)) = puts.next() {
                let (id, lost) = outbox.put(&id(names[to]), trigger(names[about], at(s)));
                prop_assert!(lost.is_none());
                let entry = outbox.entries.iter().find(|entry| entry.id == id).unwrap();
                wanted.entry((to, about)).or_default().push(entry.message_id());
            }
            is_over = puts.len() == 0 && outbox.entries.is_empty();
            s += 10 * 60;
            prop_assert!(s * SECOND < GIVE_UP_AFTER_MS * 3, "it ends");
            prop_assert!(outbox.expire(|_| true, at(0)).is_empty());
            let due = outbox.begin(AT_ONCE_MAX, at(s));
            let receivers = Set::of(due.iter().map(|entry| entry.receiver.clone()));
            prop_assert_eq!(receivers.len(), due.len(), "one for each receiver at a time");
            let saved = crate::json::write(&outbox);
            for entry in due {
                let fate = fates.next().unwrap_or(Fate::Taken);
                if matches!(fate, Fate::Taken | Fate::TakenUnheard | Fate::TakenAndCrashed) {
                    let all = taken.entry(entry.receiver.to_string()).or_default();
                    if !all.contains(&entry.message_id()) {
                        all.push(entry.message_id());
                    }
                }
                let outcome = match fate {
                    Fate::Taken => answered(202),
                    Fate::Answered(status) => answered(status),
                    Fate::TakenUnheard | Fate::TimedOut => Outcome::TimedOut,
                    Fate::TakenAndCrashed | Fate::Crashed => {
                        // What ended before in this turn was saved only by the next save.
                        outbox = crate::json::read(&saved).unwrap();
                        outbox.recover();
                        break;
                    }
                };
                let lost = outbox.end(entry.id, entry.tries, &outcome, at(s));
                prop_assert!(lost.is_none());
            }
            outbox.recover();
        }
        for ((to, _), ids) in wanted {
            let all = taken.get(names[to]).cloned().unwrap_or_default();
            let of_alert: Vec<&String> = all.iter().filter(|id| ids.contains(id)).collect();
            prop_assert_eq!(of_alert, ids.iter().collect::<Vec<_>>(), "each once, in order");
        }
    }
}
