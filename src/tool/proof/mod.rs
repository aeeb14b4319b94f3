//! The proof that a config never sends a request to a forbidden region.
//!
//! For each service, every kind of request that its rules tell apart, and every set of failed
//! regions, the edge's code decides. A second opinion (`oracle`), based on the rules alone, says
//! whether the decision is right. Four planes are checked:
//!
//! - **Proxy.** Every region that a request may be tried on is permitted and not down. Every
//!   refusal is true: "no permitted region" only if none is permitted, "no usable region" only if
//!   all are down. What residency ignores (the client's location, its cookies, its share) varies
//!   from case to case, and paths are also written in disguise.
//! - **DNS.** Every content that a record may have is permitted by every strict rule over its name
//!   and every pin, and the answer is up.
//! - **Pools.** The plan never disables the last origin of a jurisdiction, nor the last one that is
//!   up.
//! - **Balancers.** Every list of pools, including the fallback, has only pools whose regions are
//!   permitted for every client of the list.
//!
//! With no region failed, and with no region's health known, every country is checked. With regions
//! failed, one country stands for each group that no rule tells apart. If limits prevent a complete
//! check, the proof says so. It holds for the instant at which it was made; the fingerprint of the
//! law shows whether a routing table is covered by it.

mod balancers;
mod dns;
mod failures;
mod pools;
mod prover;
mod proxy;
mod report;
mod walk;

pub use failures::{CASES_MAX, Depth, EVERY_SET_REGIONS_MAX, TABLE_WORK_MAX};

use super::oracle::Oracle;
use super::scenario;
use crate::cloudflare::{Circumstances, Desired, Observed, Plan, desired, plan};
use crate::config::Config;
use crate::controller::routes;
use crate::fingerprint::Fingerprint;
use crate::health::Health;
use crate::hold::Hold;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Set;
use crate::routes::{Routes, Table};
use crate::steering::{Decision, Evidence, RequestFacts, decide};
use crate::time::Timestamp;
use crate::view::View;
use prover::{FailureScenario, ProofCase, Prover};
use serde::Serialize;
use std::collections::BTreeMap;

/// Most kinds of requests per service. Beyond this, and beyond the service's share of
/// [`CASES_MAX`], an even sample is used.
pub const KINDS_MAX: usize = 50_000;
/// Most violations that are kept; all are counted.
pub const VIOLATIONS_MAX: usize = 20;

/// The code under proof. Each part can be replaced, so that the proof itself can be tested.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// Makes the routing table.
    pub routes: fn(&View<'_>) -> Routes,
    /// Decides one request.
    pub decide: for<'t> fn(&'t Table, &RequestFacts<'t>, &Evidence) -> Decision<'t>,
    /// Derives the desired state at Cloudflare.
    pub desired: fn(&View<'_>) -> Desired,
    /// Plans the changes there.
    pub plan: fn(&Desired, &Observed, &Set<Hold>, &Circumstances) -> Plan,
}

impl Default for Subject {
    fn default() -> Self {
        Self { routes, decide, desired, plan }
    }
}

/// The coverage and result of a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Whether there are no violations.
    pub holds: bool,
    /// The fingerprint of the law, which every routing table covered by this proof carries.
    pub law: Fingerprint,
    /// The instant for which it holds.
    pub now: Timestamp,
    /// Decisions on requests.
    pub proxy_cases: u64,
    /// Record sets.
    pub dns_cases: u64,
    /// Plans for the pools of a service.
    pub pool_cases: u64,
    /// Load balancers.
    pub balancer_cases: u64,
    /// The coverage of each service.
    pub coverage: Vec<Coverage>,
    /// The first [`VIOLATIONS_MAX`] violations.
    pub violations: Vec<Violation>,
    /// Violations in all.
    pub violations_total: u64,
}

/// The coverage of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The service.
    pub service: ServiceId,
    /// Its regions.
    pub regions: usize,
    /// Which sets of them fail.
    pub depth: Depth,
    /// Kinds of requests that were checked.
    pub kinds: usize,
    /// Kinds of requests in total.
    pub kinds_total: usize,
    /// Whether header conditions were tried one at a time, not in every combination.
    pub headers_alone: bool,
}

/// A decision or plan that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// `proxy`, `dns`, `pools`, `balancers` or `routes`.
    pub plane: &'static str,
    /// The service.
    pub service: ServiceId,
    /// What is wrong.
    pub what: String,
    /// How to reproduce it: for a request, the options of `pointsman explain FILE`.
    pub example: String,
    /// The regions that are down in it.
    pub down: Vec<RegionId>,
}

/// Checks everything.
#[must_use]
pub fn prove(config: &Config, now: Timestamp, subject: &Subject) -> Proof {
    prove_within(config, now, subject, CASES_MAX)
}

/// The same with at most about so many cases in the proxy plane.
fn prove_within(config: &Config, now: Timestamp, subject: &Subject, cases_max: usize) -> Proof {
    let config = &scenario::without_overrides(config);
    let state = scenario::state(config, now, |_| Health::Up);
    let law = (subject.routes)(&View::new(config, &state, now)).law;
    let mut prover = Prover {
        oracle: Oracle::new(config, now),
        subject,
        cases_max,
        by_country: BTreeMap::new(),
        proof: Proof {
            holds: true,
            law,
            now,
            proxy_cases: 0,
            dns_cases: 0,
            pool_cases: 0,
            balancer_cases: 0,
            coverage: Vec::new(),
            violations: Vec::new(),
            violations_total: 0,
        },
    };
    for (id, service) in &config.services {
        prover.service(id, service);
    }
    prover.proof
}

#[cfg(test)]
mod tests;
