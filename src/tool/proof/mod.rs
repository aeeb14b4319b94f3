//! The proof that a config leads nobody where the law forbids.
//!
//! For each service, for every kind of request that its rules tell apart, and for every set of
//! failed regions, the code of the edge decides, and a second opinion (`oracle`) says from the
//! rules alone whether that is right. Four planes are gone through:
//!
//! - **Proxy.** Every region that a request may be tried on is permitted to it and not down. A
//!   refusal is true: "the law permits none" only where it permits none, "all are down" only where
//!   they are. What the law does not look at (the client's place, its cookies, its share) changes
//!   from case to case, and the path is also written in disguise.
//! - **DNS.** What each record may answer suits every strict rule over its name and every pin, and
//!   what it answers is up.
//! - **Pools.** The plan never takes the last origin of a jurisdiction out of use, nor the last one
//!   that is up.
//! - **Balancers.** Every list of pools, the fallback among them, has only pools whose regions suit
//!   whomever the list may serve.
//!
//! With nothing failed, and with nothing known of any region, each of the countries is gone through
//! by itself; with regions failed, one of each group that no rule tells apart. Where limits keep it
//! from going through everything, the proof says so. It is no proof about time: it holds for the
//! instant at which it was made, and the fingerprint of the law tells whether a routing table is
//! under it.

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

/// Most kinds of requests of one service. Beyond, and beyond its share of [`CASES_MAX`], some are
/// left out, evenly.
pub const KINDS_MAX: usize = 50_000;
/// Violations that are kept; all are counted.
pub const VIOLATIONS_MAX: usize = 20;

/// The code that is proved. Each step can be another one, so that the proof itself can be tested.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// Makes the routing table.
    pub routes: fn(&View<'_>) -> Routes,
    /// Decides one request.
    pub decide: for<'t> fn(&'t Table, &RequestFacts<'t>, &Evidence) -> Decision<'t>,
    /// Says what Cloudflare should have.
    pub desired: fn(&View<'_>) -> Desired,
    /// Says what to change there.
    pub plan: fn(&Desired, &Observed, &Set<Hold>, &Circumstances) -> Plan,
}

impl Default for Subject {
    fn default() -> Self {
        Self { routes, decide, desired, plan }
    }
}

/// What was gone through, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Whether nothing was found.
    pub holds: bool,
    /// The fingerprint of the law, as it is in every routing table that is under this proof.
    pub law: Fingerprint,
    /// The instant that it holds for.
    pub now: Timestamp,
    /// Decisions on requests.
    pub proxy_cases: u64,
    /// Record sets.
    pub dns_cases: u64,
    /// Plans for the pools of a service.
    pub pool_cases: u64,
    /// Load balancers.
    pub balancer_cases: u64,
    /// What was gone through of each service.
    pub coverage: Vec<Coverage>,
    /// The first [`VIOLATIONS_MAX`] violations.
    pub violations: Vec<Violation>,
    /// Violations in all.
    pub violations_total: u64,
}

/// What was gone through of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The service.
    pub service: ServiceId,
    /// Its regions.
    pub regions: usize,
    /// How many of them fail at once.
    pub depth: Depth,
    /// Kinds of requests that were gone through.
    pub kinds: usize,
    /// Kinds of requests that there are.
    pub kinds_total: usize,
    /// Whether several header conditions were looked at one by one and not in all combinations.
    pub headers_alone: bool,
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// `proxy`, `dns`, `pools`, `balancers` or `routes`.
    pub plane: &'static str,
    /// The service.
    pub service: ServiceId,
    /// What is wrong.
    pub what: String,
    /// Where it can be seen: for a request, what follows `pointsman explain FILE`.
    pub example: String,
    /// The regions that are down then.
    pub down: Vec<RegionId>,
}

/// Goes through everything.
#[must_use]
pub fn prove(config: &Config, now: Timestamp, subject: &Subject) -> Proof {
    let config = &scenario::without_overrides(config);
    let state = scenario::state(config, now, |_| Health::Up);
    let law = (subject.routes)(&View::new(config, &state, now)).law;
    let mut prover = Prover {
        oracle: Oracle::new(config, now),
        subject,
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
