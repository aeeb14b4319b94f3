//! The report that `--json` prints.

use super::super::terminal::Exit;
use super::belief::{Basis, Belief};
use crate::cloudflare::{
    Action, Change, FieldChange, OriginEdit, PassReport, RecordOp, Withheld, WithheldReason,
};
use crate::config::Config;
use crate::ids::{RegionId, ServiceId};
use crate::json::Shape;
use crate::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// The plan and what it is based on.
#[derive(Debug, Serialize)]
pub(super) struct PlanReport {
    pub(super) now: Timestamp,
    /// The config's fingerprint.
    pub(super) config: String,
    pub(super) basis: Basis,
    /// Whether there is a plan: the account could be read.
    pub(super) is_planned: bool,
    /// Whether the whole account was read.
    pub(super) is_whole: bool,
    pub(super) changes: Vec<ChangeReport>,
    pub(super) withheld: Vec<WithheldReport>,
    /// Whether withheld changes may be possible after these changes.
    pub(super) is_partial: bool,
    pub(super) failures: Vec<String>,
    pub(super) calls: u32,
}

/// One change of one object. Only one of its three lists has entries.
#[derive(Debug, Serialize)]
pub(super) struct ChangeReport {
    pub(super) urgency: &'static str,
    pub(super) service: Option<ServiceId>,
    pub(super) what: String,
    pub(super) reason: String,
    /// Regions that lose traffic.
    pub(super) away: Vec<RegionId>,
    /// Regions that serve afterwards; null if no traffic moves.
    pub(super) serving: Option<Vec<RegionId>>,
    /// Whether the object is to be created.
    pub(super) creates: bool,
    pub(super) records: Vec<RecordReport>,
    pub(super) origins: Vec<OriginReport>,
    pub(super) fields: Vec<FieldReport>,
}

/// One record: `from` is null if it is new, `to` is null if it is deleted.
#[derive(Debug, Serialize)]
pub(super) struct RecordReport {
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    /// TTL in seconds; 1 is automatic, null if the record is deleted.
    pub(super) ttl_s: Option<u32>,
    /// Null if it stays as it is.
    pub(super) proxied: Option<bool>,
}

/// One origin of a pool; null fields stay as they are.
#[derive(Debug, Serialize)]
pub(super) struct OriginReport {
    pub(super) address: String,
    pub(super) enabled: Option<bool>,
    pub(super) weight: Option<Value>,
    pub(super) host_header: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct FieldReport {
    pub(super) name: String,
    pub(super) from: Value,
    pub(super) to: Value,
}

#[derive(Debug, Serialize)]
pub(super) struct WithheldReport {
    pub(super) what: String,
    pub(super) why: &'static str,
    pub(super) because: String,
    /// Whether a person moves this by choice, so that it is not a finding.
    #[serde(skip)]
    is_manual: bool,
}

impl PlanReport {
    pub(super) fn of(pass: PassReport, config: &Config, belief: Belief, now: Timestamp) -> Self {
        let PassReport { is_planned, plan, mut failures, put_off, calls, .. } = pass;
        if put_off.is_some() {
            failures.push(format!(
                "`limits.api_calls_per_5_min` allows {calls} calls, which is not enough to read \
                 the account"
            ));
        }
        Self {
            now,
            config: config.fingerprint.to_string(),
            basis: belief.basis,
            is_planned,
            is_whole: is_planned && failures.is_empty(),
            changes: plan.actions.into_iter().map(ChangeReport::of).collect(),
            withheld: plan.withheld.into_iter().map(WithheldReport::of).collect(),
            is_partial: plan.is_partial,
            failures,
            calls,
        }
    }

    /// A service with manual failover is always withheld, so it is not a finding.
    pub(super) fn exit(&self) -> Exit {
        if !self.is_whole {
            return Exit::BadUsage;
        }
        let withheld = self.withheld.iter().any(|withheld| !withheld.is_manual);
        Exit::findings_if(withheld || !self.changes.is_empty())
    }
}

impl ChangeReport {
    fn of(action: Action) -> Self {
        let what = action.what();
        let Action { urgency, service, change, reason, effect } = action;
        let mut report = Self {
            urgency: urgency.as_str(),
            service,
            what,
            reason,
            away: effect.away.iter().cloned().collect(),
            serving: effect.serving.map(|serving| serving.iter().cloned().collect()),
            creates: false,
            records: Vec::new(),
            origins: Vec::new(),
            fields: Vec::new(),
        };
        match change {
            Change::Records { ops, .. } => {
                report.creates = ops.iter().all(|op| matches!(op, RecordOp::Create { .. }));
                report.records = ops.into_iter().map(RecordReport::of).collect();
            }
            Change::Origins { edits, .. } => {
                report.origins = edits.into_iter().map(OriginReport::of).collect();
            }
            Change::Fields { id, fields, .. } => {
                report.creates = id.is_none();
                report.fields = fields.into_iter().map(FieldReport::of).collect();
            }
        }
        report
    }
}

impl RecordReport {
    fn of(op: RecordOp) -> Self {
        match op {
            RecordOp::Patch { was, content, ttl_s, proxied, .. } => {
                Self { from: Some(was), to: Some(content), ttl_s: Some(ttl_s), proxied }
            }
            RecordOp::Create { content, ttl_s, proxied, .. } => {
                Self { from: None, to: Some(content), ttl_s: Some(ttl_s), proxied: Some(proxied) }
            }
            RecordOp::Delete { was, .. } => {
                Self { from: Some(was), to: None, ttl_s: None, proxied: None }
            }
        }
    }
}

impl OriginReport {
    fn of((address, edit): (String, OriginEdit)) -> Self {
        let OriginEdit { enabled, weight, host_header } = edit;
        Self { address, enabled, weight: weight.map(|weight| weight.write()), host_header }
    }
}

impl FieldReport {
    fn of(FieldChange { name, from, to }: FieldChange) -> Self {
        Self { name, from, to }
    }
}

impl WithheldReport {
    fn of(Withheld { what, why, because }: Withheld) -> Self {
        Self { what, why: why.as_str(), because, is_manual: why == WithheldReason::Manual }
    }
}
