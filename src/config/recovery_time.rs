//! How long a recovery takes at most, until new clients are served elsewhere.
//!
//! It is a sum whose terms are in the config or are properties of the platform. It does not cover a
//! failure of the failover itself, such as an API that does not respond, and a person who is asked:
//! nobody can bound how long that takes, and [`RecoveryTime::asks`] says where it may come to it.
//!
//! **It is about new clients.** A program that keeps addresses on its own follows later, and a
//! connection that is open to a silent region stays until its program gives it up: measured on 22
//! clients, which `docs/dr-contracts.md` lists.

use super::detection::{Detection, Estate};
use super::recovery::{CustomStep, FailoverMode, Hook, StepWhen, UnknownLoss};
use super::{Config, Publish, Service};
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
/// Readings of a standby's position that a promotion waits for: two that are the same.
const GATE_READINGS: u64 = 2;

/// How long the try of a hook may last that is begun just before the hook's time is over: what it
/// answers counts. It is [`crate::outgoing::TIMEOUT_MS`], which is a layer above.
pub(crate) const LAST_TRY_MS: Millis = 10 * SECOND;

/// How much later programs follow that keep addresses on their own, whatever the TTL, in seconds:
/// 10 of aiohttp, 30 of Java, 60 of libcurl, Chromium and squid.
pub const OWN_CACHE_S: (u64, u64) = (10, 60);
/// How long a request on an open connection to a silent region can hang where its program sets no
/// time-out of its own, in seconds: until the kernel gives up, with its default of 15 tries.
pub const OPEN_CONNECTION_S: u64 = 940;

/// The terms of the longest time from a fault until another region serves new clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryTime {
    /// Until the fault is detected.
    pub detection: Detection,
    /// Until the operator's own steps are done that come before anything is moved.
    pub steps_ms: Millis,
    /// Whether a person may have to agree, for which there is no bound.
    pub asks: bool,
    /// Until the old primary takes no writes: the time of its hook.
    pub fence_ms: Millis,
    /// Until a standby is found fit.
    pub gate_ms: Millis,
    /// Until the standby is the primary: the time of its hook.
    pub promote_ms: Millis,
    /// Until everything is changed.
    pub actuation_ms: Millis,
    /// Until new look-ups find the change: the longest TTL of its names; 0 where it has none.
    pub ttl_ms: Millis,
    /// Until proxies know of it; 0 where none serves it.
    pub kv_ms: Millis,
}

impl RecoveryTime {
    /// That of a service, by the slowest of its monitors; `None` where it has none that probes.
    #[must_use]
    pub fn of(config: &Config, estate: &Estate, service: &Service) -> Option<Self> {
        let leaves = config.leaves(&service.monitor);
        let monitors = leaves.iter().filter_map(|id| config.monitors.get(id));
        let all = monitors.map(|monitor| Self::by(estate.detection(monitor), service));
        all.max_by_key(Self::total_ms)
    }

    fn by(detection: Detection, service: &Service) -> Self {
        let records = service.publish.iter().filter_map(|publish| match publish {
            Publish::Dns(dns) => Some(if dns.ttl_s == 1 { AUTOMATIC_TTL_S } else { dns.ttl_s }),
            Publish::LoadBalancer(balancer) => balancer.ttl_s,
            Publish::Pool(_) => None,
        });
        let promote = service.failover.promote.as_ref();
        let promote = promote.filter(|_| service.steering.primary.is_some());
        let fence = promote.and_then(|promote| promote.fence.as_ref());
        let api_ms = if service.publish.is_empty() { 0 } else { API_MS };
        Self {
            detection,
            steps_ms: steps_ms(&service.failover.steps),
            asks: service.failover.mode != FailoverMode::Automatic
                || promote.is_some_and(|promote| promote.unknown == UnknownLoss::Ask),
            fence_ms: fence.map_or(0, hook_ms),
            gate_ms: promote.map_or(0, |_| GATE_READINGS * detection.next_probe_ms),
            promote_ms: promote.map_or(0, |promote| hook_ms(&promote.hook)),
            actuation_ms: DECISION_MS + api_ms,
            ttl_ms: records.max().map_or(0, |ttl_s| u64::from(ttl_s) * SECOND),
            kv_ms: if service.hosts.is_empty() { 0 } else { KV_SPREAD_MS },
        }
    }

    /// All terms together.
    #[must_use]
    pub fn total_ms(&self) -> Millis {
        let plan_ms = self.steps_ms + self.promotion_ms() + self.actuation_ms;
        self.detection.total_ms() + plan_ms + self.spread_ms()
    }

    /// Until another region is the primary; 0 where none is promoted.
    #[must_use]
    pub fn promotion_ms(&self) -> Millis {
        self.fence_ms + self.gate_ms + self.promote_ms
    }

    /// Until new clients follow.
    #[must_use]
    pub fn spread_ms(&self) -> Millis {
        self.ttl_ms.max(self.kv_ms)
    }

    /// Whether clients find the service by a name that moves.
    #[must_use]
    pub fn moves_a_name(&self) -> bool {
        self.ttl_ms > 0
    }

    /// The terms in words, such as `detection 102 s, decision and API 2 s, spread to clients 90 s`.
    /// `detection` is how its term is told.
    #[must_use]
    pub fn words(&self, detection: &str) -> String {
        let seconds = |ms: Millis| ms.div_ceil(SECOND).to_string();
        let promotion = if self.promotion_ms() == 0 {
            String::new()
        } else {
            format!(
                "promotion {} s (fence {}, gate {}, promote {}), ",
                seconds(self.promotion_ms()),
                seconds(self.fence_ms),
                seconds(self.gate_ms),
                seconds(self.promote_ms)
            )
        };
        let steps = if self.steps_ms == 0 {
            String::new()
        } else {
            format!("own steps {} s, ", seconds(self.steps_ms))
        };
        format!(
            "detection {detection}, {steps}{promotion}decision and API {} s, spread to clients {} \
             s",
            seconds(self.actuation_ms),
            seconds(self.spread_ms())
        )
    }
}

/// How long a hook takes at most.
fn hook_ms(hook: &Hook) -> Millis {
    hook.timeout_ms + LAST_TRY_MS
}

/// How long the steps take that come before anything is moved: those that are begun together as
/// long as the longest of them.
fn steps_ms(steps: &[CustomStep]) -> Millis {
    let (mut all_ms, mut together_ms) = (0, 0);
    for step in steps.iter().filter(|step| step.when == StepWhen::Before) {
        together_ms = hook_ms(&step.hook).max(together_ms);
        if !step.parallel_with_next {
            all_ms += together_ms;
            together_ms = 0;
        }
    }
    // The last one has none to be begun with.
    all_ms + together_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outgoing::TIMEOUT_MS;

    fn step(timeout_s: u64, when: StepWhen, parallel_with_next: bool) -> CustomStep {
        let hook = Hook { url: String::new(), secret: None, timeout_ms: timeout_s * SECOND };
        CustomStep { name: "x".to_owned(), when, hook, parallel_with_next }
    }

    #[test]
    fn steps_come_one_after_another_and_those_together_take_that_of_the_longest() {
        let before = |timeout_s, parallel| step(timeout_s, StepWhen::Before, parallel);
        let last_s = LAST_TRY_MS / SECOND;
        for (steps, all_s) in [
            (vec![], 0),
            (vec![before(20, false)], 20 + last_s),
            (vec![before(20, false), before(30, false)], 50 + 2 * last_s),
            (vec![before(20, true), before(30, false), before(5, false)], 35 + 2 * last_s),
            (vec![before(40, true), before(30, true)], 40 + last_s),
            (vec![step(90, StepWhen::After, false), before(1, true)], 1 + last_s),
        ] {
            assert_eq!(steps_ms(&steps), all_s * SECOND, "{steps:?}");
        }
        assert_eq!(LAST_TRY_MS, TIMEOUT_MS);
    }
}
