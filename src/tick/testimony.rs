//! Whether a failure is the target's, or the observer's own.
//!
//! A failure without a sign of life counts only with a **witness**: since the target's last probe,
//! and no later than this one began, something else was reached: another target, or a control. A
//! last probe that failed counts from its end, one that passed from its beginning.
//!
//! **Why that is enough.** Suppose that the observer is cut off once, and that two failures of a
//! healthy target count. Both of its probes met the cut, so it lasted from the end of the first
//! probe to the beginning of the second. The witness of the second one was reached within that
//! time, so it was no cut. Hence at most one failure of a healthy target counts for each cut, at
//! its edge. And one failure of this kind takes nobody down: it needs two
//! ([`Monitor::unreached_fall`]).
//!
//! A witness that is begun **after** the failing probe proves nothing: the cut may have ended in
//! between. So a control that answers after five seconds of hanging does not count, and neither
//! does a target of a later wave of the same round.
//!
//! [`Monitor::unreached_fall`]: crate::config::Monitor::unreached_fall

use super::{ControlResult, ProbeResult};
use crate::config::Config;
use crate::geo::Area;
use crate::health::{Health, Hysteresis, Verdict, is_silent, is_unreached};
use crate::state::{State, TargetState};
use crate::target::Target;
use crate::time::{Millis, Timestamp};

/// Probes of a round that are begun within this time of each other count as begun together: there
/// are milliseconds between those for which connections are free at once.
pub const TOGETHER_MS: Millis = 100;

/// Through whose eyes something is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Eyes {
    /// Those of the cron run, or of all areas together.
    All,
    /// Those of one area.
    Area(Area),
}

/// What they saw of a target.
struct Glimpse<'a> {
    memory: &'a Hysteresis,
    probed_at: Option<Timestamp>,
    reached_at: Option<Timestamp>,
}

impl Eyes {
    fn of(self, known: &TargetState) -> Option<Glimpse<'_>> {
        let (memory, probed_at, reached_at) = match self {
            Self::All => (&known.memory, known.probed_at, known.reached_at),
            Self::Area(area) => {
                let sight = known.sights.get(&area)?;
                (&sight.memory, sight.probed_at, sight.reached_at)
            }
        };
        Some(Glimpse { memory, probed_at, reached_at })
    }

    /// Whether a probe failed to reach a target that is not known to be down.
    pub(super) fn is_news(self, state: &State, result: &ProbeResult) -> bool {
        let known = state.targets.get(&result.target).and_then(|known| self.of(known));
        let health = known.map(|glimpse| glimpse.memory.health);
        is_unreached(&result.verdict) && health != Some(Health::Down)
    }
}

/// What a round reached, and what was reached before it.
pub(super) struct Testimony<'a> {
    eyes: Eyes,
    /// The two targets that were last reached before the round, and when; the latest first.
    before: [Option<(Timestamp, &'a Target)>; 2],
    /// The two targets that the round reached and whose probes were begun first.
    round: [Option<(Timestamp, &'a Target)>; 2],
    is_control_reached: bool,
}

impl<'a> Testimony<'a> {
    pub(super) fn of(
        state: &'a State,
        eyes: Eyes,
        results: &'a [ProbeResult],
        controls: &[ControlResult],
    ) -> Self {
        let mut before = [None; 2];
        for (target, known) in &state.targets {
            if let Some(at) = eyes.of(known).and_then(|glimpse| glimpse.reached_at) {
                keep(&mut before, (at, target), |new, old| new > old);
            }
        }
        let mut round = [None; 2];
        for result in results.iter().filter(|result| !is_unreached(&result.verdict)) {
            keep(&mut round, (result.began(), &result.target), |new, old| new < old);
        }
        let is_control_reached = controls.iter().any(|control| control.reached);
        Self { eyes, before, round, is_control_reached }
    }

    /// Whether the round reached anything.
    pub(super) fn has_reached_anything(&self) -> bool {
        self.is_control_reached || self.round.iter().any(Option::is_some)
    }

    /// Whether a result is evidence about its target.
    pub(super) fn supports(&self, state: &State, config: &Config, result: &ProbeResult) -> bool {
        let Some(known) = state.targets.get(&result.target) else { return true };
        let known = self.eyes.of(known);
        // A failure of one that is Down changes nothing.
        let is_down = known.as_ref().is_some_and(|known| known.memory.health == Health::Down);
        if is_down || !needs_witness(config, &result.verdict) {
            return true;
        }
        let latest = result.began().plus(TOGETHER_MS);
        let last_probe = known.and_then(|known| known.probed_at).unwrap_or_default();
        self.is_control_reached
            || other(&self.round, &result.target).is_some_and(|began| began <= latest)
            || other(&self.before, &result.target).is_some_and(|at| at >= last_probe)
    }
}

/// Whether a verdict is a failure that counts only with a witness.
pub(super) fn needs_witness(config: &Config, verdict: &Verdict) -> bool {
    let Verdict::Fail { .. } = verdict else { return false };
    if config.controls.is_empty() {
        return is_silent(verdict) && has_regions_to_compare(config);
    }
    is_unreached(verdict)
}

/// Whether two regions at least have origins. If there is only one, and no control, nobody could
/// bear witness, and there is no other region to send traffic to.
fn has_regions_to_compare(config: &Config) -> bool {
    config.regions.values().filter(|region| !region.origins.is_empty()).count() > 1
}

/// Keeps the two best.
fn keep<'a>(
    best: &mut [Option<(Timestamp, &'a Target)>; 2],
    new: (Timestamp, &'a Target),
    is_better: impl Fn(Timestamp, Timestamp) -> bool,
) {
    let beats = |old: Option<(Timestamp, &Target)>| old.is_none_or(|old| is_better(new.0, old.0));
    let [first, second] = best;
    if beats(*first) {
        *second = first.replace(new);
    } else if beats(*second) {
        *second = Some(new);
    }
}

/// When the best one that is another target than this was reached.
fn other(best: &[Option<(Timestamp, &Target)>; 2], target: &Target) -> Option<Timestamp> {
    best.iter().flatten().find(|(_, it)| *it != target).map(|(at, _)| *at)
}
