//! Failover and failback, overrides and controls.

use super::{Checker, item, under};
use crate::config::diagnostic::Code;
use crate::config::raw::{RawFailover, RawFailoverMode, RawForced, RawOverride};
use crate::config::recovery::{Failover, FailoverMode, Promote};
use crate::config::{Control, OVERRIDES_MAX, Override, OverrideTo, Region};
use crate::ids::{OriginId, RegionId};
use crate::ordered::Map;
use crate::time::SECOND;

/// Most control targets. Two suffice to tell a control that is down from a failure of our own
/// network.
const CONTROLS_MAX: usize = 4;

impl Checker<'_> {
    pub(super) fn failover(&mut self, path: &str, raw: &RawFailover) -> Failover {
        let stages: Vec<u32> = raw.failback.stages.iter().map(|stage| stage.get()).collect();
        let rising = stages.iter().zip(stages.iter().skip(1)).all(|(a, b)| a < b);
        if !rising || stages.last() != Some(&100) {
            let problem = "the stages do not rise to 100 percent";
            let allowed = "rising percentages that end at 100, such as [10, 50, 100]";
            self.report(under(path, "failback.stages"), Code::E014, problem, allowed);
        }
        Failover {
            mode: match raw.mode {
                RawFailoverMode::Automatic => FailoverMode::Automatic,
                RawFailoverMode::Manual => FailoverMode::Manual,
            },
            stages: stages.iter().map(|stage| u8::try_from(*stage).unwrap_or(100)).collect(),
            bake_ms: u64::from(raw.failback.bake_s.get()) * SECOND,
            promote: raw.promote.as_ref().map(|promote| {
                self.fetchable(&under(path, "promote.url"), &promote.url);
                if let Some(secret) = &promote.secret {
                    self.secret_name(&under(path, "promote.secret"), secret);
                }
                Promote {
                    url: promote.url.clone(),
                    max_lag_s: promote.max_lag_s.get(),
                    secret: promote.secret.clone(),
                }
            }),
        }
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
    fn fetchable(&mut self, path: &str, url: &str) {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let base = format!("{scheme}://{authority}");
        if let Err(bad) = crate::config::OriginUrl::parse(&base) {
            let allowed = "`https://`, a host name and a path";
            self.report(path, Code::E008, format!("`{url}`: {bad}"), allowed);
        }
    }
}
