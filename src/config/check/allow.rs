//! What rules and pins allow: resolves sets, countries and regions.

use super::{Checker, ENTRIES_MAX, under};
use crate::config::Region;
use crate::config::diagnostic::Code;
use crate::config::raw::CountryEntry;
use crate::ids::RegionId;
use crate::json::OneOrMany;
use crate::ordered::Map;
use crate::residency::{Allow, AllowEntry, AllowedCountry, sets};

/// The operator's own sets, by name.
pub(super) type Sets = Map<String, Allow>;

/// What an entry may name.
#[derive(Clone, Copy)]
pub(super) struct Nameable<'n> {
    pub(super) sets: &'n Sets,
    pub(super) regions: &'n Map<RegionId, Region>,
}

impl Checker<'_> {
    /// What a list of countries, sets and regions permits.
    pub(super) fn allow<E: AsRef<str>>(
        &mut self,
        path: &str,
        entries: &OneOrMany<E>,
        names: Nameable<'_>,
    ) -> Allow {
        let texts = entries.all.iter().map(AsRef::as_ref).collect::<Vec<_>>();
        self.listed(path, &texts, &|index| entries.path(path, index), names)
    }

    /// What a list of countries and sets names.
    pub(super) fn countries(
        &mut self,
        path: &str,
        entries: &OneOrMany<CountryEntry>,
        names: Nameable<'_>,
    ) -> Allow {
        self.allow(path, entries, Nameable { regions: &Map::new(), ..names })
    }

    /// If an entry has a mistake the result is empty, because the other entries alone would be
    /// misleading.
    fn listed(
        &mut self,
        path: &str,
        entries: &[&str],
        path_of: &dyn Fn(usize) -> String,
        names: Nameable<'_>,
    ) -> Allow {
        self.not_empty(path, entries.len());
        let mut allow = Allow::default();
        let mut is_known = !self.has_mistake(path);
        for (index, entry) in self.bounded(path, entries, ENTRIES_MAX) {
            let path = path_of(index);
            if entries.iter().take(index).any(|other| other == entry) {
                self.twice(path, entry);
            } else {
                is_known &= self.add(&path, entry, names, &mut allow);
            }
        }
        if !is_known {
            allow.forget();
        }
        allow
    }

    /// Adds what one entry permits. Returns whether the entry is valid.
    pub(super) fn add(
        &mut self,
        path: &str,
        entry: &str,
        names: Nameable<'_>,
        allow: &mut Allow,
    ) -> bool {
        let before = allow.members.len();
        match AllowEntry::of(entry) {
            AllowEntry::Everything => {
                allow.everywhere = true;
                return true;
            }
            kind if kind.is_ambiguous(names.regions.keys()) => {
                self.ambiguous(path, entry);
            }
            AllowEntry::Country(code) => {
                allow.members.extend(self.country(path, code).map(AllowedCountry::of));
            }
            AllowEntry::Set(name) => self.add_set(path, name, names.sets, allow),
            AllowEntry::Region(id) => return self.add_region(path, id, names, allow),
        }
        allow.members.len() > before
    }

    fn add_set(&mut self, path: &str, name: &str, sets: &Sets, allow: &mut Allow) {
        if let Some(set) = sets.get(name) {
            allow.members.extend(set.members.iter().cloned());
        } else if let Some(set) = sets::builtin(name) {
            allow.members.extend(set.members().map(AllowedCountry::from));
        } else if !self.is_written(&under("sets", name)) {
            let own = sets.keys().map(|name| ["@", name].concat());
            let built_in = sets::names().map(|name| ["@", name].concat());
            let known: Vec<String> = built_in.chain(own).collect();
            let entry = ["@", name].concat();
            self.unknown(path, "a set", &entry, known.iter().map(String::as_str));
        }
    }

    fn add_region(&mut self, path: &str, id: &str, names: Nameable<'_>, allow: &mut Allow) -> bool {
        if let Some(known) = names.regions.keys().find(|known| known.as_str() == id) {
            return allow.regions.insert(known.clone());
        }
        let is_set = sets::builtin(id).is_some() || names.sets.contains_key(id);
        if is_set {
            // The most frequent mistake is a set without its `@`.
            let known = names.regions.keys().map(RegionId::as_str).collect::<Vec<_>>().join(", ");
            let problem = format!("`{id}` is not a region");
            let hint = Some(["write `@", id, "`"].concat());
            self.report_with(path.to_owned(), Code::E006, problem, known, hint);
        } else {
            self.unknown(path, "a region", id, names.regions.keys().map(RegionId::as_str));
        }
        false
    }

    fn ambiguous(&mut self, path: &str, entry: &str) {
        let problem = format!("`{entry}` is a region, and two letters are a country");
        let code = entry.to_ascii_uppercase();
        let allowed = format!("`region:{entry}` for the region, `{code}` for the country");
        self.report(path, Code::E025, problem, &allowed);
    }
}
