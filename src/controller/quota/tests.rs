//! All that one invocation calls, in whatever order its lanes ask.

use super::*;
use crate::controller::Offered;
use crate::journal::{Event, EventKind};
use crate::outgoing::Outcome;
use crate::testing::{config_text, run};
use crate::time::{MINUTE, SECOND};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A Controller with more receivers than are tried at once, whose run has beaten.
fn controller() -> Controller {
    let mut config: Value = serde_json::from_str(&config_text()).unwrap();
    let receiver = |n: u32| json!({"id": format!("r{n}"), "kind": "slack", "url_secret": "S"});
    config["alerts"] = (0..8).map(receiver).collect();
    config["watchdog"] = json!({"heartbeat_secret": "BEAT"});
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(&config.to_string(), at(0)), Offered::Taken);
    run(&mut controller, MINUTE, &[]);
    controller
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// What a lane does.
#[derive(Debug, Clone, Copy)]
enum Work {
    /// Sends what is due, after something has happened.
    Deliver,
    /// Makes a pass that has so much to do.
    Pass(u32),
}

/// Plays the lanes of one invocation. Returns how many calls they made.
fn calls(quota: &mut Quota, work: &[Work]) -> u32 {
    let mut controller = controller();
    let mut calls = 0;
    for (step, work) in (0_u64..).zip(work) {
        let now = at(2 * MINUTE + step * 2 * SECOND);
        match *work {
            Work::Deliver => {
                controller.calling.is_beat_due = true;
                controller.news.tell(Event::new(EventKind::Restored, "r".to_owned(), now));
                controller.settle(now);
                controller.recover_deliveries();
                for delivery in controller.begin_deliveries(quota, now) {
                    let (status, retry_after_ms, said) = (200, None, String::new());
                    let outcome = Outcome::Answered { status, retry_after_ms, said };
                    controller.end_delivery(&delivery, &outcome, now);
                    calls += 1;
                }
                calls += u32::from(controller.take_heartbeat(quota).is_some());
            }
            Work::Pass(wanted) => {
                let made = if quota.allows_a_pass() { wanted.min(quota.calls) } else { 0 };
                (0..made).for_each(|_| quota.use_call());
                calls += made;
            }
        }
    }
    calls
}

#[test]
fn by_default_the_busiest_invocation_makes_as_many_calls_as_the_free_plan_allows() {
    use Work::{Deliver, Pass};
    let mut quota = Controller::default().quota();
    assert_eq!(calls(&mut quota, &[Deliver, Pass(99), Deliver, Pass(99), Deliver]), 50);
    assert_eq!(INVOCATION_CALLS_MAX, 50);
    assert_eq!(Quota { calls: 0, tries: 0, heartbeats: 0, exports: 0, hooks: 0 }, quota);
}

#[test]
fn a_pass_is_begun_only_with_calls_that_get_it_further() {
    for (left, is_begun) in [(4, false), (5, true), (6, true)] {
        assert_eq!(Quota::of(left).allows_a_pass(), is_begun, "{left}");
    }
    let mut controller = controller();
    let now = at(2 * MINUTE);
    assert!(controller.begin_pass(Quota::of(4), now).is_none());
    assert!(controller.begin_pass(Quota::of(5), now).is_some(), "nothing was lost");
}

#[test]
fn whoever_is_told_worse_is_told_first() {
    let mut controller = controller();
    let now = at(2 * MINUTE);
    let ids = ["r0", "r1", "r2", "r3", "r4", "r5"].map(|id| {
        controller
            .config()
            .unwrap()
            .alerts
            .iter()
            .find(|it| it.id.as_str() == id)
            .unwrap()
            .id
            .clone()
    });
    let note = Event::new(EventKind::Restored, "r".to_owned(), now);
    for (number, id) in ids.iter().enumerate() {
        let event = if number == 5 { note.clone().urgent() } else { note.clone() };
        controller.state.outbox.put(id, crate::alert::Message::about(&event));
    }
    let begun = controller.begin_deliveries(&mut controller.quota(), now);
    let mut told: Vec<String> = begun.iter().map(|it| it.receiver.id.to_string()).collect();
    told.sort();
    assert_eq!(told, ["r0", "r1", "r2", "r5"]);
}

fn works() -> impl Strategy<Value = Vec<Work>> {
    let one = prop_oneof![Just(Work::Deliver), (0_u32..80).prop_map(Work::Pass)];
    prop::collection::vec(one, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_order_of_the_lanes_makes_more_calls_than_the_quota(
        most in 5_u32..120, works in works(),
    ) {
        prop_assert!(calls(&mut Quota::of(most), &works) <= most + 5);
    }

    #[test]
    fn alerts_never_take_the_calls_of_a_pass(before in 0_usize..6) {
        let mut quota = Controller::default().quota();
        calls(&mut quota, &vec![Work::Deliver; before]);
        prop_assert_eq!(quota.calls, API_CALLS_PER_PASS_DEFAULT);
    }
}

#[test]
fn hooks_have_a_share_that_passes_do_not_have_then() {
    let quota = Quota::of(45).with_hooks();
    let taken = u32::try_from(HOOKS_PER_INVOCATION_MAX).unwrap();
    assert_eq!((quota.calls, quota.hooks), (45 - taken, HOOKS_PER_INVOCATION_MAX));
    assert_eq!(Quota::of(45).hooks, 0, "where no plan is under way");
    assert!(Quota::of(3).with_hooks().calls == 0);
}
