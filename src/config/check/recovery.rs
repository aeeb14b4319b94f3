//! Failover and failback, overrides and controls.

use super::{Checker, item, under};
use crate::config::diagnostic::Code;
use crate::config::raw::{
    RawAnalysis, RawFailback, RawFailover, RawFailoverMode, RawForced, RawOverride, RawStep,
};
use crate::config::recovery::{Analysis, CustomStep, Failback, Failover, FailoverMode};
use crate::config::{Control, OVERRIDES_MAX, Override, OverrideTo, Region};
use crate::ids::{OriginId, RegionId};
use crate::ordered::Map;
use crate::time::SECOND;

/// Most control targets. Two suffice to tell a control that is down from a failure of our own
/// network.
const CONTROLS_MAX: usize = 4;
/// Most steps of the operator's in the plan of one service.
pub(super) const STEPS_MAX: usize = 10;
/// The names of the steps that plans have by themselves.
const STEP_NAMES: [&str; 9] =
    ["approve", "fence", "gate", "prefer", "promote", "publish", "drain", "verify", "announce"];

impl Checker<'_> {
    pub(super) fn failover(&mut self, path: &str, raw: &RawFailover) -> Failover {
        Failover {
            mode: match raw.mode {
                RawFailoverMode::Automatic => FailoverMode::Automatic,
                RawFailoverMode::Approve => FailoverMode::Approve,
                RawFailoverMode::Manual => FailoverMode::Manual,
            },
            approval: raw.approval,
            steps: self.steps(path, &raw.steps),
            failback: raw.failback.as_ref().map(|raw| self.failback(&under(path, "failback"), raw)),
            promote: raw.promote.as_ref().map(|raw| self.promote(&under(path, "promote"), raw)),
            follow: raw.follow.as_ref().map(|raw| self.follow(&under(path, "follow"), raw)),
            trigger: self.trigger(&under(path, "trigger"), raw),
        }
    }

    fn failback(&mut self, path: &str, raw: &RawFailback) -> Failback {
        let stages: Vec<u32> = raw.stages.iter().map(|stage| stage.get()).collect();
        let rising = stages.iter().zip(stages.iter().skip(1)).all(|(a, b)| a < b);
        if !rising || stages.last() != Some(&100) {
            let problem = "the stages do not rise to 100 percent";
            let allowed = "rising percentages that end at 100, such as [10, 50, 100]";
            self.report(under(path, "stages"), Code::E014, problem, allowed);
        }
        let RawAnalysis { min_samples, few_samples, max_success_drop_percent, max_latency_ratio } =
            &raw.analysis;
        Failback {
            mode: raw.mode,
            after_ms: u64::from(raw.after_s.get()) * SECOND,
            stages: stages.iter().map(|stage| u8::try_from(*stage).unwrap_or(100)).collect(),
            bake_ms: u64::from(raw.bake_s.get()) * SECOND,
            analysis: Analysis {
                min_samples: min_samples.get(),
                few_samples: *few_samples,
                max_success_drop_of_100_000: scaled(max_success_drop_percent.0, 1_000.0),
                max_latency_percent: scaled(max_latency_ratio.0, 100.0),
            },
        }
    }

    /// The operator's own steps: each has a name of its own, by which its hook knows it.
    fn steps(&mut self, path: &str, raw: &[RawStep]) -> Vec<CustomStep> {
        let mut steps: Vec<CustomStep> = Vec::new();
        for (index, step) in self.bounded(&under(path, "steps"), raw, STEPS_MAX) {
            let path = item(&under(path, "steps"), index);
            let (at, allowed) = (under(&path, "name"), "1 to 63 of a-z, 0-9 and `-`");
            if !is_step_name(&step.name) {
                let problem = format!("`{}` is no name of a step", step.name);
                self.report(&at, Code::E004, problem, allowed);
            } else if STEP_NAMES.contains(&step.name.as_str()) {
                let problem = format!("`{}` is a step of every plan", step.name);
                self.report(&at, Code::E005, problem, "another name");
            } else if steps.iter().any(|other| other.name == step.name) {
                self.twice(at, &step.name);
            }
            let hook = (&step.url, step.secret.as_ref(), step.timeout_s.get());
            steps.push(CustomStep {
                name: step.name.clone(),
                when: step.when,
                hook: self.hook(&path, hook),
                parallel_with_next: step.parallel_with_next,
            });
        }
        steps
    }

    pub(super) fn overrides(
        &mut self,
        raw: &[RawOverride],
        regions: &Map<RegionId, Region>,
    ) -> Map<OriginId, Override> {
        self.at_most("overrides", raw.len(), OVERRIDES_MAX);
        let mut overrides = Map::new();
        for (index, entry) in raw.iter().enumerate() {
            let path = item("overrides", index);
            let built = Override {
                set: match entry.set {
                    RawForced::Up => OverrideTo::Up,
                    RawForced::Down => OverrideTo::Down,
                    RawForced::Drain => OverrideTo::Drain,
                },
                reason: entry.reason.clone(),
                author: entry.author.clone(),
                until: entry.until,
            };
            for (key, text) in [("reason", &entry.reason), ("author", &entry.author)] {
                if text.trim().is_empty() {
                    let path = under(&path, key);
                    self.report(path, Code::E004, "this is empty", "a few words");
                }
            }
            for origin in self.overridden(&path, entry, regions) {
                if overrides.insert(origin.clone(), built.clone()).is_some() {
                    let problem = format!("`{origin}` already has an override");
                    self.report(&path, Code::E005, problem, "one override for each origin");
                }
            }
        }
        overrides
    }

    fn overridden(
        &mut self,
        path: &str,
        entry: &RawOverride,
        regions: &Map<RegionId, Region>,
    ) -> Vec<OriginId> {
        let origins = || regions.values().flat_map(|region| &region.origins).map(|o| &o.id);
        match (&entry.origin, &entry.region) {
            (Some(origin), None) => {
                if !origins().any(|known| known == origin) {
                    self.unknown(
                        &under(path, "origin"),
                        "an origin",
                        origin.as_str(),
                        origins().map(OriginId::as_str),
                    );
                }
                vec![origin.clone()]
            }
            (None, Some(id)) => {
                if let Some(region) = regions.get(id) {
                    return region.origins.iter().map(|origin| origin.id.clone()).collect();
                }
                let known = regions.keys().map(RegionId::as_str);
                self.unknown(&under(path, "region"), "a region", id.as_str(), known);
                Vec::new()
            }
            (origin, _) => {
                let problem = if origin.is_some() {
                    "it names both an origin and a region"
                } else {
                    "it names neither an origin nor a region"
                };
                self.report(path, Code::E014, problem, "exactly one of `origin` and `region`");
                Vec::new()
            }
        }
    }

    pub(super) fn controls(&mut self, urls: &[String]) -> Vec<Control> {
        let mut controls = Vec::new();
        for (index, url) in self.bounded("observer.controls", urls, CONTROLS_MAX) {
            let path = item("observer.controls", index);
            if urls.iter().take(index).any(|other| other == url) {
                self.twice(path, url);
            } else {
                self.fetchable(&path, url);
            }
            controls.push(Control { id: format!("control-{}", index + 1), url: url.clone() });
        }
        controls
    }

    /// A URL with a host name, which a Worker can fetch, and without credentials.
    pub(super) fn fetchable(&mut self, path: &str, url: &str) {
        if let Err(bad) = crate::config::OriginUrl::of(url) {
            let allowed = "`https://`, a host name and a path";
            self.report(path, Code::E008, format!("`{url}`: {bad}"), allowed);
        }
    }
}

/// Whether a text can name a step: it stands in the id of each call.
fn is_step_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(plain)
}

/// So many parts of what is written with a fraction, rounded.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is written lies between 0 and 100"
)]
fn scaled(written: f64, parts: f64) -> u32 {
    (written * parts + 0.5) as u32
}
