//! Clients of a service, grouped into classes under the same rules.

use super::oracle::{Kv, Oracle, RuleSet, SampleRequest, ToldTenant};
use super::requests::Kinds;
use super::{requests, scenario};
use crate::config::{Config, Service};
use crate::controller::routes;
use crate::country::{COUNTRIES, Country};
use crate::http::{Audience, Problem, refusal};
use crate::ids::{RegionId, RuleId, TenantId};
use crate::ordered::Map;
use crate::routes::Table;
use crate::steering::{ChosenBy, Decision, Evidence, KvPin, Refusal, RequestFacts, decide};
use crate::time::Timestamp;
use crate::view::View;
use serde::Serialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// Most kinds of requests per service. Beyond that, an even sample is used.
const KINDS_MAX: usize = 20_000;

/// Most rules of a class that text names.
const RULES_SHOWN_MAX: usize = 6;

/// What the clients of a class have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct ClientClass {
    /// The rules that guard them, strict and preferred.
    pub(super) rules: Vec<RuleId>,
    /// The tenant whose pin applies; the first of several with the same pin.
    pub(super) tenant: Option<TenantId>,
    /// Whether the service requires a tenant that they do not name.
    pub(super) lacks_tenant: bool,
    /// Whether they read or write, if the service tells these apart.
    pub(super) does: Does,
}

/// Reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Does {
    Anything,
    Read,
    Write,
}

/// A class, and one request for each country with clients in it.
#[derive(Debug)]
pub(super) struct Clients<'k, C = ClientClass> {
    pub(super) class: C,
    pub(super) requests: BTreeMap<Option<Country>, SampleRequest<'k>>,
}

/// Whether some kinds of requests are skipped, so that a class may be missing.
pub(super) fn are_too_many(kinds: &[Kinds]) -> bool {
    kinds.iter().any(|kinds| kinds.alone) || kinds.iter().map(Kinds::len).sum::<usize>() > KINDS_MAX
}

/// What tells a class from the others, with its rules by their indexes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClassKey {
    rules: RuleSet,
    tenant: Option<TenantId>,
    lacks_tenant: bool,
    pub(super) does: Does,
}

/// The classes of a service, in the order of their names. Requests with unreadable paths or
/// tenants, and tenants known only to KV, are left out: they have no clients to name.
pub(super) fn classes<'k>(
    oracle: &Oracle<'_>,
    service: &Service,
    kinds: &'k [Kinds],
) -> Vec<Clients<'k>> {
    let classes = keys(oracle, service, kinds).into_iter();
    classes
        .map(|Clients { class, requests }| Clients { class: class.named(oracle), requests })
        .collect()
}

/// The same, without the names of their rules: there may be thousands.
pub(super) fn keys<'k>(
    oracle: &Oracle<'_>,
    service: &Service,
    kinds: &'k [Kinds],
) -> Vec<Clients<'k, ClassKey>> {
    let mut classes: BTreeMap<ClassKey, BTreeMap<_, _>> = BTreeMap::new();
    let step = requests::step(kinds, kinds.iter().map(Kinds::len).sum(), KINDS_MAX);
    for (sample, group) in kinds.iter().flat_map(Kinds::each).step_by(step) {
        let form = sample.form;
        let is_unreadable = form.path.is_none()
            || form.tenant == ToldTenant::Unreadable
            || form.headers.iter().any(|(_, value)| value == requests::GARBLED);
        if is_unreadable || form.kv != Kv::Absent {
            continue;
        }
        let requests = classes.entry(key(oracle, service, &sample)).or_default();
        for country in &group.countries {
            requests.entry(*country).or_insert(SampleRequest { country: *country, ..sample });
        }
    }
    let classes = classes.into_iter().map(|(class, requests)| Clients { class, requests });
    let mut classes: Vec<Clients<'k, ClassKey>> = classes.collect();
    classes.sort_by(|one, other| one.class.by_name(&other.class, oracle));
    classes
}

pub(super) fn class(
    oracle: &Oracle<'_>,
    service: &Service,
    sample: &SampleRequest<'_>,
) -> ClientClass {
    key(oracle, service, sample).named(oracle)
}

fn key(oracle: &Oracle<'_>, service: &Service, sample: &SampleRequest<'_>) -> ClassKey {
    let tenant = sample.form.tenant.id();
    let facts = RequestFacts { method: sample.method, ..RequestFacts::new("") };
    ClassKey {
        rules: oracle.guarding(sample),
        tenant: tenant.filter(|tenant| oracle.listed(tenant).is_some()).cloned(),
        lacks_tenant: oracle.lacks_tenant(service, sample.form),
        does: match (&service.steering.primary, facts.is_safe()) {
            (None, _) => Does::Anything,
            (Some(_), true) => Does::Read,
            (Some(_), false) => Does::Write,
        },
    }
}

impl ClassKey {
    /// How many rules guard the class.
    pub(super) fn rules(&self) -> usize {
        self.rules.len()
    }

    pub(super) fn named(self, oracle: &Oracle<'_>) -> ClientClass {
        let rules = self.ids(oracle).cloned().collect();
        let Self { tenant, lacks_tenant, does, .. } = self;
        ClientClass { rules, tenant, lacks_tenant, does }
    }

    fn ids<'c>(&self, oracle: &Oracle<'c>) -> impl Iterator<Item = &'c RuleId> {
        self.rules.iter().filter_map(|index| oracle.rule_id(index))
    }

    /// The order of [`ClientClass`].
    fn by_name(&self, other: &Self, oracle: &Oracle<'_>) -> Ordering {
        let rest = |key: &Self| (key.tenant.clone(), key.lacks_tenant, key.does);
        let rules = self.ids(oracle).cmp(other.ids(oracle));
        rules.then_with(|| rest(self).cmp(&rest(other)))
    }
}

impl fmt::Display for ClientClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<&str> =
            self.rules.iter().map(RuleId::as_str).take(RULES_SHOWN_MAX).collect();
        f.write_str(&if shown.is_empty() { "no rule".to_owned() } else { shown.join(" + ") })?;
        if let Some(more @ 1..) = self.rules.len().checked_sub(RULES_SHOWN_MAX) {
            write!(f, " + {more} more")?;
        }
        if let Some(tenant) = &self.tenant {
            write!(f, ", tenant {tenant}")?;
        }
        if self.lacks_tenant {
            f.write_str(", no known tenant")?;
        }
        f.write_str(match self.does {
            Does::Anything => "",
            Does::Read => ", reads",
            Does::Write => ", writes",
        })
    }
}

/// A short list of countries, such as `BR and unknown` or `30 countries`.
pub(super) fn country_list(countries: &[Option<Country>]) -> String {
    let known: Vec<Country> = countries.iter().flatten().copied().collect();
    let named = match known.len() {
        0 => String::new(),
        COUNTRIES => "all countries".to_owned(),
        1..=4 => known.iter().map(Country::to_string).collect::<Vec<_>>().join(" "),
        many => format!("{many} countries"),
    };
    match (countries.contains(&None), named.is_empty()) {
        (false, _) => named,
        (true, true) => "unknown".to_owned(),
        (true, false) => format!("{named} and unknown"),
    }
}

/// Where a request goes, or why it is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Routing {
    /// Where it may go, best first.
    pub(super) regions: Vec<RegionId>,
    /// Where such clients are sent first: several regions if the clients are shared out, or if it
    /// depends on where in their country they are.
    pub(super) first: Vec<RegionId>,
    /// The refusal, if any.
    pub(super) refusal: Option<&'static str>,
    /// The HTTP status of the refusal.
    pub(super) status: Option<u16>,
}

/// The config without canaries, spill and partial shedding, which treat clients under the same
/// rules differently. Shedding of all clients stays.
pub(super) fn for_everybody(config: &Config) -> Config {
    let mut config = scenario::without_overrides(config);
    for service in config.services.values_mut() {
        service.steering.canary = Map::new();
        service.steering.shed.retain(|_, percent| *percent >= 100);
        service.steering.spill = false;
    }
    config
}

/// The routing table with these regions down and all others up. Errors: this build cannot read its
/// own table.
pub(super) fn table(
    config: &Config,
    now: Timestamp,
    down: &[RegionId],
) -> Result<Table, crate::routes::BadRoutes> {
    let (config, state) = scenario::with(config, now, down, &[]);
    Table::try_from(routes(&View::new(&config, &state, now)))
}

/// Decides one request of a class.
pub(super) fn routing(table: &Table, sample: &SampleRequest<'_>, now: Timestamp) -> Routing {
    let [path, _] = &sample.form.spellings;
    let facts = RequestFacts {
        path,
        method: sample.method,
        header: &|name| sample.form.header(name),
        country: sample.country,
        kv_pin: KvPin::Absent,
        now,
        ..RequestFacts::new(&sample.form.host)
    };
    let from = |facts: &RequestFacts<'_>| Routing::of(&decide(table, facts, &Evidence::default()));
    let mut routing = from(&facts);
    // Both halves of a country that Cloudflare splits; the one that counts if nothing is known of
    // the client is one of them.
    for half in sample.country.and_then(Country::halves).into_iter().flatten() {
        let there = from(&RequestFacts { subdivision: Some(half), ..facts });
        for region in there.first {
            if !routing.first.contains(&region) {
                routing.first.push(region);
            }
        }
    }
    routing
}

impl Routing {
    fn of(decision: &Decision<'_>) -> Self {
        let regions: Vec<RegionId> =
            decision.regions.iter().map(|region| region.entry.id.clone()).collect();
        let is_shared = matches!(decision.how, ChosenBy::Share | ChosenBy::LessBusy);
        let first = if is_shared { regions.len() } else { 1 };
        Self {
            first: regions.iter().take(first).cloned().collect(),
            regions,
            refusal: decision.refusal.map(Refusal::as_str),
            status: decision.refusal.map(status),
        }
    }
}

/// The HTTP status of a refusal.
pub(super) fn status(why: Refusal) -> u16 {
    refusal(Problem::Refused(why), &[], "", Audience::Programs).status
}

#[cfg(test)]
mod tests {
    use super::*;

    fn countries(codes: &[&str]) -> Vec<Option<Country>> {
        codes.iter().map(|code| Country::parse(code).ok()).collect()
    }

    #[test]
    fn a_few_countries_are_named_and_many_are_counted() {
        assert_eq!(country_list(&countries(&["BR"])), "BR");
        assert_eq!(country_list(&countries(&["BR", "XX"])), "BR and unknown");
        assert_eq!(country_list(&countries(&["XX"])), "unknown");
        assert_eq!(country_list(&countries(&["AT", "BE", "DE", "FR", "IT"])), "5 countries");
        let everywhere: Vec<_> = Country::all().map(Some).chain([None]).collect();
        assert_eq!(country_list(&everywhere), "all countries and unknown");
    }
}
