//! Monitors that probe: their numbers must fit together.

use super::{Checker, under};
use crate::config::BODY_BYTES_MAX;
use crate::config::diagnostic::Code;
use crate::config::raw::{HeaderName, RawBody, RawExpect, RawHeader, RawMonitor, RawQuorum};
use crate::config::{
    Composite, DAMPING_HALF_LIFE_MS_DEFAULT, Detection, ExpectedJson, ExpectedResponse,
    MONITORS_MAX, Monitor, Quorum, SlowerThanPeers,
};
use crate::ids::MonitorId;
use crate::json::Within;
use crate::ordered::Map;
use crate::time::SECOND;

/// Monitors that probe, and monitors that combine others.
type Monitors = (Map<MonitorId, Monitor>, Map<MonitorId, Composite>);

impl Checker<'_> {
    pub(super) fn monitors(&mut self, raw: &Map<MonitorId, RawMonitor>, areas: usize) -> Monitors {
        if self.broken.is_empty() {
            self.not_empty("monitors", raw.len());
        }
        self.at_most("monitors", raw.len(), MONITORS_MAX);
        let (mut monitors, mut composites) = (Map::new(), Map::new());
        for (id, monitor) in raw {
            let path = under("monitors", id.as_str());
            match self.composite(&path, monitor) {
                Some(composite) => drop(composites.insert(id.clone(), composite)),
                None => drop(monitors.insert(id.clone(), self.monitor(&path, monitor, areas))),
            }
        }
        self.members_are_known(raw);
        self.composites_end(&composites);
        (monitors, composites)
    }

    fn monitor(&mut self, path: &str, raw: &RawMonitor, areas: usize) -> Monitor {
        let at = |key: &str| under(path, key);
        // A number with a mistake was replaced by its default, so comparisons would be wrong.
        let is_certain = !self.has_mistake(path);
        if !raw.must_pass.is_empty() {
            let problem = "a monitor that probes has no members";
            self.report(
                at("must_pass"),
                Code::E014,
                problem,
                "only with `all`, `any` or `at_least`",
            );
        }
        let interval_s = raw.interval_s.get();
        let down_interval_s = raw.down_interval_s.map_or(interval_s * 2, Within::get);
        if is_certain && down_interval_s < interval_s {
            let problem = format!(
                "{down_interval_s} s is shorter than `interval_s`, which is {interval_s} s"
            );
            self.report(at("down_interval_s"), Code::E014, problem, "at least `interval_s`");
        }
        let expect = self.expect(&at("expect"), &raw.expect);
        let monitor = Monitor {
            asking: self.asking(path, raw),
            path: raw.path.0.clone(),
            interval_ms: u64::from(interval_s) * SECOND,
            down_interval_ms: u64::from(down_interval_s) * SECOND,
            timeout_ms: raw.timeout_ms.get().into(),
            rise: small(raw.rise.get()),
            fall: small(raw.fall.get()),
            window_ms: u64::from(raw.window_s.get()) * SECOND,
            forgive: small(raw.forgive.get()),
            lag_pointer: expect.default_lag_pointer(),
            expect,
            slower_than_peers: raw.slower_than_peers.as_ref().map(|slower| SlowerThanPeers {
                times_percent: slower.times.get() * 100,
                and_ms: slower.and_ms.get().into(),
            }),
            excerpt: raw.excerpt,
            quorum: self.quorum(&at("quorum"), raw.quorum, areas),
            damping_half_life_ms: match &raw.damping {
                None => Some(DAMPING_HALF_LIFE_MS_DEFAULT),
                Some(damping) => {
                    let half_life_s = damping.half_life_s.get();
                    (half_life_s > 0).then(|| u64::from(half_life_s) * SECOND)
                }
            },
        };
        if is_certain {
            self.failures_can_add_up(path, &monitor);
        }
        monitor
    }

    /// A quorum of more areas than there are could never be reached.
    fn quorum(&mut self, path: &str, raw: RawQuorum, areas: usize) -> Quorum {
        let areas = areas.max(1);
        match raw {
            RawQuorum::Any => Quorum::Any,
            RawQuorum::Majority => Quorum::Majority,
            RawQuorum::All => Quorum::All,
            RawQuorum::AtLeast(least) => {
                if usize::from(least) > areas {
                    let problem =
                        format!("`quorum` asks for {least} areas, but probes come from {areas}");
                    self.report(
                        path,
                        Code::E014,
                        problem,
                        "at most the number of areas in `areas.use`",
                    );
                }
                Quorum::AtLeast(least)
            }
        }
    }

    /// An origin that only times out must go down, so its failures must not be forgotten faster
    /// than they come.
    fn failures_can_add_up(&mut self, path: &str, monitor: &Monitor) {
        if monitor.timeout_ms > monitor.interval_ms {
            let (timeout, interval) = (monitor.timeout_ms, monitor.interval_ms);
            let problem = format!(
                "{timeout} ms is longer than the interval of {interval} ms between two probes"
            );
            let path = under(path, "timeout_ms");
            self.report(path, Code::E014, problem, "at most `interval_s`");
        }
        let takes_ms = Detection::alone(monitor).confirming_ms();
        if monitor.fall > 1 && takes_ms > monitor.window_ms {
            let problem = format!(
                "{} s is too short: {} probes that time out take {} s, so an origin that only \
                 times out would never go down",
                monitor.window_ms / SECOND,
                monitor.fall,
                takes_ms.div_ceil(SECOND),
            );
            let allowed = "long enough for `fall` timeouts";
            self.report(under(path, "window_s"), Code::E014, problem, allowed);
        }
    }

    fn expect(&mut self, path: &str, raw: &RawExpect) -> ExpectedResponse {
        self.not_empty(&under(path, "status"), raw.status.all.len());
        if raw.body_contains.as_deref() == Some("") {
            let path = under(path, "body_contains");
            self.report(
                path,
                Code::E004,
                "this is empty",
                "a string with text in it, or no `body_contains`",
            );
        }
        let text_bytes = raw.body_contains.as_ref().map_or(0, String::len);
        if text_bytes > BODY_BYTES_MAX {
            let problem = format!("{text_bytes} bytes are more than is read of a body");
            let allowed = format!("at most {BODY_BYTES_MAX} bytes");
            self.report(under(path, "body_contains"), Code::E004, problem, &allowed);
        }
        let mut json = Vec::new();
        for (pointer, body) in &raw.json {
            let path = format!("{path}.json.{}", pointer.0);
            let expected = self.body(&path, body).map(|expected| expected.of(&pointer.0));
            json.extend(expected.map(|expected| (pointer.0.clone(), expected)));
        }
        ExpectedResponse {
            status: raw.status.all.clone(),
            body_contains: raw.body_contains.clone(),
            json,
            headers: self.headers(&under(path, "headers"), &raw.headers),
        }
    }

    /// Names in lower case, each with the values that it may have; with none, any value. A list
    /// without values is a mistake: it reads like "no value", and would be taken for "any".
    pub(super) fn headers(
        &mut self,
        path: &str,
        raw: &Map<HeaderName, RawHeader>,
    ) -> Vec<(String, Vec<String>)> {
        let mut headers = Vec::new();
        for (name, expected) in raw {
            let values = match expected {
                RawHeader::Present => Vec::new(),
                RawHeader::OneOf(texts) => texts.clone(),
            };
            if values.is_empty() && *expected != RawHeader::Present {
                let allowed = "at least one value, or `true` for any value";
                self.report(under(path, &name.0), Code::E004, "this is empty", allowed);
            }
            headers.push((name.0.to_ascii_lowercase(), values));
        }
        headers
    }

    pub(super) fn body(&mut self, path: &str, raw: &RawBody) -> Option<ExpectedJson> {
        let bounds = match raw {
            RawBody::Equals(value) => return Some(ExpectedJson::Equals(value.clone())),
            RawBody::Bounds(bounds) => bounds,
        };
        if self.has_mistake(path) {
            return None;
        }
        let (min, max) = (bounds.min.clone(), bounds.max.clone());
        let behind_max = bounds.behind_max.map(Within::get);
        let as_float = |number: &Option<serde_json::Number>| number.as_ref()?.as_f64();
        let backwards = as_float(&min).zip(as_float(&max)).is_some_and(|(min, max)| min > max);
        let of_a_number = min.is_some() || max.is_some() || behind_max.is_some();
        let problem = match bounds.max_age_s {
            Some(_) if of_a_number => Some("a value is an instant or a number, and not both"),
            None if !of_a_number => Some("it sets no bound"),
            _ => backwards.then_some("`min` is above `max`"),
        };
        if let Some(problem) = problem {
            let allowed =
                "`min`, `max` with `min` not above it, and `behind_max`; or `max_age_s` alone";
            self.report(path, Code::E014, problem, allowed);
            return None;
        }
        Some(match bounds.max_age_s {
            Some(age) => ExpectedJson::Recent { max_age_s: age.get() },
            None => ExpectedJson::Bounds { min, max, behind_max },
        })
    }
}

/// A number that its type bounds far below 256.
pub(super) fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}
