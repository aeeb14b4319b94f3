//! The law of one table: rules, pins and sets, with the regions that they permit.

use super::document::RegionEntry;
use crate::country::Country;
use crate::ids::TenantId;
use crate::json;
use crate::ordered::Map;
use crate::residency::{Law, RegionSet};
use serde_json::Value;

/// Everything that says where data may be.
#[derive(Debug)]
pub struct LawBook {
    /// All rules.
    pub law: Law,
    pub(super) tenants: Map<TenantId, Pin>,
    pub(super) sets: Map<String, RegionSet>,
}

/// Where a tenant may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Pin(pub RegionSet);

impl LawBook {
    /// The pin of a tenant that the table names.
    #[must_use]
    pub fn pin(&self, tenant: &TenantId) -> Option<&Pin> {
        self.tenants.get(tenant)
    }

    /// Reads a pin from KV: `{"allow": ["DE", "@dach"]}`, or a single string. An entry that is
    /// unknown permits nothing. `None` if the text is not a pin.
    #[must_use]
    pub fn read_pin(&self, text: &str, regions: &[RegionEntry]) -> Option<Pin> {
        let value: Value = json::parse(text).ok()?;
        let allow = value.get("allow")?;
        let mut permitted = RegionSet::none();
        for entry in allow.as_array().map_or(std::slice::from_ref(allow), Vec::as_slice) {
            let entry = entry.as_str()?;
            if entry == "*" {
                permitted = RegionSet::all(regions.len());
            } else if let Some(set) = entry.strip_prefix('@').and_then(|name| self.sets.get(name)) {
                permitted = permitted.union(set);
            } else if let Ok(country) = Country::parse(entry) {
                let there = regions.iter().enumerate().filter(|(_, r)| r.country == country);
                there.for_each(|(index, _)| permitted.insert(index));
            }
        }
        Some(Pin(permitted))
    }
}
