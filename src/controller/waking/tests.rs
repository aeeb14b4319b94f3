use super::*;
use crate::config::Config;
use crate::state::{Actuation, Intent};
use crate::testing::{config_text, run};
use proptest::prelude::*;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// A controller that probed and published, with an actuation of the test's.
fn settled(actuation: Actuation) -> Controller {
    let mut controller = Controller::default();
    controller.offer_config(&config_text(), at(0));
    run(&mut controller, 60_000, &[]);
    controller.state.actuation = actuation;
    controller
}

fn wake(controller: &Controller, now: u64) -> Option<(u64, Vec<WakeReason>)> {
    let Wake { at, reasons } =
        controller.next_wake_with_cron(Timestamp::from_millis(now), false)?;
    Some((at.millis(), reasons.into_iter().collect()))
}

fn retry(at_ms: u64, why: RetryWhy) -> Actuation {
    Actuation { retry_at: Some(at(at_ms)), retry_why: Some(why), ..Actuation::default() }
}

#[test]
fn nothing_to_wait_for_is_no_alarm() {
    assert_eq!(wake(&Controller::default(), 70_000), None);
    assert_eq!(wake(&settled(Actuation::default()), 70_000), None);
}

#[test]
fn each_reason_for_a_pass_is_told_with_its_instant() {
    let told = [
        (RetryWhy::Failed, WakeReason::PassFailed),
        (RetryWhy::OutOfCalls, WakeReason::PassGoesOn),
        (RetryWhy::Upkeep, WakeReason::Upkeep),
        (RetryWhy::GuardEnds, WakeReason::GuardEnds),
    ];
    for (why, reason) in told {
        let controller = settled(retry(90_000, why));
        assert_eq!(wake(&controller, 70_000), Some((90_000, vec![reason])));
        assert_eq!(wake(&controller, 95_000), Some((95_000, vec![reason])), "never in the past");
    }
}

#[test]
fn an_alarm_that_could_find_nothing_to_do_is_not_asked_for() {
    let mut controller = settled(retry(1, RetryWhy::Failed));
    let limit = controller.config().unwrap().api_calls_per_5_min;
    controller.state.actuation.calls.add(limit, at(70_000));
    assert_eq!(wake(&controller, 70_000), Some((130_000, vec![WakeReason::BudgetGrows])));
    controller.state.actuation.blocked_until = Some(at(500_000));
    assert_eq!(wake(&controller, 70_000), Some((500_000, vec![WakeReason::BlockEnds])));
    let mut text: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    for service in ["api", "files"] {
        text["services"][service].as_object_mut().unwrap().remove("publish");
        text["services"][service]["hosts"] = serde_json::json!([format!("{service}.example.com")]);
    }
    controller.config = Some(Config::parse(&text.to_string()).unwrap());
    assert_eq!(wake(&controller, 70_000), None, "nothing is published");
}

#[test]
fn a_pass_under_way_is_watched_and_not_begun_again() {
    let controller = settled(retry(1, RetryWhy::OutOfCalls));
    let told = controller.next_wake(at(70_000), true).unwrap();
    assert_eq!(told.at, at(70_000 + SILENCE_MS_MAX));
    assert_eq!(told.reasons, Set::from([WakeReason::PassIsSilent]));
}

#[test]
fn a_document_that_did_not_arrive_wakes_with_growing_patience() {
    let mut controller = settled(Actuation::default());
    let mut waits = Vec::new();
    for _ in 0..7 {
        controller.published(false, at(70_000));
        waits.push(wake(&controller, 70_000).unwrap().0 - 70_000);
    }
    assert_eq!(waits, [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    controller.published(true, at(70_000));
    assert_eq!(wake(&controller, 70_000), None);
}

#[test]
fn a_document_that_was_written_a_moment_ago_waits_a_second_and_wakes_for_it() {
    let mut controller = settled(Actuation::default());
    let first = controller.due_documents(at(70_000)).pages;
    for document in &first {
        controller.writing(document, at(70_000));
        controller.written(document, at(70_000));
    }
    let intent = Intent { at: at(70_100), what: "a change".to_owned() };
    controller.state.actuation.intents.push(intent);
    let keys = |controller: &mut Controller, now| {
        let due = controller.due_documents(at(now)).pages;
        due.into_iter().map(|document| document.key).collect::<Vec<_>>()
    };
    assert_eq!(keys(&mut controller, 70_999), [""; 0], "KV takes one write a second of a key");
    assert_eq!(wake(&controller, 70_999), Some((71_000, vec![WakeReason::Documents])));
    assert_eq!(keys(&mut controller, 71_000), ["status", "state"]);
    assert_eq!(wake(&controller, 71_000), None);
}

#[test]
fn reasons_that_hold_at_once_are_told_together() {
    let mut controller = settled(retry(72_000, RetryWhy::Failed));
    controller.published(false, at(70_000));
    let both = vec![WakeReason::PassFailed, WakeReason::Documents];
    assert_eq!(wake(&controller, 70_000), Some((72_000, both)));
}

proptest! {
    #[test]
    fn it_never_wakes_in_the_past_nor_without_a_reason(
        now in 0_u64..10_000_000,
        retry_at in proptest::option::of(0_u64..10_000_000),
        blocked in proptest::option::of(0_u64..10_000_000),
        calls in 0_u32..1_000,
        failed in any::<bool>(),
        in_pass in any::<bool>(),
    ) {
        let mut controller = settled(Actuation {
            retry_at: retry_at.map(at),
            blocked_until: blocked.map(at),
            ..Actuation::default()
        });
        controller.state.actuation.calls.add(calls, at(now));
        controller.published(!failed, at(now));
        let wake = controller.next_wake_with_cron(at(now), in_pass);
        prop_assert_eq!(wake.is_some(), retry_at.is_some() || failed || in_pass);
        if let Some(Wake { at, reasons }) = wake {
            prop_assert!(at >= Timestamp::from_millis(now));
            prop_assert!(!reasons.is_empty());
        }
    }
}
