//! Three regions whose typed config a test may bend, and a driver of runs.

use super::super::*;
use crate::config::{Config, Control, Monitor};
use crate::health::{FailureKind, FailureReason, Field, Health};
use crate::ordered::Map;
use crate::testing::{config_text, observed};
use crate::view::{TargetStanding, View};

pub(super) const PASS: Verdict = Verdict::Pass { latency_ms: 20, lag_s: None };
pub(super) const LOST: Verdict =
    Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) };
pub(super) const WRONG: Verdict =
    Verdict::Fail { reason: FailureReason::of(FailureKind::ResponseCodeMismatch) };
pub(super) const BUSY: Verdict =
    Verdict::Fail { reason: FailureReason::told_by(FailureKind::RateLimited, 429) };
/// What the runtime tells of a certificate that has expired.
pub(super) const REFUSED: Verdict =
    Verdict::Fail { reason: FailureReason::of(FailureKind::TlsOrDnsFailure) };

pub(super) struct World {
    pub(super) config: Config,
    pub(super) state: State,
    pub(super) now: Timestamp,
    /// The targets that changed their health, in order.
    pub(super) changed: Vec<Changed>,
    /// For how long each answer that is [`BUSY`] asks to be left alone.
    pub(super) pushed_back_ms: Option<Millis>,
    /// What each answer tells at `/timeline`, by origin; nothing if it is not here.
    pub(super) timelines: Map<&'static str, u64>,
}

/// One round that was made.
pub(super) struct Made {
    /// When, since the run began.
    pub(super) at: u64,
    /// The origins that were probed.
    pub(super) origins: Vec<String>,
    /// The controls that were asked.
    pub(super) controls: usize,
}

impl World {
    /// The config of `testing`, bent.
    pub(super) fn new(bend: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::parse(&config_text()).unwrap();
        bend(&mut config);
        let mut state = State::default();
        state.follow(&config);
        let (now, changed) = (Timestamp::from_millis(0), Vec::new());
        Self { config, state, now, changed, pushed_back_ms: None, timelines: Map::new() }
    }

    /// Plays the run that begins `minute` minutes after the beginning of time. `judge` tells what a
    /// probe of an origin finds, `reached` whether a control answers.
    pub(super) fn run(
        &mut self,
        minute: u64,
        mut judge: impl FnMut(&str) -> Verdict,
        reached: impl Fn(&str) -> bool,
    ) -> Vec<Made> {
        let start = Timestamp::from_millis(minute * 60_000);
        let mut request = RoundRequest::first(start, start);
        let mut made = Vec::new();
        loop {
            take_in(&mut self.state, &self.config, &request).unwrap();
            self.now = request.now;
            let reply = next_round(&mut self.state, &self.config, request.now);
            let RoundReply::Probe { wait_ms, probes, controls, .. } = reply else { return made };
            let at = request.now.plus(wait_ms);
            let name = |probe: &Probe| probe.target.origin.as_str().to_owned();
            let origins = probes.iter().map(name).collect();
            made.push(Made { at: at.since(start), origins, controls: controls.len() });
            request.round += 1;
            request.now = at.plus(10);
            let asked_ms = self.pushed_back_ms;
            let result = |probe: Probe| {
                let verdict = judge(probe.target.origin.as_str());
                let pushed_back_ms = asked_ms.filter(|_| verdict == BUSY);
                ProbeResult {
                    fields: told(&self.timelines, &probe, &verdict),
                    at: at.plus(10),
                    verdict,
                    pushed_back_ms,
                    took_ms: 10,
                    target: probe.target,
                }
            };
            request.results = probes.into_iter().map(result).collect();
            let told = |it: Control| ControlResult { reached: reached(&it.id), id: it.id };
            request.controls = controls.into_iter().map(told).collect();
        }
    }

    /// Plays the run that begins `minute` minutes after the beginning of time from the areas of the
    /// config. `judge` tells what an area finds of an origin, `answers` whether it answers at all.
    /// Returns how many probes each round made, with its instant since the run began.
    pub(super) fn run_from_areas(
        &mut self,
        minute: u64,
        judge: impl Fn(Area, &str) -> Verdict,
        answers: impl Fn(Area) -> bool,
    ) -> Vec<(u64, usize)> {
        self.run_at(minute, |area, origin, _| (judge(area, origin), 10), answers)
    }

    /// The same, where `judge` also hears when a probe begins, and says how long it takes.
    pub(super) fn run_at(
        &mut self,
        minute: u64,
        mut judge: impl FnMut(Area, &str, Timestamp) -> (Verdict, Millis),
        answers: impl Fn(Area) -> bool,
    ) -> Vec<(u64, usize)> {
        let start = Timestamp::from_millis(minute * 60_000);
        let mut request = RoundRequest::first(start, start);
        let mut made = Vec::new();
        loop {
            let changed = take_in(&mut self.state, &self.config, &request).unwrap();
            self.changed.extend(changed);
            self.now = request.now;
            let reply = next_round(&mut self.state, &self.config, request.now);
            let RoundReply::Probe { wait_ms, probes, areas, .. } = reply else { return made };
            assert_eq!(areas, self.config.areas);
            let at = request.now.plus(wait_ms);
            request.round += 1;
            let (mut count, mut last_ms) = (0, 10);
            request.areas = areas
                .iter()
                .filter(|area| answers(**area))
                .map(|area| {
                    let own = probes.iter().filter(|it| it.is_from(*area));
                    let mut result = |probe: &Probe| {
                        let (verdict, took_ms) = judge(*area, probe.target.origin.as_str(), at);
                        last_ms = last_ms.max(took_ms);
                        ProbeResult {
                            fields: told(&self.timelines, probe, &verdict),
                            target: probe.target.clone(),
                            at: at.plus(took_ms),
                            verdict,
                            pushed_back_ms: None,
                            took_ms,
                        }
                    };
                    let results: Vec<_> = own.map(&mut result).collect();
                    count += results.len();
                    let colo = Some("LAB".to_owned());
                    AreaReport { area: *area, colo, results, controls: Vec::new() }
                })
                .collect();
            request.now = at.plus(last_ms).plus(20);
            made.push((at.since(start), count));
        }
    }

    /// What is observed of an origin, so long after the last round.
    pub(super) fn observed(&self, origin: &str, later: Millis) -> TargetStanding<'_> {
        observed(&View::new(&self.config, &self.state, self.now.plus(later)), origin)
    }

    pub(super) fn health(&self, origin: &str) -> Health {
        self.observed(origin, 0).health
    }
}

/// The field of an answer that passes, where its origin has a timeline.
fn told(
    timelines: &Map<&'static str, u64>,
    probe: &Probe,
    verdict: &Verdict,
) -> Vec<(String, Field)> {
    let timeline = timelines.get(probe.target.origin.as_str());
    let timeline = timeline.filter(|_| matches!(verdict, Verdict::Pass { .. }));
    let value = timeline.map(|it| Field::Number((*it).into()));
    probe.fields.iter().zip(value).map(|(pointer, value)| (pointer.clone(), value)).collect()
}

pub(super) fn each_monitor(config: &mut Config, bend: impl Fn(&mut Monitor)) {
    config.monitors.values_mut().for_each(bend);
}
