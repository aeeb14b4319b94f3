//! The way back, where the share of a zone that may change is small; and when a change was made.

use super::cells::{Phase, before, begin};
use super::faults::{Fault, What};
use super::play::{Play, Step};
use super::worlds::{POOLS, World};
use crate::cloudflare::{Next, Readings, Reply};
use crate::ordered::Map;
use crate::time::MINUTE;
use serde_json::json;

/// Five records of ours among 14, which have moved away and may come back.
fn away() -> Play {
    let mut play = before(World::Five, Phase::Return);
    for n in 0..7 {
        play.account.records.push(json!({
            "id": format!("f{n}"), "name": format!("f{n}.example.com"), "type": "TXT",
            "content": "x", "ttl": 60, "proxied": false, "comment": null,
        }));
    }
    assert_eq!(play.account.records.len(), 14);
    assert_eq!(play.contents(), ["us.example.com"; 5]);
    play
}

#[test]
fn all_that_we_moved_comes_back_at_once() {
    let mut play = away();
    begin(&mut play, World::Five, Phase::Return);
    let began = play.now;
    play.settle();
    assert_eq!(play.contents(), ["eu.example.com"; 5]);
    assert!(play.changed_at.since(began) < 2_000, "{:?}", play.changed_at.since(began));
    play.check_quiet("return");
    let actuation = &play.controller.state().actuation;
    assert_eq!((&actuation.withheld, &actuation.moved), (&Vec::new(), &Map::new()));
    assert_eq!((actuation.zone_changes.len(), play.called.len()), (0, 0));
}

/// As after the loss of all state: nobody knows any more that we moved them.
#[test]
fn of_what_nobody_moved_as_much_comes_back_as_may_and_the_rest_is_told_until_it_may() {
    let mut play = away();
    play.controller.state.actuation.moved = Map::new();
    begin(&mut play, World::Five, Phase::Return);
    let began = play.now;
    play.settle_until(began.plus(5 * MINUTE));
    let back = |play: &Play| play.contents().iter().filter(|it| **it == "eu.example.com").count();
    assert_eq!(back(&play), 4, "30 % of 14");
    let withheld = play.controller.state().actuation.withheld.clone();
    assert_eq!(withheld.len(), 1, "{withheld:?}");
    assert!(withheld[0].starts_with("e.example.com CNAME: "), "the last by name: {withheld:?}");
    assert!(withheld[0].ends_with("[zone_share]"), "{withheld:?}");
    assert_eq!(play.called.len(), 1, "a person is called once: {:?}", play.called);
    assert!(play.called[0].starts_with("held back: e.example.com CNAME"), "{:?}", play.called);
    play.settle_until(began.plus(75 * MINUTE));
    assert_eq!(back(&play), 5, "the rest after an hour");
    assert_eq!(play.controller.state().actuation.withheld, [""; 0]);
}

/// A pass that the runtime cancels may have changed what was read before it.
#[test]
fn what_was_read_before_a_pass_that_never_ended_is_read_again() {
    let mut play = before(World::Balancer, Phase::Failover);
    play.controller.compare_soon();
    let mut pass = play.controller.begin_reconcile(play.now).unwrap();
    for is_answered in [true, false] {
        let Next::Call(number, call) = pass.reconcile.next_step() else {
            panic!("there is more to read")
        };
        let answer = play.call(&call).filter(|_| is_answered);
        let reply = answer.unwrap_or_else(|| Reply::Lost("none".to_owned()));
        pass.reconcile.answer(number, &reply, play.now);
    }
    play.controller.end_reconcile(pass, play.now);
    assert_ne!(play.controller.readings, Readings::default(), "one list was read");
    let later = play.now.plus(3_000);
    assert!(play.controller.begin_reconcile(later).is_some());
    assert_eq!(play.controller.readings, Readings::default());
}

#[test]
fn a_change_is_told_with_the_instant_at_which_the_api_confirmed_it() {
    let mut play = before(World::Balancer, Phase::Steady);
    begin(&mut play, World::Balancer, Phase::Steady);
    play.settle();
    let applied = &play.controller.state().actuation.applied;
    let at: Vec<u64> = applied.iter().rev().take(3).map(|done| done.at.millis()).collect();
    // Each of these is one call, and each call takes 100 ms here.
    assert_eq!([at[0] - at[1], at[1] - at[2]], [100, 100], "{applied:?}");
    assert_eq!(at[0], play.changed_at.millis());
}

/// Each intent was saved before its call, so the next life knows of all of them.
#[test]
fn a_process_that_ends_with_six_calls_under_way_leaves_six_intents_open_and_the_next_judges_each() {
    for is_done in [false, true] {
        let mut play = before(World::Pools, Phase::Failover);
        let (what, told) = (What::Killed { is_done }, None);
        let fault = Fault { name: "killed", what, told, urgent_ms: 0, upkeep_ms: 0 };
        play.arm(fault, Step { method: "PATCH", path: "/pools/" });
        begin(&mut play, World::Pools, Phase::Failover);
        play.settle();
        assert_eq!(play.open_at_death, POOLS);
        play.check_quiet("after");
        let actuation = &play.controller.state().actuation;
        assert_eq!((actuation.holds.len(), actuation.claims.len()), (POOLS, 0));
        assert_eq!(play.struck_at.map(|at| play.changed_at.since(at) < 30_000), Some(true));
    }
}
