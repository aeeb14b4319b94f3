//! Ages and times whose bound does not say what was meant.

use super::{AdviceCode, Adviser};
use crate::config::monitor::is_named;
use crate::config::{ExpectedJson, Must};
use crate::time::{Timestamp, has_no_zone};
use serde_json::{Number, Value};

/// Words of fields that are an age, although their bound does not begin at 0 by itself.
const OF_AN_AGE: [&str; 8] =
    ["ago", "since", "elapsed", "seconds", "secs", "idle", "stale", "silence"];
/// Words of fields that are an instant.
const OF_AN_INSTANT: [&str; 10] =
    ["at", "time", "timestamp", "date", "start", "stop", "started", "stopped", "finished", "seen"];
/// No number of seconds since 1970 that is a bound is less: it was in 2017.
const INSTANT_S_MIN: u64 = 1_500_000_000;

impl Adviser<'_> {
    pub(super) fn times(&mut self) {
        let config = self.config;
        for (id, monitor) in &config.monitors {
            for (pointer, expected) in &monitor.expect.json {
                let path = format!("monitors.{id}.expect.json.{pointer}");
                match expected {
                    ExpectedJson::Equals(value) => self.is_a_time(&path, value),
                    ExpectedJson::Bounds { min, max, .. } => {
                        self.age_without_least(&path, pointer, min.as_ref(), max.as_ref());
                        self.is_an_instant(&path, pointer, [min, max]);
                    }
                    ExpectedJson::Recent { .. } => {}
                }
            }
        }
        for (id, service) in &config.services {
            for (name, component) in &service.components {
                for (pointer, bound) in &component.bounds {
                    let path = format!("services.{id}.contract.components.{name}.bounds.{pointer}");
                    match &bound.must {
                        Must::Be(value) => self.is_a_time(&path, value),
                        Must::Lie { min, max } => self.is_an_instant(&path, pointer, [min, max]),
                        Must::BeOfLast(_) => {}
                    }
                }
            }
        }
    }

    /// Many systems write -1 for what they do not know.
    fn age_without_least(
        &mut self,
        path: &str,
        pointer: &str,
        min: Option<&Number>,
        max: Option<&Number>,
    ) {
        if max.is_none() || min.is_some() || !is_named(pointer, &OF_AN_AGE) {
            return;
        }
        let problem = format!("`{pointer}` may be below 0");
        let why = "a negative age is how many systems say that they do not know it, and it passes";
        self.advise_with(path, AdviceCode::W160, problem, why, Some("add `min = 0`"));
    }

    fn is_a_time(&mut self, path: &str, value: &Value) {
        let Value::String(text) = value else { return };
        let has_zone = Timestamp::try_from(text.clone()).is_ok();
        if has_zone || has_no_zone(text) {
            let zone = if has_zone { "" } else { " without a zone" };
            let problem = format!("the time `{text}`{zone} is compared as a text");
            self.fixed(path, problem, "it passes while the field is this very text, however old");
        }
    }

    fn is_an_instant(&mut self, path: &str, pointer: &str, bounds: [&Option<Number>; 2]) {
        let mut seconds = bounds.into_iter().flatten().filter_map(Number::as_u64);
        let instant = seconds.find(|seconds| *seconds >= INSTANT_S_MIN);
        let Some(instant) = instant.filter(|_| is_named(pointer, &OF_AN_INSTANT)) else { return };
        let problem = format!("`{pointer}` is compared with the fixed instant {instant}");
        self.fixed(path, problem, "the bound grows older each day, and then says nothing");
    }

    fn fixed(&mut self, path: &str, problem: String, why: &str) {
        let hint = "bound the age instead: `{ max_age_s = 90000 }`, and have the field written \
                    with a zone";
        self.advise_with(path, AdviceCode::W161, problem, why, Some(hint));
    }
}
