//! What is sound and probably not meant, or not wise: told, and never a reason to refuse.
//!
//! Mistakes are judged without a clock, so that no config stops being sound because time passes.
//! Advice has the clock: what the law permits **now**, what ends soon, what is over. It is for
//! whoever checks a config before it is pushed, so it is compiled for the host alone.
//!
//! No advice says to loosen a residency rule. Where one leaves too little, the way out is another
//! region.

mod capacity;
mod not_yet;
mod residency;
#[cfg(test)]
mod tests;
mod waste;

use super::{Config, Region, Service};
use crate::ids::RegionId;
use crate::residency::{Allow, Mode};
use crate::time::Timestamp;
use serde::Serialize;
use std::fmt;

/// The stable name of a piece of advice. Codes are never reused; the text around them may improve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum AdviceCode {
    /// A strict rule or a pin leaves a service one region, or binds one that has no other.
    W101,
    /// What permits a region ends soon.
    W102,
    /// A region is not permitted because it lacks an attestation.
    W103,
    /// A key is read and checked, and this version does not act on it.
    W104,
    /// A strict rule or a pin permits none of a service's regions at this instant.
    W105,
    /// No monitor reports the replication lag that something relies on.
    W106,
    /// An override is over.
    W107,
    /// The primary is not permitted to some clients, whose writes are refused.
    W108,
    /// Too little capacity is left when a region is lost.
    W109,
    /// There are fewer probes in a run than the intervals ask for.
    W110,
    /// Something is there and not used.
    W111,
    /// A recovery time is promised, and writes do not recover by themselves.
    W112,
}

impl AdviceCode {
    /// Every code.
    pub const ALL: [Self; 12] = [
        Self::W101,
        Self::W102,
        Self::W103,
        Self::W104,
        Self::W105,
        Self::W106,
        Self::W107,
        Self::W108,
        Self::W109,
        Self::W110,
        Self::W111,
        Self::W112,
    ];
}

/// One piece of advice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Advice {
    /// Where it is, such as `residency[0].allow`.
    pub path: String,
    /// Which one it is.
    pub code: AdviceCode,
    /// What is so.
    pub problem: String,
    /// What follows from it.
    pub why: String,
    /// What to do, where that can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, code, problem, why, hint } = self;
        write!(f, "{code:?} {path}: {problem}; {why}")?;
        hint.iter().try_for_each(|hint| write!(f, "; hint: {hint}"))
    }
}

/// Everything that is to be said of a config at an instant, sorted by path, each once.
#[must_use]
pub fn advise(config: &Config, now: Timestamp) -> Vec<Advice> {
    let mut adviser = Adviser { config, now, given: Vec::new() };
    adviser.residency();
    adviser.capacity();
    adviser.not_yet();
    adviser.waste();
    adviser.given.sort();
    adviser.given.dedup();
    adviser.given
}

struct Adviser<'c> {
    config: &'c Config,
    now: Timestamp,
    given: Vec<Advice>,
}

/// A strict rule or a pin that binds some clients of a service.
#[derive(Clone)]
struct Bond<'c> {
    /// Where its list of countries is.
    path: String,
    /// Such as ``rule `gdpr` ``.
    name: String,
    allow: &'c Allow,
}

impl<'c> Adviser<'c> {
    fn advise(&mut self, path: &str, code: AdviceCode, problem: String, why: &str) {
        self.advise_with(path, code, problem, why, None);
    }

    fn advise_with(
        &mut self,
        path: &str,
        code: AdviceCode,
        problem: String,
        why: &str,
        hint: Option<&str>,
    ) {
        let (path, why) = (path.to_owned(), why.to_owned());
        self.given.push(Advice { path, code, problem, why, hint: hint.map(str::to_owned) });
    }

    /// The strict rules over any name of the service, and the pins of its tenants.
    fn bonds(&self, service: &Service) -> Vec<Bond<'c>> {
        let config = self.config;
        let names = service.names();
        let rules = config.residency.iter().enumerate().filter(|(_, rule)| {
            rule.mode == Mode::Strict && names.iter().any(|name| rule.when.guards_host(name))
        });
        let rules = rules.map(|(index, rule)| Bond {
            path: format!("residency[{index}].allow"),
            name: format!("rule `{}`", rule.id),
            allow: &rule.allow,
        });
        let pins = service.steering.tenancy.iter().flat_map(|_| config.tenants.iter());
        let pins = pins.map(|(id, allow)| Bond {
            path: format!("tenants.{id}.allow"),
            name: format!("tenant `{id}`"),
            allow,
        });
        rules.chain(pins).collect()
    }

    fn regions(
        &self,
        service: &'c Service,
    ) -> impl Iterator<Item = (&'c RegionId, &'c Region)> + use<'c> {
        let config = self.config;
        service.regions.iter().filter_map(|id| Some((id, config.regions.get(id)?)))
    }

    fn permits(&self, allow: &Allow, region: &Region) -> bool {
        allow.permits(region.country, &region.attest, self.now)
    }
}
