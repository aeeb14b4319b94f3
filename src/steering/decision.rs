//! What a decision says: where to, why not elsewhere, and how it chose.

use crate::ids::{RegionId, RuleId, TenantId};
use crate::residency::{CompiledRule, RegionSet, Ruling};
use crate::routes::{Candidate, Serving};

/// What to do with a request, and why.
#[derive(Debug)]
pub struct Decision<'t> {
    /// The service that serves the host.
    pub service: Option<&'t Serving>,
    /// The tenant that the request tells.
    pub tenant: Option<TenantId>,
    /// What the law says.
    pub ruling: Option<Ruling<'t>>,
    /// What each filter left, in order, for those that removed something.
    pub steps: Vec<FilterStep>,
    /// What each wish put behind the others, in order, for those that put something there.
    pub wishes: Vec<Wish>,
    /// Regions to try, in this order. Every one is permitted, and none is down.
    pub regions: Vec<&'t Candidate>,
    /// How the first was chosen.
    pub how: ChosenBy,
    /// Why there is nothing to try, where `regions` is empty.
    pub refusal: Option<Refusal>,
}

/// One filter that removed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterStep {
    /// Which one.
    pub filter: Filter,
    /// What it left.
    pub left: RegionSet,
}

/// One wish that put something behind the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Which one.
    pub filter: Filter,
    /// What it put there.
    pub behind: RegionSet,
}

/// The filters, in their order. Those up to [`Filter::Shed`] remove; those after it only wish, and
/// put what they do not like behind the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    /// Strict residency rules.
    Rules,
    /// The tenant's pin.
    Tenant,
    /// Regions that are down.
    Health,
    /// All but the primary, for what changes something.
    Writes,
    /// Regions that turn this client away.
    Shed,
    /// Regions that this isolate found to fail.
    Breaker,
    /// Regions that take no new clients.
    Drain,
    /// Replicas that lag too far behind, for what only reads.
    Lag,
    /// Regions that are tried out on other clients.
    Canary,
}

impl Filter {
    /// Every one, in order.
    pub const ALL: [Self; 9] = [
        Self::Rules,
        Self::Tenant,
        Self::Health,
        Self::Writes,
        Self::Shed,
        Self::Breaker,
        Self::Drain,
        Self::Lag,
        Self::Canary,
    ];

    /// The word for people and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Tenant => "tenant",
            Self::Health => "health",
            Self::Writes => "writes",
            Self::Shed => "shed",
            Self::Breaker => "breaker",
            Self::Drain => "drain",
            Self::Lag => "lag",
            Self::Canary => "canary",
        }
    }
}

/// How the first region was chosen among those that were left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChosenBy {
    /// Nothing was left to choose from.
    Nothing,
    /// It was the only one.
    Only,
    /// The first in failover order.
    Order,
    /// The first for the client's data center.
    Pop,
    /// The first for the client's country.
    Country,
    /// The first for Cloudflare's region of the client.
    LbRegion,
    /// The nearest.
    Nearest,
    /// The fastest, or the one that was so and is hardly slower.
    Fastest,
    /// By its share.
    Share,
    /// The less busy of two.
    LessBusy,
    /// By its share, since origins are down in an earlier one.
    Spill,
    /// The client's own region.
    Affinity,
    /// It alone is what a preferred rule asks for, or what no wish puts behind, or known to be up.
    Group,
}

impl ChosenBy {
    /// The word for people and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Only => "only",
            Self::Order => "order",
            Self::Pop => "pop",
            Self::Country => "country",
            Self::LbRegion => "region",
            Self::Nearest => "nearest",
            Self::Fastest => "fastest",
            Self::Share => "share",
            Self::LessBusy => "less_busy",
            Self::Spill => "spill",
            Self::Affinity => "affinity",
            Self::Group => "group",
        }
    }
}

/// Why a request goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No service serves the host.
    UnknownHost,
    /// The service asks for a tenant, and the request tells none that is known.
    UnknownTenant,
    /// The tenant's pin could not be read, so nobody knows where it may be.
    TenantUnavailable,
    /// Law and pin permit none of the service's regions, whatever their health.
    NoPermittedRegion,
    /// Every permitted region is down.
    NoUsableRegion,
    /// The request changes something, and the primary is down.
    NoPrimary,
    /// Every usable region turns this client away.
    Shed,
}

impl Refusal {
    /// The stable word for it, in bodies, headers and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownHost => "unknown_host",
            Self::UnknownTenant => "unknown_tenant",
            Self::TenantUnavailable => "tenant_unavailable",
            Self::NoPermittedRegion => "no_permitted_region",
            Self::NoUsableRegion => "no_usable_region",
            Self::NoPrimary => "no_primary",
            Self::Shed => "shed",
        }
    }
}

/// A region that was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemovedRegion<'t> {
    /// The region.
    pub region: &'t RegionId,
    /// The filter that removed it.
    pub filter: Filter,
    /// Why.
    pub why: RemovalReason<'t>,
}

/// Why a region was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemovalReason<'t> {
    /// This rule does not permit it; the first of them in the order of the table.
    Rule(&'t RuleId),
    /// What its filter says.
    Filter,
}

impl<'t> Decision<'t> {
    /// A decision that ends before any region is looked at.
    pub(super) fn refused(service: Option<&'t Serving>, refusal: Refusal) -> Self {
        Self {
            service,
            tenant: None,
            ruling: None,
            steps: Vec::new(),
            wishes: Vec::new(),
            regions: Vec::new(),
            how: ChosenBy::Nothing,
            refusal: Some(refusal),
        }
    }

    /// The rules that guard the request.
    #[must_use]
    pub fn rules(&self) -> Vec<&'t CompiledRule> {
        self.ruling.as_ref().map(|ruling| ruling.rules().collect()).unwrap_or_default()
    }

    /// Regions that were removed, each with the filter that did it, in failover order.
    #[must_use]
    pub fn removed(&self) -> Vec<RemovedRegion<'t>> {
        let mut removed = Vec::new();
        for candidate in self.service.iter().flat_map(|service| &service.candidates) {
            let step = self.steps.iter().find(|step| !step.left.contains(candidate.index));
            let Some(FilterStep { filter, .. }) = step else { continue };
            let why = match filter {
                Filter::Rules => self.forbidding(candidate.index),
                _ => RemovalReason::Filter,
            };
            removed.push(RemovedRegion { region: &candidate.entry.id, filter: *filter, why });
        }
        removed
    }

    fn forbidding(&self, region: usize) -> RemovalReason<'t> {
        let strict = |rule: &&CompiledRule| rule.mode == crate::residency::Mode::Strict;
        let rules = self.rules().into_iter().filter(strict);
        let mut forbidding = rules.filter(|rule| !rule.permits.contains(region));
        forbidding.next().map_or(RemovalReason::Filter, |rule| RemovalReason::Rule(&rule.id))
    }
}
