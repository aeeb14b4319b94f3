//! Rules, sets and tenants: resolves names into places and conditions.

use super::allow::{Nameable, Sets};
use super::{Checker, item, under};
use crate::config::diagnostic::Code;
use crate::config::raw::{Method, RawRule, RawSet, RawTenant, RawWhen, SetName};
use crate::config::{RULES_MAX, SETS_MAX, TENANTS_MAX};
use crate::country::Country;
use crate::ids::TenantId;
use crate::json::{OneOrMany, nearest};
use crate::ordered::{Map, Set};
use crate::residency::{Allow, CountrySet, Rule, When, sets};

/// Most hosts that one rule can name.
const RULE_HOSTS_MAX: usize = 5_000;

/// The methods that HTTP knows. Source: RFC 9110 §9, RFC 5789.
const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];

impl Checker<'_> {
    /// The operator's own sets. An own set may contain built-in sets, and own sets that contain no
    /// own set.
    pub(super) fn own_sets(&mut self, raw: &Map<SetName, RawSet>) -> Sets {
        self.at_most("sets", raw.len(), SETS_MAX);
        let is_own = |name: &str| raw.keys().any(|own| own.0 == name);
        let is_simple = |set: &RawSet| {
            let mut names = set.0.members.iter().filter_map(|member| set_name(&member.0));
            !names.any(is_own)
        };
        let (simple, composed): (Vec<_>, Vec<_>) = raw.iter().partition(|(_, set)| is_simple(set));
        let mut sets = Map::new();
        for (name, set) in simple {
            let built = self.set(&name.0, set, &sets);
            sets.insert(name.0.clone(), built);
        }
        let simple = sets.clone();
        for (name, set) in composed {
            for (index, member) in set.0.members.iter().enumerate() {
                let own = set_name(&member.0).filter(|own| is_own(own));
                if own.is_some_and(|own| !simple.contains_key(own)) {
                    let problem = format!("`{}` itself contains one of your own sets", member.0);
                    let allowed = "countries, built-in sets, and own sets that contain no own set";
                    self.report(Self::member(&name.0, set, index), Code::E015, problem, allowed);
                }
            }
            let built = self.set(&name.0, set, &simple);
            sets.insert(name.0.clone(), built);
        }
        sets
    }

    fn member(name: &str, set: &RawSet, index: usize) -> String {
        let members = if set.1 { ".members" } else { "" };
        format!("sets.{name}{members}[{index}]")
    }

    fn set(&mut self, name: &str, raw: &RawSet, sets: &Sets) -> Allow {
        let path = under("sets", name);
        if sets::builtin(name).is_some() {
            let problem = format!("`{name}` is a built-in set");
            self.report(&path, Code::E005, problem, "another name");
        }
        let mut is_known = !self.has_mistake(&path);
        let set = &raw.0;
        if let (Some(from), Some(until)) = (set.effective_from, set.expires)
            && from >= until
        {
            let problem = format!("it expires at {until}, but takes effect only at {from}");
            self.report(
                under(&path, "expires"),
                Code::E014,
                problem,
                "later than `effective_from`",
            );
        }
        let members = if raw.1 { under(&path, "members") } else { path.clone() };
        self.not_empty(&members, set.members.len());
        // A set says where a law applies, and so names no region.
        let regions = &Map::new();
        let mut allow = Allow::default();
        for (index, member) in set.members.iter().enumerate() {
            let path = Self::member(name, raw, index);
            is_known &= self.add(&path, &member.0, Nameable { sets, regions }, &mut allow);
        }
        if !is_known {
            allow.forget();
        }
        for member in &mut allow.members {
            let begins = [member.effective_from, set.effective_from];
            member.effective_from = begins.into_iter().flatten().max();
            let ends = [member.expires, set.expires];
            member.expires = ends.into_iter().flatten().min();
        }
        allow
    }

    pub(super) fn tenants(
        &mut self,
        raw: &Map<TenantId, RawTenant>,
        nameable: Nameable<'_>,
    ) -> Map<TenantId, Allow> {
        self.at_most("tenants", raw.len(), TENANTS_MAX);
        let mut tenants = Map::new();
        for (id, tenant) in raw {
            let allow = self.allow(&format!("tenants.{id}.allow"), &tenant.allow, nameable);
            tenants.insert(id.clone(), allow);
        }
        tenants
    }

    pub(super) fn rules(&mut self, raw: &[RawRule], nameable: Nameable<'_>) -> Vec<Rule> {
        self.at_most("residency", raw.len(), RULES_MAX);
        let mut seen = Set::new();
        let mut rules = Vec::new();
        for (index, rule) in raw.iter().enumerate() {
            let path = item("residency", index);
            if !seen.insert(rule.id.clone()) {
                let problem = format!("rule id `{}` is already used", rule.id);
                self.report(under(&path, "id"), Code::E005, problem, "a unique id");
            }
            let mut allow = self.allow(&under(&path, "allow"), &rule.allow, nameable);
            if allow.everywhere {
                let problem = "`*` permits every region, so the rule has no effect";
                let allowed = "the countries, sets and regions where the data may be";
                self.report(under(&path, "allow"), Code::E022, problem, allowed);
            }
            if self.has_mistake(&under(&path, "when")) {
                // The rule matches more or less than was meant.
                allow.forget();
            }
            rules.push(Rule {
                id: rule.id.clone(),
                when: self.when(&under(&path, "when"), &rule.when, nameable),
                allow,
                mode: rule.mode,
                basis: rule.basis.clone(),
            });
        }
        rules
    }

    fn when(&mut self, path: &str, raw: &RawWhen, nameable: Nameable<'_>) -> When {
        let at = |key: &str| under(path, key);
        let lens = [
            ("continent", raw.continent.as_ref().map(|list| list.all.len())),
            ("host", raw.host.as_ref().map(|list| list.all.len())),
            ("path", raw.path.as_ref().map(|list| list.all.len())),
            ("method", raw.method.as_ref().map(|list| list.all.len())),
            ("tenant", raw.tenant.as_ref().map(|list| list.all.len())),
        ];
        for (key, len) in lens {
            self.not_empty(&at(key), len.unwrap_or(1));
        }
        When {
            countries: self.guarded_countries(path, raw, nameable),
            hosts: raw.host.as_ref().map(|hosts| {
                let named = self.bounded(&at("host"), &hosts.all, RULE_HOSTS_MAX);
                Set::of(named.filter_map(|(i, host)| self.host(&hosts.path(&at("host"), i), host)))
            }),
            paths: raw.path.as_ref().map(|paths| paths.all.clone()),
            methods: raw.method.as_ref().map(|methods| self.methods(&at("method"), methods)),
            headers: self.headers(&at("header"), &raw.header),
            tenants: raw.tenant.as_ref().map(|tenants| {
                let named = self.bounded(&at("tenant"), &tenants.all, TENANTS_MAX);
                Set::of(named.map(|(_, tenant)| tenant.clone()))
            }),
        }
    }

    /// The countries that a rule guards. Every country of a set counts, whatever its dates and
    /// conditions: guarding too much only narrows.
    fn guarded_countries(
        &mut self,
        path: &str,
        raw: &RawWhen,
        nameable: Nameable<'_>,
    ) -> Option<CountrySet> {
        let named = raw.country.as_ref().map(|entries| {
            let allow = self.countries(&under(path, "country"), entries, nameable);
            if allow.everywhere { CountrySet::all() } else { allow.countries() }
        });
        let on_continents = raw.continent.as_ref().map(|continents| {
            let is_on = |c: &Country| c.continent().is_some_and(|c| continents.all.contains(&c));
            Country::all().filter(is_on).collect::<CountrySet>()
        });
        let both = match (named, on_continents) {
            (Some(named), Some(on_continents)) => named.intersection(on_continents),
            (named, on_continents) => return named.or(on_continents),
        };
        if both.is_empty() && named.is_some_and(|named| !named.is_empty()) {
            let problem = "none of its countries is on its continents, so the rule never matches";
            self.report(path, Code::E022, problem, "conditions that can hold together");
        }
        Some(both)
    }

    /// Unknown methods are allowed, for extensions of HTTP, unless they look like a slip.
    fn methods(&mut self, path: &str, methods: &OneOrMany<Method>) -> Vec<String> {
        for (index, Method(name)) in methods.all.iter().enumerate() {
            let is_known = METHODS.contains(&name.as_str());
            if !is_known && nearest(name, METHODS.into_iter()).is_some() {
                self.unknown(
                    &methods.path(path, index),
                    "an HTTP method",
                    name,
                    METHODS.into_iter(),
                );
            }
        }
        methods.all.iter().map(|method| method.0.clone()).collect()
    }
}

/// The tenants' own countries.
pub(super) fn countries_of(raw: &Map<TenantId, RawTenant>) -> Map<TenantId, Country> {
    let told = raw.iter().filter_map(|(id, tenant)| Some((id.clone(), tenant.country?.0)));
    Map::of(told)
}

/// The name behind the `@` of a set.
fn set_name(entry: &str) -> Option<&str> {
    entry.strip_prefix('@')
}
