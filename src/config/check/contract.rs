//! Whether the worst case meets the contract.
//!
//! The worst-case time of a failover is a sum whose terms are in the config or are properties of
//! the platform. So a contract that cannot be met is refused before anyone relies on it. The sum
//! does not cover a failure of the failover itself, such as an API that does not respond.

use super::{Checker, under};
use crate::config::diagnostic::Code;
use crate::config::raw::{Raw, RawFailoverMode, RawService};
use crate::config::recovery::Contract;
use crate::config::{Config, Detection, Estate, RecoveryTime};
use crate::time::{Millis, SECOND};

/// The terms of a detection that are not zero.
fn detection(detection: &Detection) -> String {
    let terms = detection.terms();
    let terms: Vec<_> = terms
        .iter()
        .filter(|(_, ms)| *ms > 0)
        .map(|(words, ms)| format!("{words} {}", tenths(*ms)))
        .collect();
    format!("{} s ({})", detection.total_ms().div_ceil(SECOND), terms.join(", "))
}

/// What makes the longest term shorter.
fn hint(worst: &RecoveryTime) -> String {
    let detection = worst.detection.terms().into_iter().max_by_key(|(_, ms)| *ms);
    let longest_ms = detection.map_or(0, |(_, ms)| ms);
    let own = "shorten `interval_s`, `timeout_ms` or `fall` of the monitor";
    let first = match detection {
        _ if worst.steps_ms > longest_ms.max(worst.fence_ms).max(worst.promote_ms) => {
            "shorten `timeout_s` of `failover.steps`, or have them begun together"
        }
        _ if worst.fence_ms.max(worst.promote_ms) > longest_ms => {
            "shorten `timeout_s` of the hooks of `failover.promote`"
        }
        Some(("probes spent", _)) => "raise `limits.probes_per_run`",
        _ => own,
    };
    let ttl = if worst.ttl_ms > worst.kv_ms { ", or `ttl_s`" } else { "" };
    format!("{first}{ttl}")
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
        let promises = ["rto_s", "rpo_s", "availability", "drill_every_days", "components"];
        if !promises.iter().any(|key| self.is_written(&under(path, key))) {
            let allowed = "`rto_s`, `rpo_s`, `availability`, `drill_every_days` or `components`";
            self.report(path, Code::E004, "it promises nothing", allowed);
        }
        let mut times = contract.rto_s.iter().map(|_| under(path, "rto_s")).collect::<Vec<_>>();
        times.extend(contract.components.iter().filter_map(|(name, component)| {
            component.rto_s.as_ref().map(|_| format!("{path}.components.{name}.rto_s"))
        }));
        for time in times {
            self.recovers_by_itself(path, time, raw);
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
            drill_every_days: contract.drill_every_days.map(crate::json::Within::get),
        })
    }

    fn recovers_by_itself(&mut self, contract: &str, path: String, raw: &RawService) {
        let is_alone = raw.regions.len() == 1;
        let is_alone = is_alone && !self.lost.is_from(&contract.replace(".contract", ".regions"));
        if is_alone {
            let problem = "the service has only one region, so nothing can take over";
            self.report(path, Code::E016, problem, "only with two or more regions");
        } else if raw.failover.mode != RawFailoverMode::Automatic {
            let problem = "a recovery time is promised, but the failover waits for a person";
            self.report(path, Code::E014, problem, "only with `failover.mode = \"automatic\"`");
        }
    }

    /// Whether each service recovers in the time that is promised, and each of its parts. The time
    /// depends on all targets, so nothing is said while a mistake makes them uncertain.
    pub(super) fn recovery_times(&mut self, raw: &Raw, config: &Config, estate: &Estate) {
        let all = ["regions", "monitors", "observer", "limits"];
        if all.iter().any(|path| self.has_mistake(path)) {
            return;
        }
        for id in raw.services.keys() {
            let path = under("services", id.as_str());
            let Some(service) = config.services.get(id) else { continue };
            let parts = ["publish", "contract", "regions", "monitor", "failover"];
            if parts.iter().any(|key| self.has_mistake(&under(&path, key))) {
                continue;
            }
            let Some(worst) = RecoveryTime::of(config, estate, service) else { continue };
            let of_service = service.contract.and_then(|contract| contract.rto_ms);
            let mut promised: Vec<(String, Millis)> = Vec::new();
            promised.extend(of_service.map(|ms| (under(&path, "contract.rto_s"), ms)));
            promised.extend(service.components.iter().filter_map(|(name, component)| {
                let path = format!("{path}.contract.components.{name}.rto_s");
                Some((path, component.rto_ms?))
            }));
            for (path, rto_ms) in promised {
                self.recovery_time(path, rto_ms, &worst);
            }
        }
    }

    fn recovery_time(&mut self, path: String, rto_ms: Millis, worst: &RecoveryTime) {
        if worst.total_ms() <= rto_ms {
            return;
        }
        let problem = format!(
            "{} s is promised, but the worst case takes {} s: {}",
            rto_ms / SECOND,
            worst.total_ms().div_ceil(SECOND),
            worst.words(&detection(&worst.detection)),
        );
        let allowed = format!("at least {} s", worst.total_ms().div_ceil(SECOND));
        self.report_with(path, Code::E016, problem, allowed, Some(hint(worst)));
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
