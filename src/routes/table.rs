//! The routing table in memory, as decisions use it: regions by index, hosts and rules indexed.

use super::document::{
    CandidateEntry, LastingEntry, RegionEntry, Routes, RuleEntry, ServiceEntry, SteeringEntry,
    TenancyEntry, WhenEntry,
};
use super::law_book::LawBook;
#[cfg(not(target_arch = "wasm32"))]
use super::odd::note_anew;
use super::odd::{OddRegions, note};
use super::origin::is_origin;
use super::pin::{BadPin, Pin, ReadPin};
use super::{CLOCK_SKEW_MAX, ROUTES_BYTES_MAX, STALE_AFTER, VERSION};
use crate::config::{Admin, Affinity, Policy, Proxying, Resume, SecondWitness};
use crate::country::Country;
use crate::ids::{RegionId, ServiceId, TenantId};
use crate::json::{self, BadJson};
use crate::latency::{Location, Places};
use crate::ordered::{Map, Set};
use crate::residency::{
    CompiledRule, CountrySet, Law, RegionSet, TenantSource, Testimony, When, wildcard_of,
};
use crate::time::{Millis, Timestamp};
use serde_json::Value;

/// The headers that it takes to tell the rest of a download from a whole one (`proxy::resume`).
const RESUME_HEADERS: [&str; 3] = ["range", "if-range", "if-match"];

/// Why a text is not a routing table.
#[derive(Debug, thiserror::Error)]
pub enum BadRoutes {
    /// It does not have the shape of the document.
    #[error("the routes do not read: {0}")]
    Shape(#[from] BadJson),
    /// Larger than what is read.
    #[error("the routes have {0} bytes of at most {ROUTES_BYTES_MAX}")]
    TooLarge(usize),
    /// It has the version of another build.
    #[error("the routes are not of version {VERSION}, which this build reads")]
    Version,
    /// It names a region that it does not have.
    #[error("the routes name `{0}`, which is not among their regions")]
    UnknownRegion(String),
}

/// The routing table as decisions use it.
#[derive(Debug)]
pub struct Table {
    /// The generation of the document.
    pub generation: u64,
    /// When the Controller wrote the document.
    pub as_of: Timestamp,
    regions: Vec<RegionEntry>,
    services: Vec<Serving>,
    by_host: Map<String, usize>,
    book: LawBook,
    /// When a membership ends that the law depends on, and the law from then on.
    later: Option<(Timestamp, LawBook)>,
    /// How many of its origins no request can be sent to. They are left out.
    pub odd_origins: usize,
    /// Where the admin API answers, and who may use it.
    pub admin: Option<Admin>,
}

/// One service as decisions see it.
#[derive(Debug)]
pub struct Serving {
    /// Its name.
    pub id: ServiceId,
    /// Its index among the services of the table.
    pub index: usize,
    /// Longest wait for the first byte of one try, if the request may be tried again elsewhere.
    pub try_timeout_ms: Millis,
    /// Longest wait for the first byte of an answer, all tries together.
    pub timeout_ms: Millis,
    /// How a region is chosen.
    pub steering: SteeringEntry,
    /// How a request names its tenant.
    pub tenancy: Option<TenancyEntry>,
    /// Who tells the client's country besides the edge.
    pub second_witness: Option<SecondWitness>,
    /// How its requests are treated.
    pub proxy: Proxying,
    /// The path of a trial request.
    pub trial_path: String,
    /// Its regions in failover order.
    pub candidates: Vec<Candidate>,
    /// Where they are, in the same order; `None` where that of one is not known.
    pub places: Option<Places>,
    /// The same as a set.
    pub regions: RegionSet,
    /// Those that are down.
    pub down: RegionSet,
    /// Those that take no new clients.
    pub draining: RegionSet,
    /// Those about which a decision has more to ask.
    pub odd: OddRegions,
    /// The index of the region that takes writes; `None` if all do.
    pub primary: Option<usize>,
    /// Whether a choice may depend on which share of the clients this one is in.
    pub shares: bool,
    /// The index of the region that an operator prefers to all others while it is up.
    pub preferred: Option<usize>,
    /// Whether nobody may be moved to another region.
    pub frozen: bool,
    /// Whether the primary takes no writes either.
    pub no_writer: bool,
    /// The epoch of its last promotion; `None` as long as it had none.
    pub epoch: Option<u64>,
}

/// One region of one service as decisions see it.
#[derive(Debug)]
pub struct Candidate {
    /// The region's index in the table.
    pub index: usize,
    /// Its index in the service's failover order.
    pub failover_index: usize,
    /// Its entry in the document.
    pub entry: CandidateEntry,
    /// The region's country.
    pub country: Country,
    /// The region's location.
    pub location: Option<Location>,
}

impl Table {
    /// Reads the document. Errors: [`BadRoutes`].
    pub fn parse(text: &str) -> Result<Self, BadRoutes> {
        if text.len() > ROUTES_BYTES_MAX {
            return Err(BadRoutes::TooLarge(text.len()));
        }
        // Of two lists of rules one would be lost without notice.
        let value = json::read_without_repeats(text).map_err(BadJson::from)?;
        if value.get("version").and_then(Value::as_u64) != Some(VERSION.into()) {
            return Err(BadRoutes::Version);
        }
        json::from_value::<Routes>(&value)?.try_into()
    }

    /// Whether the table is older than [`STALE_AFTER`], or of unknown age ([`Table::is_ahead`]).
    /// Its health may then be wrong; its rules are those of the config.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.since(self.as_of) > STALE_AFTER || self.is_ahead(now)
    }

    /// Whether its date is later than any clock that may differ from this one: more than
    /// [`CLOCK_SKEW_MAX`].
    #[must_use]
    pub fn is_ahead(&self, now: Timestamp) -> bool {
        self.as_of.since(now) > CLOCK_SKEW_MAX
    }

    /// The hosts that have a service, in their order.
    pub fn hosts(&self) -> impl Iterator<Item = &String> {
        self.by_host.keys()
    }

    /// The service of `host`, which must be in lower case and without a port. An exact name comes
    /// before a wildcard.
    #[must_use]
    pub fn service(&self, host: &str) -> Option<&Serving> {
        let exact = self.by_host.get(host);
        let index = exact.or_else(|| wildcard_of(host).and_then(|name| self.by_host.get(&name)))?;
        self.services.get(*index)
    }

    /// The services, in order.
    #[must_use]
    pub fn services(&self) -> &[Serving] {
        &self.services
    }

    /// The regions, in the order of their indexes.
    #[must_use]
    pub fn regions(&self) -> &[RegionEntry] {
        &self.regions
    }

    /// The index of a region.
    #[must_use]
    pub fn region(&self, id: &str) -> Option<usize> {
        self.regions.iter().position(|region| region.id.as_str() == id)
    }

    /// The headers that a decision may look at, in lower case.
    #[must_use]
    pub fn headers(&self) -> Set<String> {
        let mut headers = Set::new();
        let mut add = |name: &str| {
            headers.insert(name.to_ascii_lowercase());
        };
        for rule in self.book.law.rules() {
            rule.when.headers.iter().for_each(|(name, _)| add(name));
        }
        for service in &self.services {
            match service.tenancy.as_ref().map(|tenancy| &tenancy.source) {
                Some(TenantSource::Header(name)) => add(name),
                Some(TenantSource::Cookie(_)) => add("cookie"),
                _ => {}
            }
            if let Some(SecondWitness { header: Some(name), .. }) = &service.second_witness {
                add(name);
            }
            match &service.steering.affinity {
                Affinity::Header(name) => add(name),
                Affinity::Cookie => add("cookie"),
                _ => {}
            }
            if service.steering.read_your_writes_s > 0 {
                add("cookie");
            }
            if service.proxy.resume == Resume::SameVersion {
                RESUME_HEADERS.into_iter().for_each(&mut add);
            }
        }
        headers
    }

    /// Replaces a service by another entry of it, such as one in which other regions are down. Its
    /// hosts and the law stay. Errors: the entry names a region that the table does not have, or
    /// the table has no such service.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn serve(&mut self, id: &ServiceId, mut entry: ServiceEntry) -> Result<(), BadRoutes> {
        let unknown = || BadRoutes::UnknownRegion(id.to_string());
        let place = self.services.iter_mut().find(|service| service.id == *id);
        let place = place.ok_or_else(unknown)?;
        let names = Map::of(self.regions.iter().enumerate().map(|(i, r)| (&r.id, i)));
        let index = Index { names, regions: &self.regions, countries: &Map::new() };
        without_odd_origins(&mut entry);
        *place = index.serving((place.index, id.clone()), entry)?;
        Ok(())
    }

    /// Replaces the entry of one region of a service, such as one that is down. Without such a
    /// service or region it does nothing.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn stand(&mut self, id: &ServiceId, entry: CandidateEntry) {
        let Some(serving) = self.services.iter_mut().find(|service| service.id == *id) else {
            return;
        };
        let mut candidates = serving.candidates.iter_mut();
        let Some(candidate) = candidates.find(|candidate| candidate.entry.id == entry.id) else {
            return;
        };
        let Serving { down, draining, odd, .. } = serving;
        note_anew((down, draining, odd), candidate.index, &entry);
        candidate.entry = entry;
    }

    /// The law as of now. A table that nobody has renewed for long still knows which memberships
    /// have ended since.
    #[must_use]
    pub fn book(&self, now: Timestamp) -> &LawBook {
        match &self.later {
            Some((until, later)) if *until <= now => later,
            _ => &self.book,
        }
    }

    /// When the law as of now ends, if that is known.
    #[must_use]
    pub fn law_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.later.as_ref().map(|(until, _)| *until).filter(|until| now < *until)
    }

    /// Reads a pin that was kept in KV, by the law as of now: see [`LawBook::read_pin`].
    pub fn read_pin(&self, text: &str, now: Timestamp) -> Result<ReadPin, BadPin> {
        self.book(now).read_pin(text, &self.regions)
    }
}

impl TryFrom<Routes> for Table {
    type Error = BadRoutes;

    fn try_from(routes: Routes) -> Result<Self, BadRoutes> {
        let names = Map::of(routes.regions.iter().enumerate().map(|(i, r)| (&r.id, i)));
        let countries = &routes.tenant_countries;
        let index = Index { names, regions: &routes.regions, countries };
        let mut services = Vec::new();
        let mut by_host = Map::new();
        let mut odd_origins = 0;
        for (id, mut service) in routes.services {
            odd_origins += without_odd_origins(&mut service);
            by_host.extend(service.hosts.iter().map(|host| (host.clone(), services.len())));
            services.push(index.serving((services.len(), id), service)?);
        }
        let book = index.book(&routes.rules, None, &routes.tenants, &routes.sets)?;
        let later = match (routes.law_until, &routes.lasting) {
            (Some(until), Some(lasting)) => {
                let LastingEntry { rules, tenants, sets } = lasting;
                Some((until, index.book(&routes.rules, Some(rules), tenants, sets)?))
            }
            _ => None,
        };
        Ok(Self {
            generation: routes.generation,
            as_of: routes.as_of,
            regions: routes.regions,
            services,
            by_host,
            book,
            later,
            odd_origins,
            admin: routes.admin,
        })
    }
}

/// Leaves out the origins that no request can be sent to, so that they cost nobody else. Returns
/// how many there were.
fn without_odd_origins(service: &mut ServiceEntry) -> usize {
    let mut odd = 0;
    for region in &mut service.regions {
        let before = region.origins.len();
        region.origins.retain(|origin| is_origin(origin));
        odd += before - region.origins.len();
    }
    odd
}

/// Finds regions while a table is built.
struct Index<'r> {
    names: Map<&'r RegionId, usize>,
    regions: &'r [RegionEntry],
    /// The countries of tenants.
    countries: &'r Map<TenantId, Country>,
}

impl Index<'_> {
    fn find(&self, id: &RegionId) -> Result<usize, BadRoutes> {
        self.names.get(id).copied().ok_or_else(|| BadRoutes::UnknownRegion(id.to_string()))
    }

    fn set(&self, ids: &[RegionId]) -> Result<RegionSet, BadRoutes> {
        let mut set = RegionSet::none();
        for id in ids {
            set.insert(self.find(id)?);
        }
        Ok(set)
    }

    fn serving(
        &self,
        (index, id): (usize, ServiceId),
        service: ServiceEntry,
    ) -> Result<Serving, BadRoutes> {
        let mut candidates = Vec::with_capacity(service.regions.len());
        let (mut regions, mut down, mut draining) =
            (RegionSet::none(), RegionSet::none(), RegionSet::none());
        let mut odd = OddRegions::default();
        for entry in service.regions {
            let region = self.find(&entry.id)?;
            let Some(RegionEntry { country, location, .. }) = self.regions.get(region) else {
                return Err(BadRoutes::UnknownRegion(entry.id.to_string()));
            };
            regions.insert(region);
            note((&mut down, &mut draining, &mut odd), region, &entry);
            let (country, location) = (*country, *location);
            let failover_index = candidates.len();
            candidates.push(Candidate { index: region, failover_index, entry, country, location });
        }
        let places = Places::of(candidates.iter().map(|candidate| candidate.location));
        let steering = &service.steering;
        let by_share = steering.policy == Policy::Weighted
            || steering.band_ms > 0
            || steering.spill
            || steering.affinity == Affinity::Client;
        let shares = by_share || odd.have_shares();
        let primary = steering.primary.as_ref().map(|id| self.find(id)).transpose()?;
        let no_writer = steering.no_writer;
        let preferred = steering.prefer.as_ref().map(|id| self.find(id)).transpose()?;
        Ok(Serving {
            id,
            index,
            try_timeout_ms: service.try_timeout_ms,
            timeout_ms: service.timeout_ms,
            steering: service.steering,
            tenancy: service.tenancy,
            second_witness: service.second_witness,
            proxy: service.proxy,
            trial_path: service.trial_path,
            candidates,
            places,
            regions,
            down,
            draining,
            odd,
            primary,
            shares,
            preferred,
            frozen: service.frozen,
            no_writer,
            epoch: service.epoch,
        })
    }

    /// The rules with what they permit, or with what `permits` says in their order. A rule that it
    /// does not reach permits nothing.
    fn book(
        &self,
        rules: &[RuleEntry],
        permits: Option<&Vec<Vec<RegionId>>>,
        tenants: &Map<TenantId, Vec<RegionId>>,
        sets: &Map<String, Vec<RegionId>>,
    ) -> Result<LawBook, BadRoutes> {
        let mut compiled = Vec::with_capacity(rules.len());
        for (index, rule) in rules.iter().enumerate() {
            let now = match permits {
                None => rule.permits.as_slice(),
                Some(permits) => permits.get(index).map_or(&[][..], Vec::as_slice),
            };
            let RuleEntry { id, mode, when, basis, .. } = rule.clone();
            let permits = self.set(now)?;
            compiled.push(CompiledRule { id, when: when.into(), mode, permits, basis });
        }
        let mut book = LawBook {
            law: Law::of(compiled, self.regions.len()),
            tenants: Map::new(),
            sets: Map::new(),
        };
        for (tenant, regions) in tenants {
            let country = self.countries.get(tenant).copied();
            let country = country.map_or(Testimony::Silent, Testimony::Country);
            let pin = Pin { regions: self.set(regions)?, country };
            book.tenants.insert(tenant.clone(), pin);
        }
        for (name, regions) in sets {
            book.sets.insert(name.clone(), self.set(regions)?);
        }
        Ok(book)
    }
}

impl From<WhenEntry> for When {
    fn from(entry: WhenEntry) -> Self {
        let WhenEntry { countries, hosts, paths, methods, headers, tenants } = entry;
        Self {
            countries: countries.map(|codes| countries_of(&codes)),
            hosts: hosts.map(Set::of),
            paths,
            methods,
            headers: headers.into_iter().map(|header| (header.name, header.texts)).collect(),
            tenants: tenants.map(Set::of),
        }
    }
}

fn countries_of(codes: &[Country]) -> CountrySet {
    let mut countries = CountrySet::none();
    for country in codes {
        countries.insert(*country);
    }
    countries
}
