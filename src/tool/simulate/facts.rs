//! What the world is like at an instant, as the script has it.

use super::script::{
    ApiIs, CronIs, HookStep, KvIs, Line, Meets, OriginStep, Reach, ReceiverStep, Script, Step,
    TrafficStep,
};
use crate::ids::RegionId;
use crate::target::Target;
use crate::time::{Millis, SECOND, Timestamp};
use serde_json::{Number, Value};
use std::collections::BTreeMap;

/// How long an origin takes to answer that is well.
const ANSWER_MS: Millis = 20;

/// The script, with the instant that it begins at.
#[derive(Debug)]
pub(super) struct Facts<'s> {
    pub(super) begins: Timestamp,
    script: &'s Script,
    /// The numbers of the steps in the order of their instants.
    order: Vec<usize>,
    /// What hooks have done to regions.
    later: Vec<(Timestamp, OriginStep)>,
}

/// What a probe meets.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OriginIs {
    pub(super) meets: Meets,
    /// It answers with this status, and not as expected.
    pub(super) status: Option<u16>,
    pub(super) after_ms: Millis,
    /// What its health document has at JSON pointers; nothing there if `None`.
    pub(super) fields: BTreeMap<String, Option<Value>>,
}

impl Default for OriginIs {
    fn default() -> Self {
        Self { meets: Meets::Well, status: None, after_ms: ANSWER_MS, fields: BTreeMap::new() }
    }
}

impl<'s> Facts<'s> {
    pub(super) fn of(script: &'s Script, begins: Timestamp) -> Self {
        let mut order: Vec<usize> = (0..script.steps.len()).collect();
        let at = |index: &usize| script.steps.get(*index).map(|step| step.at);
        order.sort_by_key(at);
        Self { begins, script, order, later: Vec::new() }
    }

    /// The steps in the order of their instants.
    pub(super) fn steps(&self) -> impl DoubleEndedIterator<Item = (Timestamp, &'s Step)> {
        let steps = self.order.iter().filter_map(|index| self.script.steps.get(*index));
        steps.map(|step| (self.begins.plus(step.at.0), step))
    }

    fn until(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = (Timestamp, &'s Step)> {
        self.steps().filter(move |(at, _)| *at <= now)
    }

    fn last<T>(&self, now: Timestamp, of: impl Fn(&Step) -> Option<T>) -> Option<T> {
        self.until(now).rev().find_map(|(_, step)| of(step))
    }

    /// Whether the observer reaches anything at all.
    pub(super) fn is_connected(&self, now: Timestamp) -> bool {
        self.last(now, |step| step.observer) != Some(Line::CutOff)
    }

    pub(super) fn reaches_controls(&self, now: Timestamp) -> bool {
        self.is_connected(now) && self.last(now, |step| step.controls) != Some(Reach::Lost)
    }

    pub(super) fn api(&self, now: Timestamp) -> ApiIs {
        self.last(now, |step| step.api).unwrap_or(ApiIs::Well)
    }

    pub(super) fn takes_kv(&self, now: Timestamp) -> bool {
        self.last(now, |step| step.kv) != Some(KvIs::Down)
    }

    pub(super) fn has_cron(&self, now: Timestamp) -> bool {
        self.last(now, |step| step.cron) != Some(CronIs::Silent)
    }

    /// How far the clocks of runs are ahead.
    pub(super) fn clock_ahead_ms(&self, now: Timestamp) -> Millis {
        self.last(now, |step| step.clock_ahead).map_or(0, |ahead| ahead.0)
    }

    /// What a receiver of alerts answers.
    pub(super) fn receiver(&self, id: &str, now: Timestamp) -> u16 {
        let is_it = |step: &ReceiverStep| step.id.as_deref().is_none_or(|other| other == id);
        let status =
            |step: &Step| step.receiver.as_ref().filter(|it| is_it(it)).map(|it| it.status);
        self.last(now, status).unwrap_or(200)
    }

    /// What proxies count, of each service and region.
    pub(super) fn traffic(&self, now: Timestamp) -> Vec<&'s TrafficStep> {
        let steps = self.until(now).filter_map(|(_, step)| step.traffic.as_ref());
        let last = steps.map(|step| ((&step.service, &step.region), step));
        last.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    /// How a hook answers, if the script says it.
    pub(super) fn hook(&self, service: &str, step: &str, now: Timestamp) -> Option<&'s HookStep> {
        let is_it = |it: &&HookStep| it.service == service && it.step == step;
        self.until(now).rev().find_map(|(_, at)| at.hook.as_ref().filter(is_it))
    }

    /// Regions are like this from now on.
    pub(super) fn follow(&mut self, now: Timestamp, steps: Vec<OriginStep>) {
        self.later.extend(steps.into_iter().map(|step| (now, step)));
    }

    /// What a probe of an origin meets.
    pub(super) fn origin(&self, target: &Target, region: &RegionId, now: Timestamp) -> OriginIs {
        let mut is = OriginIs::default();
        let steps = self.until(now);
        let steps = steps.map(|(at, step)| (at, step.region.as_ref(), step.origin.as_ref()));
        let later = self.later.iter().filter(|(at, _)| *at <= now);
        let mut all: Vec<_> =
            steps.chain(later.map(|(at, step)| (*at, Some(step), None))).collect();
        all.sort_by_key(|(at, ..)| *at);
        for (at, of_region, of_origin) in all {
            let of_region = of_region.filter(|it| it.id == region.as_str());
            let of_origin = of_origin.filter(|it| it.id == target.origin.as_str());
            let is_asked = |it: &&OriginStep| {
                it.monitor.as_ref().is_none_or(|monitor| monitor == target.monitor.as_str())
            };
            for it in of_region.into_iter().chain(of_origin).filter(is_asked) {
                is.change(it, at, now);
            }
        }
        is
    }
}

impl OriginIs {
    fn change(&mut self, step: &OriginStep, at: Timestamp, now: Timestamp) {
        if step.meets.is_some() || step.status.is_some() {
            self.meets = step.meets.unwrap_or(Meets::Well);
            self.status = step.status;
            self.after_ms = ANSWER_MS;
        }
        self.after_ms = step.after_ms.unwrap_or(self.after_ms);
        for (pointer, value) in &step.fields {
            self.fields.insert(pointer.clone(), moved(value, now.since(at)));
        }
    }
}

/// What a field has so long after it was set.
fn moved(value: &Value, after_ms: Millis) -> Option<Value> {
    let Value::Object(how) = value else { return Some(value.clone()) };
    if how.contains_key("missing") {
        return None;
    }
    let number = |key: &str| how.get(key).and_then(Value::as_f64);
    let Some(from) = number("from") else { return Some(value.clone()) };
    let tenths = |number: f64| (number * 10.0).round() / 10.0;
    #[expect(clippy::cast_precision_loss, reason = "a month of seconds fits")]
    let seconds = after_ms as f64 / SECOND as f64;
    let now = tenths(number("per_s").unwrap_or(0.0).mul_add(seconds, from));
    #[expect(clippy::cast_possible_truncation, reason = "a whole number of this size fits")]
    let whole =
        if now.fract().abs() < f64::EPSILON { Some(Number::from(now as i64)) } else { None };
    whole.or_else(|| Number::from_f64(now)).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_moves_and_what_is_missing_is_not_there() {
        let age = json!({"from": 1.2, "per_s": 1});
        assert_eq!(moved(&age, 2_500), Some(json!(3.7)));
        assert_eq!(moved(&json!({"from": 100, "per_s": 10}), 3_000), Some(json!(130)));
        assert_eq!(moved(&json!({"missing": true}), 3_000), None);
        assert_eq!(moved(&Value::Null, 3_000), Some(Value::Null));
        assert_eq!(moved(&json!("0/3000060"), 3_000), Some(json!("0/3000060")));
    }
}
