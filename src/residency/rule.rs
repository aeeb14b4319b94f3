//! One residency rule: which requests it matches, and where their data may be.

use super::{Allow, CountrySet, Pattern, Place, Witness};
use crate::country::Country;
use crate::ids::{RuleId, TenantId};
use crate::json::words;
use crate::ordered::Set;
use std::fmt;

/// A residency rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name; clients see it when they are refused.
    pub id: RuleId,
    /// Which requests it guards.
    pub when: When,
    /// Where the regions may be that handle those requests.
    pub allow: Allow,
    /// Whether it may be broken if no region inside is usable.
    pub mode: Mode,
    /// The legal basis, in the operator's words.
    pub basis: Option<String>,
}

words! {
    /// Whether a rule may be broken.
    pub enum Mode {
        /// Never, even if all regions inside are down.
        Strict = "strict",
        /// If no region inside is usable.
        Preferred = "preferred",
    }
}

/// Which requests a rule guards. All conditions must hold; an absent one always holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    /// The client is in one of these countries, or its country is unknown.
    pub countries: Option<CountrySet>,
    /// The request is for one of these hosts, in lower case; `*.` stands for one label.
    pub hosts: Option<Set<String>>,
    /// Its path matches one of these.
    pub paths: Option<Vec<Pattern>>,
    /// Its method is one of these, in upper case.
    pub methods: Option<Vec<String>>,
    /// Each of these headers has one of its values, or any value if none is listed.
    pub headers: Vec<(String, Vec<String>)>,
    /// It belongs to one of these tenants.
    pub tenants: Option<Set<TenantId>>,
}

/// What rules look at in a request. It has no address and no identity.
#[derive(Clone, Copy)]
pub struct RuleFacts<'a> {
    /// The client's country, if known.
    pub country: Option<Country>,
    /// What second witnesses tell of it. The rules of every country that is told apply.
    pub witnesses: &'a [Witness],
    /// The host that was asked for, in lower case, without a port.
    pub host: &'a str,
    /// The path as it was sent, without the query.
    pub path: &'a str,
    /// The method, in upper case.
    pub method: &'a str,
    /// The tenant, if the request names a known one.
    pub tenant: Option<&'a TenantId>,
    /// The value of a header by its name in lower case.
    pub header: &'a dyn Fn(&str) -> Option<String>,
}

impl fmt::Debug for RuleFacts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers stay private.
        f.debug_struct("RuleFacts")
            .field("country", &self.country)
            .field("witnesses", &self.witnesses)
            .field("host", &self.host)
            .field("path", &self.path)
            .field("method", &self.method)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl When {
    /// Whether the condition on the country holds. It always holds for an unknown country.
    #[must_use]
    pub fn guards_country(&self, country: Option<Country>) -> bool {
        match (self.countries, country) {
            (None, _) | (Some(_), None) => true,
            (Some(guarded), Some(country)) => guarded.contains(country),
        }
    }

    /// Whether the condition on the country holds for the client's country, or for one that a
    /// second witness tells.
    #[must_use]
    pub fn guards_client(&self, facts: &RuleFacts<'_>) -> bool {
        self.guards_country(facts.country)
            || facts.witnesses.iter().any(|witness| self.guards_country(witness.country))
    }

    /// Whether the condition on the host holds.
    #[must_use]
    pub fn guards_host(&self, host: &str) -> bool {
        let Some(hosts) = &self.hosts else { return true };
        hosts.contains(host) || wildcard_of(host).is_some_and(|wildcard| hosts.contains(&wildcard))
    }

    /// Whether the condition on the host can hold for a request to one of `names`. Both names and
    /// hosts may be wildcards.
    #[must_use]
    pub fn may_guard(&self, names: &[&str]) -> bool {
        let Some(hosts) = &self.hosts else { return true };
        names.iter().any(|name| {
            let is_under_name = |host: &String| wildcard_of(host).is_some_and(|w| w == *name);
            self.guards_host(name) || hosts.iter().any(is_under_name)
        })
    }

    /// Whether the condition on the tenant holds.
    #[must_use]
    pub fn guards_tenant(&self, tenant: Option<&TenantId>) -> bool {
        let Some(tenants) = &self.tenants else { return true };
        tenant.is_some_and(|tenant| tenants.contains(tenant))
    }

    /// Whether the conditions on path, method and headers hold. `path` is normalised; `None` means
    /// that it could not be, and then the condition on the path always holds.
    #[must_use]
    pub fn guards_request(&self, path: Option<&str>, facts: &RuleFacts<'_>) -> bool {
        let path_holds = match (&self.paths, path) {
            (None, _) | (Some(_), None) => true,
            (Some(patterns), Some(path)) => patterns.iter().any(|pattern| pattern.matches(path)),
        };
        let method_holds = || {
            // HEAD is GET without the body, about the same resource.
            let is_it = |method: &String| {
                method == facts.method || (facts.method == "HEAD" && method == "GET")
            };
            self.methods.as_ref().is_none_or(|methods| methods.iter().any(is_it))
        };
        path_holds && method_holds() && self.headers.iter().all(|header| says(header, facts))
    }

    /// Whether there is a condition beyond country, host and tenant.
    #[must_use]
    pub fn looks_at_request(&self) -> bool {
        self.paths.is_some() || self.methods.is_some() || !self.headers.is_empty()
    }
}

/// Whether a header has one of the values. A repeated header arrives as one list, and each item
/// counts.
fn says((name, texts): &(String, Vec<String>), facts: &RuleFacts<'_>) -> bool {
    let Some(value) = (facts.header)(name) else { return false };
    let is_one = |said: &str| texts.iter().any(|text| text == said.trim());
    texts.is_empty() || is_one(&value) || value.split(',').any(is_one)
}

/// The wildcard that covers `host`: `*.example.com` for `a.example.com`.
#[must_use]
pub fn wildcard_of(host: &str) -> Option<String> {
    let (_, parent) = host.split_once('.')?;
    let mut wildcard = String::with_capacity(parent.len() + 2);
    wildcard.push_str("*.");
    wildcard.push_str(parent);
    Some(wildcard)
}

impl Rule {
    /// Whether a region may handle what this rule guards, at some time.
    #[must_use]
    pub fn permits_at_some_time(&self, place: Place<'_>) -> bool {
        self.mode == Mode::Preferred || self.allow.permits_at_some_time(place)
    }
}

/// The strict rules that match some request to `name`, which may be a wildcard. They all bind what
/// gives every client the same answer, such as a DNS record.
#[must_use]
pub fn strict_rules_over<'r>(rules: &'r [Rule], name: &str) -> Vec<&'r Rule> {
    let binds = |rule: &&Rule| rule.mode == Mode::Strict && rule.when.may_guard(&[name]);
    rules.iter().filter(binds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(header: &dyn Fn(&str) -> Option<String>) -> RuleFacts<'_> {
        let (host, path, method) = ("api.example.com", "/", "GET");
        RuleFacts { country: None, witnesses: &[], host, path, method, tenant: None, header }
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        assert_eq!(wildcard_of("a.example.com").as_deref(), Some("*.example.com"));
        assert_eq!(wildcard_of("localhost"), None);
        let hosts = Some(Set::from(["*.example.com".to_owned()]));
        let when = When { hosts, ..When::default() };
        for (host, guarded) in
            [("a.example.com", true), ("example.com", false), ("a.b.example.com", false)]
        {
            assert_eq!(when.guards_host(host), guarded, "{host}");
        }
    }

    #[test]
    fn every_named_header_must_say_one_of_its_texts() {
        let headers = vec![
            ("x-data".to_owned(), vec!["a".to_owned(), "b".to_owned()]),
            ("x-any".to_owned(), vec![]),
        ];
        let when = When { headers, ..When::default() };
        let says = |data: &'static str, any: Option<&'static str>| {
            let header = move |name: &str| match name {
                "x-data" => Some(data.to_owned()),
                _ => any.map(str::to_owned),
            };
            when.guards_request(Some("/"), &facts(&header))
        };
        assert!(says("a", Some("")) && says(" b ", Some("x")));
        assert!(!says("c", Some("x")) && !says("a", None));
    }

    #[test]
    fn what_is_shown_of_a_request_says_nothing_of_its_headers() {
        let header = |_: &str| Some("secret".to_owned());
        assert!(!format!("{:?}", facts(&header)).contains("secret"));
    }
}
