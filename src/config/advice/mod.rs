//! Advice: what is valid but probably not meant, or unwise. Never a reason to reject a config.
//!
//! Diagnostics do not use the clock, so that a valid config does not become invalid as time passes.
//! Advice does: it says what the rules permit **now**, what ends soon and what is over. It is for
//! checking a config before it is pushed, so it exists on the host only.
//!
//! No advice suggests loosening a residency rule. If a rule leaves too few regions, the advice is
//! to add one.

mod adequacy;
mod admin;
mod alerts;
mod capacity;
mod contracts;
mod managers;
mod not_yet;
mod places;
mod promises;
mod promotion;
mod reach;
mod residency;
mod returns;
mod settled;
mod tenants;
#[cfg(test)]
mod tests;
mod times;
mod together;
mod waste;

pub use settled::{AcceptedAdvice, Advised};

use super::{Config, Region, Service};
use crate::ids::RegionId;
use crate::residency::{Allow, Mode};
use crate::time::Timestamp;
use serde::Serialize;
use std::fmt;

/// The stable code of a piece of advice. Codes are never reused; the texts may improve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum AdviceCode {
    /// A strict rule or a pin leaves a service only one region.
    W101,
    /// A membership that permits a region ends soon.
    W102,
    /// A region is not permitted because it lacks an attestation.
    W103,
    /// This version checks a key but does not act on it.
    W104,
    /// A strict rule or a pin currently permits none of a service's regions.
    W105,
    /// No monitor reports the replication lag that something relies on.
    W106,
    /// An override is over.
    W107,
    /// Some clients may not use the primary, so their writes are refused.
    W108,
    /// Without its largest region a service has too little capacity.
    W109,
    /// A run has fewer probes than the intervals need.
    W110,
    /// Something is defined but not used.
    W111,
    /// A recovery time is promised, but writes do not recover automatically.
    W112,
    /// A service has only one region, so there is no failover.
    W113,
    /// Clients come back to a region all at once. A note, because that may be what is wanted.
    W114,
    /// All origins are on the machine itself, which Cloudflare cannot reach.
    W115,
    /// To read what is published takes too large a part of the API calls of five minutes.
    W118,
    /// Nobody is called at once for a service, or the second tier is nobody else.
    W122,
    /// A rule is about a tenant that nothing else names.
    W123,
    /// Rules, or a rule and a pin, together permit none of a service's regions.
    W124,
    /// A second witness never tells anything, or nobody asks for what it tells.
    W125,
    /// Nobody outside watches whether alerts could be sent at all.
    W126,
    /// A run that is a little late is taken for silence.
    W127,
    /// An acceptance of a warning accepts nothing, or is over.
    W128,
    /// An acceptance of a warning ends soon. A note, so that its end is not moved forward.
    W129,
    /// An address or a name is one that the Internet does not have.
    W130,
    /// A rule counts a country for clients for whom a decision does not hold yet.
    W131,
    /// A service promises or expects more than its regions can give.
    W132,
    /// Overrides set every region of a service down.
    W133,
    /// A data center is none that was known when this was built.
    W134,
    /// The location of a region is outside of its country.
    W135,
    /// A record set names several regions at once, which clients do not share out.
    W136,
    /// The contract of a backup lacks one of its three bounds.
    W155,
    /// Live traffic is relied on that nobody counts.
    W156,
    /// A run has too few probes left to confirm a fault.
    W119,
    /// A standby that is well may be called unfit: its contact is allowed to be too young only.
    W150,
    /// The loss that the gate can prove may be above what the contract allows.
    W151,
    /// A hook is called without a signature.
    W152,
    /// Nobody sees whether a primary that is not reached goes on to write.
    W153,
    /// A well-known endpoint does not mean what it seems to.
    W154,
    /// Nobody but the holder of the secret `ADMIN_TOKEN` can use the admin API.
    W117,
    /// The admin API answers at the hosts of customers.
    W120,
    /// Two tokens of one name are valid. A note, because a rotation is under way.
    W121,
    /// Stages of a failback have no effect, because nothing divides the clients.
    W157,
    /// Stages of a failback are too short to be compared by their requests.
    W158,
    /// An age has no least, so that -1 passes.
    W160,
    /// A time is compared as a text, or with a fixed instant.
    W161,
    /// One Patroni gets several probes at a time.
    W162,
    /// A path does not tell of the server that is asked.
    W163,
    /// The probes of a run may make more requests than a Worker may.
    W164,
}

impl AdviceCode {
    /// Every code.
    pub const ALL: [Self; 49] = [
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
        Self::W113,
        Self::W114,
        Self::W115,
        Self::W118,
        Self::W122,
        Self::W123,
        Self::W124,
        Self::W125,
        Self::W126,
        Self::W127,
        Self::W128,
        Self::W129,
        Self::W130,
        Self::W131,
        Self::W132,
        Self::W133,
        Self::W134,
        Self::W135,
        Self::W136,
        Self::W155,
        Self::W156,
        Self::W150,
        Self::W151,
        Self::W152,
        Self::W153,
        Self::W154,
        Self::W119,
        Self::W117,
        Self::W120,
        Self::W121,
        Self::W157,
        Self::W158,
        Self::W160,
        Self::W161,
        Self::W162,
        Self::W163,
        Self::W164,
    ];

    /// Whether there is nothing to mend, so that it is no warning.
    #[must_use]
    pub fn is_note(self) -> bool {
        matches!(self, Self::W114 | Self::W121 | Self::W129)
    }
}

/// One piece of advice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Advice {
    /// The path of the value, such as `residency[0].allow`.
    pub path: String,
    /// Its code.
    pub code: AdviceCode,
    /// What was found.
    pub problem: String,
    /// What follows from it.
    pub why: String,
    /// What to do, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The paths of some others that are the same but for an id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// How many others there are beyond those.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: usize,
}

impl Advice {
    /// Where the others are that are the same but for an id.
    #[must_use]
    pub fn elsewhere(&self) -> Option<String> {
        let paths = self.also.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>();
        (!paths.is_empty()).then(|| format!("{} and {} more", paths.join(", "), self.more))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, code, problem, why, hint, .. } = self;
        write!(f, "{code:?} {path}: {problem}; {why}")?;
        self.elsewhere().iter().try_for_each(|others| write!(f, "; the same at {others}"))?;
        hint.iter().try_for_each(|hint| write!(f, "; hint: {hint}"))
    }
}

/// The advice about a config at an instant that it does not accept, sorted by path.
#[must_use]
pub fn advise(config: &Config, now: Timestamp) -> Vec<Advice> {
    advised(config, now).given
}

/// All advice about a config at an instant.
#[must_use]
pub fn advised(config: &Config, now: Timestamp) -> Advised {
    let mut adviser = Adviser { config, now, given: Vec::new() };
    adviser.residency();
    adviser.together();
    adviser.tenants();
    adviser.capacity();
    adviser.not_yet();
    adviser.returns();
    adviser.waste();
    adviser.adequacy();
    adviser.promises();
    adviser.promotion();
    adviser.managers();
    adviser.times();
    adviser.contracts();
    adviser.alerts();
    adviser.reach();
    adviser.places();
    adviser.admin();
    settled::settle(config, now, adviser.given)
}

struct Adviser<'c> {
    config: &'c Config,
    now: Timestamp,
    given: Vec<Advice>,
}

/// A strict rule or a pin that applies to some clients of a service.
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
        let hint = hint.map(str::to_owned);
        self.given.push(Advice { path, code, problem, why, hint, also: Vec::new(), more: 0 });
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

    fn permits(&self, allow: &Allow, id: &RegionId, region: &Region) -> bool {
        allow.permits(region.place(id), self.now)
    }
}
