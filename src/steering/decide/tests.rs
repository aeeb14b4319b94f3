use super::*;
use crate::fingerprint::Fingerprint;
use crate::ordered::{Map, Set};
use crate::residency::When;
use crate::routes::{Routes, VERSION};
use crate::time::Timestamp;
use proptest::prelude::*;

const HOST: &str = "api.example.com";

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

fn region(id: &str, code: &str, health: Health, latency_ms: Option<u64>) -> RegionRoute {
    let location = match code {
        "IE" => Location::new(53.35, -6.26),
        "US" => Location::new(39.04, -77.49),
        "BR" => Location::new(-23.55, -46.63),
        _ => None,
    };
    RegionRoute {
        id: RegionId::parse(id).unwrap(),
        country: country(code),
        location,
        health,
        latency_ms,
        origins: vec![format!("https://{id}.origin.example.com")],
    }
}

fn table(regions: Vec<RegionRoute>, rules: &[Rule]) -> Table {
    let hosts = vec![HOST.to_owned()];
    let service = ServiceRoutes { hosts, try_timeout_ms: 1_000, timeout_ms: 5_000, regions };
    Table::from(Routes {
        version: VERSION,
        generation: 1,
        as_of: Timestamp::from_millis(0),
        config: Fingerprint::of(b""),
        services: Map::from([(ServiceId::parse("api").unwrap(), service)]),
        rules: rules.iter().map(Into::into).collect(),
    })
}

fn lgpd() -> Rule {
    Rule {
        id: RuleId::parse("lgpd").unwrap(),
        when: When { country: Some([country("BR")].into()), host: None },
        allow: [country("BR")].into(),
        basis: None,
    }
}

fn three(eu: Health, us: Health, br: Health) -> Table {
    let regions = vec![
        region("eu-west", "IE", eu, Some(20)),
        region("us-east", "US", us, Some(80)),
        region("sa-east", "BR", br, Some(180)),
    ];
    table(regions, &[lgpd()])
}

fn from(code: Option<&str>, place: Option<(f64, f64)>) -> RequestFacts<'static> {
    RequestFacts {
        host: HOST,
        country: code.map(country),
        place: place.and_then(|(latitude, longitude)| Location::new(latitude, longitude)),
    }
}

fn chosen(decision: &Decision<'_>) -> Vec<String> {
    decision.regions.iter().map(|region| region.id.to_string()).collect()
}

use Health::{Down, Unknown, Up};

#[test]
fn a_client_goes_to_the_nearest_region() {
    let table = three(Up, Up, Up);
    let berlin = decide(&table, &from(Some("DE"), Some((52.5, 13.4))));
    assert_eq!(chosen(&berlin), ["eu-west", "us-east", "sa-east"]);
    let chicago = decide(&table, &from(Some("US"), Some((41.9, -87.6))));
    assert_eq!(chosen(&chicago), ["us-east", "eu-west", "sa-east"]);
}

#[test]
fn without_a_place_the_probes_decide() {
    let decision_table = three(Up, Up, Up);
    assert_eq!(
        chosen(&decide(&decision_table, &from(Some("US"), None))),
        ["eu-west", "us-east", "sa-east"]
    );
}

#[test]
fn an_unmeasured_region_is_not_a_fast_one() {
    let regions = vec![region("new", "JP", Up, None), region("eu-west", "IE", Up, Some(900))];
    let table = table(regions, &[]);
    assert_eq!(chosen(&decide(&table, &from(None, None))), ["eu-west", "new"]);
}

#[test]
fn a_brazilian_client_stays_in_brazil_however_far_that_is() {
    let table = three(Up, Up, Up);
    let decision = decide(&table, &from(Some("BR"), Some((52.5, 13.4))));
    assert_eq!(chosen(&decision), ["sa-east"]);
    let reasons: Vec<_> = decision.removed.iter().map(|r| (r.region.as_str(), r.reason)).collect();
    let lgpd = RuleId::parse("lgpd").unwrap();
    assert_eq!(
        reasons,
        [("eu-west", Reason::NotPermitted(&lgpd)), ("us-east", Reason::NotPermitted(&lgpd))]
    );
}

#[test]
fn when_brazil_is_down_a_brazilian_client_is_refused_and_not_sent_elsewhere() {
    let table = three(Up, Up, Down);
    let decision = decide(&table, &from(Some("BR"), None));
    assert_eq!(decision.refusal, Some(Refusal::NoUsableRegion));
    assert!(decision.regions.is_empty());
}

#[test]
fn a_client_from_nowhere_is_treated_as_a_brazilian_one() {
    let table = three(Up, Up, Up);
    assert_eq!(chosen(&decide(&table, &from(None, None))), ["sa-east"]);
}

#[test]
fn rules_that_have_no_region_in_common_refuse_for_good() {
    let mut gdpr = lgpd();
    gdpr.id = RuleId::parse("gdpr").unwrap();
    gdpr.when.country = Some([country("DE")].into());
    gdpr.allow = [country("IE")].into();
    let regions = vec![region("eu-west", "IE", Up, None), region("sa-east", "BR", Up, None)];
    let table = table(regions, &[lgpd(), gdpr]);
    let nowhere = decide(&table, &from(None, None));
    assert_eq!(nowhere.refusal, Some(Refusal::NoPermittedRegion));
}

#[test]
fn a_region_that_is_down_is_passed_over_and_an_unproved_one_comes_last() {
    assert_eq!(
        chosen(&decide(&three(Down, Up, Up), &from(Some("DE"), Some((52.5, 13.4))))),
        ["us-east", "sa-east"]
    );
    assert_eq!(
        chosen(&decide(&three(Unknown, Up, Up), &from(Some("DE"), Some((52.5, 13.4))))),
        ["us-east", "sa-east", "eu-west"]
    );
}

#[test]
fn a_host_that_nobody_serves_is_refused() {
    let table = three(Up, Up, Up);
    let request = RequestFacts { host: "other.example.com", country: None, place: None };
    assert_eq!(decide(&table, &request).refusal, Some(Refusal::UnknownHost));
}

fn any_country() -> impl Strategy<Value = Country> {
    prop_oneof!["BR", "DE", "US", "IE", "JP"].prop_map(|code| country(&code))
}

fn any_health() -> impl Strategy<Value = Health> {
    prop_oneof![Just(Up), Just(Unknown), Just(Down)]
}

fn any_regions() -> impl Strategy<Value = Vec<RegionRoute>> {
    let one = (any_country(), any_health(), proptest::option::of(0u64..500));
    proptest::collection::vec(one, 1..6).prop_map(|regions| {
        regions
            .into_iter()
            .enumerate()
            .map(|(i, (c, h, ms))| region(&format!("r{i}"), &c.to_string(), h, ms))
            .collect()
    })
}

fn any_rules() -> impl Strategy<Value = Vec<Rule>> {
    let countries = || proptest::collection::vec(any_country(), 1..4).prop_map(Set::of);
    let one = (proptest::option::of(countries()), countries());
    proptest::collection::vec(one, 0..4).prop_map(|rules| {
        rules
            .into_iter()
            .enumerate()
            .map(|(i, (country, allow)): (usize, (Option<Set<_>>, _))| Rule {
                id: RuleId::parse(&format!("rule{i}")).unwrap(),
                when: When { country, host: None },
                allow,
                basis: None,
            })
            .collect()
    })
}

/// Whether `rules` permit a region in `place` to a client in `client`, written out again without
/// the code under test.
fn lawful(rules: &[Rule], client: Option<Country>, place: Country) -> bool {
    rules.iter().all(|rule| {
        let guards = match (&rule.when.country, client) {
            (Some(guarded), Some(client)) => guarded.contains(&client),
            _ => true,
        };
        !guards || rule.allow.contains(&place)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_decision_ever_names_a_region_that_the_law_forbids(
        regions in any_regions(),
        rules in any_rules(),
        client in proptest::option::of(any_country()),
    ) {
        let table = table(regions, &rules);
        let request = RequestFacts { host: HOST, country: client, place: None };
        for region in decide(&table, &request).regions {
            prop_assert!(lawful(&rules, client, region.country));
            prop_assert!(region.health != Down);
        }
    }

    #[test]
    fn when_it_refuses_no_region_was_permitted_and_usable(
        regions in any_regions(),
        rules in any_rules(),
        client in proptest::option::of(any_country()),
    ) {
        let table = table(regions.clone(), &rules);
        let request = RequestFacts { host: HOST, country: client, place: None };
        let refusal = decide(&table, &request).refusal;
        let permitted: Vec<_> =
            regions.iter().filter(|r| lawful(&rules, client, r.country)).collect();
        let expected = if permitted.is_empty() {
            Some(Refusal::NoPermittedRegion)
        } else if permitted.iter().all(|r| r.health == Down) {
            Some(Refusal::NoUsableRegion)
        } else {
            None
        };
        prop_assert_eq!(refusal, expected);
    }
}
