//! Cron that is silent, late, doubled or cut short, and the runs that stand in for it.

use super::*;
use crate::tick::{ProbeResult, RunId};
use crate::time::{MINUTE, Millis, SECOND};

/// How long after the instant at which cron should have come somebody has to probe again.
const TAKES_OVER_MS: Millis = 90 * SECOND;

fn cron(minute: u64) -> RunId {
    RunId { scheduled: at(minute * MINUTE), stands_in: false }
}

/// A controller of which cron has begun the run of the first minute at its instant.
fn heard_once() -> Controller {
    let mut mind = Controller::default();
    assert_eq!(mind.offer_config(&config_text(), at(0)), Offered::Taken);
    assert!(goes_on(&mind.round(&RoundRequest::of(cron(1), at(MINUTE))).reply));
    mind
}

fn goes_on(reply: &RoundReply) -> bool {
    matches!(reply, RoundReply::Probe { .. })
}

/// The next round of a run, with a pass of each probe that the last reply asked for.
fn next(mind: &mut Controller, run: RunId, round: u32, last: RoundReply, now: Timestamp) -> Round {
    let RoundReply::Probe { probes, .. } = last else { panic!("the run is over: {last:?}") };
    let result = |probe: tick::Probe| ProbeResult {
        fields: Vec::new(),
        target: probe.target,
        at: now,
        verdict: crate::testing::pass(),
        pushed_back_ms: None,
        took_ms: 0,
    };
    let results = probes.into_iter().map(result).collect();
    mind.round(&RoundRequest { round, results, ..RoundRequest::of(run, now) })
}

/// The alarm as it rings next, with the run that it has made.
fn alarm(mind: &mut Controller, now: Timestamp) -> (Timestamp, Option<RunId>) {
    let wake = mind.next_wake(now, false).expect("something is due");
    mind.settle(wake.at);
    (wake.at, mind.stand_in(wake.at))
}

/// Lets the alarm ring until it has a run made.
fn until_it_stands_in(mind: &mut Controller, mut now: Timestamp) -> (Timestamp, RunId) {
    for _ in 0..10 {
        let (rang, run) = alarm(mind, now);
        if let Some(run) = run {
            return (rang, run);
        }
        now = rang.plus(1);
    }
    panic!("nothing stands in until {now}");
}

fn told(mind: &mut Controller) -> String {
    mind.take_news().into_iter().map(|line| line.text + "\n").collect()
}

#[test]
fn the_alarm_has_runs_made_each_minute_while_cron_is_silent() {
    let mut mind = heard_once();
    let mut now = at(MINUTE + 55 * SECOND);
    for minute in 2..8 {
        let missed = at(minute * MINUTE);
        let (rang, run) = until_it_stands_in(&mut mind, now);
        assert!(rang.since(missed) <= TAKES_OVER_MS, "{rang} for {missed}");
        assert_eq!(run, RunId { scheduled: missed, stands_in: true });
        let reply = mind.round(&RoundRequest::of(run, rang)).reply;
        assert!(goes_on(&reply), "it probes: {reply:?}");
        assert!(goes_on(&next(&mut mind, run, 1, reply, rang.plus(300)).reply));
        now = rang.plus(50 * SECOND);
    }
}

#[test]
fn a_run_that_was_asked_for_is_not_asked_for_again_before_it_could_begin() {
    let mut mind = heard_once();
    let (rang, _) = until_it_stands_in(&mut mind, at(2 * MINUTE));
    assert_eq!(mind.stand_in(rang.plus(1)), None);
    let (again, _) = until_it_stands_in(&mut mind, rang.plus(1));
    assert_eq!(again, rang.plus(MINUTE), "it never came");
}

#[test]
fn nothing_stands_in_where_there_is_nothing_to_probe_or_cron_never_came() {
    let mut mind = Controller::default();
    assert_eq!(mind.stand_in(at(9 * MINUTE)), None);
    mind.offer_config(&config_text(), at(0));
    assert_eq!(mind.stand_in(at(9 * MINUTE)), None);
    assert_eq!(heard_once().stand_in(at(MINUTE + 79 * SECOND)), None, "nor too early");
}

#[test]
fn whatever_the_instants_are_the_next_run_of_cron_takes_over() {
    // It comes late itself, at the same instant; in time for its own; and as the alarm's machine is
    // an hour ahead.
    let hour_ms = 60 * MINUTE;
    for (rings_at, minute, begins_at) in [
        (2 * MINUTE + 20 * SECOND, 2, 2 * MINUTE + 40 * SECOND),
        (2 * MINUTE + 20 * SECOND, 3, 3 * MINUTE),
        (2 * MINUTE + hour_ms, 2, 2 * MINUTE + 200),
    ] {
        let mut mind = heard_once();
        let run = mind.stand_in(at(rings_at)).unwrap();
        let reply = mind.round(&RoundRequest::of(run, at(rings_at))).reply;
        assert!(goes_on(&reply));
        let of_cron = mind.round(&RoundRequest::of(cron(minute), at(begins_at))).reply;
        assert!(goes_on(&of_cron), "{rings_at} {minute}: {of_cron:?}");
        let late = next(&mut mind, run, 1, reply, at(rings_at + SECOND)).reply;
        assert_eq!(late, RoundReply::Done(Done::Superseded), "{rings_at} {minute}");
        assert!(goes_on(&next(&mut mind, cron(minute), 1, of_cron, at(begins_at + SECOND)).reply));
    }
}

#[test]
fn a_run_of_cron_that_comes_twice_runs_once_also_after_one_that_stood_in() {
    let mut mind = heard_once();
    let (rang, run) = until_it_stands_in(&mut mind, at(2 * MINUTE));
    assert!(goes_on(&mind.round(&RoundRequest::of(run, rang)).reply));
    for again in [run, cron(1)] {
        let reply = mind.round(&RoundRequest::of(again, rang.plus(5))).reply;
        assert_eq!(reply, RoundReply::Done(Done::Superseded), "{again:?}");
    }
}

#[test]
fn a_run_that_is_cut_short_is_followed_by_the_next_one_and_nothing_is_lost() {
    let mut mind = heard_once();
    let health = |mind: &Controller, ms| observed(&mind.view(at(ms)).unwrap(), "eu-1").health;
    let mut reply = mind.round(&RoundRequest::of(cron(2), at(2 * MINUTE))).reply;
    for round in 1..=2 {
        let now = at(2 * MINUTE + u64::from(round) * SECOND);
        reply = next(&mut mind, cron(2), round, reply, now).reply;
    }
    // Nobody hears of it again.
    assert!(goes_on(&reply));
    assert_eq!(health(&mind, 2 * MINUTE + 50 * SECOND), Health::Up);
    let reply = mind.round(&RoundRequest::of(cron(3), at(3 * MINUTE))).reply;
    assert!(goes_on(&next(&mut mind, cron(3), 1, reply, at(3 * MINUTE + 400)).reply));
    assert_eq!(health(&mind, 3 * MINUTE + SECOND), Health::Up);
}

#[test]
fn people_hear_that_cron_is_silent_who_probes_and_that_it_runs_again() {
    let mut mind = heard_once();
    told(&mut mind);
    let (rang, run) = until_it_stands_in(&mut mind, at(2 * MINUTE));
    let reply = mind.round(&RoundRequest::of(run, rang)).reply;
    assert!(goes_on(&next(&mut mind, run, 1, reply, rang.plus(300)).reply));
    let status = mind.status(rang.plus(SECOND));
    assert_eq!(status.last_run.unwrap().cron_silent_since, Some(at(MINUTE)));
    let begins = told(&mut mind);
    assert!(
        begins.contains("stands_in") && begins.contains("cron has begun no run since"),
        "{begins}"
    );
    mind.round(&RoundRequest::of(cron(9), at(9 * MINUTE)));
    let ends = told(&mut mind);
    assert!(ends.contains("stands_down"), "{ends}");
    assert_eq!(mind.status(at(9 * MINUTE)).last_run.unwrap().cron_silent_since, None);
}

#[test]
fn a_run_that_stands_in_does_not_call_the_monitor_that_watches_cron() {
    let mut mind = heard_once();
    mind.calling.is_beat_due = false;
    let (rang, run) = until_it_stands_in(&mut mind, at(2 * MINUTE));
    mind.round(&RoundRequest::of(run, rang));
    assert!(!mind.calling.is_beat_due);
    mind.round(&RoundRequest::of(cron(4), at(4 * MINUTE)));
    assert!(mind.calling.is_beat_due);
}
