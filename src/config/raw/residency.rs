//! Rules, sets and tenants: which data may be where.

use super::monitors::RawHeader;
use super::texts::{CountryEntry, HeaderName, Method, SetEntry};
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
        /// Its name; clients see it when they are refused.
        id: RuleId,
        /// Which requests it guards; every condition must hold, and without one it guards all.
        when: RawWhen,
        /// Countries and sets of the regions that it permits; `*` permits all.
        allow: OneOrMany<CountryEntry>,
        /// `strict`: never leave, whatever is down. `preferred`: leave only where nothing inside
        /// is usable.
        mode: Mode,
        /// The legal ground, in the operator's words.
        basis: Option<String>,
    }

    /// Which requests a rule guards.
    pub(in crate::config) struct RawWhen {
        /// The client's country, or a set such as `@eea`.
        country: Option<OneOrMany<CountryEntry>>,
        /// The client's continent: AF, AN, AS, EU, NA, OC or SA.
        continent: Option<OneOrMany<Continent>>,
        /// The host that is asked for.
        host: Option<OneOrMany<String>>,
        /// The path: `/login`, or `/api/*`, which covers `/api` too.
        path: Option<OneOrMany<Pattern>>,
        /// The method.
        method: Option<OneOrMany<Method>>,
        /// What each request header says; `true` where any value will do.
        header: Map<HeaderName, RawHeader> = Map::new(),
        /// The tenant.
        tenant: Option<OneOrMany<TenantId>>,
    }

    /// A tenant whose data is pinned.
    pub(in crate::config) struct RawTenant {
        /// Countries and sets of the regions that may hold it.
        allow: OneOrMany<CountryEntry>,
        /// The legal ground or the contract.
        basis: Option<String>,
    }

    /// A set with its source and its time.
    pub(in crate::config) struct RawDatedSet {
        /// Countries, or other sets; an own set among them names no own set itself.
        members: Vec<SetEntry>,
        /// Where it comes from.
        source: Option<String>,
        /// From when on its members count.
        effective_from: Option<Timestamp>,
        /// Until when they do.
        expires: Option<Timestamp>,
    }
}

/// An operator's own set: a list, or a table with source and time. The flag is whether it is a
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
