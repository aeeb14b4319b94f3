//! The law of one table: rules, pins and sets, with the regions that they permit.

use super::document::RegionEntry;
use super::pin::{self, BadPin, Pin, ReadPin};
use crate::ids::TenantId;
use crate::ordered::Map;
use crate::residency::{Law, RegionSet};

/// Everything that says where data may be.
#[derive(Debug)]
pub struct LawBook {
    /// All rules.
    pub law: Law,
    pub(super) tenants: Map<TenantId, Pin>,
    pub(super) sets: Map<String, RegionSet>,
}

impl LawBook {
    /// The pin of a tenant that the table names.
    #[must_use]
    pub fn pin(&self, tenant: &TenantId) -> Option<&Pin> {
        self.tenants.get(tenant)
    }

    /// The pins of all tenants that the table names.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn pins(&self) -> impl Iterator<Item = (&TenantId, &Pin)> {
        self.tenants.iter()
    }

    /// The sets that a pin in KV may name, with the regions that each permits.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn sets(&self) -> impl Iterator<Item = (&String, &RegionSet)> {
        self.sets.iter()
    }

    /// Reads a pin from KV: `{"allow": ["DE", "@dach", "us-east-1"]}`. An entry that is unknown
    /// permits nothing.
    /// Errors: [`BadPin`].
    pub fn read_pin(&self, text: &str, regions: &[RegionEntry]) -> Result<ReadPin, BadPin> {
        pin::read(text, regions, &self.sets)
    }
}
