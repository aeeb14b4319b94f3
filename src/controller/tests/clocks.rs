//! Clocks that are wrong: of one run, of the Controller's machine, and what they leave behind.

use super::*;
use crate::tick::ProbeResult;
use crate::time::{MINUTE, Millis, SECOND};

/// So far a wrong clock is ahead.
const AHEAD_MS: Millis = 12 * MINUTE;

/// Plays the run of a minute, in which every probe passes. The run's machine and the Controller's
/// are ahead by so much. Returns how many probes were made.
fn play(mind: &mut Controller, clock: &mut Clock, minute: u64, ahead: [Millis; 2]) -> usize {
    let [run_ms, machine_ms] = ahead;
    let (scheduled, mut real, mut probed) = (at(minute * MINUTE), at(minute * MINUTE + 80), 0);
    let mut request = RoundRequest::first(scheduled, real.plus(run_ms));
    loop {
        let mut heard = request.clone();
        clock.hear(&mut heard, real.plus(machine_ms));
        let RoundReply::Probe { wait_ms, probes, .. } = mind.round(&heard).reply else {
            return probed;
        };
        real = real.plus(wait_ms).plus(20);
        probed += probes.len();
        let result = |probe: tick::Probe| ProbeResult {
            fields: Vec::new(),
            target: probe.target,
            at: real.plus(run_ms),
            verdict: crate::testing::pass(),
            pushed_back_ms: None,
            took_ms: 0,
        };
        request.results = probes.into_iter().map(result).collect();
        request.round += 1;
        request.now = real.plus(run_ms);
        let now = clock.now(real.plus(machine_ms));
        let Due { routes, pages, .. } = mind.due_documents(now);
        routes.iter().chain(&pages).for_each(|document| {
            mind.writing(document, now);
            mind.written(document, now);
        });
    }
}

/// The healths of the three origins, as of the middle of a minute.
fn healths(mind: &Controller, minute: u64) -> [Health; 3] {
    let view = mind.view(at(minute * MINUTE + 30 * SECOND)).unwrap();
    ["eu-1", "us-1", "br-1"].map(|origin| observed(&view, origin).health)
}

/// Ten quiet minutes.
fn quiet() -> (Controller, Clock) {
    let (mut mind, mut clock) = (Controller::default(), Clock::default());
    assert_eq!(mind.offer_config(&config_text(), at(0)), Offered::Taken);
    for minute in 1..=10 {
        play(&mut mind, &mut clock, minute, [0, 0]);
    }
    (mind, clock)
}

#[test]
fn a_run_whose_clock_is_ahead_makes_its_probes_and_so_does_the_next_one() {
    let (mut mind, mut clock) = quiet();
    let usual = play(&mut mind, &mut clock, 11, [0, 0]);
    assert_eq!(usual, 12);
    for (minute, ahead) in [(12, [AHEAD_MS, 0]), (14, [0, AHEAD_MS]), (16, [AHEAD_MS; 2])] {
        let probed = play(&mut mind, &mut clock, minute, ahead);
        assert!(probed >= usual, "minute {minute}: {probed}");
        for after in [minute, minute + 1] {
            assert_eq!(healths(&mind, after), [Health::Up; 3], "minute {after}");
        }
        let probed = play(&mut mind, &mut clock, minute + 1, [0, 0]);
        assert!(probed >= usual, "after minute {minute}: {probed}");
    }
}

#[test]
fn what_a_wrong_clock_wrote_down_before_a_restart_stops_neither_probes_nor_the_heartbeat() {
    let (mut mind, _) = quiet();
    // Both clocks are ahead and agree, so nobody can tell.
    play(&mut mind, &mut Clock::default(), 11 + 12, [0, 0]);
    let written_at = mind.state().routes_written_at.unwrap();
    assert!(written_at > at(20 * MINUTE));
    let mut clock = Clock::default();
    assert!(play(&mut mind, &mut clock, 12, [0, 0]) >= 12);
    assert_eq!(healths(&mind, 12), [Health::Up; 3]);
    let written_at = mind.state().routes_written_at.unwrap();
    assert!(written_at < at(13 * MINUTE), "the heartbeat is written anew: {written_at}");
}
