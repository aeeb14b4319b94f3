//! A cron run as a conversation: results in, the next probes out.
//!
//! A run is a series of rounds. The run asks the Controller for a round, waits, makes the probes,
//! and sends their results with its next request, until the Controller says that it is done. So the
//! run decides nothing, and the Controller never waits for an origin.
//!
//! `evidence` weighs what a round found, and `testimony` says which failures count. `cadence`
//! decides when the next round is due, and `witness` whom it asks besides.
//!
//! **Areas.** With areas, each round is made from each of them, by a vantage point that answers
//! with an [`AreaReport`]. `areas` makes one result of each target of them: first each area is
//! asked whether it doubts itself, then as many must agree as the quorum of the monitor says. How
//! a target looks from one area is remembered beside ([`crate::state::Sight`]): clients there go
//! by it.
//!
//! Cron may come late, twice or overlap. A run is identified by its scheduled instant. A run with
//! the same or an older instant is superseded, and a round counts only once. Where cron is silent,
//! the Controller has a run made that **stands in** for it. It never stands in cron's way: whatever
//! its instant, the next run of cron takes over.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

mod areas;
mod cadence;
mod evidence;
mod making;
mod peers;
mod share;
mod slowness;
mod testimony;
mod witness;

pub use areas::{AREA_SPREAD_MS, AREAS_MAX, SHARE_PROBES, round_ms};
pub use cadence::{
    COALESCE_MS, CONTROL_TIMEOUT_MS, DOWN_FOR_LONG_MS, DOWN_PATIENCE_MS, PROBES_AT_ONCE,
    RECHECK_MS, RUN_MS, has_spare, next_round,
};
pub use share::{Share, ShareReply};
pub use testimony::TOGETHER_MS;

use crate::config::{Config, Control, ExpectedResponse, ProbeRequest, TCP_SCHEME};
use crate::geo::Area;
use crate::health::{Field, Transition, Verdict};
use crate::json::{fields, variants, words};
use crate::state::{Run, State};
use crate::target::Target;
use crate::time::{Millis, Timestamp};

/// The note on a target whose last probe is in doubt.
pub const BLIND: &str = "nothing else was reached either: the observer may be cut off";

/// A cron run's request for its next round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundRequest {
    /// The scheduled instant of the run.
    pub run: Timestamp,
    /// 0 at first, then the number of rounds made.
    pub round: u32,
    /// The run's clock.
    pub now: Timestamp,
    /// Results of the last round; empty at first.
    pub results: Vec<ProbeResult>,
    /// Results of the controls; empty if none were probed.
    pub controls: Vec<ControlResult>,
    /// What else it learnt; absent if nothing.
    pub aside: Option<Aside>,
    /// What the areas found that answered. Where there is any, `results` and `controls` are empty.
    pub areas: Vec<AreaReport>,
    /// Whether the run stands in for cron.
    pub stands_in: bool,
}

impl RoundRequest {
    /// The first request of a run, which has nothing to tell yet.
    #[must_use]
    pub fn first(run: Timestamp, now: Timestamp) -> Self {
        let (results, controls, areas) = (Vec::new(), Vec::new(), Vec::new());
        Self { run, round: 0, now, results, controls, aside: None, areas, stands_in: false }
    }

    /// The same, of any run.
    #[must_use]
    pub fn of(run: RunId, now: Timestamp) -> Self {
        Self { stands_in: run.stands_in, ..Self::first(run.scheduled, now) }
    }

    /// Which run it is of.
    #[must_use]
    pub fn id(&self) -> RunId {
        RunId { scheduled: self.run, stands_in: self.stands_in }
    }
}

/// What tells runs apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunId {
    /// The scheduled instant.
    pub scheduled: Timestamp,
    /// Whether it stands in for cron.
    pub stands_in: bool,
}

/// What the vantage point of one area found in a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaReport {
    /// The area.
    pub area: Area,
    /// The data center that its probes came from; absent where it could not be told.
    pub colo: Option<String>,
    /// Results of its probes.
    pub results: Vec<ProbeResult>,
    /// Results of the controls; empty if none were probed.
    pub controls: Vec<ControlResult>,
}

/// What a round learnt beside. It changes nobody's health.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aside {
    /// How the bodies of failures began, where the monitor allows it.
    pub excerpts: Vec<(Target, String)>,
    /// What the public name answered that was asked.
    pub answer: Option<PublicAnswer>,
}

/// A question to a service through its public name, to see whether a change has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicCheck {
    /// The incident that it is asked for.
    pub incident: String,
    /// The public name.
    pub name: String,
    /// The path.
    pub path: String,
    /// Longest wait for the response with its body.
    pub timeout_ms: Millis,
    /// The response that passes.
    pub expect: ExpectedResponse,
}

/// The answer to a [`PublicCheck`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicAnswer {
    /// The incident that it was asked for.
    pub incident: String,
    /// The public name.
    pub name: String,
    /// When it ended.
    pub at: Timestamp,
    /// What it says.
    pub verdict: Verdict,
}

/// The Controller's reply to a cron run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "on the host; there is one at a time")]
pub enum RoundReply {
    /// Make another round.
    Probe {
        /// Wait this long.
        wait_ms: Millis,
        /// Then make these probes.
        probes: Vec<Probe>,
        /// And ask these controls, which are begun first: whether the observer reaches anything.
        controls: Vec<Control>,
        /// And ask this, behind them.
        check: Option<PublicCheck>,
        /// From these areas; from where the run is if there are none.
        areas: Vec<Area>,
    },
    /// The run is over.
    Done(Done),
}

words! {
    /// Why a run is over.
    pub enum Done {
        /// The next round would overlap the next run.
        TimeSpent = "time_spent",
        /// The run has used up its probes.
        ProbesSpent = "probes_spent",
        /// A later run has started, or this one started twice.
        Superseded = "superseded",
        /// There is nothing to probe, for instance because there is no config.
        NothingToProbe = "nothing_to_probe",
    }
}

/// One probe to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The probed target.
    pub target: Target,
    /// The URL to fetch, or `tcp://` with a host and a port to connect to.
    pub url: String,
    /// How to ask it.
    pub request: ProbeRequest,
    /// Addresses with their ports, to each of which it also connects.
    pub addresses: Vec<String>,
    /// Longest wait for the response with its body.
    pub timeout_ms: Millis,
    /// The response that passes.
    pub expect: ExpectedResponse,
    /// Where the response reports a replication lag.
    pub lag_pointer: Option<String>,
    /// The host to connect to, if it is not the URL's.
    pub resolve: Option<String>,
    /// Whether the beginning of the body is told if the probe fails.
    pub excerpt: bool,
    /// JSON pointers of the fields that are told, whatever the verdict.
    pub fields: Vec<String>,
    /// The areas that ask; none where all do, and where the run itself does.
    pub areas: Vec<Area>,
}

impl Probe {
    /// Whether it is asked from `area`.
    #[must_use]
    pub fn is_from(&self, area: Area) -> bool {
        self.areas.is_empty() || self.areas.contains(&area)
    }

    /// The area that it is asked from, in a share of one.
    #[must_use]
    pub fn area(&self) -> Option<Area> {
        self.areas.first().copied()
    }

    /// Whether the body must be read.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        self.expect.reads_body() || self.lag_pointer.is_some() || !self.fields.is_empty()
    }

    /// The text that the body must have, if nothing else of the body counts.
    #[must_use]
    pub fn only_text(&self) -> Option<&str> {
        let is_all = self.expect.json.is_empty()
            && self.lag_pointer.is_none()
            && self.fields.is_empty()
            && !self.excerpt;
        self.expect.body_contains.as_deref().filter(|_| is_all)
    }

    /// Whether it opens a connection, and no more.
    #[must_use]
    pub fn only_connects(&self) -> bool {
        self.url.starts_with(TCP_SCHEME)
    }

    /// Whether what it does next depends on whether it has passed.
    #[must_use]
    pub fn is_judged_at_once(&self) -> bool {
        self.request.retries > 0 || !self.addresses.is_empty()
    }
}

/// The result of one probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeResult {
    /// The probed target.
    pub target: Target,
    /// When it ended.
    pub at: Timestamp,
    /// Its verdict.
    pub verdict: Verdict,
    /// For how long the origin asks to be left alone (429); zero if it does not say for how long.
    pub pushed_back_ms: Option<Millis>,
    /// How long before `at` it was begun; zero if an older build made it, which did not say.
    pub took_ms: Millis,
    /// The fields that were asked for, by their pointers; none where nothing answered.
    pub fields: Vec<(String, Field)>,
}

impl ProbeResult {
    /// When it was begun.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.at.minus(self.took_ms)
    }

    /// When it was made, as it counts for the next one: a pass says how the origin was when it was
    /// asked, so a slow one must not put the next probe off. A failure is rechecked a second after
    /// its end.
    fn asked_at(&self) -> Timestamp {
        match &self.verdict {
            Verdict::Pass { latency_ms, .. } => self.at.minus(*latency_ms),
            Verdict::Fail { .. } | Verdict::Inconclusive { .. } => self.at,
        }
    }
}

/// The result of one control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlResult {
    /// Its name.
    pub id: String,
    /// Whether it answered.
    pub reached: bool,
}

fields!(RoundRequest {
    run,
    round,
    now,
    results,
    controls = Vec::new(),
    aside if any,
    areas = Vec::new(),
    stands_in = false,
});
fields!(RunId { scheduled, stands_in = false });
fields!(AreaReport { area, colo, results, controls = Vec::new() });
fields!(Aside { excerpts = Vec::new(), answer if any });
fields!(PublicCheck { incident, name, path, timeout_ms, expect });
fields!(PublicAnswer { incident, name, at, verdict });
variants!(RoundReply {
    Probe = "probe" { wait_ms, probes, controls = Vec::new(), check if any, areas = Vec::new() },
    Done = "done" (why),
});
fields!(Probe {
    target,
    url,
    timeout_ms,
    expect,
    lag_pointer,
    resolve if any,
    excerpt = false,
    fields = Vec::new(),
    areas = Vec::new(),
    request = ProbeRequest::default(),
    addresses = Vec::new(),
});
fields!(ProbeResult {
    target,
    at,
    verdict,
    pushed_back_ms if any,
    took_ms = 0,
    fields = Vec::new(),
});
fields!(ControlResult { id, reached });

/// A change of a target's health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The target.
    pub target: Target,
    /// The transition.
    pub transition: Transition,
}

/// Takes a round in: checks that it belongs to the current run, then folds its results into the
/// state. Errors: why the run is over; the state is unchanged then.
pub fn take_in(
    state: &mut State,
    config: &Config,
    request: &RoundRequest,
) -> Result<Vec<Changed>, Done> {
    if request.round == 0 {
        if !may_begin(state.run.as_ref(), request.id()) {
            return Err(Done::Superseded);
        }
        begin(state, request);
        return Ok(Vec::new());
    }
    let run = state.run.as_mut().filter(|run| {
        id_of(run) == request.id() && run.round.checked_add(1) == Some(request.round)
    });
    run.ok_or(Done::Superseded)?.round = request.round;
    Ok(evidence::weigh(state, config, request))
}

fn id_of(run: &Run) -> RunId {
    RunId { scheduled: run.scheduled, stands_in: run.cron.is_some() }
}

/// Whether a run may begin after the last one. One of cron's needs a later instant than the last of
/// cron's; one that stands in, than any.
fn may_begin(last: Option<&Run>, id: RunId) -> bool {
    let before = |last: &Run| if id.stands_in { last.scheduled } else { last.of_cron().scheduled };
    last.map_or(!id.stands_in, |last| before(last) < id.scheduled)
}

fn begin(state: &mut State, request: &RoundRequest) {
    let last = state.run.as_ref();
    let controls = last.map(|run| run.controls).unwrap_or_default();
    let cron = last.map(Run::of_cron).filter(|_| request.stands_in);
    let (scheduled, began) = (request.run, request.now);
    state.run = Some(Run { scheduled, began, round: 0, probes: 0, controls, cron });
}

#[cfg(test)]
mod tests;
