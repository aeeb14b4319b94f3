//! Requests where the combinations are too many: one condition at a time.
//!
//! A rule guards a request if all its conditions hold, each of which looks at one thing. So each
//! value of each thing is tried once beside nothing else, where only rules about that thing alone
//! hold, and once beside everything else that can hold at the same time, where every rule holds
//! that this value does not prevent. Combinations are drawn besides.

use super::super::oracle::{Form, Kv, Oracle};
use super::{HostValues, Kinds, countries, headers, methods, paths, tenants, witnesses};
use crate::config::Service;
use crate::residency::{Rule, TenantSource};
use crate::steering::stable_hash::{GAMMA, mix};
use std::collections::{BTreeMap, BTreeSet};

/// Combinations that are drawn for each class of hosts.
const DRAWN: u64 = 500;

/// The hosts of a service in classes that no rule tells apart, with the values of each.
pub(super) fn values<'c>(
    oracle: &Oracle<'c>,
    service: &Service,
    hosts: Vec<String>,
) -> Vec<HostValues<'c>> {
    let mut classes: BTreeMap<Vec<usize>, Vec<String>> = BTreeMap::new();
    for host in hosts {
        classes.entry(oracle.indexes_over(&host)).or_default().push(host);
    }
    let of_class = |(over, hosts): (Vec<usize>, Vec<String>)| {
        let config = oracle.config;
        let rules: Vec<&'c Rule> =
            over.iter().filter_map(|index| config.residency.get(*index)).collect();
        HostValues {
            hosts,
            paths: paths(&rules, service),
            methods: methods(&rules),
            groups: countries::groups(&rules),
            rules,
        }
    };
    classes.into_iter().map(of_class).collect()
}

/// The kinds for the first host of a class, and two requests for each of the others.
pub(super) fn kinds(
    oracle: &Oracle<'_>,
    service: &Service,
    values: &HostValues<'_>,
    tenants: &[Option<String>],
) -> Vec<Kinds> {
    let maker = Maker::of(oracle, service, values, tenants);
    let hosts = values.hosts.iter().enumerate();
    hosts.map(|(index, host)| maker.kinds(host, index == 0)).collect()
}

/// What a form is made of.
#[derive(Clone)]
struct Parts<'v> {
    path: Option<&'v str>,
    tenant: Option<&'v str>,
    headers: Vec<(String, String)>,
}

struct Maker<'v> {
    oracle: &'v Oracle<'v>,
    service: &'v Service,
    values: &'v HostValues<'v>,
    tenants: &'v [Option<String>],
    headers: Vec<(String, Vec<String>)>,
    /// Nothing that a condition asks for.
    nothing: Parts<'v>,
    /// As much of it as can be there at once.
    everything: Parts<'v>,
}

impl<'v> Maker<'v> {
    fn of(
        oracle: &'v Oracle<'_>,
        service: &'v Service,
        values: &'v HostValues<'_>,
        tenants: &'v [Option<String>],
    ) -> Self {
        let headers = headers::values(values.rules.iter().map(|rule| &rule.when));
        let path = values.paths.iter().flatten().next().map(String::as_str);
        let nothing = Parts { path, tenant: None, headers: Vec::new() };
        let said = headers.iter().filter(|(name, _)| !names_tenant(service, name));
        // A repeated header is one list, of which each item was said.
        let said = said.map(|(name, texts)| (name.clone(), texts.join(", ")));
        let tenancy = service.steering.tenancy.as_ref();
        let reads_path = tenancy.is_some_and(|tenancy| tenancy.source.looks_at_path());
        // A path that nobody can read is under every rule about paths.
        let path = if reads_path { most_guarded(values) } else { None };
        let everything = Parts { path, tenant: None, headers: said.collect() };
        Self { oracle, service, values, tenants, headers, nothing, everything }
    }

    fn kinds(&self, host: &str, is_first: bool) -> Kinds {
        let mut forms = self.extremes(host);
        if is_first {
            let mut seen: BTreeSet<String> = forms.iter().map(|form| format!("{form:?}")).collect();
            let more = self.one_at_a_time().into_iter().chain(self.drawn());
            let more = more.flat_map(|parts| self.plain(host, &parts));
            let more = more.chain(self.told(host));
            forms.extend(more.filter(|form| seen.insert(format!("{form:?}"))));
        }
        forms.iter_mut().for_each(Form::spell);
        let HostValues { methods, groups, .. } = self.values;
        let groups = if is_first { groups.clone() } else { last_and_first(groups) };
        Kinds { forms, methods: methods.clone(), groups, headers_alone: true, alone: true }
    }

    fn extremes(&self, host: &str) -> Vec<Form> {
        let extremes = [&self.nothing, &self.everything].into_iter();
        extremes.flat_map(|parts| self.plain(host, parts).into_iter().take(1)).collect()
    }

    /// Each path, tenant and header, beside nothing and beside everything.
    fn one_at_a_time(&self) -> Vec<Parts<'v>> {
        let mut all = Vec::new();
        for beside in [&self.nothing, &self.everything] {
            let paths = self.values.paths.iter().map(Option::as_deref);
            all.extend(paths.map(|path| Parts { path, ..beside.clone() }));
            let tenants = self.tenants.iter().map(Option::as_deref);
            all.extend(tenants.map(|tenant| Parts { tenant, ..beside.clone() }));
            for (name, texts) in &self.headers {
                all.extend(texts.iter().map(|text| {
                    let mut parts = beside.clone();
                    parts.headers.retain(|(known, _)| known != name);
                    parts.headers.push((name.clone(), text.clone()));
                    parts
                }));
            }
        }
        all
    }

    fn drawn(&self) -> Vec<Parts<'v>> {
        let mut draw = Draw(1);
        let draws = (0..DRAWN).map(|_| {
            let said = self.headers.iter().filter_map(|(name, texts)| {
                let text = texts.get(draw.below(2 * texts.len()))?;
                Some((name.clone(), text.clone()))
            });
            let headers = said.collect();
            let path = self.values.paths.get(draw.below(self.values.paths.len()));
            let tenant = self.tenants.get(draw.below(self.tenants.len()));
            Parts {
                path: path.and_then(Option::as_deref),
                tenant: tenant.and_then(Option::as_deref),
                headers,
            }
        });
        draws.collect()
    }

    /// The form of these parts, with the silence of KV and witnesses.
    fn plain(&self, host: &str, parts: &Parts<'_>) -> Vec<Form> {
        self.with_pins(host, parts)
            .into_iter()
            .filter(|form| form.kv == Kv::Absent)
            .flat_map(|form| witnesses::with_witnesses(self.oracle.config, self.service, form, &[]))
            .collect()
    }

    /// Each pin of KV, and everything that witnesses may tell, beside nothing and beside
    /// everything.
    fn told(&self, host: &str) -> Vec<Form> {
        let config = self.oracle.config;
        let mut told = Vec::new();
        for beside in [&self.nothing, &self.everything] {
            for tenant in self.tenants.iter().map(Option::as_deref) {
                let pinned = self.with_pins(host, &Parts { tenant, ..beside.clone() });
                if pinned.len() > 1 {
                    told.extend(pinned.last().into_iter().flat_map(|form| self.heard(form)));
                    let silent = |form| witnesses::with_witnesses(config, self.service, form, &[]);
                    told.extend(pinned.into_iter().flat_map(silent));
                    // All unknown tenants are alike.
                    break;
                }
            }
            let form = self.plain(host, beside).into_iter().next();
            told.extend(form.iter().flat_map(|form| self.heard(form)));
        }
        told
    }

    /// Each group of countries, as told by each witness and by all.
    fn heard(&self, form: &Form) -> Vec<Form> {
        let groups = self.values.groups.iter().map(std::slice::from_ref);
        let config = self.oracle.config;
        let heard = groups
            .flat_map(|group| witnesses::with_witnesses(config, self.service, form.clone(), group));
        heard.collect()
    }

    fn with_pins(&self, host: &str, parts: &Parts<'_>) -> Vec<Form> {
        let form = Form::of(host, parts.path.map(str::to_owned), parts.headers.clone());
        tenants::with_tenant(self.oracle.config, self.service, form, parts.tenant)
    }
}

/// Whether a tenant is read from this header.
fn names_tenant(service: &Service, header: &str) -> bool {
    match service.steering.tenancy.as_ref().map(|tenancy| &tenancy.source) {
        Some(TenantSource::Header(name)) => name.eq_ignore_ascii_case(header),
        Some(TenantSource::Cookie(_)) => header == "cookie",
        Some(TenantSource::HostLabel(_) | TenantSource::PathSegment(_)) | None => false,
    }
}

/// The path that is under the most rules.
fn most_guarded<'v>(values: &'v HostValues<'_>) -> Option<&'v str> {
    let guarding = |path: &&String| {
        let patterns = values.rules.iter().filter_map(|rule| rule.when.paths.as_ref());
        patterns.filter(|patterns| patterns.iter().any(|one| one.matches(path))).count()
    };
    values.paths.iter().flatten().max_by_key(guarding).map(String::as_str)
}

/// Two groups stand for all where the first host of the class has them all.
fn last_and_first(groups: &[super::Group]) -> Vec<super::Group> {
    let unknown = groups.iter().find(|group| group.countries.contains(&None));
    let first = groups.first().filter(|group| !group.countries.contains(&None));
    first.into_iter().chain(unknown).cloned().collect()
}

/// The outputs of `SplitMix64`.
struct Draw(u64);

impl Draw {
    fn below(&mut self, below: usize) -> usize {
        let drawn = mix(self.0);
        self.0 = self.0.wrapping_add(GAMMA);
        usize::try_from(drawn >> 32).unwrap_or(0) % below.max(1)
    }
}
