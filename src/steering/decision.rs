//! The types of a decision: which regions, which not and why, and how the first was chosen.

use crate::ids::{RegionId, RuleId, TenantId};
use crate::residency::{CompiledRule, RegionSet, Ruling, Witness};
use crate::routes::{Candidate, Serving};

/// Where a request goes, and why.
#[derive(Debug)]
pub struct Decision<'t> {
    /// The service of the host; `None` if no service has it.
    pub service: Option<&'t Serving>,
    /// The tenant that the request names.
    pub tenant: Option<TenantId>,
    /// What second witnesses tell of the client's country, if the service asks for them.
    pub witnesses: Vec<Witness>,
    /// What the residency rules say; `None` if the request was refused before they were applied.
    pub ruling: Option<Ruling<'t>>,
    /// The filters that removed something, in order, each with what it left.
    pub steps: Vec<FilterStep>,
    /// The wishes that put something behind the rest, in order.
    pub wishes: Vec<Wish>,
    /// Regions to try, best first. Each is permitted, and none is down.
    pub regions: Vec<&'t Candidate>,
    /// How the first was chosen.
    pub how: ChosenBy,
    /// Why the request is refused. `Some` exactly if `regions` is empty.
    pub refusal: Option<Refusal>,
}

/// A filter that removed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterStep {
    /// Which filter.
    pub filter: Filter,
    /// The regions that it left.
    pub left: RegionSet,
}

/// A wish that put something behind the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Which filter.
    pub filter: Filter,
    /// The regions that it put behind.
    pub behind: RegionSet,
}

/// The filters, in the order in which they apply. Those up to [`Filter::Shed`] remove regions.
/// Those after it are wishes: they only put regions behind the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    /// Strict residency rules.
    Rules,
    /// The tenant's pin.
    Tenant,
    /// Regions that are down.
    Health,
    /// All but the primary, for a request that changes something.
    Writes,
    /// Regions that turn this client away.
    Shed,
    /// Regions that fail in this isolate.
    Breaker,
    /// Regions that cannot be reached from the client's area.
    Area,
    /// Regions that take no new clients.
    Drain,
    /// Replicas that lag too far behind to be read from.
    Lag,
    /// Regions that were out and to which other clients have returned so far.
    Failback,
    /// Canaries that take other clients.
    Canary,
}

impl Filter {
    /// Every one, in order.
    pub const ALL: [Self; 11] = [
        Self::Rules,
        Self::Tenant,
        Self::Health,
        Self::Writes,
        Self::Shed,
        Self::Breaker,
        Self::Area,
        Self::Drain,
        Self::Lag,
        Self::Failback,
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
            Self::Area => "area",
            Self::Drain => "drain",
            Self::Lag => "lag",
            Self::Failback => "failback",
            Self::Canary => "canary",
        }
    }
}

/// How the first region was chosen among those that were left. `as_str` gives the stable word for
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChosenBy {
    /// No region was left.
    Nothing,
    /// It was the only one left.
    Only,
    /// The first in failover order.
    Order,
    /// The first for the client's data center.
    Pop,
    /// The first for the client's country.
    Country,
    /// The first for the client's Cloudflare load-balancing region.
    LbRegion,
    /// The nearest.
    Nearest,
    /// The fastest, or the previous choice if it is not much slower.
    Fastest,
    /// By its weighted share.
    Share,
    /// The less busy of two that were drawn.
    LessBusy,
    /// By its share, because origins of an earlier region are down.
    Spill,
    /// The region of the client's affinity cookie.
    Affinity,
    /// It was alone in the best group: the only one that does not fail, that preferred rules ask
    /// for, that no wish puts behind, or that is up.
    Group,
}

impl ChosenBy {
    /// Every way in which there is a region.
    pub const ALL: [Self; 12] = [
        Self::Only,
        Self::Order,
        Self::Pop,
        Self::Country,
        Self::LbRegion,
        Self::Nearest,
        Self::Fastest,
        Self::Share,
        Self::LessBusy,
        Self::Spill,
        Self::Affinity,
        Self::Group,
    ];

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

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No service serves the host.
    UnknownHost,
    /// The service requires a tenant, and the request names none that is known, or names one that
    /// cannot be read for certain.
    UnknownTenant,
    /// The tenant's pin could not be read from KV, so it is unknown where its data may be.
    TenantUnavailable,
    /// Rules and pin permit none of the service's regions, whatever their health.
    NoPermittedRegion,
    /// Every permitted region is down.
    NoUsableRegion,
    /// The request changes something, and the primary is down.
    NoPrimary,
    /// Every usable region turns this client away.
    Shed,
}

impl Refusal {
    /// The stable word for it, used in bodies, headers and metrics.
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

    /// Whether it is about where the request may be, and not about who can serve it.
    #[must_use]
    pub fn is_of_law(self) -> bool {
        matches!(self, Self::UnknownTenant | Self::TenantUnavailable | Self::NoPermittedRegion)
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
    /// This strict rule forbids it: the first such rule in the order of the table.
    Rule(&'t RuleId),
    /// The reason is the filter itself.
    Filter,
}

impl<'t> Decision<'t> {
    /// A decision that is refused before any region is looked at.
    pub(super) fn refused(service: Option<&'t Serving>, refusal: Refusal) -> Self {
        Self {
            service,
            tenant: None,
            witnesses: Vec::new(),
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

    /// The regions that were removed, in failover order, each with the filter and the reason.
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
