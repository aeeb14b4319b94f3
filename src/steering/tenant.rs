//! Finds the tenant of a request, and where its data may be.
//!
//! An unknown tenant counts as no tenant, unless the service requires one. If the tenant may be in
//! KV but could not be read, the request is refused: it is unknown where its data may be.

use super::decision::Refusal;
use super::request::{KvPin, RequestFacts};
use crate::ids::TenantId;
use crate::residency::{RegionSet, TenantClaim, Testimony, normalise};
use crate::routes::{Serving, Table};

/// The tenant of a request.
#[derive(Debug, Default)]
pub(super) struct Tenanted<'t> {
    /// Its id, known or not: a rule may name a tenant that has no pin.
    pub(super) id: Option<TenantId>,
    /// The regions that it may be in; `None` if it is not pinned.
    pub(super) pin: Option<&'t RegionSet>,
    /// Its own country.
    pub(super) country: Testimony,
}

/// The tenant whose pin has to be read from KV before this request is decided.
#[must_use]
pub fn needs_pin(table: &Table, request: &RequestFacts<'_>) -> Option<TenantId> {
    let service = table.service(request.host)?;
    service.tenancy.as_ref().filter(|tenancy| tenancy.kv)?;
    let TenantClaim::Tenant(tenant) = claim(service, request) else { return None };
    table.book(request.now).pin(&tenant).is_none().then_some(tenant)
}

/// Finds the tenant and its pin. The second is a refusal, where there is one.
pub(super) fn identify<'t>(
    table: &'t Table,
    service: &Serving,
    request: &RequestFacts<'t>,
) -> (Tenanted<'t>, Option<Refusal>) {
    let Some(tenancy) = &service.tenancy else { return Default::default() };
    let id = match claim(service, request) {
        TenantClaim::None => None,
        TenantClaim::Tenant(tenant) => Some(tenant),
        TenantClaim::Unreadable => return (Tenanted::default(), Some(Refusal::UnknownTenant)),
    };
    let book = table.book(request.now);
    let listed = id.as_ref().and_then(|id| book.pin(id));
    let (pin, unread) = match (&id, listed, request.kv_pin) {
        (Some(_), None, KvPin::Is(pin)) if tenancy.kv => (Some(pin), false),
        (Some(_), None, KvPin::Unread) if tenancy.kv => (None, true),
        _ => (listed, false),
    };
    let refusal = if unread {
        Some(Refusal::TenantUnavailable)
    } else if tenancy.required && pin.is_none() {
        Some(Refusal::UnknownTenant)
    } else {
        None
    };
    let country = pin.map_or(Testimony::Silent, |pin| pin.country);
    (Tenanted { id, pin: pin.map(|pin| &pin.regions), country }, refusal)
}

fn claim(service: &Serving, request: &RequestFacts<'_>) -> TenantClaim {
    let Some(tenancy) = &service.tenancy else { return TenantClaim::None };
    let source = &tenancy.source;
    let path = if source.looks_at_path() { normalise(request.path) } else { None };
    source.find(request.host, path.as_deref(), request.header)
}
