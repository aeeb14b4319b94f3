//! What time it is, where clocks disagree.
//!
//! The Controller hears three clocks: a run tells the instant that it was scheduled for and what
//! its machine shows, and there is the clock of the Controller's own machine. A clock that is ahead
//! does harm at once: beliefs look outdated, and what it writes down lies in the future. One that
//! is behind only makes things look younger. So **of two clocks that differ the earlier one is
//! believed, but none before the scheduled instant**.
//!
//! A run that is ahead is corrected by the same amount for as long as it lasts, so that the times
//! between its own probes stay as they were. Between rounds the time goes on from what the last run
//! told. What a wrong clock has written down before is corrected in [`State::forget_the_future`].
//!
//! [`State::forget_the_future`]: crate::state::State::forget_the_future

use crate::tick::{RUN_MS, RoundRequest, RunId};
use crate::time::{Millis, Timestamp};

/// The Controller's clock. `machine` is always what its machine shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    /// The run that spoke last, and how far ahead its clock is.
    run: Option<(RunId, Millis)>,
    /// What time it was when that run spoke, and what the machine showed then.
    told: Option<(Timestamp, Timestamp)>,
    /// The latest time that was told to anybody.
    latest: Timestamp,
}

impl Clock {
    /// Hears a run, and corrects what it says if its clock is ahead. Returns by how much, when that
    /// is new.
    pub fn hear(&mut self, request: &mut RoundRequest, machine: Timestamp) -> Option<Millis> {
        let known = self.run.filter(|(run, _)| *run == request.id()).map(|(_, ahead_ms)| ahead_ms);
        let ahead_ms = known.unwrap_or_else(|| ahead_ms(request, machine));
        request.now = request.now.minus(ahead_ms);
        for result in &mut request.results {
            result.at = result.at.minus(ahead_ms);
        }
        let aside = request.aside.iter_mut().filter_map(|aside| aside.answer.as_mut());
        aside.for_each(|answer| answer.at = answer.at.minus(ahead_ms));
        self.run = Some((request.id(), ahead_ms));
        self.told = Some((request.now, machine));
        Some(ahead_ms).filter(|ahead_ms| known.is_none() && *ahead_ms > 0)
    }

    /// The time now. It does not go back, unless it turns out that a clock was ahead.
    pub fn now(&mut self, machine: Timestamp) -> Timestamp {
        let now = self.told.map_or(machine, |(told, at)| told.plus(machine.since(at)));
        self.latest = if self.latest.is_ahead(now) { now } else { self.latest.max(now) };
        self.latest
    }
}

/// How far the clock of a run is ahead that was not heard before. After a restart that may be in
/// the midst of it.
fn ahead_ms(request: &RoundRequest, machine: Timestamp) -> Millis {
    let lasts_ms = if request.round == 0 { 0 } else { RUN_MS };
    let latest = machine.max(request.run.plus(lasts_ms));
    if request.now.is_ahead(latest) { request.now.since(latest) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{pass, target};
    use crate::tick::ProbeResult;
    use crate::time::{MINUTE, SECOND, SKEW_MS_MAX};

    const NOON: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn asked(round: u32, now: Timestamp) -> RoundRequest {
        let at = now.minus(40);
        let result = ProbeResult {
            fields: Vec::new(),
            target: target("eu-1"),
            at,
            verdict: pass(),
            pushed_back_ms: None,
            took_ms: 0,
        };
        let results = if round == 0 { Vec::new() } else { vec![result] };
        RoundRequest { round, results, ..RoundRequest::first(NOON, now) }
    }

    /// What a round is taken to say, and what time it is then.
    fn heard(clock: &mut Clock, round: u32, now: Timestamp, machine: Timestamp) -> Timestamp {
        let mut request = asked(round, now);
        clock.hear(&mut request, machine);
        assert!(request.results.iter().all(|result| result.at == request.now.minus(40)));
        assert_eq!(clock.now(machine), request.now);
        request.now
    }

    #[test]
    fn a_run_whose_clock_is_ahead_beyond_the_skew_is_corrected_for_as_long_as_it_lasts() {
        let machine = NOON.plus(300);
        for ahead_ms in [0, 1, SKEW_MS_MAX] {
            let told = machine.plus(ahead_ms);
            assert_eq!(heard(&mut Clock::default(), 0, told, machine), told, "{ahead_ms}");
        }
        for ahead_ms in [SKEW_MS_MAX + 1, 10 * MINUTE] {
            let mut clock = Clock::default();
            let mut request = asked(0, machine.plus(ahead_ms));
            assert_eq!(clock.hear(&mut request, machine), Some(ahead_ms));
            assert_eq!(request.now, machine);
            assert_eq!(clock.hear(&mut request, machine), None, "it is told once");
            let later = machine.plus(30 * SECOND);
            let told = later.plus(ahead_ms).plus(700);
            assert_eq!(heard(&mut clock, 1, told, later), later.plus(700), "not measured anew");
        }
    }

    #[test]
    fn a_machine_that_is_ahead_is_not_believed_either() {
        let mut clock = Clock::default();
        let ahead = NOON.plus(10 * MINUTE);
        assert_eq!(clock.now(ahead), ahead, "nobody has told better yet");
        assert_eq!(heard(&mut clock, 0, NOON.plus(200), ahead), NOON.plus(200));
        assert_eq!(clock.now(ahead.plus(9 * SECOND)), NOON.plus(9 * SECOND).plus(200));
    }

    #[test]
    fn a_machine_that_is_behind_never_shows_a_time_before_the_scheduled_one() {
        let mut clock = Clock::default();
        let behind = NOON.minus(10 * MINUTE);
        assert_eq!(heard(&mut clock, 0, NOON, behind), NOON);
        let later = behind.plus(20 * SECOND);
        assert_eq!(heard(&mut clock, 1, NOON.plus(20 * SECOND), later), NOON.plus(20 * SECOND));
        let restarted = &mut Clock::default();
        assert_eq!(heard(restarted, 2, NOON.plus(RUN_MS), later), NOON.plus(RUN_MS));
    }

    #[test]
    fn a_run_of_cron_has_a_clock_of_its_own_beside_the_one_that_stood_in_at_its_instant() {
        let mut clock = Clock::default();
        let mut stands_in = asked(1, NOON.plus(10 * MINUTE));
        stands_in.stands_in = true;
        assert_eq!(clock.hear(&mut stands_in, NOON), Some(10 * MINUTE - RUN_MS));
        assert_eq!(heard(&mut clock, 0, NOON.plus(800), NOON.plus(800)), NOON.plus(800));
    }

    #[test]
    fn a_run_that_comes_late_is_believed() {
        let late = NOON.plus(7 * MINUTE);
        assert_eq!(heard(&mut Clock::default(), 0, late, late.plus(30)), late);
    }

    #[test]
    fn it_goes_back_only_where_a_clock_was_ahead() {
        let mut clock = Clock::default();
        let at = |ms| NOON.plus(ms);
        assert_eq!(heard(&mut clock, 0, at(900), at(900)), at(900));
        let mut request = asked(1, at(700));
        clock.hear(&mut request, at(1_000));
        assert_eq!(clock.now(at(1_000)), at(900), "a little is no reason");
        assert_eq!(clock.now(at(1_500)), at(1_200));
        let mut clock = Clock::default();
        assert_eq!(clock.now(at(SKEW_MS_MAX + 1)), at(SKEW_MS_MAX + 1));
        clock.hear(&mut asked(0, at(0)), at(SKEW_MS_MAX + 1));
        assert_eq!(clock.now(at(SKEW_MS_MAX + 1)), at(0));
    }
}
