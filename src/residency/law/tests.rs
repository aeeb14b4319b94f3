//! The index against the rules read one by one, and what must hold of any rules.

use super::*;
use crate::ordered::Set;
use crate::residency::{CountrySet, Pattern, Witness, WitnessKind};
use proptest::prelude::*;

const REGIONS: usize = 6;
const HOSTS: [&str; 3] = ["a.example.com", "b.example.com", "c.example.org"];
const RULE_HOSTS: [&str; 4] = ["a.example.com", "b.example.com", "*.example.com", "c.example.org"];
const PATHS: [&str; 4] = ["/", "/api", "/api/v1/x", "/login"];
const PATTERNS: [&str; 4] = ["/api/*", "/api/v1/*", "/login", "/*"];
const CODES: [&str; 5] = ["BR", "DE", "US", "JP", "IN"];

/// A request as owned values.
#[derive(Debug, Clone)]
struct Request {
    host: &'static str,
    path: &'static str,
    method: &'static str,
    country: Option<Country>,
    witnesses: Vec<Witness>,
    tenant: Option<TenantId>,
    header: Option<&'static str>,
}

impl Request {
    fn judged<T>(&self, judge: impl FnOnce(&RuleFacts<'_>) -> T) -> T {
        let value = self.header.map(str::to_owned);
        judge(&RuleFacts {
            country: self.country,
            witnesses: &self.witnesses,
            host: self.host,
            path: self.path,
            method: self.method,
            tenant: self.tenant.as_ref(),
            header: &|name| value.clone().filter(|_| name == "x-data"),
        })
    }
}

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

fn any_country() -> impl Strategy<Value = Country> {
    proptest::sample::select(&CODES[..]).prop_map(|code| Country::parse(code).unwrap())
}

fn any_countries() -> impl Strategy<Value = CountrySet> {
    proptest::collection::vec(any_country(), 1..4)
        .prop_map(|countries| countries.into_iter().collect())
}

fn any_regions() -> impl Strategy<Value = RegionSet> {
    proptest::collection::vec(0..REGIONS, 0..5).prop_map(|regions| {
        let mut set = RegionSet::none();
        for region in regions {
            set.insert(region);
        }
        set
    })
}

fn some<T: std::fmt::Debug + Clone + 'static>(
    choices: &'static [T],
) -> impl Strategy<Value = Option<Vec<T>>> {
    let few = proptest::collection::vec(proptest::sample::select(choices), 1..3);
    proptest::option::weighted(0.4, few)
}

fn any_when() -> impl Strategy<Value = When> {
    let headers = [vec![], vec![("x-data".to_owned(), vec!["personal".to_owned()])]];
    (
        proptest::option::weighted(0.7, any_countries()),
        some(&RULE_HOSTS),
        some(&PATTERNS),
        some(&["GET", "POST"]),
        proptest::sample::select(headers.to_vec()),
        some(&["acme", "globex"]),
    )
        .prop_map(|(countries, hosts, paths, methods, headers, tenants)| When {
            countries,
            hosts: hosts.map(|hosts| Set::of(hosts.into_iter().map(str::to_owned))),
            paths: paths.map(|p| p.into_iter().map(|p| Pattern::parse(p).unwrap()).collect()),
            methods: methods.map(|m| m.into_iter().map(str::to_owned).collect()),
            headers,
            tenants: tenants.map(|tenants| Set::of(tenants.into_iter().map(tenant))),
        })
}

fn any_rules() -> impl Strategy<Value = Vec<CompiledRule>> {
    let mode = proptest::sample::select(vec![Mode::Strict, Mode::Strict, Mode::Preferred]);
    proptest::collection::vec((any_when(), mode, any_regions()), 0..10).prop_map(|rules| {
        let named =
            rules.into_iter().enumerate().map(|(index, (when, mode, permits))| CompiledRule {
                id: RuleId::parse(&format!("rule-{index}")).unwrap(),
                when,
                mode,
                permits,
                basis: None,
            });
        named.collect()
    })
}

fn any_witnesses() -> impl Strategy<Value = Vec<Witness>> {
    let witness = proptest::option::weighted(0.8, any_country())
        .prop_map(|country| Witness { by: WitnessKind::Header, country });
    proptest::collection::vec(witness, 0..3)
}

fn any_request() -> impl Strategy<Value = Request> {
    (
        proptest::sample::select(&HOSTS[..]),
        proptest::sample::select(&PATHS[..]),
        proptest::sample::select(vec!["GET", "POST", "PUT"]),
        proptest::option::weighted(0.8, any_country()),
        any_witnesses(),
        proptest::option::of(proptest::sample::select(vec!["acme", "globex", "other"])),
        proptest::option::of(proptest::sample::select(vec!["personal", "public"])),
    )
        .prop_map(|(host, path, method, country, witnesses, name, header)| Request {
            host,
            path,
            method,
            country,
            witnesses,
            tenant: name.map(tenant),
            header,
        })
}

/// The rules that guard a request, read one by one.
fn guarding<'s>(rules: &'s [CompiledRule], request: &Request) -> Vec<&'s CompiledRule> {
    request.judged(|facts| {
        let path = normalise(facts.path);
        let guards = |rule: &&CompiledRule| {
            let when = &rule.when;
            let mut told = request.witnesses.iter().map(|witness| witness.country);
            (when.guards_country(facts.country) || told.any(|told| when.guards_country(told)))
                && when.guards_host(facts.host)
                && when.guards_tenant(facts.tenant)
                && when.guards_request(path.as_deref(), facts)
        };
        rules.iter().filter(guards).collect()
    })
}

fn permitted(rules: Vec<CompiledRule>, request: &Request) -> RegionSet {
    let law = Law::of(rules, REGIONS);
    request.judged(|facts| law.judge(facts).permitted)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_index_says_what_the_rules_say_one_by_one(
        rules in any_rules(), request in any_request(),
    ) {
        let guarding = guarding(&rules, &request);
        let law = Law::of(rules.clone(), REGIONS);
        let ruling = request.judged(|facts| law.judge(facts));
        let told: Set<_> = ruling.rules().map(|rule| rule.id.clone()).collect();
        let expected: Set<_> = guarding.iter().map(|rule| rule.id.clone()).collect();
        prop_assert_eq!(told, expected);
        for region in 0..REGIONS {
            let is_in = |rule: &&&CompiledRule| rule.permits.contains(region);
            let strict = guarding.iter().filter(|s| s.mode == Mode::Strict);
            prop_assert_eq!(ruling.permitted.contains(region), strict.clone().all(|s| is_in(&s)));
            let preferred = guarding.iter().filter(|s| s.mode == Mode::Preferred);
            let broken = preferred.filter(|s| !is_in(s)).count();
            prop_assert_eq!(ruling.reluctance(region), broken as u64);
        }
    }

    #[test]
    fn one_more_rule_can_only_narrow(
        rules in any_rules(), more in any_rules(), request in any_request(),
    ) {
        let before = permitted(rules.clone(), &request);
        let mut all = rules;
        all.extend(more);
        prop_assert!(permitted(all, &request).is_subset_of(&before));
    }

    #[test]
    fn the_order_of_rules_has_no_meaning(
        rules in any_rules(), request in any_request(), turn in 0usize..10,
    ) {
        let mut turned = rules.clone();
        let middle = turn.min(turned.len());
        turned.rotate_left(middle);
        prop_assert_eq!(permitted(rules, &request), permitted(turned, &request));
    }

    #[test]
    fn not_knowing_the_country_permits_no_more_than_any_country_does(
        rules in any_rules(), request in any_request(), client in any_country(),
    ) {
        let unknown = Request { country: None, ..request.clone() };
        let known = Request { country: Some(client), ..request };
        let nowhere = permitted(rules.clone(), &unknown);
        prop_assert!(nowhere.is_subset_of(&permitted(rules, &known)));
    }

    #[test]
    fn a_second_witness_can_only_narrow_to_what_the_rules_of_every_country_permit(
        rules in any_rules(), request in any_request(),
    ) {
        let alone = |country| {
            let request = Request { country, witnesses: Vec::new(), ..request.clone() };
            permitted(rules.clone(), &request)
        };
        let told = request.witnesses.iter().map(|witness| alone(witness.country));
        let without = alone(request.country);
        let together = told.fold(without.clone(), |all, one| all.intersection(&one));
        let with = permitted(rules.clone(), &request);
        prop_assert!(with.is_subset_of(&without));
        prop_assert_eq!(with, together);
    }

    #[test]
    fn a_preferred_rule_removes_nothing(rules in any_rules(), request in any_request()) {
        let strict = rules.iter().filter(|s| s.mode == Mode::Strict).cloned().collect();
        prop_assert_eq!(permitted(rules.clone(), &request), permitted(strict, &request));
    }
}

#[test]
fn countries_under_the_same_rules_are_one_class() {
    let countries = |codes: &[&str]| {
        let set: CountrySet = codes.iter().map(|code| Country::parse(code).unwrap()).collect();
        When { countries: Some(set), ..When::default() }
    };
    let conditions = [countries(&["BR", "DE"]), countries(&["DE", "US"]), When::default()];
    let class_of = classes(conditions.iter());
    let class = |code: &str| class_of[usize::from(Country::parse(code).unwrap().index())];
    assert_eq!(class("FR"), class("JP"));
    let apart: Set<_> = [class("BR"), class("DE"), class("US"), class("FR")].into();
    assert_eq!(apart.len(), 4);
    assert_eq!(class_of[COUNTRIES], class("DE"), "a client from nowhere is guarded by both");
}
