//! The Controller has probes made by itself while cron is silent.
//!
//! Cron begins a run each minute. Where none has come [`STAND_IN_AFTER_MS`] after the instant of
//! the last one, the alarm has a run made that stands in for it, and so on each minute. It is a run
//! like any other, made by a vantage point. It ends where cron's next run begins
//! ([`crate::tick::RunId`]), so a cron that was only late takes over at once.

use super::Controller;
use super::news::News;
use crate::journal::{Event, EventKind};
use crate::state::{CronRun, Run};
use crate::tick::{RoundRequest, RunId};
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// How long after the instant of a run the next one is made if cron has begun none: a minute, and
/// as long again as cron is usually late at most.
pub const STAND_IN_AFTER_MS: Millis = 80 * SECOND;
/// How long a run that was asked for may take until its first request.
const BEGIN_MS_MAX: Millis = MINUTE;
/// What happens while cron is silent, in words.
pub(super) const BY_ITSELF: &str = "the Controller probes by itself";

impl Controller {
    /// When a run is made that stands in, if none of cron comes until then; `None` where there is
    /// nothing to probe, or where cron has never come.
    pub(super) fn stand_in_at(&self) -> Option<Timestamp> {
        self.config.as_ref().filter(|config| config.has_targets())?;
        let due = self.state.run.as_ref()?.scheduled.plus(STAND_IN_AFTER_MS);
        let asked = self.stand_in_asked.map(|at| at.plus(BEGIN_MS_MAX));
        Some(asked.map_or(due, |again| due.max(again)))
    }

    /// The run that has to be made now to stand in for cron. It counts as asked for.
    pub fn stand_in(&mut self, now: Timestamp) -> Option<RunId> {
        self.stand_in_at().filter(|at| *at <= now)?;
        self.stand_in_asked = Some(now);
        let into_minute_ms = now.millis().checked_rem(MINUTE).unwrap_or(0);
        Some(RunId { scheduled: now.minus(into_minute_ms), stands_in: true })
    }
}

impl News {
    /// Tells when the Controller begins to stand in for cron, and when it ends. `stood_in` is what
    /// was known of cron before a run began, where the run before stood in.
    pub(super) fn who_runs(
        &mut self,
        stood_in: Option<CronRun>,
        run: Option<&Run>,
        request: &RoundRequest,
    ) {
        let stands_in = run.filter(|_| request.round == 0).and_then(|run| run.cron);
        let (kind, text) = match (stood_in, stands_in) {
            (None, Some(CronRun { began, .. })) => {
                (EventKind::StandsIn, format!("cron has begun no run since {began}; {BY_ITSELF}"))
            }
            (Some(_), None) if request.round == 0 => {
                let text = "cron runs again, and the Controller no longer probes by itself";
                (EventKind::StandsDown, text.to_owned())
            }
            _ => return,
        };
        self.tell(Event::new(kind, text, request.now));
    }
}
