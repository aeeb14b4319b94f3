//! One cron run as a conversation: results in, the next probes out.
//!
//! A run is a series of rounds. The cron run asks the Controller for a round, waits as told, probes
//! what it is told, and brings the results with its next question, until it is told that it is
//! done. So the run itself decides nothing, and the Controller never waits for an origin.
//!
//! What a round found is weighed in `evidence`, and when the next one is made is decided in
//! `cadence`.
//!
//! Cron comes late, twice, or overlaps. A run is known by the instant that it was scheduled for:
//! the same or an older one is told that it is superseded, and a round that was already taken in is
//! not taken in again.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

mod cadence;
mod evidence;

pub use cadence::{
    COALESCE_MS, CONTROL_TIMEOUT_MS, DOWN_FOR_LONG_MS, PROBES_AT_ONCE, RECHECK_MS, RUN_MS,
    next_round,
};
pub use evidence::{BLIND, WITNESS_MS};

use crate::config::{Config, Control, ExpectedResponse};
use crate::health::{Transition, Verdict};
use crate::json::{fields, variants, words};
use crate::state::{Run, State};
use crate::target::Target;
use crate::time::{Millis, Timestamp};

/// What a cron run says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundRequest {
    /// The instant that the run was scheduled for.
    pub run: Timestamp,
    /// 0 to begin, then the number of rounds that were made.
    pub round: u32,
    /// The run's clock.
    pub now: Timestamp,
    /// What the last round found; empty to begin.
    pub results: Vec<ProbeResult>,
    /// What became of the controls; empty where none were asked.
    pub controls: Vec<ControlResult>,
}

/// What a cron run is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoundReply {
    /// Make another round.
    Probe {
        /// Wait this long first.
        wait_ms: Millis,
        /// Then make these probes.
        probes: Vec<Probe>,
        /// And ask these, to learn whether anything is reached.
        controls: Vec<Control>,
    },
    /// The run is over.
    Done(Done),
}

words! {
    /// Why a run is over.
    pub enum Done {
        /// The next round would reach into the next run.
        TimeSpent = "time_spent",
        /// The next round would take more probes than a run may make.
        ProbesSpent = "probes_spent",
        /// A later run has begun, or this one was begun twice.
        Superseded = "superseded",
        /// There is no config, so there is nothing to probe.
        NothingToProbe = "nothing_to_probe",
    }
}

/// One probe to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Whose health it is about.
    pub target: Target,
    /// What to fetch.
    pub url: String,
    /// Longest wait for the answer and its body.
    pub timeout_ms: Millis,
    /// Which answer counts.
    pub expect: ExpectedResponse,
    /// Where the answer reports a replication lag.
    pub lag_pointer: Option<String>,
}

impl Probe {
    /// Whether the body has to be read.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        let ExpectedResponse { body_contains, json, .. } = &self.expect;
        body_contains.is_some() || !json.is_empty() || self.lag_pointer.is_some()
    }
}

/// One probe that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeResult {
    /// Whose health it is about.
    pub target: Target,
    /// When it was over.
    pub at: Timestamp,
    /// What it says.
    pub verdict: Verdict,
}

/// One control that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlResult {
    /// Its name.
    pub id: String,
    /// Whether it answered.
    pub reached: bool,
}

fields!(RoundRequest { run, round, now, results, controls = Vec::new() });
variants!(RoundReply {
    Probe = "probe" { wait_ms, probes, controls = Vec::new() },
    Done = "done" (why),
});
fields!(Probe { target, url, timeout_ms, expect, lag_pointer });
fields!(ProbeResult { target, at, verdict });
fields!(ControlResult { id, reached });

/// A target whose health changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The target.
    pub target: Target,
    /// How.
    pub transition: Transition,
}

/// Takes a round in: checks that it belongs, then folds its results into the state. Errors: the
/// reason why the run is over, where it is; nothing was changed then.
pub fn take_in(
    state: &mut State,
    config: &Config,
    request: &RoundRequest,
) -> Result<Vec<Changed>, Done> {
    if request.round == 0 {
        if state.run.as_ref().is_some_and(|run| run.scheduled >= request.run) {
            return Err(Done::Superseded);
        }
        begin(state, request);
        return Ok(Vec::new());
    }
    let run = state.run.as_mut().filter(|run| {
        run.scheduled == request.run && run.round.checked_add(1) == Some(request.round)
    });
    run.ok_or(Done::Superseded)?.round = request.round;
    Ok(evidence::weigh(state, config, request))
}

fn begin(state: &mut State, request: &RoundRequest) {
    let controls = state.run.as_ref().map(|run| run.controls).unwrap_or_default();
    state.run =
        Some(Run { scheduled: request.run, began: request.now, round: 0, probes: 0, controls });
    state.overrides.retain(|_, set| request.now < set.until);
}

#[cfg(test)]
mod tests;
