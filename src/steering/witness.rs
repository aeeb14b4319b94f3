//! Hears the second witnesses of a request.

use super::request::RequestFacts;
use super::tenant::Tenanted;
use crate::residency::{Testimony, Witness, WitnessKind};
use crate::routes::Serving;

/// What the witnesses tell that the service asks for. Nothing, and no work, if it asks for none.
pub(super) fn witnesses(
    service: &Serving,
    request: &RequestFacts<'_>,
    tenant: &Tenanted<'_>,
) -> Vec<Witness> {
    let Some(asks) = &service.second_witness else { return Vec::new() };
    let said = asks.header.as_ref().and_then(|name| (request.header)(name));
    let by_header = Testimony::of(said.as_deref()).told_by(WitnessKind::Header);
    let by_tenant = tenant.country.told_by(WitnessKind::Tenant).filter(|_| asks.tenant);
    let mut told: Vec<Witness> = by_header.into_iter().chain(by_tenant).collect();
    if told.is_empty() && asks.required {
        told.push(Witness { by: WitnessKind::Missing, country: None });
    }
    told
}
