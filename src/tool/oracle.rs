//! A second opinion on where a request may go.
//!
//! The edge decides by tables: rules compiled to region sets, indexed by host, with countries in
//! classes. A proof that used the same tables would only prove that they agree with themselves. So
//! the oracle reads the config's rules one by one, condition by condition, in the plainest way
//! possible. It uses nothing of `residency::Law`, of the routing table or of their helpers. What it
//! read of a value it remembers ([`remembered`]): the country of a request says the same about the
//! rules whatever the path is.

mod memberships;
mod remembered;

pub(super) use remembered::RuleSet;

use crate::config::{Config, Publish, Service};
use crate::country::Country;
use crate::ids::{RuleId, TenantId};
use crate::residency::{Mode, RegionSet, Rule, When};
use crate::steering::Refusal;
use crate::time::Timestamp;
use memberships::{Counts, first_end, named_sets, permitted};
use remembered::Remembered;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Everything in a request except country and method, already parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    /// The host, in lower case.
    pub(super) host: String,
    /// The normalised path; `None` if it is too long to read.
    pub(super) path: Option<String>,
    /// Headers, with names in lower case.
    pub(super) headers: Vec<(String, String)>,
    /// What the request says about its tenant.
    pub(super) tenant: ToldTenant,
    /// The KV pin of that tenant, if the service reads KV.
    pub(super) kv: Kv,
    /// The country that the tenant's KV pin tells as its own.
    pub(super) kv_country: Option<Country>,
    /// What second witnesses tell; `None` among them may be any country.
    pub(super) witnesses: Vec<Option<Country>>,
    /// Two spellings of the path: plain and disguised.
    pub(super) spellings: [Cow<'static, str>; 2],
}

/// What a request says about its tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ToldTenant {
    /// Nothing that could be a tenant.
    Nothing,
    /// This one.
    Tenant(TenantId),
    /// What is there cannot be read for certain, so it may be any tenant.
    Unreadable,
}

impl ToldTenant {
    /// The tenant, if it is known which one.
    pub(super) fn id(&self) -> Option<&TenantId> {
        match self {
            Self::Tenant(id) => Some(id),
            Self::Nothing | Self::Unreadable => None,
        }
    }
}

/// The KV pin of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kv {
    /// KV could not be read.
    Unread,
    /// KV has no such tenant.
    Absent,
    /// The tenant is pinned to this country.
    Country(Country),
    /// The tenant is pinned to the region of this index.
    Region(usize),
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub(super) struct SampleRequest<'a> {
    pub(super) form: &'a Form,
    pub(super) method: &'a str,
    pub(super) country: Option<Country>,
}

/// What residency says about a request, whatever is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SecondOpinion {
    /// It is refused, because its tenant is not known.
    Refuse(Refusal),
    /// It may go to these regions of its service; the set may be empty.
    Permit(RegionSet),
}

/// A rule, with what can be derived from it once for all requests.
#[derive(Debug)]
struct PreparedRule<'c> {
    rule: &'c Rule,
    /// The permitted regions.
    permits: RegionSet,
    /// Its path patterns as text.
    patterns: Vec<String>,
}

/// Judges requests by the rules of one config at one instant.
#[derive(Debug)]
pub(super) struct Oracle<'c> {
    pub(super) config: &'c Config,
    counts: Counts,
    rules: Vec<PreparedRule<'c>>,
    pins: BTreeMap<&'c TenantId, RegionSet>,
    known: Known<'c>,
}

/// The rules that hold for what was asked about.
#[derive(Debug, Default)]
struct Known<'c> {
    countries: Remembered<Option<Country>>,
    hosts: Remembered<String>,
    paths: Remembered<Option<String>>,
    methods: Remembered<String>,
    tenants: Remembered<ToldTenant>,
    /// Each header that a rule looks at, with what is known of its values.
    headers: Vec<(&'c str, Remembered<Vec<String>>)>,
}

impl<'c> Oracle<'c> {
    pub(super) fn new(config: &'c Config, now: Timestamp) -> Self {
        Self::of(config, Counts { now, lasting: false })
    }

    /// The same as if each membership had ended that has an end, and none had begun since.
    pub(super) fn lasting(config: &'c Config, now: Timestamp) -> Self {
        Self::of(config, Counts { now, lasting: true })
    }

    fn of(config: &'c Config, counts: Counts) -> Self {
        let rules = config.residency.iter().map(|rule| PreparedRule {
            rule,
            permits: permitted(config, counts, &rule.allow),
            patterns: rule.when.paths.iter().flatten().map(ToString::to_string).collect(),
        });
        let pins = config.tenants.iter();
        let pins = pins.map(|(tenant, allow)| (tenant, permitted(config, counts, allow)));
        let asked = config.residency.iter().flat_map(|rule| &rule.when.headers);
        let asked: BTreeSet<&str> = asked.map(|(name, _)| name.as_str()).collect();
        let headers = asked.into_iter().map(|name| (name, Remembered::default())).collect();
        let known = Known { headers, ..Known::default() };
        Self { config, counts, rules: rules.collect(), pins: pins.collect(), known }
    }

    /// The instant of the judgement.
    pub(super) fn now(&self) -> Timestamp {
        self.counts.now
    }

    /// The regions that the request may go to, out of the service's `regions`.
    pub(super) fn opinion(
        &self,
        service: &Service,
        regions: &RegionSet,
        sample: &SampleRequest<'_>,
    ) -> SecondOpinion {
        let pin = match self.pin(service, sample.form) {
            Ok(pin) => pin,
            Err(refusal) => return SecondOpinion::Refuse(refusal),
        };
        let mut permitted = regions.clone();
        if let Some(pin) = pin {
            permitted.intersect(&pin);
        }
        let guarding = self.guarding(sample);
        for read in guarding.iter().filter_map(|index| self.rules.get(index)) {
            if read.rule.mode == Mode::Strict {
                permitted.intersect(&read.permits);
            }
        }
        SecondOpinion::Permit(permitted)
    }

    /// Whether the request is refused because its tenant is not known, wherever it might go.
    pub(super) fn lacks_tenant(&self, service: &Service, form: &Form) -> bool {
        self.pin(service, form).is_err()
    }

    /// The rules that guard the request, strict and preferred: those of which every condition
    /// holds.
    pub(super) fn guarding(&self, sample: &SampleRequest<'_>) -> RuleSet {
        let (known, form) = (&self.known, sample.form);
        // A client of unknown country may be in any. Whatever a witness tells counts as well.
        let mut guarding = (*self.naming(sample.country)).clone();
        for told in &form.witnesses {
            guarding.add(&self.naming(*told));
        }
        guarding.keep(&known.hosts.of(&form.host, || self.all(|it| is_over(it.rule, &form.host))));
        let path = form.path.as_deref();
        guarding.keep(&known.paths.of(&form.path, || self.all(|it| it.is_under(path))));
        let method = sample.method;
        let by_method = || self.all(|it| names_method(&it.rule.when, method));
        guarding.keep(&known.methods.of(method, by_method));
        let by_tenant = || self.all(|it| it.is_about(&form.tenant));
        guarding.keep(&known.tenants.of(&form.tenant, by_tenant));
        for (name, known) in &known.headers {
            let said = form.headers.iter().filter(|(said, _)| said == name);
            let said: Vec<String> = said.map(|(_, value)| value.clone()).collect();
            guarding.keep(&known.of(&said, || self.all(|it| it.hears(name, &said))));
        }
        guarding
    }

    /// The rules that name a country.
    fn naming(&self, told: Option<Country>) -> Rc<RuleSet> {
        let read = || self.all(|it| names_country(&it.rule.when, told));
        self.known.countries.of(&told, read)
    }

    /// All rules for which it holds.
    fn all(&self, holds: impl Fn(&PreparedRule<'c>) -> bool) -> RuleSet {
        RuleSet::of(self.rules.iter().map(holds))
    }

    /// The name of a rule.
    pub(super) fn rule_id(&self, index: usize) -> Option<&'c RuleId> {
        self.rules.get(index).map(|read| &read.rule.id)
    }

    /// The indexes of the rules that may guard a request for `host`.
    pub(super) fn indexes_over(&self, host: &str) -> Vec<usize> {
        let over = self.known.hosts.of(host, || self.all(|it| is_over(it.rule, host)));
        over.iter().collect()
    }

    /// Each rule with the regions that it permits.
    pub(super) fn rules(&self) -> impl Iterator<Item = (&'c Rule, &RegionSet)> {
        self.rules.iter().map(|read| (read.rule, &read.permits))
    }

    /// Whether a path is under the condition of a rule on paths; `None` cannot be read.
    pub(super) fn is_under(&self, rule: usize, path: Option<&str>) -> bool {
        self.rules.get(rule).is_some_and(|read| read.is_under(path))
    }

    /// The regions that one answer for everybody under `name` may name: those that every strict
    /// rule over the name permits and, if the service has tenants, every pin.
    pub(super) fn everybody(&self, service: &Service, name: &str) -> RegionSet {
        let mut permitted = self.regions_of(service);
        for PreparedRule { rule, permits, .. } in &self.rules {
            if rule.mode == Mode::Strict && is_over(rule, name) {
                permitted.intersect(permits);
            }
        }
        if service.steering.tenancy.is_some() {
            self.pins.values().for_each(|pin| permitted.intersect(pin));
        }
        permitted
    }

    /// The same for the clients of one country, under only the rules that guard it. Where a second
    /// witness is asked, an account may be in any country, whatever the client's is.
    pub(super) fn permitted_to(
        &self,
        service: &Service,
        name: &str,
        country: Option<Country>,
    ) -> RegionSet {
        let mut permitted = self.regions_of(service);
        for PreparedRule { rule, permits, .. } in &self.rules {
            let is_asked = service.steering.second_witness.is_some();
            let guards = is_asked || names_country(&rule.when, country);
            if rule.mode == Mode::Strict && guards && is_over(rule, name) {
                permitted.intersect(permits);
            }
        }
        if service.steering.tenancy.is_some() {
            self.pins.values().for_each(|pin| permitted.intersect(pin));
        }
        permitted
    }

    /// The sets of regions of a service that must each keep an origin in use: all of them, those
    /// that each strict rule permits that may guard the service, those that each pin permits, and
    /// those that all rules together permit, alone and with each pin.
    pub(super) fn jurisdictions(&self, service: &Service) -> Vec<(String, RegionSet)> {
        let all = self.regions_of(service);
        let mut together = all.clone();
        let mut jurisdictions = vec![(String::new(), all.clone())];
        for PreparedRule { rule, permits, .. } in &self.rules {
            if rule.mode == Mode::Strict && may_guard(rule, service) {
                together.intersect(permits);
                let permitted = all.intersection(permits);
                jurisdictions.push((format!(" that rule {} permits", rule.id), permitted));
            }
        }
        jurisdictions.push((" that all rules permit".to_owned(), together.clone()));
        if service.steering.tenancy.is_some() {
            for (tenant, pin) in &self.pins {
                let whose = format!(" that tenant {tenant} may use");
                jurisdictions.push((whose.clone(), all.intersection(pin)));
                jurisdictions.push((whose + " under all rules", together.intersection(pin)));
            }
        }
        jurisdictions
    }

    /// The regions that a tenant of the config may use.
    pub(super) fn listed(&self, tenant: &TenantId) -> Option<&RegionSet> {
        self.pins.get(tenant)
    }

    /// The regions that each set permits which a pin in KV may name, if any service reads pins
    /// there.
    pub(super) fn sets(&self) -> BTreeMap<&'c str, RegionSet> {
        let sets = named_sets(self.config).into_iter();
        sets.map(|(name, allow)| (name, permitted(self.config, self.counts, &allow))).collect()
    }

    /// When the first membership ends by which a region is permitted anything.
    pub(super) fn first_end(&self) -> Option<Timestamp> {
        let config = self.config;
        let rules = config.residency.iter().map(|rule| Cow::Borrowed(&rule.allow));
        let pins = config.tenants.values().map(Cow::Borrowed);
        let sets = named_sets(config).into_iter().map(|(_, allow)| allow);
        let all = rules.chain(pins).chain(sets);
        all.filter_map(|allow| first_end(config, self.counts, &allow)).min()
    }

    /// The indexes of a service's regions among all regions.
    pub(super) fn regions_of(&self, service: &Service) -> RegionSet {
        let all = self.config.regions.keys().enumerate();
        all.filter(|(_, id)| service.regions.contains(id)).map(|(index, _)| index).collect()
    }

    /// The regions that the tenant of a request may use; `None` permits all. Errors: the refusal.
    fn pin(&self, service: &Service, form: &Form) -> Result<Option<RegionSet>, Refusal> {
        let Some(tenancy) = &service.steering.tenancy else { return Ok(None) };
        if form.tenant == ToldTenant::Unreadable {
            // The origin may read a tenant from it, and nobody knows which pin that one has.
            return Err(Refusal::UnknownTenant);
        }
        let listed = form.tenant.id().and_then(|tenant| self.listed(tenant)).cloned();
        let pin = match (form.tenant.id(), listed) {
            (Some(_), None) if tenancy.kv => match form.kv {
                Kv::Unread => return Err(Refusal::TenantUnavailable),
                Kv::Absent => None,
                Kv::Country(country) => Some(self.regions_in(country)),
                Kv::Region(index) => Some([index].into_iter().collect()),
            },
            (_, listed) => listed,
        };
        if tenancy.required && pin.is_none() { Err(Refusal::UnknownTenant) } else { Ok(pin) }
    }

    fn regions_in(&self, country: Country) -> RegionSet {
        let all = self.config.regions.values().enumerate();
        all.filter(|(_, region)| region.country == country).map(|(index, _)| index).collect()
    }
}

impl PreparedRule<'_> {
    fn is_under(&self, path: Option<&str>) -> bool {
        match (&self.rule.when.paths, path) {
            (Some(_), Some(path)) => self.patterns.iter().any(|one| path_is_under(path, one)),
            (Some(_), None) | (None, _) => true,
        }
    }

    /// Whether the rule is about this tenant. One that cannot be read may be any.
    fn is_about(&self, tenant: &ToldTenant) -> bool {
        match (&self.rule.when.tenants, tenant) {
            (Some(tenants), ToldTenant::Tenant(tenant)) => {
                tenants.iter().any(|named| named == tenant)
            }
            (Some(_), ToldTenant::Nothing) => false,
            (Some(_), ToldTenant::Unreadable) | (None, _) => true,
        }
    }

    /// Whether its conditions on one header hold, of which these values were said.
    fn hears(&self, header: &str, said: &[String]) -> bool {
        let mut asked = self.rule.when.headers.iter().filter(|(name, _)| name == header);
        asked.all(|(_, texts)| is_one_said(texts, said.iter().map(String::as_str)))
    }
}

/// Whether the rule names a country; an unknown one may be any.
pub(super) fn names_country(when: &When, country: Option<Country>) -> bool {
    let named = when.countries.zip(country);
    named.is_none_or(|(countries, country)| countries.contains(country))
}

/// Whether the rule names a method. What it says of GET holds for HEAD.
pub(super) fn names_method(when: &When, asked: &str) -> bool {
    let Some(named) = &when.methods else { return true };
    named.iter().any(|method| method == asked || (method == "GET" && asked == "HEAD"))
}

/// Whether each header that the rule looks at says one of its texts.
pub(super) fn has_said(when: &When, headers: &[(String, String)]) -> bool {
    when.headers.iter().all(|(name, texts)| {
        let values = headers.iter().filter(|(known, _)| known == name);
        is_one_said(texts, values.map(|(_, value)| value.as_str()))
    })
}

/// Whether a header says one of the texts, or anything if there are none. A repeated header is one
/// list, of which each item was said.
fn is_one_said<'v>(texts: &[String], mut values: impl Iterator<Item = &'v str>) -> bool {
    let is_said = |value: &str, text: &String| {
        value.trim() == text || value.split(',').any(|item| item.trim() == text)
    };
    values.any(|value| texts.is_empty() || texts.iter().any(|text| is_said(value, text)))
}

/// Whether a rule may guard a request to a service, by any host that it serves or publishes. Both
/// sides may have wildcards.
fn may_guard(rule: &Rule, service: &Service) -> bool {
    let published = service.publish.iter().filter_map(|publish| match publish {
        Publish::Dns(dns) => Some(&dns.name),
        Publish::LoadBalancer(balancer) => Some(&balancer.name),
        Publish::Pool(_) => None,
    });
    let mut names = service.hosts.iter().chain(published).peekable();
    if names.peek().is_none() {
        return true;
    }
    names.any(|name| {
        let stands_for = |named: &String| match name.strip_prefix('*') {
            Some(parent) => named.strip_suffix(parent).is_some_and(|label| !label.contains('.')),
            None => false,
        };
        is_over(rule, name) || rule.when.hosts.iter().flatten().any(stands_for)
    })
}

fn is_over(rule: &Rule, host: &str) -> bool {
    let Some(hosts) = &rule.when.hosts else { return true };
    hosts.iter().any(|named| match named.strip_prefix('*') {
        Some(parent) => host.strip_suffix(parent).is_some_and(|label| !label.contains('.')),
        None => named == host,
    })
}

/// Whether a path equals a pattern, or is below it if the pattern ends with `/*`.
fn path_is_under(path: &str, pattern: &str) -> bool {
    match pattern.strip_suffix("/*") {
        Some(base) => match path.strip_prefix(base) {
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => false,
        },
        None => path == pattern,
    }
}
