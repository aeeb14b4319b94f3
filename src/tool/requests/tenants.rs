//! Tenants, placed where the service reads them.

use super::super::oracle::{Form, Kv, Oracle, ToldTenant};
use crate::config::{Config, Service};
use crate::country::Country;
use crate::ids::TenantId;
use crate::residency::TenantSource;
use std::collections::{BTreeMap, BTreeSet};

/// A text from which nobody can read a tenant for certain: it is no slug.
const GARBLED: &str = "a b";

/// No tenant, an unknown one, one that cannot be read where the source can say such a thing, and
/// one for each group of tenants that pins and rules treat alike.
pub(super) fn classes(oracle: &Oracle<'_>, service: &Service) -> Vec<Option<String>> {
    let Some(tenancy) = &service.steering.tenancy else { return vec![None] };
    let rules = &oracle.config.residency;
    let named = rules.iter().flat_map(|rule| rule.when.tenants.iter().flatten());
    let known: BTreeSet<&TenantId> = oracle.config.tenants.keys().chain(named).collect();
    let mut naming: BTreeMap<&TenantId, Vec<usize>> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        for tenant in rule.when.tenants.iter().flatten() {
            naming.entry(tenant).or_default().push(index);
        }
    }
    let mut seen = BTreeSet::new();
    let differ = known.iter().filter(|tenant| {
        let pin = oracle.listed(tenant).map(|pin| pin.iter().collect::<Vec<_>>());
        let country = oracle.config.tenant_countries.get(**tenant);
        seen.insert((pin, naming.get(**tenant), country))
    });
    let mut classes = vec![None];
    classes.extend(differ.map(|tenant| Some(tenant.to_string())));
    let mut unknown = "unknown".to_owned();
    while known.iter().any(|tenant| tenant.as_str() == unknown) {
        unknown.push('x');
    }
    classes.push(Some(unknown));
    if matches!(tenancy.source, TenantSource::Header(_) | TenantSource::Cookie(_)) {
        classes.push(Some(GARBLED.to_owned()));
    }
    classes
}

/// At most how many things a request may say of its tenant, the pins in KV counted.
pub(super) fn told_max(service: &Service, tenants: usize) -> usize {
    match &service.steering.tenancy {
        None => 1,
        // Tenants in the host are counted as hosts.
        Some(tenancy) if matches!(tenancy.source, TenantSource::HostLabel(_)) && !tenancy.kv => 1,
        Some(tenancy) if tenancy.kv => tenants + 2 + 2 * service.regions.len(),
        Some(_) => tenants,
    }
}

/// The form with the tenant, once for each possible KV pin of it. If host or path already name
/// another tenant, that one counts.
pub(in crate::tool) fn with_tenant(
    config: &Config,
    service: &Service,
    mut form: Form,
    tenant: Option<&str>,
) -> Vec<Form> {
    let Some(tenancy) = &service.steering.tenancy else { return vec![form] };
    if let Some(tenant) = tenant {
        // A host with another tenant in it is another host, with its own kinds.
        if !matches!(tenancy.source, TenantSource::HostLabel(_)) {
            present(&tenancy.source, &mut form, tenant);
        }
    }
    form.tenant = read(&tenancy.source, &form);
    let is_in_kv =
        tenancy.kv && form.tenant.id().is_some_and(|id| !config.tenants.contains_key(id));
    if !is_in_kv {
        return vec![form];
    }
    let regions = config.regions.iter().enumerate();
    let regions: Vec<_> = regions.filter(|(_, (id, _))| service.regions.contains(id)).collect();
    let countries: BTreeSet<Country> =
        regions.iter().map(|(_, (_, region))| region.country).collect();
    let by_region = regions.iter().map(|(index, _)| Kv::Region(*index));
    let pins = countries.into_iter().map(Kv::Country).chain(by_region);
    [Kv::Unread, Kv::Absent].into_iter().chain(pins).map(|kv| Form { kv, ..form.clone() }).collect()
}

/// Puts a tenant where the service reads it.
pub(in crate::tool) fn present(source: &TenantSource, form: &mut Form, tenant: &str) {
    let mut set = |name: &str, value: String| {
        form.headers.retain(|(known, _)| known != name);
        form.headers.push((name.to_owned(), value));
    };
    match source {
        TenantSource::Header(name) => set(&name.to_ascii_lowercase(), tenant.to_owned()),
        TenantSource::Cookie(name) => set("cookie", format!("{name}={tenant}")),
        TenantSource::HostLabel(label) => form.host = with_part(&form.host, '.', *label, tenant),
        TenantSource::PathSegment(segment) => {
            let path = form.path.as_deref().map(|path| path.trim_start_matches('/'));
            form.path = path.map(|path| format!("/{}", with_part(path, '/', *segment, tenant)));
        }
    }
}

/// The text with its part of this number, counted from 1, replaced. Missing parts become `x`.
fn with_part(text: &str, separator: char, number: u8, part: &str) -> String {
    let mut parts: Vec<&str> = text.split(separator).filter(|part| !part.is_empty()).collect();
    let number = usize::from(number).max(1);
    if parts.len() < number {
        parts.resize(number, "x");
    }
    if let Some(slot) = parts.get_mut(number - 1) {
        *slot = part;
    }
    parts.join(&separator.to_string())
}

/// The tenant in a form. This module wrote the form, so a plain reading suffices. What stands in a
/// header or a cookie and is no slug may be one to the origin; so may a segment of a path that
/// nobody can read.
fn read(source: &TenantSource, form: &Form) -> ToldTenant {
    if source.looks_at_path() && form.path.is_none() {
        return ToldTenant::Unreadable;
    }
    let Some(text) = text(source, form).filter(|text| !text.is_empty()) else {
        return ToldTenant::Nothing;
    };
    match (TenantId::parse(&text.to_ascii_lowercase()), source) {
        (Ok(id), _) => ToldTenant::Tenant(id),
        (Err(_), TenantSource::Header(_) | TenantSource::Cookie(_)) => ToldTenant::Unreadable,
        (Err(_), TenantSource::HostLabel(_) | TenantSource::PathSegment(_)) => ToldTenant::Nothing,
    }
}

fn text(source: &TenantSource, form: &Form) -> Option<String> {
    match source {
        TenantSource::Header(name) => form.header(&name.to_ascii_lowercase()),
        TenantSource::Cookie(name) => {
            let cookie = form.header("cookie");
            cookie.and_then(|cookie| Some(cookie.strip_prefix(&format!("{name}="))?.to_owned()))
        }
        TenantSource::HostLabel(label) => {
            let index = usize::from(label.checked_sub(1)?);
            form.host.split('.').nth(index).map(str::to_owned)
        }
        TenantSource::PathSegment(segment) => {
            form.path.as_ref()?.split('/').nth(usize::from(*segment)).map(str::to_owned)
        }
    }
}
