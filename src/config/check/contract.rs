//! Whether the worst case meets the contract.
//!
//! The worst-case time of a failover is a sum whose terms are in the config or are properties of
//! the platform. So a contract that cannot be met is refused before anyone relies on it. The sum
//! does not cover a failure of the failover itself, such as an API that does not respond.

use super::{Checker, under};
use crate::config::diagnostic::Code;
use crate::config::raw::{Raw, RawFailoverMode, RawService};
use crate::config::recovery::Contract;
use crate::config::{Config, Detection, Estate, Publish, Service};
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
    detection: Detection,
    /// Until everything is changed.
    actuation: Millis,
    /// Until clients follow.
    spread: Millis,
    /// Whether `spread` is the TTL of a record.
    is_spread_ttl: bool,
}

impl WorstCase {
    fn of(detection: Detection, service: &Service) -> Self {
        let records = service.publish.iter().filter_map(|publish| match publish {
            Publish::Dns(dns) => Some(if dns.ttl_s == 1 { AUTOMATIC_TTL_S } else { dns.ttl_s }),
            Publish::LoadBalancer(balancer) => balancer.ttl_s,
            Publish::Pool(_) => None,
        });
        let ttl_ms = records.max().map_or(0, |ttl_s| u64::from(ttl_s) * SECOND);
        let kv_ms = if service.hosts.is_empty() { 0 } else { KV_SPREAD_MS };
        Self {
            detection,
            actuation: DECISION_MS + if service.publish.is_empty() { 0 } else { API_MS },
            spread: ttl_ms.max(kv_ms),
            is_spread_ttl: ttl_ms > kv_ms,
        }
    }

    fn total_ms(&self) -> Millis {
        self.detection.total_ms() + self.actuation + self.spread
    }

    /// The terms of the detection that are not zero.
    fn detection(&self) -> String {
        let terms = self.detection.terms();
        let terms: Vec<_> = terms
            .iter()
            .filter(|(_, ms)| *ms > 0)
            .map(|(words, ms)| format!("{words} {}", tenths(*ms)))
            .collect();
        terms.join(", ")
    }

    /// What makes the longest term shorter.
    fn hint(&self) -> String {
        let longest = self.detection.terms().into_iter().max_by_key(|(_, ms)| *ms);
        let own = "shorten `interval_s`, `timeout_ms` or `fall` of the monitor";
        let first = match longest {
            Some(("probes spent", _)) => "raise `limits.probes_per_run`",
            _ => own,
        };
        let ttl = if self.is_spread_ttl { ", or `ttl_s`" } else { "" };
        format!("{first}{ttl}")
    }
}

/// Seconds, with a tenth if there is one.
fn tenths(ms: Millis) -> String {
    let tenths = ms.div_ceil(100);
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}.{rest}", tenths / 10),
    }
}

impl Checker<'_> {
    pub(super) fn contract(&mut self, path: &str, raw: &RawService) -> Option<Contract> {
        let contract = raw.contract.as_ref()?;
        let promises = ["rto_s", "rpo_s", "availability"];
        if !promises.iter().any(|key| self.is_written(&under(path, key))) {
            let allowed = "`rto_s`, `rpo_s` or `availability`";
            self.report(path, Code::E004, "it promises nothing", allowed);
        }
        if contract.rto_s.is_some() {
            self.recovers_by_itself(path, raw);
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

    fn recovers_by_itself(&mut self, path: &str, raw: &RawService) {
        let is_alone = raw.regions.len() == 1;
        let is_alone = is_alone && !self.lost.is_from(&path.replace(".contract", ".regions"));
        let path = under(path, "rto_s");
        if is_alone {
            let problem = "the service has only one region, so nothing can take over";
            self.report(path, Code::E016, problem, "only with two or more regions");
        } else if raw.failover.mode == RawFailoverMode::Manual {
            let problem = "a recovery time is promised, but a manual failover waits for a person";
            self.report(path, Code::E014, problem, "only with `failover.mode = \"automatic\"`");
        }
    }

    /// Whether each service recovers in the time that is promised. The time depends on all targets,
    /// so nothing is said while a mistake makes them uncertain.
    pub(super) fn recovery_times(&mut self, raw: &Raw, config: &Config, estate: &Estate) {
        let all = ["regions", "monitors", "observer", "limits"];
        if all.iter().any(|path| self.has_mistake(path)) {
            return;
        }
        for id in raw.services.keys() {
            let path = under("services", id.as_str());
            let Some(service) = config.services.get(id) else { continue };
            let Some(rto_ms) = service.contract.and_then(|contract| contract.rto_ms) else {
                continue;
            };
            let parts = ["publish", "contract.rto_s", "regions", "monitor"];
            if !parts.iter().any(|key| self.has_mistake(&under(&path, key))) {
                self.recovery_time(
                    &under(&path, "contract.rto_s"),
                    rto_ms,
                    service,
                    config,
                    estate,
                );
            }
        }
    }

    fn recovery_time(
        &mut self,
        path: &str,
        rto_ms: Millis,
        service: &Service,
        config: &Config,
        estate: &Estate,
    ) {
        let leaves = config.leaves(&service.monitor);
        let worst = leaves
            .iter()
            .filter_map(|id| config.monitors.get(id))
            .map(|monitor| WorstCase::of(estate.detection(monitor), service))
            .max_by_key(WorstCase::total_ms);
        let Some(worst) = worst.filter(|worst| worst.total_ms() > rto_ms) else { return };
        let problem = format!(
            "{} s is promised, but the worst case takes {} s: detection {} s ({}), decision and \
             API {} s, spread to clients {} s",
            rto_ms / SECOND,
            worst.total_ms().div_ceil(SECOND),
            worst.detection.total_ms().div_ceil(SECOND),
            worst.detection(),
            worst.actuation.div_ceil(SECOND),
            worst.spread.div_ceil(SECOND),
        );
        let allowed = format!("at least {} s", worst.total_ms().div_ceil(SECOND));
        self.report_with(path.to_owned(), Code::E016, problem, allowed, Some(worst.hint()));
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
