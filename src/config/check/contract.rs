//! Whether the worst case meets the contract.
//!
//! The worst-case time of a failover is a sum whose terms are in the config or are properties of
//! the platform. So a contract that cannot be met is refused before anyone relies on it. The sum
//! does not cover a failure of the failover itself, such as an API that does not respond.

use super::known::Known;
use super::timing::{RUN_GAP_MS, failing_ms};
use super::{Checker, under};
use crate::config::diagnostic::Code;
use crate::config::nesting::Levels;
use crate::config::raw::{RawFailoverMode, RawService};
use crate::config::recovery::Contract;
use crate::config::{COMPOSITE_MEMBERS_MAX, Monitor, Publish};
use crate::ids::MonitorId;
use crate::ordered::Map;
use crate::time::{Millis, SECOND};

/// From the last result of a probe to the Controller's decision.
const DECISION_MS: Millis = 2 * SECOND;
/// From a decision to the last acknowledged API call.
const API_MS: Millis = 10 * SECOND;
/// Until a changed KV value has spread everywhere and isolates have read it. Source:
/// developers.cloudflare.com/kv/concepts/how-kv-works: "60 seconds or more"; our isolates look
/// every 30 s.
const KV_SPREAD_MS: Millis = 90 * SECOND;
/// The TTL that Cloudflare's "automatic" stands for. Source:
/// developers.cloudflare.com/dns/manage-dns-records/reference/ttl.
const AUTOMATIC_TTL_S: u32 = 300;

/// The terms of the longest time from a fault until another region serves, in milliseconds.
struct WorstCase {
    /// Until the fault is detected.
    detection: Millis,
    /// Until everything is changed.
    actuation: Millis,
    /// Until clients follow.
    spread: Millis,
    /// Whether `spread` is the TTL of a record.
    is_spread_ttl: bool,
}

impl WorstCase {
    fn of(monitor: &Monitor, raw: &RawService, publish: &[Publish]) -> Self {
        let records = publish.iter().filter_map(|publish| match publish {
            Publish::Dns(dns) => Some(if dns.ttl_s == 1 { AUTOMATIC_TTL_S } else { dns.ttl_s }),
            Publish::LoadBalancer(balancer) => balancer.ttl_s,
            Publish::Pool(_) => None,
        });
        let ttl_ms = records.max().map_or(0, |ttl_s| u64::from(ttl_s) * SECOND);
        let kv_ms = if raw.hosts.is_empty() { 0 } else { KV_SPREAD_MS };
        Self {
            detection: monitor.interval_ms + monitor.timeout_ms + failing_ms(monitor) + RUN_GAP_MS,
            actuation: DECISION_MS + if publish.is_empty() { 0 } else { API_MS },
            spread: ttl_ms.max(kv_ms),
            is_spread_ttl: ttl_ms > kv_ms,
        }
    }

    fn total_ms(&self) -> Millis {
        self.detection + self.actuation + self.spread
    }
}

impl Checker<'_> {
    pub(super) fn contract(
        &mut self,
        path: &str,
        raw: &RawService,
        publish: &[Publish],
        known: &Known<'_>,
    ) -> Option<Contract> {
        let contract = raw.contract.as_ref()?;
        let promises = ["rto_s", "rpo_s", "availability"];
        if !promises.iter().any(|key| self.is_written(&under(path, key))) {
            let allowed = "`rto_s`, `rpo_s` or `availability`";
            self.report(path, Code::E004, "it promises nothing", allowed);
        }
        if let Some(rto_s) = contract.rto_s {
            self.recovery_time(path, u64::from(rto_s.get()) * SECOND, raw, publish, known);
        }
        let promoted_lag_s = raw.failover.promote.as_ref().map(|promote| promote.max_lag_s.get());
        if let (Some(rpo_s), Some(lag_s)) = (contract.rpo_s, promoted_lag_s)
            && lag_s > rpo_s.get()
        {
            let rpo_s = rpo_s.get();
            let problem = format!(
                "{rpo_s} s is promised, but a standby with {lag_s} s of lag may be promoted"
            );
            let allowed = "at least `failover.promote.max_lag_s`";
            self.report(under(path, "rpo_s"), Code::E016, problem, allowed);
        }
        Some(Contract {
            rto_ms: contract.rto_s.map(|rto| u64::from(rto.get()) * SECOND),
            rpo_s: contract.rpo_s.map(crate::json::Within::get),
            availability_of_100_000: contract.availability.map(|percent| thousandths(percent.0)),
        })
    }

    fn recovery_time(
        &mut self,
        path: &str,
        rto_ms: Millis,
        raw: &RawService,
        publish: &[Publish],
        known: &Known<'_>,
    ) {
        let is_uncertain = self.has_mistake(&path.replace(".contract", ".publish"));
        let is_alone = raw.regions.len() == 1;
        let is_alone = is_alone && !self.lost.is_from(&path.replace(".contract", ".regions"));
        let path = under(path, "rto_s");
        if is_alone {
            let problem = "the service has only one region, so nothing can take over";
            self.report(path, Code::E016, problem, "only with two or more regions");
            return;
        }
        if raw.failover.mode == RawFailoverMode::Manual {
            let problem = "a recovery time is promised, but a manual failover waits for a person";
            self.report(path, Code::E014, problem, "only with `failover.mode = \"automatic\"`");
            return;
        }
        let leaves = leaves(&raw.monitor, known);
        // A number with a mistake is reported where it is; its default says nothing about the
        // contract.
        let is_wrong =
            |(id, _): &(&MonitorId, _)| self.has_mistake(&["monitors.", id.as_str()].concat());
        if is_uncertain || leaves.iter().any(is_wrong) {
            return;
        }
        let worst = leaves
            .into_iter()
            .map(|(_, monitor)| WorstCase::of(monitor, raw, publish))
            .max_by_key(WorstCase::total_ms);
        let Some(worst) = worst.filter(|worst| worst.total_ms() > rto_ms) else { return };
        let problem = format!(
            "{} s is promised, but the worst case takes {} s: detection {} s, decision and API \
             {} s, spread to clients {} s",
            rto_ms / SECOND,
            worst.total_ms().div_ceil(SECOND),
            worst.detection.div_ceil(SECOND),
            worst.actuation.div_ceil(SECOND),
            worst.spread.div_ceil(SECOND),
        );
        let hint = if worst.is_spread_ttl {
            "shorten `interval_s`, `timeout_ms` or `fall` of the monitor, or `ttl_s`"
        } else {
            "shorten `interval_s`, `timeout_ms` or `fall` of the monitor"
        };
        let allowed = format!("at least {} s", worst.total_ms().div_ceil(SECOND));
        self.report_with(path, Code::E016, problem, allowed, Some(hint.to_owned()));
    }
}

/// Thousandths of a percent, which are parts of 100,000.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is between 0 and 100,000"
)]
fn thousandths(percent: f64) -> u32 {
    (percent * 1_000.0 + 0.5) as u32
}

/// The monitors that probe behind a monitor.
fn leaves<'k>(id: &'k MonitorId, known: &Known<'k>) -> Vec<(&'k MonitorId, &'k Monitor)> {
    let levels = Levels::below(known.composites, id, COMPOSITE_MEMBERS_MAX);
    let probes = levels.all().filter_map(|id| Some((id, known.monitors.get(id)?)));
    Map::of(probes).into_iter().collect()
}
