//! All rules, compiled so that a request is judged quickly.
//!
//! Applying the rules one by one would cost every request a check of every rule. But most rules
//! look only at host and country, and there are only 250 countries. So each host gets **classes**
//! of countries when the table is compiled: countries under the same rules, with the regions that
//! these permit together. A decision looks up one class. Besides, it only checks the rules of that
//! class with a condition on path, method or header, and those that name its tenant.

use super::rule::wildcard_of;
use super::{Mode, RegionSet, RuleFacts, When, normalise};
use crate::country::{COUNTRIES, Country};
use crate::ids::{RuleId, TenantId};
use crate::ordered::{Map, Set};
use std::cell::OnceCell;

/// One rule with the regions that it permits now, by their indexes in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct CompiledRule {
    /// Its name.
    pub id: RuleId,
    /// Which requests it guards.
    pub when: When,
    /// Whether it may be broken if no region inside is usable.
    pub mode: Mode,
    /// The regions that it permits.
    pub permits: RegionSet,
    /// The legal basis, in the operator's words.
    pub basis: Option<String>,
}

/// All rules, indexed by host, country and tenant.
#[derive(Debug)]
pub struct Law {
    rules: Vec<CompiledRule>,
    by_host: Map<String, HostLaw>,
    elsewhere: HostLaw,
}

/// The rules over one host.
#[derive(Debug)]
struct HostLaw {
    /// The class of each country by its index; the last entry is for an unknown country.
    class_of: Vec<u16>,
    classes: Vec<Class>,
    by_tenant: Map<TenantId, Vec<usize>>,
    /// Whether a rule over the host looks at paths.
    looks_at_paths: bool,
}

/// Countries under the same rules of one host.
#[derive(Debug)]
struct Class {
    /// The regions that all strict rules permit that always match in this class.
    permitted: RegionSet,
    /// The rules that always match in this class.
    settled: Vec<usize>,
    /// How many preferred rules each region breaks, of those that always match in this class. By
    /// the region's index; 0 beyond the end of the list.
    reluctance: Vec<u64>,
    /// The rules with conditions beyond host and country.
    conditional: Vec<usize>,
}

/// What the rules say about one request.
#[derive(Debug)]
pub struct Ruling<'l> {
    /// The regions that every strict rule permits.
    pub permitted: RegionSet,
    law: &'l Law,
    class: &'l Class,
    conditional: Vec<usize>,
}

impl Law {
    /// Indexes the rules for a table of `regions` regions.
    #[must_use]
    pub fn of(rules: Vec<CompiledRule>, regions: usize) -> Self {
        let hosts = Set::of(rules.iter().flat_map(|rule| rule.when.hosts.iter().flatten()));
        let host_law = |host: &str| HostLaw::of(&rules, host, regions);
        let by_host = Map::of(hosts.into_iter().map(|host| (host.clone(), host_law(host))));
        // No rule names the empty host, so it stands for every host that no rule names.
        let elsewhere = host_law("");
        Self { rules, by_host, elsewhere }
    }

    /// All rules, in the order of the table.
    #[must_use]
    pub fn rules(&self) -> &[CompiledRule] {
        &self.rules
    }

    /// Applies every rule that matches the request.
    #[must_use]
    pub fn judge<'l>(&'l self, facts: &RuleFacts<'_>) -> Ruling<'l> {
        let over = self.over(facts.host);
        let class = over.class(facts.country);
        let named = facts.tenant.and_then(|tenant| over.by_tenant.get(tenant));
        let path = OnceCell::new();
        let guards = |when: &When| {
            let normal = || path.get_or_init(|| normalise(facts.path)).as_deref();
            let path = when.paths.as_ref().and_then(|_| normal());
            when.guards_client(facts) && when.guards_request(path, facts)
        };
        let permitted = class.permitted.clone();
        let mut ruling = Ruling { permitted, law: self, class, conditional: Vec::new() };
        for index in class.conditional.iter().chain(named.into_iter().flatten()) {
            ruling.add_if(*index, &guards);
        }
        // What a second witness tells can only add rules, each once.
        for class in facts.witnesses.iter().map(|witness| over.class(witness.country)) {
            ruling.permitted.intersect(&class.permitted);
            for index in class.settled.iter().chain(&class.conditional) {
                if !ruling.has(*index) {
                    ruling.add_if(*index, &guards);
                }
            }
        }
        ruling
    }

    /// Whether a rule over this host looks at paths.
    #[must_use]
    pub fn looks_at_paths(&self, host: &str) -> bool {
        self.over(host).looks_at_paths
    }

    /// How the rules over a host are filed, for whoever checks that.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn filed(&self, host: &str) -> Filed<'_> {
        Filed(self.over(host))
    }

    fn over(&self, host: &str) -> &HostLaw {
        if self.by_host.is_empty() {
            return &self.elsewhere;
        }
        let exact = self.by_host.get(host);
        let found = exact.or_else(|| wildcard_of(host).and_then(|name| self.by_host.get(&name)));
        found.unwrap_or(&self.elsewhere)
    }
}

impl HostLaw {
    fn of(rules: &[CompiledRule], host: &str, regions: usize) -> Self {
        let over = || rules.iter().enumerate().filter(|(_, rule)| rule.when.guards_host(host));
        let (settled, named): (Vec<_>, Vec<_>) =
            over().partition(|(_, rule)| rule.when.tenants.is_none());
        let mut by_tenant: Map<TenantId, Vec<usize>> = Map::new();
        for (index, rule) in named {
            for tenant in rule.when.tenants.iter().flatten() {
                by_tenant.insert_if_absent(tenant.clone(), Vec::new());
                by_tenant.get_mut(tenant).into_iter().for_each(|rules| rules.push(index));
            }
        }
        let class_of = classes(settled.iter().map(|(_, rule)| &rule.when));
        let mut classes: Vec<Class> = Vec::new();
        for (country, class) in class_of.iter().enumerate() {
            if usize::from(*class) == classes.len() {
                let country = u8::try_from(country).ok().and_then(Country::from_index);
                classes.push(Class::of(&settled, country, regions));
            }
        }
        let looks_at_paths = over().any(|(_, rule)| rule.when.paths.is_some());
        Self { class_of, classes, by_tenant, looks_at_paths }
    }

    fn class(&self, country: Option<Country>) -> &Class {
        // If the index were wrong, nothing would be permitted.
        static NOTHING: Class = Class {
            permitted: RegionSet::none(),
            settled: Vec::new(),
            reluctance: Vec::new(),
            conditional: Vec::new(),
        };
        let index = country.map_or(COUNTRIES, |country| usize::from(country.index()));
        let class =
            self.class_of.get(index).and_then(|class| self.classes.get(usize::from(*class)));
        class.unwrap_or(&NOTHING)
    }
}

/// The rules over one host, as they are filed.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, Clone, Copy)]
pub struct Filed<'l>(&'l HostLaw);

/// The rules of one class of countries, as they are filed.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, Clone, Copy)]
pub struct FiledClass<'l> {
    /// The regions that all strict rules permit that always match in the class.
    pub permitted: &'l RegionSet,
    /// The rules that always match in the class.
    pub settled: &'l [usize],
    /// The rules of the class with conditions beyond host and country.
    pub conditional: &'l [usize],
}

#[cfg(not(target_arch = "wasm32"))]
impl<'l> Filed<'l> {
    /// Whether both are the same file, so that what is true of one is true of the other.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }

    /// The class of a country.
    #[must_use]
    pub fn class(&self, country: Option<Country>) -> FiledClass<'l> {
        let Class { permitted, settled, conditional, .. } = self.0.class(country);
        FiledClass { permitted, settled, conditional }
    }

    /// The rules that name each tenant.
    pub fn by_tenant(&self) -> impl Iterator<Item = (&'l TenantId, &'l [usize])> {
        self.0.by_tenant.iter().map(|(tenant, rules)| (tenant, rules.as_slice()))
    }
}

/// The class of each country, and of an unknown one at the end. Two countries are in one class if
/// every condition on the country treats them alike. Classes are numbered in order of appearance.
fn classes<'w>(conditions: impl Iterator<Item = &'w When>) -> Vec<u16> {
    let mut class_of = vec![0_u16; COUNTRIES + 1];
    for when in conditions {
        if when.countries.is_none() {
            continue;
        }
        // The number of each part, at twice its old class, and one more where the condition holds.
        let mut numbers: Vec<Option<u16>> = Vec::new();
        let mut next = 0_u16;
        for (index, class) in class_of.iter_mut().enumerate() {
            let country = u8::try_from(index).ok().and_then(Country::from_index);
            let part = usize::from(*class) * 2 + usize::from(when.guards_country(country));
            if numbers.len() <= part {
                numbers.resize(part + 1, None);
            }
            if let Some(number) = numbers.get_mut(part) {
                *class = *number.get_or_insert_with(|| {
                    next += 1;
                    next - 1
                });
            }
        }
    }
    class_of
}

impl Class {
    fn of(over: &[(usize, &CompiledRule)], country: Option<Country>, regions: usize) -> Self {
        let mut class = Self {
            permitted: RegionSet::all(regions),
            settled: Vec::new(),
            reluctance: Vec::new(),
            conditional: Vec::new(),
        };
        for (index, rule) in over.iter().filter(|(_, rule)| rule.when.guards_country(country)) {
            if rule.when.looks_at_request() {
                class.conditional.push(*index);
            } else {
                class.settled.push(*index);
                class.apply(rule, regions);
            }
        }
        class
    }

    fn apply(&mut self, rule: &CompiledRule, regions: usize) {
        if rule.mode == Mode::Strict {
            return self.permitted.intersect(&rule.permits);
        }
        self.reluctance.resize(regions, 0);
        for (region, count) in self.reluctance.iter_mut().enumerate() {
            *count += u64::from(!rule.permits.contains(region));
        }
    }
}

impl<'l> Ruling<'l> {
    fn has(&self, index: usize) -> bool {
        self.class.settled.contains(&index) || self.conditional.contains(&index)
    }

    fn add_if(&mut self, index: usize, guards: &impl Fn(&When) -> bool) {
        let Some(rule) = self.law.rules.get(index).filter(|rule| guards(&rule.when)) else {
            return;
        };
        if rule.mode == Mode::Strict {
            self.permitted.intersect(&rule.permits);
        }
        self.conditional.push(index);
    }

    /// The rules that match the request.
    pub fn rules(&self) -> impl Iterator<Item = &'l CompiledRule> {
        let law = self.law;
        let indexes = self.class.settled.iter().chain(&self.conditional);
        indexes.filter_map(|index| law.rules.get(*index)).collect::<Vec<_>>().into_iter()
    }

    /// Whether no preferred rule guards the request, so that no region breaks one.
    #[must_use]
    pub fn is_impartial(&self) -> bool {
        let is_preferred = |index: &usize| {
            self.law.rules.get(*index).is_some_and(|rule| rule.mode == Mode::Preferred)
        };
        self.class.reluctance.is_empty() && !self.conditional.iter().any(is_preferred)
    }

    /// How many preferred rules a region breaks.
    #[must_use]
    pub fn reluctance(&self, region: usize) -> u64 {
        let breaks = |index: &&usize| {
            let rule = self.law.rules.get(**index);
            rule.is_some_and(|rule| rule.mode == Mode::Preferred && !rule.permits.contains(region))
        };
        let settled = self.class.reluctance.get(region).copied().unwrap_or(0);
        let conditional = self.conditional.iter().filter(breaks).count();
        settled.saturating_add(u64::try_from(conditional).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests;
