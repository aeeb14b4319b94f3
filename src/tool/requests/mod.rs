//! Every kind of request that a config tells apart.
//!
//! There are countless requests but few kinds: two requests that satisfy the same conditions of all
//! rules are under the same law. For each host of a service this module lists one path per class of
//! paths; the methods that rules name, plus one safe and one unsafe other; each value of a header
//! condition, another value and none; every tenant that differs, an unknown one, one that cannot be
//! read, and none; what second witnesses may tell; and all countries in groups. The conditions come
//! from the config, never from a compiled table.

mod countries;
mod headers;
mod hosts;
mod tenants;
mod witnesses;

pub(super) use countries::Group;
pub(super) use tenants::present;
pub(super) use witnesses::GARBLED;

use super::oracle::{Form, Kv, Oracle, SampleRequest, ToldTenant};
use crate::config::{Config, Service};
use crate::country::Country;
use crate::residency::{PATH_BYTES_MAX, Pattern, Rule, TenantSource, representatives};
use std::collections::BTreeSet;

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
}

impl Kinds {
    /// The number of kinds.
    pub(super) fn len(&self) -> usize {
        self.forms.len() * self.methods.len() * self.groups.len()
    }

    /// One request of each kind, with one country of its group.
    pub(super) fn each(&self) -> impl Iterator<Item = (SampleRequest<'_>, &Group)> {
        self.groups
            .iter()
            .flat_map(|group| self.samples(group.first()).map(move |sample| (sample, group)))
    }

    /// One request of each kind from every country.
    pub(super) fn each_from_everywhere(&self) -> impl Iterator<Item = SampleRequest<'_>> {
        let countries = Country::all().map(Some).chain([None]);
        countries.flat_map(|country| self.samples(country))
    }

    fn samples(&self, country: Option<Country>) -> impl Iterator<Item = SampleRequest<'_>> {
        self.forms.iter().flat_map(move |form| {
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

/// The kinds of requests for each host of a service.
pub(super) fn kinds(oracle: &Oracle<'_>, service: &Service) -> Vec<Kinds> {
    let tenants = tenants::classes(oracle, service);
    let hosts = hosts::hosts(oracle.config, service, &tenants);
    hosts.iter().map(|host| kinds_for(oracle, service, host, &tenants)).collect()
}

fn kinds_for(
    oracle: &Oracle<'_>,
    service: &Service,
    host: &str,
    tenants: &[Option<String>],
) -> Kinds {
    let rules: Vec<&Rule> = oracle.over(host).collect();
    let headers = headers::combinations(&rules);
    let groups = countries::groups(&rules);
    let mut forms: Vec<Form> = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths(&rules, service) {
        for tenant in tenants {
            for combination in &headers.combinations {
                let form = Form {
                    host: host.to_owned(),
                    path: path.clone(),
                    headers: combination.clone(),
                    tenant: ToldTenant::Nothing,
                    kv: Kv::Absent,
                    kv_country: None,
                    witnesses: Vec::new(),
                    spellings: Default::default(),
                };
                let told = tenants::with_tenant(oracle.config, service, form, tenant.as_deref());
                let told = told.into_iter().flat_map(|form| {
                    witnesses::with_witnesses(oracle.config, service, form, &groups)
                });
                forms.extend(told.filter(|form| seen.insert(format!("{form:?}"))));
            }
        }
    }
    for form in &mut forms {
        form.spellings = [form.written(), form.disguised()];
    }
    let methods = methods(&rules);
    Kinds { forms, methods, groups, headers_alone: headers.are_alone }
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
    /// The path in a plain spelling.
    fn written(&self) -> String {
        self.path.clone().unwrap_or_else(|| format!("/{}", "x".repeat(PATH_BYTES_MAX)))
    }

    /// The path in a disguised spelling, as an attacker might write it.
    fn disguised(&self) -> String {
        // Whether an escaped separator separates depends on the server.
        let Some(path) = &self.path else { return "/x%2fy".to_owned() };
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
        disguised
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
