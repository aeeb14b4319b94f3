//! How large the routing table of a config can become, told before it is written.
//!
//! A short config can have a long table: 5,000 pins that permit 100 regions each are 500,000 names
//! of regions. The figure is a bound over every state and every instant: all origins are listed,
//! and what a membership permits at some time is permitted. So a config is judged once, without a
//! clock, and no table of it grows beyond the limit later. Entries are measured one by one, so
//! nothing of that size is ever built.

use super::compile;
use crate::config::{Admin, Code, Config, Diagnostic, Region};
use crate::fingerprint::Fingerprint;
use crate::ids::RegionId;
use crate::json::Shape;
use crate::ordered::Map;
use crate::residency::{Allow, AllowedCountry, Rule, sets};
use crate::routes::{LastingEntry, ROUTES_BYTES_MAX, Routes, VERSION};
use crate::state::State;
use crate::time::Timestamp;
use crate::view::{ServiceStanding, View};
use serde_json::Value;

/// What one region of one service takes beyond what it takes while nothing is known: a latency, a
/// lag, the percentage of a return, and the brackets of a second list of origins, each on a line of
/// its own.
const FIGURES_BYTES: usize = 192;
/// The region that a service prefers by order, which is absent where nothing is known.
const PREFERRED_BYTES: usize = 128;
/// Line ends and brackets of the table's lists, which are empty where they are measured.
const BRACKETS_BYTES: usize = 128;

/// What the bytes of a table are spent on.
struct TablePart {
    /// Where in the config.
    path: &'static str,
    what: &'static str,
    hint: &'static str,
    bytes: usize,
}

/// What is wrong with a config whose table could be too large to be written; `None` where every
/// table of it can be.
#[must_use]
pub fn table_too_large(config: &Config) -> Option<Diagnostic> {
    let parts = parts(config);
    let total: usize = parts.iter().map(|part| part.bytes).sum();
    if total <= ROUTES_BYTES_MAX {
        return None;
    }
    let TablePart { path, what, hint, bytes } = parts.into_iter().max_by_key(|part| part.bytes)?;
    Some(Diagnostic {
        path: path.to_owned(),
        code: Code::E024,
        problem: format!("the routing table can have {total} bytes, of which {what} take {bytes}"),
        allowed: format!("at most {ROUTES_BYTES_MAX} bytes of routing table"),
        hint: Some(hint.to_owned()),
    })
}

/// The whole table, part by part.
fn parts(config: &Config) -> [TablePart; 5] {
    let state = State::default();
    let view = View::new(config, &state, Timestamp::default());
    let view = &view;
    let law = LawSize::of(view);
    let regions = config.regions.iter();
    let regions = regions.map(|(id, region)| item(1, &compile::region_entry(id, region).write()));
    [
        TablePart {
            path: "regions",
            what: "regions",
            hint: "name fewer regions",
            bytes: frame(config.admin.as_ref()) + regions.sum::<usize>(),
        },
        TablePart {
            path: "services",
            what: "services with their regions and origins",
            hint: "name fewer regions in each service, or give them shorter ids",
            bytes: view.services().map(|standing| service(view, &standing)).sum(),
        },
        TablePart {
            path: "residency",
            what: "rules with the regions that each permits",
            hint: "join rules that say the same, or give regions shorter ids",
            bytes: config.residency.iter().map(|rule| law.rule(view, rule)).sum(),
        },
        TablePart {
            path: "tenants",
            what: "tenants with the regions that each permits",
            hint: "keep tenants in KV, one key `tenant:<id>` each",
            bytes: law.named(config.tenants.iter().map(|(id, allow)| (id.as_str(), allow)))
                + countries(config),
        },
        TablePart {
            path: "sets",
            what: "sets with the regions that each permits",
            hint: "keep only the sets that tenants in KV name, or give regions shorter ids",
            bytes: law.sets(view),
        },
    ]
}

/// The countries of tenants.
fn countries(config: &Config) -> usize {
    let told = compile::tenant_countries(config);
    told.iter().map(|(id, country)| keyed(1, id.as_str(), &country.write())).sum()
}

fn service(view: &View<'_>, standing: &ServiceStanding<'_>) -> usize {
    keyed(1, standing.id.as_str(), &compile::service_entry(view, standing).write())
        + standing.service.regions.len() * FIGURES_BYTES
        + PREFERRED_BYTES
}

/// What rules, pins and sets permit at some time.
struct LawSize<'c> {
    config: &'c Config,
    /// Whether a membership ends. Then the table says everything twice: as of now, and from then
    /// on.
    ends: bool,
}

impl<'c> LawSize<'c> {
    fn of(view: &View<'c>) -> Self {
        let config = view.config;
        let allows = config.residency.iter().map(|rule| &rule.allow);
        let mut allows = allows.chain(config.tenants.values()).chain(config.sets.values());
        let ends = |country: &AllowedCountry| country.expires.is_some();
        let has_end = allows.any(|allow| allow.members.iter().any(ends));
        // Pins in KV may name any set that is built in, and memberships of those may end.
        Self { config, ends: has_end || compile::knows_kv_tenants(view) }
    }

    fn permitted(&self, allow: &Allow) -> Value {
        let permits =
            |(id, region): &(&RegionId, &Region)| allow.permits_at_some_time(region.place(id));
        let regions = self.config.regions.iter().filter(permits);
        regions.map(|(id, _)| id.clone()).collect::<Vec<RegionId>>().write()
    }

    fn rule(&self, view: &View<'_>, rule: &Rule) -> usize {
        let permitted = self.permitted(&rule.allow);
        let lasting = if self.ends { item(2, &permitted) } else { 0 };
        let mut written = compile::rule_entry(view, rule).write();
        if let Some(object) = written.as_object_mut() {
            object.insert("permits".to_owned(), permitted);
        }
        item(1, &written) + lasting
    }

    fn named<'n>(&self, allows: impl Iterator<Item = (&'n str, &'n Allow)>) -> usize {
        let list = |(name, allow): (&str, &Allow)| {
            let permitted = self.permitted(allow);
            let lasting = if self.ends { keyed(2, name, &permitted) } else { 0 };
            keyed(1, name, &permitted) + lasting
        };
        allows.map(list).sum()
    }

    fn sets(&self, view: &View<'_>) -> usize {
        if !compile::knows_kv_tenants(view) {
            return 0;
        }
        let builtin = sets::names().map(|name| {
            let members = sets::builtin(name).into_iter().flat_map(sets::NamedSet::members);
            let allow = Allow::of(members.map(Into::into));
            self.named(std::iter::once((name, &allow)))
        });
        let own = self.config.sets.iter().map(|(name, allow)| (name.as_str(), allow));
        self.named(own) + builtin.sum::<usize>()
    }
}

/// A table of nothing but the admin API.
fn frame(admin: Option<&Admin>) -> usize {
    let lasting = LastingEntry { rules: Vec::new(), tenants: Map::new(), sets: Map::new() };
    let empty = Routes {
        version: VERSION,
        generation: u64::MAX,
        as_of: Timestamp::default(),
        config: Fingerprint::of(b""),
        law: Fingerprint::of(b""),
        regions: Vec::new(),
        services: Map::new(),
        rules: Vec::new(),
        tenants: Map::new(),
        sets: Map::new(),
        tenant_countries: Map::new(),
        admin: admin.cloned(),
        law_until: Some(Timestamp::default()),
        lasting: Some(lasting),
    };
    pretty_bytes(&empty.write(), 0) + BRACKETS_BYTES
}

/// An item of a list that is `depth` deep itself, with its line.
fn item(depth: usize, value: &Value) -> usize {
    indent(depth + 1) + pretty_bytes(value, depth + 1) + 2
}

/// An entry of a table that is `depth` deep itself, with its line.
fn keyed(depth: usize, key: &str, value: &Value) -> usize {
    text_bytes(key) + 2 + item(depth, value)
}

/// The bytes of a value as it is written for people, at a depth.
fn pretty_bytes(value: &Value, depth: usize) -> usize {
    let closed = |entries: usize| entries + 2 + indent(depth);
    match value {
        Value::Array(items) if !items.is_empty() => {
            closed(items.iter().map(|value| item(depth, value)).sum())
        }
        Value::Object(entries) if !entries.is_empty() => {
            closed(entries.iter().map(|(key, value)| keyed(depth, key, value)).sum())
        }
        Value::String(text) => text_bytes(text),
        other => other.to_string().len(),
    }
}

fn indent(depth: usize) -> usize {
    2 * depth
}

fn text_bytes(text: &str) -> usize {
    Value::from(text).to_string().len()
}

#[cfg(test)]
mod tests;
