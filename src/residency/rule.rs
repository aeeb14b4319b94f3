//! One rule, and the facts of a request that it looks at.

use crate::country::Country;
use crate::ids::RuleId;
use crate::ordered::Set;

/// A strict rule: when it matches, only regions in `allow` may see the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name; clients see it when they are refused.
    pub id: RuleId,
    /// Which requests it guards.
    pub when: When,
    /// Countries of the regions that may see those requests.
    pub allow: Set<Country>,
    /// The legal ground, in the operator's words.
    pub basis: Option<String>,
}

/// Which requests a rule guards. An absent condition is always true.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    /// The client is in one of these countries, or nobody knows where it is.
    pub country: Option<Set<Country>>,
    /// The request is for one of these hosts, in lower case.
    pub host: Option<Set<String>>,
}

/// What is known of a request before anything is decided. No address, no identity: country and host
/// are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Where the client is, if that is known.
    pub country: Option<Country>,
    /// The host that was asked for, in lower case, without a port.
    pub host: &'a str,
}

impl When {
    fn matches(&self, facts: &Facts<'_>) -> bool {
        let country = match (&self.country, facts.country) {
            (None, _) | (Some(_), None) => true,
            (Some(guarded), Some(country)) => guarded.contains(&country),
        };
        country && self.matches_host(facts.host)
    }

    /// Whether the condition on the host holds for one of `hosts`, or for anything where there are
    /// none.
    #[must_use]
    pub fn covers_any_host(&self, hosts: &[String]) -> bool {
        hosts.is_empty() || hosts.iter().any(|host| self.matches_host(host))
    }

    fn matches_host(&self, host: &str) -> bool {
        self.host.as_ref().is_none_or(|hosts| hosts.contains(host))
    }
}

/// The rules that apply to a request.
#[must_use]
pub fn rules_that_match<'r>(rules: &'r [Rule], facts: &Facts<'_>) -> Vec<&'r Rule> {
    rules.iter().filter(|rule| rule.when.matches(facts)).collect()
}

/// The rules that apply to somebody among all who may ask for `name`. A DNS answer is the same for
/// everybody, so each of these constrains it.
#[must_use]
pub fn rules_over_name<'r>(rules: &'r [Rule], name: &str) -> Vec<&'r Rule> {
    rules.iter().filter(|rule| rule.when.matches_host(name)).collect()
}

/// Whether every one of `applying` permits a region in `country`. With no rule at all, everything
/// is permitted.
#[must_use]
pub fn permits(applying: &[&Rule], country: Country) -> bool {
    applying.iter().all(|rule| rule.allow.contains(&country))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        Country::parse(code).unwrap()
    }

    fn rule(id: &str, when: Option<&[&str]>, allow: &[&str]) -> Rule {
        let set = |codes: &[&str]| codes.iter().map(|c| country(c)).collect::<Set<_>>();
        Rule {
            id: RuleId::parse(id).unwrap(),
            when: When { country: when.map(set), host: None },
            allow: set(allow),
            basis: None,
        }
    }

    fn from(code: Option<&str>) -> Facts<'static> {
        Facts { country: code.map(country), host: "api.example.com" }
    }

    #[test]
    fn a_rule_guards_the_clients_of_its_country_and_no_others() {
        let rules = [rule("lgpd", Some(&["BR"]), &["BR"])];
        assert!(!permits(&rules_that_match(&rules, &from(Some("BR"))), country("US")));
        assert!(permits(&rules_that_match(&rules, &from(Some("BR"))), country("BR")));
        assert!(permits(&rules_that_match(&rules, &from(Some("DE"))), country("US")));
    }

    #[test]
    fn a_client_from_nowhere_is_under_every_rule_about_countries() {
        let rules =
            [rule("lgpd", Some(&["BR"]), &["BR"]), rule("gdpr", Some(&["DE"]), &["BR", "DE"])];
        let applying = rules_that_match(&rules, &from(None));
        assert_eq!(applying.len(), 2);
        assert!(permits(&applying, country("BR")));
        assert!(!permits(&applying, country("DE")));
    }

    #[test]
    fn a_host_condition_guards_that_host_only() {
        let mut guarded = rule("lgpd", None, &["BR"]);
        guarded.when.host = Some(["api.example.com".to_owned()].into());
        let rules = [guarded];
        assert_eq!(rules_that_match(&rules, &from(Some("US"))).len(), 1);
        let elsewhere = Facts { country: None, host: "files.example.com" };
        assert_eq!(rules_that_match(&rules, &elsewhere).len(), 0);
        assert_eq!(rules_over_name(&rules, "files.example.com").len(), 0);
    }

    #[test]
    fn a_name_that_anybody_may_ask_for_is_under_every_rule_about_countries() {
        let rules = [rule("lgpd", Some(&["BR"]), &["BR"])];
        assert_eq!(rules_over_name(&rules, "db.example.com").len(), 1);
    }

    mod properties {
        use super::*;
        use proptest::prelude::*;

        fn codes() -> impl Strategy<Value = Set<Country>> {
            proptest::collection::vec(any_country(), 0..4).prop_map(Set::of)
        }

        fn any_country() -> impl Strategy<Value = Country> {
            prop_oneof!["BR", "DE", "US", "IE", "JP"].prop_map(|code| country(&code))
        }

        fn any_rule() -> impl Strategy<Value = Rule> {
            (proptest::option::of(codes()), codes()).prop_map(|(guarded, allow)| Rule {
                id: RuleId::parse("r").unwrap(),
                when: When { country: guarded, host: None },
                allow,
                basis: None,
            })
        }

        proptest! {
            #[test]
            fn one_more_rule_only_narrows(
                rules in proptest::collection::vec(any_rule(), 0..6),
                more in any_rule(),
                client in proptest::option::of(any_country()),
                region in any_country(),
            ) {
                let facts = Facts { country: client, host: "h" };
                let before = permits(&rules_that_match(&rules, &facts), region);
                let mut all = rules;
                all.push(more);
                let after = permits(&rules_that_match(&all, &facts), region);
                prop_assert!(before || !after);
            }

            #[test]
            fn the_order_of_rules_has_no_meaning(
                rules in proptest::collection::vec(any_rule(), 0..6),
                client in proptest::option::of(any_country()),
                region in any_country(),
            ) {
                let facts = Facts { country: client, host: "h" };
                let forwards = permits(&rules_that_match(&rules, &facts), region);
                let reversed: Vec<_> = rules.into_iter().rev().collect();
                prop_assert_eq!(forwards, permits(&rules_that_match(&reversed, &facts), region));
            }

            #[test]
            fn not_knowing_the_country_permits_no_more_than_any_country_does(
                rules in proptest::collection::vec(any_rule(), 0..6),
                client in any_country(),
                region in any_country(),
            ) {
                let unknown = Facts { country: None, host: "h" };
                let known = Facts { country: Some(client), host: "h" };
                let permitted_unknown = permits(&rules_that_match(&rules, &unknown), region);
                let permitted_known = permits(&rules_that_match(&rules, &known), region);
                prop_assert!(permitted_known || !permitted_unknown);
            }
        }
    }
}
