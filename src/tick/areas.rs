//! Makes one result of what several areas found about a target.
//!
//! Each area is an observer of its own. What it did not reach counts only with a witness of the
//! same area (`testimony`), so an area that is cut off counts for nothing. Of the areas that are
//! left, as many must have seen a failure as the monitor's quorum says; and they must be more than
//! half of those that take part, so that what is left after a cut does not decide alone. Where too
//! few can tell, nothing changes.
//!
//! An area takes part as long as it has answered in the last minutes
//! ([`crate::state::AREA_SILENT_MS`]). One that hangs or dies costs its own results of that round.
//!
//! **Not the outage itself.** Several probes at one moment can exhaust a small origin, so areas
//! begin [`AREA_SPREAD_MS`] after one another. A target that times out is rechecked by as few areas
//! as can confirm it, and asked by one at a time once it is down ([`the_one`]): whoever was given
//! up may still be at work there.

use super::testimony::{Eyes, Testimony, needs_witness};
use super::{AreaReport, BLIND, PROBES_AT_ONCE, Probe, ProbeResult, RoundRequest};
use crate::config::{AREA_OVERHEAD_MS, Config, Quorum};
pub use crate::config::{AREA_SPREAD_MS, SHARE_PROBES};
use crate::geo::Area;
use crate::health::{Thresholds, Verdict, is_unreached, quorum};
use crate::latency::Estimate;
use crate::ordered::Set;
use crate::state::{AreaState, Sight, State};
use crate::time::{MINUTE, Millis, Timestamp};
use std::borrow::Cow;

/// Most areas: as many as there are location hints.
pub const AREAS_MAX: usize = 9;

/// What a round says about targets once the areas are one.
#[derive(Debug, Default)]
pub(super) struct Agreed<'r> {
    /// One result of each target of which some area has evidence.
    pub(super) evidence: Vec<Cow<'r, ProbeResult>>,
    /// One result of each other target.
    pub(super) doubted: Vec<&'r ProbeResult>,
    /// Whether any area reached anything.
    pub(super) has_reached_anything: bool,
    /// Whether some area did not reach a target that it did not know to be down.
    pub(super) is_raised: bool,
}

/// Has the areas agree, and remembers how each target looks from each.
pub(super) fn agree<'r>(
    state: &mut State,
    config: &Config,
    request: &'r RoundRequest,
) -> Agreed<'r> {
    let mut agreed = Agreed::default();
    let mut heard: Vec<Heard<'_>> = Vec::new();
    let mut areas = Set::new();
    for report in &request.areas {
        if !config.areas.contains(&report.area) || !areas.insert(report.area) {
            continue;
        }
        let weighed = weigh_one(state, config, report, request.now);
        agreed.has_reached_anything |= weighed.has_reached_anything;
        agreed.is_raised |= weighed.is_raised;
        for (result, counts) in report.results.iter().zip(weighed.counts) {
            if !state.targets.contains_key(&result.target) {
                continue;
            }
            if counts {
                look(state, config, report.area, result);
            } else {
                overlook(state, report.area, result);
            }
            heard.push(Heard { result, area: report.area, counts });
        }
    }
    let parts = state.areas.values().filter(|area| area.is_heard(request.now)).count();
    heard.sort_by_key(|it| (&it.result.target, it.area));
    for of_target in heard.chunk_by(|a, b| a.result.target == b.result.target) {
        let (evidence, doubted): (Vec<_>, Vec<_>) = of_target.iter().partition(|it| it.counts);
        match doubted.last().filter(|_| evidence.is_empty()) {
            Some(last) => agreed.doubted.push(last.result),
            None => agreed.evidence.extend(one_of(config, &evidence, parts).map(Cow::Owned)),
        }
    }
    agreed
}

/// What one area said about one target.
struct Heard<'r> {
    result: &'r ProbeResult,
    area: Area,
    /// Whether it is evidence.
    counts: bool,
}

/// What one area's results are worth.
struct Weighed {
    /// Whether each result is evidence, in their order.
    counts: Vec<bool>,
    has_reached_anything: bool,
    is_raised: bool,
}

fn weigh_one(state: &mut State, config: &Config, report: &AreaReport, now: Timestamp) -> Weighed {
    let eyes = Eyes::Area(report.area);
    let testimony = Testimony::of(state, eyes, &report.results, &report.controls);
    let counts =
        report.results.iter().map(|result| testimony.supports(state, config, result)).collect();
    let has_reached_anything = testimony.has_reached_anything();
    let is_raised = report.results.iter().any(|result| eyes.is_news(state, result));
    let before = state.areas.get(&report.area).and_then(|area| area.doubted_since);
    let is_in_doubt = !has_reached_anything && !report.results.is_empty();
    let told = AreaState {
        colo: report.colo.clone(),
        heard_at: Some(now),
        doubted_since: is_in_doubt.then(|| before.unwrap_or(now)),
    };
    state.areas.insert(report.area, told);
    Weighed { counts, has_reached_anything, is_raised }
}

/// Remembers what one area saw of a target.
fn look(state: &mut State, config: &Config, area: Area, result: &ProbeResult) {
    let Some(monitor) = config.monitors.get(&result.target.monitor) else { return };
    let Some(known) = state.targets.get_mut(&result.target) else { return };
    let mut thresholds = Thresholds::from(monitor);
    if needs_witness(config, &result.verdict) {
        thresholds.fall = monitor.unreached_fall();
    }
    let mut sight = known.sights.get(&area).cloned().unwrap_or_default();
    let patience_ms = monitor.patience_ms();
    if sight.probed_at.is_some_and(|at| result.at.since(at) > patience_ms) {
        sight.memory.grow_stale();
    }
    sight.probed_at = Some(result.asked_at());
    if !is_unreached(&result.verdict) {
        sight.reached_at = Some(result.at);
    }
    sight.note = match &result.verdict {
        Verdict::Inconclusive { note } => Some(note.clone()),
        Verdict::Fail { .. } => None,
        Verdict::Pass { latency_ms, .. } => {
            sight.latency = Some(Estimate::with(sight.latency, *latency_ms, result.at));
            None
        }
    };
    sight.memory.observe(&result.verdict, thresholds, result.at);
    known.sights.insert(area, sight);
}

/// Remembers that one area asked, and that its answer does not count.
fn overlook(state: &mut State, area: Area, result: &ProbeResult) {
    let Some(known) = state.targets.get_mut(&result.target) else { return };
    let before = known.sights.get(&area).cloned().unwrap_or_default();
    let note = Some(BLIND.to_owned());
    known.sights.insert(area, Sight { probed_at: Some(result.at), note, ..before });
}

/// What several areas said about one target as one; `None` if none did.
fn one_of(config: &Config, heard: &[&Heard<'_>], parts: usize) -> Option<ProbeResult> {
    let target = &heard.first()?.result.target;
    let quorum = config.monitors.get(&target.monitor)?.quorum;
    let verdicts: Vec<_> =
        heard.iter().map(|it| (it.area.as_str(), it.result.verdict.clone())).collect();
    let verdict = verdict(quorum, &verdicts, parts);
    let all = || heard.iter().map(|it| it.result);
    let at = all().map(|result| result.at).max().unwrap_or_default();
    let began = all().map(ProbeResult::began).min().unwrap_or_default();
    // The area that answered last, of those that read the document.
    let told = all().filter(|result| !result.fields.is_empty()).max_by_key(|result| result.at);
    Some(ProbeResult {
        target: target.clone(),
        at,
        verdict,
        pushed_back_ms: all().filter_map(|result| result.pushed_back_ms).max(),
        took_ms: at.since(began),
        fields: told.map(|result| result.fields.clone()).unwrap_or_default(),
    })
}

/// The verdict of those that can tell, of `parts` that take part.
fn verdict(quorum: Quorum, verdicts: &[(&str, Verdict)], parts: usize) -> Verdict {
    const TOO_FEW: &str = "too few areas can tell";
    let parts = u8::try_from(parts.max(1)).unwrap_or(u8::MAX);
    let combined = quorum::combine(quorum.among(parts), verdicts);
    let can_tell = verdicts.iter().filter(|(_, it)| !matches!(it, Verdict::Inconclusive { .. }));
    let is_most = can_tell.count().saturating_mul(2) > usize::from(parts);
    let needs_most = matches!(quorum, Quorum::Majority | Quorum::All);
    match combined {
        Verdict::Fail { .. } if needs_most && !is_most => {
            Verdict::Inconclusive { note: TOO_FEW.to_owned() }
        }
        combined => combined,
    }
}

/// The area that asks a target alone in the round at `at`: another one each minute.
pub(super) fn the_one(config: &Config, at: Timestamp) -> Option<Area> {
    let minute = usize::try_from(at.millis().checked_div(MINUTE)?).ok()?;
    let nth = minute.checked_rem(config.areas.len())?;
    config.areas.get(nth).copied()
}

/// The longest that a vantage point takes for these probes, each of which may use up its timeout.
#[must_use]
pub fn round_ms(probes: &[Probe], control_ms: Millis) -> Millis {
    let mut busy_ms = [control_ms; PROBES_AT_ONCE];
    for probe in probes {
        if let Some(connection) = busy_ms.iter_mut().min() {
            *connection = connection.saturating_add(probe.timeout_ms);
        }
    }
    busy_ms.into_iter().max().unwrap_or_default().saturating_add(AREA_OVERHEAD_MS)
}
