//! A scenario as a person writes it: what happens when, and what must come of it.

use super::super::explain::Case;
use super::span::Span;
use crate::time::{MINUTE, Millis};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// When a scenario begins that does not say: a Monday morning.
const BEGINS: &str = "2026-03-02T09:00:00Z";
/// How long all is well before it begins, so that everything is known and settled.
const CALM_MS: Millis = 10 * MINUTE;

/// A scenario. Instants are counted from its beginning.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    /// What it shows, in one sentence.
    pub(super) about: String,
    /// The instant that it begins at.
    #[serde(default = "begins")]
    pub(super) begins: String,
    /// How long all is well before that.
    #[serde(default = "calm")]
    pub(super) calm: Span,
    /// How long it lasts.
    pub(super) lasts: Span,
    #[serde(default, rename = "step")]
    pub(super) steps: Vec<Step>,
    #[serde(default, rename = "expect")]
    pub(super) expects: Vec<Expect>,
}

fn begins() -> String {
    BEGINS.to_owned()
}

fn calm() -> Span {
    Span(CALM_MS)
}

/// Something that happens: one of these at an instant. What was there before stays as it was.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Step {
    pub(super) at: Span,
    pub(super) region: Option<OriginStep>,
    pub(super) origin: Option<OriginStep>,
    pub(super) controls: Option<Reach>,
    pub(super) observer: Option<Line>,
    pub(super) api: Option<ApiIs>,
    pub(super) kv: Option<KvIs>,
    pub(super) cron: Option<CronIs>,
    pub(super) clock_ahead: Option<Span>,
    pub(super) person: Option<PersonStep>,
    pub(super) record: Option<RecordStep>,
    pub(super) receiver: Option<ReceiverStep>,
    pub(super) hook: Option<HookStep>,
    pub(super) traffic: Option<TrafficStep>,
    pub(super) controller: Option<ControllerIs>,
}

/// What probes of a region or an origin meet from now on.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OriginStep {
    /// The region or the origin.
    pub(super) id: String,
    /// Only under this monitor.
    pub(super) monitor: Option<String>,
    pub(super) meets: Option<Meets>,
    /// It answers with this status.
    pub(super) status: Option<u16>,
    /// How long it takes to answer.
    pub(super) after_ms: Option<Millis>,
    /// What its health document has at these JSON pointers: a value, a number that moves such as
    /// `{ from = 1, per_s = 1 }`, or `{ missing = true }`.
    pub(super) fields: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Meets {
    /// It answers as its monitor expects.
    Well,
    /// It refuses connections.
    Refused,
    /// It says nothing.
    Silence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reach {
    Reached,
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Connected,
    /// Its probes and controls reach nothing.
    CutOff,
}

/// How Cloudflare's API answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ApiIs {
    Well,
    /// No call arrives.
    Down,
    /// It answers 500.
    Failing,
    /// It answers 429, and asks for 20 s.
    Limited,
    /// It carries calls out, and no reply arrives.
    LosesReplies,
    /// It carries calls out, and replies are cut off.
    CutsReplies,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KvIs {
    Well,
    /// No write arrives.
    Down,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CronIs {
    Runs,
    Silent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ControllerIs {
    /// It ends, and begins anew with what it has saved.
    Crashes,
}

/// A person does something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonStep {
    pub(super) name: String,
    #[serde(default = "operator")]
    pub(super) role: String,
    /// The act, as the admin API has it.
    pub(super) does: Value,
    #[serde(default = "reason")]
    pub(super) reason: String,
    /// How the act must end: `done`, or the code of a refusal.
    pub(super) answer: Option<String>,
}

fn operator() -> String {
    "operator".to_owned()
}

fn reason() -> String {
    "simulated".to_owned()
}

/// Another owner changes a record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordStep {
    pub(super) name: String,
    /// What it says from now on; it is deleted if this is absent.
    pub(super) says: Option<String>,
}

/// How receivers of alerts answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiverStep {
    /// This one alone.
    pub(super) id: Option<String>,
    pub(super) status: u16,
}

/// What proxies count of one region from now on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrafficStep {
    pub(super) service: String,
    pub(super) region: String,
    /// Requests a second.
    pub(super) per_s: u64,
    #[serde(default)]
    pub(super) failures_percent: u64,
    #[serde(default = "latency_ms")]
    pub(super) latency_ms: u64,
}

fn latency_ms() -> u64 {
    50
}

/// How a hook answers from now on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HookStep {
    pub(super) service: String,
    /// `fence`, `promote`, or the step's name in the config.
    pub(super) step: String,
    pub(super) meets: Option<Meets>,
    pub(super) status: Option<u16>,
    pub(super) after_ms: Option<Millis>,
    /// The body of the answer.
    pub(super) says: Option<String>,
    /// What regions are like once it has answered 200 to a call that is not dry.
    #[serde(default)]
    pub(super) then: Vec<OriginStep>,
}

/// Something that must be so: one of these.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Expect {
    /// From this instant on.
    pub(super) at: Span,
    /// It is so at the latest after this time. Counts are of this time, or else until the end.
    pub(super) within: Option<Span>,
    /// And stays so for this long.
    pub(super) holds: Option<Span>,
    pub(super) record: Option<RecordIs>,
    pub(super) health: Option<HealthIs>,
    pub(super) request: Option<Case>,
    pub(super) primary: Option<ServiceIs>,
    pub(super) stage: Option<ServiceIs>,
    pub(super) event: Option<Count>,
    pub(super) alert: Option<Count>,
    pub(super) write: Option<Count>,
    pub(super) hook: Option<Count>,
    pub(super) incident: Option<Count>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordIs {
    pub(super) name: String,
    pub(super) says: Option<String>,
    pub(super) not: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HealthIs {
    pub(super) service: String,
    pub(super) region: String,
    pub(super) is: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceIs {
    pub(super) service: String,
    pub(super) is: String,
}

/// How often something happens.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Count {
    /// What: the kind of an event, or the step of a hook.
    pub(super) kind: Option<String>,
    /// Only what has this text in it.
    pub(super) says: Option<String>,
    /// So often, neither more nor less; at least once if absent.
    pub(super) times: Option<u64>,
}
