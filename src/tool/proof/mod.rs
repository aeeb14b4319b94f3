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
//! Classes are proved, not cases. [`parts`] compares every part of the routing table with the
//! rules:
//! each rule, each of its conditions with every value that any rule asks for, each host with each
//! country, each tenant. So no member of a class is told apart from the others, and every
//! combination is covered. One request of each kind is decided besides: of every combination, or
//! where these are too many of each condition alone and beside all others. [`tables`] shows that
//! the law does not follow from health, and a region's entry from its own health alone; so
//! [`failures`] takes the sets of failed regions by what they leave of what is permitted.
//!
//! The proof holds for the instant at which it was made; the fingerprint of the law shows whether a
//! routing table is covered by it. A table also has the law for the time when the first membership
//! has ended, for proxies that get no newer one: its parts are compared as well, and no decision is
//! made by it.

mod balancers;
mod dns;
mod failures;
mod parts;
mod pools;
mod prover;
mod proxy;
mod report;
mod tables;
mod walk;

pub use failures::{
    CASES_MAX, Depth, EVERY_PUBLISHED_REGIONS_MAX, EVERY_SET_REGIONS_MAX, TABLE_WORK_MAX,
};

use super::requests::KINDS_MAX;
use super::scenario;
use crate::cloudflare::{Circumstances, Desired, Observed, Plan, desired, plan};
use crate::config::Config;
use crate::controller::routes;
use crate::fingerprint::Fingerprint;
use crate::hold::Hold;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Set;
use crate::routes::{Routes, Table};
use crate::steering::{Decision, Evidence, RequestFacts, decide};
use crate::time::Timestamp;
use crate::view::View;
use prover::{FailureScenario, Limits, ProofCase, Prover, Sides};
use serde::Serialize;

/// Most violations that are kept; all are counted.
pub const VIOLATIONS_MAX: usize = 20;

/// Most threads that prove services. Each has a table of its own.
pub const PROVERS_MAX: usize = 4;

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
    /// Kinds of requests that were decided.
    pub kinds: usize,
    /// Whether header conditions were tried one at a time, not in every combination.
    pub headers_alone: bool,
    /// Whether all conditions were, for the same reason.
    pub conditions_alone: bool,
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
    prove_within(config, now, subject, Limits { cases: CASES_MAX, kinds: KINDS_MAX })
}

/// The same within other limits.
fn prove_within(config: &Config, now: Timestamp, subject: &Subject, limits: Limits) -> Proof {
    let config = &scenario::without_overrides(config);
    let sides = Sides::of(config, now, subject);
    let another = || Prover::of(config, now, subject, limits, &sides);
    let mut prover = another();
    prover.read();
    prover.every_service(&another);
    prover.tables();
    if let Some(table) = prover.table.take() {
        parts::check(&mut prover, &table);
    }
    prover.proof
}

impl Proof {
    /// Adds what was proved of further services.
    fn join(&mut self, other: Self) {
        self.holds &= other.holds;
        self.proxy_cases += other.proxy_cases;
        self.dns_cases += other.dns_cases;
        self.pool_cases += other.pool_cases;
        self.balancer_cases += other.balancer_cases;
        self.coverage.extend(other.coverage);
        self.violations.extend(other.violations);
        self.violations.truncate(VIOLATIONS_MAX);
        self.violations_total += other.violations_total;
    }

    fn of(law: Fingerprint, now: Timestamp) -> Self {
        Self {
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
        }
    }
}

#[cfg(test)]
mod tests;
