//! Whether the remaining regions can carry the load of a lost one, and whether there are enough
//! probes.
//!
//! The load is not known here, so the rule is weak on purpose: the other regions must be able to
//! carry the capacity of the largest one. If they could not even when idle, losing that region
//! overloads them.

use super::{AdviceCode, Adviser};
use crate::config::{Estate, Pace, Region, SHARE_PROBES, Service};
use crate::ids::{RegionId, ServiceId};
use crate::target::Target;
use crate::time::{Millis, SECOND};

/// Requests that an invocation of a Worker may make to the Internet on the free plan, and by
/// default on the paid one. Source: developers.cloudflare.com/workers/platform/limits.
const FREE_SUBREQUESTS: usize = 50;
const PAID_SUBREQUESTS: usize = 10_000;

impl Adviser<'_> {
    pub(super) fn capacity(&mut self) {
        for (id, service) in &self.config.services {
            let regions: Vec<_> = self.regions(service).collect();
            self.survivors(&format!("services.{id}.regions"), id, &regions, None);
            for bond in self.bonds(service) {
                let permitted: Vec<_> = regions
                    .iter()
                    .copied()
                    .filter(|(id, region)| self.permits(bond.allow, id, region))
                    .collect();
                if permitted.len() < regions.len() {
                    self.survivors(&bond.path, id, &permitted, Some(&bond.name));
                }
            }
            self.is_alone(id, service);
            self.lag_is_reported(id, service);
        }
        self.probes();
        self.requests();
        self.reads();
    }

    /// Says nothing if a capacity is unknown, or if no region would be left, which W101 reports.
    fn survivors(
        &mut self,
        path: &str,
        id: &ServiceId,
        regions: &[(&RegionId, &Region)],
        under: Option<&str>,
    ) {
        let capacity = |(id, region): &(&RegionId, &Region)| {
            Some((u64::from(region.capacity_rps?), id.as_str().to_owned()))
        };
        let Some(all) = regions.iter().map(capacity).collect::<Option<Vec<_>>>() else { return };
        let Some((largest, lost)) = all.iter().max().filter(|_| all.len() > 1) else { return };
        let left = all.iter().map(|(capacity, _)| capacity).sum::<u64>() - largest;
        if left < *largest {
            let under = under.map(|name| format!(" under {name}")).unwrap_or_default();
            let problem =
                format!("without `{lost}` ({largest} rps), `{id}` has {left} rps left{under}");
            let why = "the other regions cannot carry its load";
            self.advise(path, AdviceCode::W109, problem, why);
        }
    }

    fn is_alone(&mut self, id: &ServiceId, service: &Service) {
        let [only] = service.regions.as_slice() else { return };
        let problem = format!("`{id}` has only one region, `{only}`");
        let why = "while it is down, there is nowhere else to go";
        let hint = if self.bonds(service).is_empty() {
            "add a second region"
        } else {
            "add a second region in a permitted country"
        };
        let path = format!("services.{id}.regions");
        self.advise_with(&path, AdviceCode::W113, problem, why, Some(hint));
    }

    fn lag_is_reported(&mut self, id: &ServiceId, service: &Service) {
        let leaves = self.config.leaves(&service.monitor);
        let monitors = leaves.iter().filter_map(|leaf| self.config.monitors.get(leaf));
        if monitors.into_iter().any(|monitor| monitor.lag_pointer.is_some()) {
            return;
        }
        let monitor = &service.monitor;
        let hint = "expect a value at `/replication_lag_s` in the monitor's `expect.json`";
        if service.contract.is_some_and(|contract| contract.rpo_s.is_some()) {
            let path = format!("services.{id}.contract.rpo_s");
            let problem = format!("`{monitor}` reports no replication lag");
            let why = "how much data a failover would lose is unknown";
            self.advise_with(&path, AdviceCode::W106, problem, why, Some(hint));
        }
        if service.steering.primary.is_some() && service.regions.len() > 1 {
            let path = format!("services.{id}.writes");
            let problem = format!("`{monitor}` reports no replication lag");
            let why = "replicas serve no reads while the primary is usable";
            self.advise_with(&path, AdviceCode::W106, problem, why, Some(hint));
        }
    }

    /// A settled origin is probed once per interval; rechecks come on top.
    fn probes(&mut self) {
        let config = self.config;
        let targets: Vec<_> = config.targets().collect();
        let monitors = targets.iter().filter_map(|target| config.monitors.get(&target.monitor));
        let falls = monitors.clone().map(|monitor| u64::from(monitor.fall));
        let controls = u64::try_from(config.controls.len()).unwrap_or(u64::MAX);
        let recheck = falls.max().unwrap_or(0) + controls;
        let pace = Pace::of(config, monitors);
        let limit = config.probes_per_run;
        let path = "limits.probes_per_run";
        if pace.shortest_interval_ms > 0 {
            let problem = format!(
                "a run has {limit} probes, of which {} are kept for rechecks, and the intervals \
                 need {}",
                pace.reserve, pace.wanted
            );
            let why = format!(
                "origins are probed every {} s at most, so failures are noticed later",
                pace.shortest_interval_ms.div_ceil(SECOND)
            );
            let hint = format!("allow {}, or lengthen the intervals", pace.wanted + recheck);
            self.advise_with(path, AdviceCode::W110, problem, &why, Some(&hint));
        }
        if pace.reserve < recheck {
            let problem = format!(
                "a run has {limit} probes, and {} are left for rechecks, of which one fault needs \
                 {recheck}",
                pace.reserve
            );
            let why = format!(
                "a fault is confirmed in the minutes after it is noticed: detection takes up to \
                 {} s",
                self.longest_detection_ms().div_ceil(SECOND)
            );
            let least = targets.len().saturating_add(usize::try_from(recheck).unwrap_or(0));
            let hint = format!("allow {least} or more");
            self.advise_with(path, AdviceCode::W119, problem, &why, Some(&hint));
        }
    }

    /// A run, or the request to a vantage point, is one invocation of the Worker. Redirects,
    /// repeats and addresses of a probe are subrequests of it. What the intervals need counts, with
    /// the rechecks of one fault.
    fn requests(&mut self) {
        let config = self.config;
        let of_target = |target: &Target| {
            let monitor = config.monitors.get(&target.monitor)?;
            let (_, origin) = config.origin(&target.origin)?;
            Some((monitor.requests_max(origin), target.monitor.clone()))
        };
        let Some((each, monitor)) = config.targets().filter_map(|it| of_target(&it)).max() else {
            return;
        };
        let targets: Vec<_> = config.targets().collect();
        let monitors = targets.iter().filter_map(|target| config.monitors.get(&target.monitor));
        let pace = Pace::of(config, monitors);
        let limit = usize::try_from(config.probes_per_run).unwrap_or(usize::MAX);
        let wanted = usize::try_from(pace.wanted.saturating_add(pace.reserve));
        let in_a_run = wanted.unwrap_or(usize::MAX).min(limit);
        let probes = if config.areas.is_empty() { in_a_run } else { in_a_run.min(SHARE_PROBES) };
        let plan = if limit <= FREE_SUBREQUESTS { FREE_SUBREQUESTS } else { PAID_SUBREQUESTS };
        if each < 2 || probes.saturating_mul(each) <= plan {
            return;
        }
        let problem = format!(
            "a probe of `{monitor}` makes up to {each} requests, so {probes} probes make up to {}",
            probes.saturating_mul(each)
        );
        let why = format!("Workers allow {plan}; what is more is not made, and says nothing");
        let hint = format!("at most {} probes, or fewer redirects and retries", plan / each);
        let path = "limits.probes_per_run";
        self.advise_with(path, AdviceCode::W164, problem, &why, Some(&hint));
    }

    fn longest_detection_ms(&self) -> Millis {
        let estate = Estate::of(self.config);
        let monitors = self.config.monitors.values();
        monitors.map(|monitor| estate.detection(monitor).total_ms()).max().unwrap_or(0)
    }

    /// A change is read twice: before it, and again to verify it.
    fn reads(&mut self) {
        let limit = self.config.api_calls_per_5_min;
        let reads = self.config.api_reads();
        let twice = reads.lists.saturating_mul(2);
        if twice > usize::try_from(limit).unwrap_or(usize::MAX) {
            let problem = format!(
                "to read what is published takes {} API calls, and {limit} are allowed in five \
                 minutes",
                reads.lists
            );
            let why = "a change takes twice as many, because it is verified by reading again; \
                       beyond the limit a failover waits";
            self.advise("limits.api_calls_per_5_min", AdviceCode::W118, problem, why);
        }
    }
}
