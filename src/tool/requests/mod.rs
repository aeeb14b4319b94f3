//! Every kind of request that a config tells apart.
//!
//! There are countless requests but few kinds: two requests that satisfy the same conditions of all
//! rules are under the same law. For each host of a service this module lists one path per class of
//! paths; the methods that rules name, plus one safe and one unsafe other; each value of a header
//! condition, another value and none; every tenant that differs, an unknown one, one that cannot be
//! read, and none; what second witnesses may tell; and all countries in groups. The conditions come
//! from the config, never from a compiled table.
//!
//! Where all combinations of these are more than [`KINDS_MAX`], they are not listed. Then each
//! value
//! of each condition is there once beside nothing else, once beside everything that can hold at the
//! same time, and some combinations are drawn ([`alone`]). A list of all would be endless: a
//! thousand rules can have a thousand million combinations.

mod alone;
mod countries;
mod headers;
mod hosts;
mod tenants;
mod witnesses;

pub(super) use countries::Group;
pub(super) use tenants::present;
#[cfg(test)]
pub(super) use tenants::with_tenant;
pub(super) use witnesses::GARBLED;
#[cfg(test)]
pub(super) use witnesses::with_witnesses;

use super::oracle::{Form, Kv, Oracle, SampleRequest, ToldTenant};
use crate::config::{Config, Service};
use crate::country::Country;
use crate::residency::{PATH_BYTES_MAX, Pattern, Rule, TenantSource, When, representatives};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Most kinds of requests that are listed in every combination, shared equally by all services.
pub(super) const KINDS_MAX: usize = 60_000;

/// A path that is too long to be read. Many forms share it.
static TOO_LONG: LazyLock<String> = LazyLock::new(|| format!("/{}", "x".repeat(PATH_BYTES_MAX)));

const SAFE: [&str; 4] = ["GET", "HEAD", "OPTIONS", "TRACE"];
const UNSAFE: [&str; 5] = ["POST", "PUT", "PATCH", "DELETE", "CONNECT"];

/// The kinds of requests for one host.
#[derive(Debug)]
pub(super) struct Kinds {
    /// Their forms, without method and country.
    pub(super) forms: Vec<Form>,
    pub(super) methods: Vec<String>,
    /// All countries, grouped by how the rules over the host treat them.
    pub(super) groups: Vec<Group>,
    /// Whether header conditions are tried one at a time, because there are too many combinations.
    pub(super) headers_alone: bool,
    /// Whether all conditions are, for the same reason. The first form then has nothing that a
    /// condition asks for, and the second as much as possible.
    pub(super) alone: bool,
}

impl Kinds {
    /// The number of kinds.
    pub(super) fn len(&self) -> usize {
        let Self { forms, methods, groups, .. } = self;
        if self.alone {
            self.extremes().len() * (methods.len() + groups.len()) + forms.len()
        } else {
            forms.len() * methods.len() * groups.len()
        }
    }

    /// One request of each kind, with one country of its group.
    pub(super) fn each(&self) -> impl Iterator<Item = (SampleRequest<'_>, &Group)> {
        let product = self.groups.iter().filter(|_| !self.alone).flat_map(move |group| {
            self.samples(&self.forms, group.first()).map(move |sample| (sample, group))
        });
        product.chain(self.each_alone())
    }

    /// Each form, each method and each group of countries, one at a time.
    fn each_alone(&self) -> impl Iterator<Item = (SampleRequest<'_>, &Group)> {
        let forms = self.forms.iter().filter(|_| self.alone).enumerate();
        let forms = forms.filter_map(move |(turn, form)| self.turn(turn, form));
        let groups = self.extremes().iter().flat_map(move |form| {
            let groups = self.groups.iter().enumerate();
            groups.filter_map(move |(turn, group)| {
                let method = self.methods.get(turn % self.methods.len())?;
                Some((SampleRequest { form, method, country: group.first() }, group))
            })
        });
        let methods = self.extremes().iter().flat_map(move |form| {
            let unknown = self.groups.iter().find(|group| group.countries.contains(&None));
            let methods = self.methods.iter();
            methods.filter_map(move |method| {
                Some((SampleRequest { form, method, country: None }, unknown?))
            })
        });
        forms.chain(groups).chain(methods)
    }

    /// A form with the method and the group whose turn it is.
    fn turn<'k>(&'k self, turn: usize, form: &'k Form) -> Option<(SampleRequest<'k>, &'k Group)> {
        let method = self.methods.get(turn % self.methods.len())?;
        let group = self.groups.get(turn % self.groups.len())?;
        // Every other client is from nowhere, and so under every rule about countries.
        let unknown = self.groups.iter().find(|group| group.countries.contains(&None));
        let unknown = unknown.filter(|_| turn % 4 < 2);
        let country = if unknown.is_some() { None } else { group.first() };
        Some((SampleRequest { form, method, country }, unknown.unwrap_or(group)))
    }

    /// The forms with nothing and with everything, if conditions are tried one at a time.
    fn extremes(&self) -> &[Form] {
        let extremes = self.forms.get(..2).unwrap_or(&self.forms);
        if self.alone { extremes } else { &[] }
    }

    /// One request of each kind from every country.
    pub(super) fn each_from_everywhere(&self) -> impl Iterator<Item = SampleRequest<'_>> {
        let forms = if self.alone { self.extremes() } else { &self.forms };
        let countries = Country::all().map(Some).chain([None]);
        countries.flat_map(|country| self.samples(forms, country))
    }

    fn samples<'k>(
        &'k self,
        forms: &'k [Form],
        country: Option<Country>,
    ) -> impl Iterator<Item = SampleRequest<'k>> {
        forms.iter().flat_map(move |form| {
            self.methods.iter().map(move |method| SampleRequest { form, method, country })
        })
    }
}

/// The step width that samples at most `max` of `total`. It shares no factor with the numbers of
/// forms and methods, so that the sample does not always skip the same ones.
pub(super) fn step(kinds: &[Kinds], total: usize, max: usize) -> usize {
    let mut step = total.div_ceil(max.max(1)).max(1);
    let repeats = |step: usize| {
        let mut lengths = kinds.iter().flat_map(|kinds| [kinds.forms.len(), kinds.methods.len()]);
        lengths.any(|length| common_factor(step, length) > 1)
    };
    while step > 1 && repeats(step) {
        step += 1;
    }
    step
}

fn common_factor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_factor(b, a % b) }
}

/// Every host of a service that a rule, a tenant or the table may treat differently. `more` hosts
/// are named elsewhere.
pub(super) fn every_host<'h>(
    config: &'h Config,
    service: &Service,
    more: impl Iterator<Item = &'h String>,
) -> Vec<String> {
    let tenants: Vec<Option<String>> =
        config.tenants.keys().map(|tenant| Some(tenant.to_string())).collect();
    hosts::hosts(config, service, &tenants, more)
}

/// A path that the rules tell apart, in two spellings; `None` is one that nobody can read.
pub(super) fn spellings(path: Option<String>) -> [Cow<'static, str>; 2] {
    let mut form = Form::of("", path, Vec::new());
    form.spell();
    form.spellings
}

/// The methods that conditions name, and those that none does.
pub(super) fn every_method<'w>(whens: impl Iterator<Item = &'w When>) -> BTreeSet<&'w str> {
    let named = whens.flat_map(|when| when.methods.iter().flatten());
    named.map(String::as_str).chain(SAFE).chain(UNSAFE).collect()
}

/// Each header that conditions look at, with each value that they ask for, and another one.
pub(super) fn header_values<'w>(
    whens: impl Iterator<Item = &'w When>,
) -> Vec<(String, Vec<String>)> {
    headers::values(whens)
}

/// The kinds of requests for each host of a service.
pub(super) fn kinds(oracle: &Oracle<'_>, service: &Service) -> Vec<Kinds> {
    kinds_within(oracle, service, KINDS_MAX)
}

/// The same, in every combination if these are at most so many in all services.
pub(super) fn kinds_within(oracle: &Oracle<'_>, service: &Service, max: usize) -> Vec<Kinds> {
    let max = max / oracle.config.services.len().max(1);
    let tenants = tenants::classes(oracle, service);
    let hosts = hosts::hosts(oracle.config, service, &tenants, [].iter());
    let values: Vec<HostValues<'_>> = alone::values(oracle, service, hosts);
    let combinations = values.iter().map(|values| values.combinations(service, &tenants));
    if combinations.fold(0, usize::saturating_add) <= max {
        let mut each: Vec<(&String, &HostValues<'_>)> = Vec::new();
        for values in &values {
            each.extend(values.hosts.iter().map(|host| (host, values)));
        }
        each.sort_by_key(|(host, _)| *host);
        let kinds = each.into_iter();
        kinds.map(|(host, values)| kinds_for(oracle, service, host, values, &tenants)).collect()
    } else {
        values.iter().flat_map(|values| alone::kinds(oracle, service, values, &tenants)).collect()
    }
}

/// Every value of every condition over hosts that rules treat alike.
struct HostValues<'c> {
    hosts: Vec<String>,
    rules: Vec<&'c Rule>,
    paths: Vec<Option<String>>,
    methods: Vec<String>,
    groups: Vec<Group>,
}

impl HostValues<'_> {
    /// How many kinds there are of all values together.
    fn combinations(&self, service: &Service, tenants: &[Option<String>]) -> usize {
        let told = tenants::told_max(service, tenants.len());
        let factors = [
            self.hosts.len(),
            self.paths.len(),
            headers::combinations(&self.rules).combinations.len(),
            told,
            witnesses::told_max(service, self.groups.len()),
            self.methods.len(),
            self.groups.len(),
        ];
        factors.into_iter().fold(1, usize::saturating_mul)
    }
}

fn kinds_for(
    oracle: &Oracle<'_>,
    service: &Service,
    host: &str,
    values: &HostValues<'_>,
    tenants: &[Option<String>],
) -> Kinds {
    let HostValues { rules, paths, methods, groups, .. } = values;
    let headers = headers::combinations(rules);
    let mut forms: Vec<Form> = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        for tenant in tenants {
            for combination in &headers.combinations {
                let form = Form::of(host, path.clone(), combination.clone());
                let told = tenants::with_tenant(oracle.config, service, form, tenant.as_deref());
                let told = told.into_iter().flat_map(|form| {
                    witnesses::with_witnesses(oracle.config, service, form, groups)
                });
                forms.extend(told.filter(|form| seen.insert(format!("{form:?}"))));
            }
        }
    }
    forms.iter_mut().for_each(Form::spell);
    Kinds {
        forms,
        methods: methods.clone(),
        groups: groups.clone(),
        headers_alone: headers.are_alone,
        alone: false,
    }
}

/// One path per class, and an unreadably long one if any rule looks at paths, or the tenant is in
/// the path.
fn paths(rules: &[&Rule], service: &Service) -> Vec<Option<String>> {
    let patterns: Vec<Pattern> =
        rules.iter().flat_map(|rule| rule.when.paths.iter().flatten()).cloned().collect();
    let mut paths: Vec<_> = representatives(&patterns).into_iter().map(Some).collect();
    if patterns.is_empty() {
        paths = vec![Some("/".to_owned())];
    }
    let tenancy = service.steering.tenancy.as_ref();
    if !patterns.is_empty() || tenancy.is_some_and(|tenancy| tenancy.source.looks_at_path()) {
        paths.push(None);
    }
    paths
}

/// The methods that rules name, plus one safe and one unsafe method that none names.
fn methods(rules: &[&Rule]) -> Vec<String> {
    let named = rules.iter().flat_map(|rule| rule.when.methods.iter().flatten());
    let named: BTreeSet<&str> = named.map(String::as_str).collect();
    let unnamed = |known: &[&'static str]| known.iter().find(|m| !named.contains(*m)).copied();
    let mut methods: Vec<String> = Vec::new();
    methods.extend(unnamed(&SAFE).map(str::to_owned));
    methods.extend(unnamed(&UNSAFE).map(str::to_owned));
    methods.extend(named.into_iter().map(str::to_owned));
    methods
}

impl Form {
    /// A request that says nothing of a tenant.
    pub(super) fn of(host: &str, path: Option<String>, headers: Vec<(String, String)>) -> Self {
        Self {
            host: host.to_owned(),
            path,
            headers,
            tenant: ToldTenant::Nothing,
            kv: Kv::Absent,
            kv_country: None,
            witnesses: Vec::new(),
            spellings: Default::default(),
        }
    }

    pub(super) fn spell(&mut self) {
        self.spellings = [self.written(), self.disguised()];
    }

    /// The path in a plain spelling.
    fn written(&self) -> Cow<'static, str> {
        match &self.path {
            Some(path) => Cow::Owned(path.clone()),
            None => Cow::Borrowed(&TOO_LONG),
        }
    }

    /// The path in a disguised spelling, as an attacker might write it.
    fn disguised(&self) -> Cow<'static, str> {
        // Whether an escaped separator separates depends on the server.
        let Some(path) = &self.path else { return Cow::Borrowed("/x%2fy") };
        let mut disguised = "/x/..".to_owned();
        for segment in path.split('/').skip(1).filter(|segment| !segment.is_empty()) {
            let mut bytes = segment.bytes();
            let first = bytes.next().map(|byte| format!("%{byte:02x}")).unwrap_or_default();
            let rest = segment.get(1..).unwrap_or_default();
            if segment.is_char_boundary(1) {
                disguised.push_str(&["//", &first, rest].concat());
            } else {
                disguised.push_str(&["/./", segment].concat());
            }
        }
        Cow::Owned(disguised)
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        let mut known = self.headers.iter().filter(|(known, _)| known == name);
        known.next().map(|(_, value)| value.clone())
    }
}

/// Whether another service has this exact host.
fn is_taken(config: &Config, service: &Service, host: &str) -> bool {
    let others = config.services.values().filter(|other| other.hosts != service.hosts);
    others.flat_map(|other| &other.hosts).any(|other| other == host)
}

/// Whether the tenant is read from the label of a host's `*`.
fn is_in_first_label(service: &Service) -> bool {
    let tenancy = service.steering.tenancy.as_ref();
    tenancy.is_some_and(|tenancy| tenancy.source == TenantSource::HostLabel(1))
}

#[cfg(test)]
mod tests;
