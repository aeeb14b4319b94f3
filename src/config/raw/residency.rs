//! Rules, sets and tenants: which data may be where.

use super::monitors::RawHeader;
use super::texts::{AllowedEntry, CountryEntry, HeaderName, Method, RegionCountry, SetEntry};
use crate::geo::Continent;
use crate::ids::{RuleId, TenantId};
use crate::json::{OneOrMany, Reader, Shape, shape};
use crate::ordered::Map;
use crate::residency::{Mode, Pattern};
use crate::time::Timestamp;
use serde_json::Value;

shape! {
    /// One residency rule.
    pub(in crate::config) struct RawRule {
        /// Its id; refused clients see it.
        id: RuleId,
        /// Which requests it applies to. All conditions must hold; without conditions it applies to
        /// all.
        when: RawWhen,
        /// Countries and sets of the regions that it permits, and regions by their ids; `*` permits
        /// all.
        allow: OneOrMany<AllowedEntry>,
        /// `strict`: never broken, whatever is down. `preferred`: broken only if no region inside
        /// is usable.
        mode: Mode,
        /// The legal basis, in your own words.
        basis: Option<String>,
    }

    /// Which requests a rule applies to.
    pub(in crate::config) struct RawWhen {
        /// The client's country, or a set such as `@eea`.
        country: Option<OneOrMany<CountryEntry>>,
        /// The client's continent: AF, AN, AS, EU, NA, OC or SA.
        continent: Option<OneOrMany<Continent>>,
        /// The host of the request.
        host: Option<OneOrMany<String>>,
        /// The path: `/login`, or `/api/*`, which covers `/api` too.
        path: Option<OneOrMany<Pattern>>,
        /// The method.
        method: Option<OneOrMany<Method>>,
        /// The value of each request header; `true` for any value.
        header: Map<HeaderName, RawHeader> = Map::new(),
        /// The tenant.
        tenant: Option<OneOrMany<TenantId>>,
    }

    /// A tenant whose data is pinned.
    pub(in crate::config) struct RawTenant {
        /// Countries and sets of the regions that may hold it, and regions by their ids.
        allow: OneOrMany<AllowedEntry>,
        /// The legal basis or the contract.
        basis: Option<String>,
        /// Where the tenant is, for services with `second_witness.tenant`.
        country: Option<RegionCountry>,
    }

    /// A set with its source and its dates.
    pub(in crate::config) struct RawDatedSet {
        /// Countries or other sets. An own set among them must not itself contain an own set.
        members: Vec<SetEntry>,
        /// Where it comes from.
        source: Option<String>,
        /// When its members begin to count.
        effective_from: Option<Timestamp>,
        /// When they no longer count.
        expires: Option<Timestamp>,
    }
}

/// An operator's own set: a list, or a table with source and dates. The flag says whether it is a
/// table.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::config) struct RawSet(pub(in crate::config) RawDatedSet, pub(in crate::config) bool);

impl Shape for RawSet {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        if value.is_object() {
            return RawDatedSet::read(value, reader).map(|set| Self(set, true));
        }
        let members = Vec::read(value, reader)?;
        let set = RawDatedSet { members, source: None, effective_from: None, expires: None };
        Some(Self(set, false))
    }

    fn write(&self) -> Value {
        if self.1 { self.0.write() } else { self.0.members.write() }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut crate::json::schema::Definitions) -> Value {
        let dated = RawDatedSet::schema(definitions);
        let list = Vec::<SetEntry>::schema(definitions);
        serde_json::json!({"anyOf": [list, dated]})
    }
}
