//! What second witnesses may tell of a client's country.

use super::super::oracle::{Form, Kv, ToldTenant};
use super::countries::Group;
use crate::config::{Config, SecondWitness, Service};
use crate::country::Country;

/// The value of a header that is no country.
pub(in crate::tool) const GARBLED: &str = "??";

/// At most how many things witnesses may tell together.
pub(super) fn told_max(service: &Service, groups: usize) -> usize {
    let Some(asks) = &service.steering.second_witness else { return 1 };
    let by_header = if asks.header.is_some() { groups + 2 } else { 1 };
    let by_tenant = if asks.tenant { groups + 1 } else { 1 };
    by_header.saturating_mul(by_tenant)
}

/// The form, once for each thing that a witness may tell: nothing, one country of each group that
/// rules tell apart, and, in a header, what is no country.
pub(in crate::tool) fn with_witnesses(
    config: &Config,
    service: &Service,
    form: Form,
    groups: &[Group],
) -> Vec<Form> {
    let Some(asks) = &service.steering.second_witness else { return vec![form] };
    let countries: Vec<Country> = groups.iter().filter_map(Group::first).collect();
    let mut forms = vec![form];
    if let Some(name) = &asks.header {
        let told = countries.iter().map(Country::to_string).chain([GARBLED.to_owned()]);
        let told: Vec<Option<String>> = [None].into_iter().chain(told.map(Some)).collect();
        forms = each(&forms, &told, |form, value| {
            form.headers.retain(|(known, _)| known != name);
            form.headers.extend(value.clone().map(|value| (name.clone(), value)));
        });
    }
    let is_pinned = forms.iter().any(|form| matches!(form.kv, Kv::Country(_) | Kv::Region(_)));
    if asks.tenant && is_pinned {
        let told: Vec<Option<Country>> =
            [None].into_iter().chain(countries.into_iter().map(Some)).collect();
        forms = each(&forms, &told, |form, country| form.kv_country = *country);
    }
    for form in &mut forms {
        form.witnesses = heard(config, asks, form);
    }
    forms
}

/// Each form with each of these things told.
fn each<T>(forms: &[Form], told: &[T], tell: impl Fn(&mut Form, &T)) -> Vec<Form> {
    let of_form = |form: &Form| -> Vec<Form> {
        let with = |told: &T| {
            let mut form = form.clone();
            tell(&mut form, told);
            form
        };
        told.iter().map(with).collect()
    };
    forms.iter().flat_map(of_form).collect()
}

/// What the witnesses of a form tell, in a plain reading.
fn heard(config: &Config, asks: &SecondWitness, form: &Form) -> Vec<Option<Country>> {
    let mut heard = Vec::new();
    let said = asks.header.as_ref().and_then(|name| form.header(name));
    if let Some(said) = said.filter(|said| !said.is_empty()) {
        heard.push(Country::parse(&said).ok());
    }
    if let (true, ToldTenant::Tenant(tenant)) = (asks.tenant, &form.tenant) {
        let told = config.tenant_countries.get(tenant).copied().or(form.kv_country);
        heard.extend(told.map(Some));
    }
    if heard.is_empty() && asks.required {
        heard.push(None);
    }
    heard
}
