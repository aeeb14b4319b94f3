//! What is removed, and why: law, tenants, health, drain, writes, canary, shed.

use super::*;
use crate::residency::{RegionSet, Testimony};
use crate::routes::Pin;

#[test]
fn a_brazilian_client_stays_in_brazil_however_far_that_is() {
    let table = with(&[("/rules", json!([lgpd()]))]);
    let request = RequestFacts { location: Some(location(52.5, 13.4)), ..from("BR") };
    let decision = decide(&table, &request, &Evidence::default());
    assert_eq!(order(&decision), ["sa-east"]);
    assert_eq!(decision.how, ChosenBy::Only);
    let removed: Vec<_> = decision
        .removed()
        .iter()
        .map(|removed| match removed.why {
            RemovalReason::Rule(rule) => {
                format!("{} {} {rule}", removed.region, removed.filter.as_str())
            }
            RemovalReason::Filter => format!("{} {}", removed.region, removed.filter.as_str()),
        })
        .collect();
    assert_eq!(removed, ["eu-west rules lgpd", "us-east rules lgpd"]);
    assert_eq!(decision.rules().iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["lgpd"]);
}

#[test]
fn when_brazil_is_down_a_brazilian_client_is_refused_and_not_sent_elsewhere() {
    let table = with_health(["up", "up", "down"], &[("/rules", json!([lgpd()]))]);
    assert_eq!(refusal(&table, &from("BR")), Some(Refusal::NoUsableRegion));
    assert_eq!(refusal(&table, &nowhere()), Some(Refusal::NoUsableRegion));
    assert_eq!(refusal(&table, &from("DE")), None);
}

#[test]
fn a_client_from_nowhere_is_under_every_rule_that_a_country_is_under() {
    let table = with(&[("/rules", json!([lgpd()]))]);
    assert_eq!(regions(&table, &nowhere()), ["sa-east"]);
}

#[test]
fn rules_that_have_no_region_in_common_refuse_for_good() {
    let gdpr = json!({
        "id": "gdpr", "mode": "strict", "when": {"countries": ["DE"]}, "permits": ["eu-west"],
    });
    let table = with(&[("/rules", json!([lgpd(), gdpr]))]);
    assert_eq!(refusal(&table, &nowhere()), Some(Refusal::NoPermittedRegion));
    assert_eq!(regions(&table, &from("DE")), ["eu-west"]);
}

#[test]
fn a_rule_looks_at_path_method_and_header_as_it_says() {
    let rule = json!({
        "id": "records", "mode": "strict", "permits": ["eu-west"],
        "when": {
            "hosts": [HOST],
            "paths": ["/api/*"],
            "methods": ["POST", "PUT"],
            "headers": [{"name": "x-data", "texts": ["personal", "health"]}, {"name": "x-any"}],
        },
    });
    let table = with(&[("/rules", json!([rule]))]);
    let personal = |name: &str| match name {
        "x-data" => Some("personal".to_owned()),
        "x-any" => Some(String::new()),
        _ => None,
    };
    let public = |name: &str| (name == "x-data").then(|| "public".to_owned());
    let guarded =
        RequestFacts { path: "/api/orders", method: "POST", header: &personal, ..from("US") };
    assert_eq!(regions(&table, &guarded), ["eu-west"]);
    for evasion in ["/api", "/%61pi/x", "//api/x", "/x/../api/y", "/api/./"] {
        assert_eq!(regions(&table, &RequestFacts { path: evasion, ..guarded }), ["eu-west"]);
    }
    for free in [
        RequestFacts { path: "/apix", ..guarded },
        RequestFacts { method: "GET", ..guarded },
        RequestFacts { header: &public, ..guarded },
    ] {
        assert_eq!(regions(&table, &free).len(), 3, "{free:?}");
    }
}

#[test]
fn a_path_that_is_too_long_to_normalise_is_under_every_rule_that_a_path_is_under() {
    let rule = json!({
        "id": "api", "mode": "strict", "permits": ["eu-west"], "when": {"paths": ["/api/*"]},
    });
    let table = with(&[("/rules", json!([rule]))]);
    let long = format!("/{}", "x".repeat(crate::residency::PATH_BYTES_MAX));
    assert_eq!(regions(&table, &RequestFacts { path: &long, ..from("US") }), ["eu-west"]);
}

#[test]
fn a_rule_about_one_host_does_not_touch_another_and_a_wildcard_touches_its_sisters() {
    let named = json!({
        "id": "named", "mode": "strict", "permits": ["eu-west"], "when": {"hosts": [HOST]},
    });
    let sisters = json!({
        "id": "sisters", "mode": "strict", "permits": ["us-east"],
        "when": {"hosts": ["*.example.com"]},
    });
    let hosts = ("/services/api/hosts", json!([HOST, "*.example.com", "example.org"]));
    let table = with(&[hosts, ("/rules", json!([named, sisters]))]);
    let at = |host| RequestFacts { country: Some(country("US")), ..RequestFacts::new(host) };
    assert_eq!(refusal(&table, &at(HOST)), Some(Refusal::NoPermittedRegion), "both bind it");
    assert_eq!(regions(&table, &at("shop.example.com")), ["us-east"]);
    assert_eq!(regions(&table, &at("example.org")).len(), 3);
    assert_eq!(refusal(&table, &at("a.b.example.com")), Some(Refusal::UnknownHost));
}

fn tenancy(more: &Value) -> [(&'static str, Value); 2] {
    let mut tenancy = json!({"source": "header x-tenant"});
    for (key, value) in more.as_object().unwrap() {
        tenancy[key] = value.clone();
    }
    [("/services/api/tenancy", tenancy), ("/tenants", json!({"acme": ["eu-west"]}))]
}

fn as_acme(name: &str) -> Option<String> {
    (name == "x-tenant").then(|| "ACME".to_owned())
}

fn as_stranger(name: &str) -> Option<String> {
    (name == "x-tenant").then(|| "stranger".to_owned())
}

#[test]
fn a_tenant_stays_where_it_is_pinned_and_the_law_still_counts() {
    let mut changes = tenancy(&json!({})).to_vec();
    changes.push(("/rules", json!([lgpd()])));
    let table = with(&changes);
    let acme = RequestFacts { header: &as_acme, ..from("US") };
    let decision = decide(&table, &acme, &Evidence::default());
    assert_eq!(order(&decision), ["eu-west"]);
    assert_eq!(decision.tenant.as_ref().map(crate::ids::TenantId::as_str), Some("acme"));
    assert_eq!(decision.steps.last().map(|step| step.filter), Some(Filter::Tenant));
    let in_brazil = RequestFacts { header: &as_acme, ..from("BR") };
    assert_eq!(refusal(&table, &in_brazil), Some(Refusal::NoPermittedRegion));
}

#[test]
fn an_unknown_tenant_is_none_unless_the_service_asks_for_one() {
    let stranger = RequestFacts { header: &as_stranger, ..from("US") };
    assert_eq!(regions(&with(&tenancy(&json!({}))), &stranger).len(), 3);
    let required = with(&tenancy(&json!({"required": true})));
    assert_eq!(refusal(&required, &stranger), Some(Refusal::UnknownTenant));
    assert_eq!(refusal(&required, &from("US")), Some(Refusal::UnknownTenant));
    assert_eq!(refusal(&required, &RequestFacts { header: &as_acme, ..from("US") }), None);
}

#[test]
fn a_rule_can_name_a_tenant() {
    let rule = json!({
        "id": "contract", "mode": "strict", "permits": ["us-east"],
        "when": {"tenants": ["stranger"], "countries": ["US"]},
    });
    let mut changes = tenancy(&json!({})).to_vec();
    changes.push(("/rules", json!([rule])));
    let table = with(&changes);
    assert_eq!(regions(&table, &RequestFacts { header: &as_stranger, ..from("US") }), ["us-east"]);
    assert_eq!(regions(&table, &RequestFacts { header: &as_stranger, ..from("DE") }).len(), 3);
    assert_eq!(regions(&table, &from("US")).len(), 3);
}

#[test]
fn a_tenant_that_only_kv_knows_is_asked_for_and_goes_nowhere_before_the_answer() {
    let mut changes = tenancy(&json!({"kv": true, "required": true})).to_vec();
    changes.push(("/sets", json!({"americas": ["us-east", "sa-east"]})));
    let table = with(&changes);
    let stranger = RequestFacts { header: &as_stranger, ..from("US") };
    let asked = needs_pin(&table, &stranger);
    assert_eq!(asked.as_ref().map(crate::ids::TenantId::as_str), Some("stranger"));
    assert_eq!(needs_pin(&table, &RequestFacts { header: &as_acme, ..from("US") }), None);
    assert_eq!(needs_pin(&table, &from("US")), None);
    assert_eq!(refusal(&table, &stranger), Some(Refusal::TenantUnavailable));
    let absent = RequestFacts { kv_pin: KvPin::Absent, ..stranger };
    assert_eq!(refusal(&table, &absent), Some(Refusal::UnknownTenant));
    for (text, permitted) in [
        (r#"{"allow": ["@americas"]}"#, vec!["us-east", "sa-east"]),
        (r#"{"allow": ["IE", "BR"]}"#, vec!["eu-west", "sa-east"]),
        (r#"{"allow": ["*"]}"#, vec!["eu-west", "us-east", "sa-east"]),
        (r#"{"allow": "BR"}"#, vec!["sa-east"]),
        (r#"{"allow": "us-east"}"#, vec!["us-east"]),
        (r#"{"allow": ["region:sa-east", "IE", "us-west"]}"#, vec!["eu-west", "sa-east"]),
        (r#"{"allow": ["@nobody-knows", "JP"]}"#, vec![]),
    ] {
        let pin = table.read_pin(text, now()).unwrap().pin;
        let pinned = RequestFacts { kv_pin: KvPin::Is(&pin), ..stranger };
        assert_eq!(regions(&table, &pinned), permitted, "{text}");
    }
    for text in ["", "{}", "[]", r#"{"allow": [1]}"#] {
        assert!(table.read_pin(text, now()).is_err(), "{text}");
    }
}

#[test]
fn a_pin_of_kv_is_not_looked_at_where_the_service_does_not_say_so() {
    let table = with(&tenancy(&json!({})));
    let pin = Pin { regions: RegionSet::none(), country: Testimony::Silent };
    let stranger = RequestFacts { header: &as_stranger, kv_pin: KvPin::Is(&pin), ..from("US") };
    assert_eq!(regions(&table, &stranger).len(), 3);
}

#[test]
fn a_region_that_is_down_is_passed_over_and_an_unproved_one_comes_last() {
    let table = with_health(["down", "up", "up"], &[]);
    assert_eq!(regions(&table, &berlin()), ["us-east", "sa-east"]);
    let table = with_health(["unknown", "up", "up"], &[]);
    assert_eq!(regions(&table, &berlin()), ["us-east", "sa-east", "eu-west"]);
}

#[test]
fn a_region_without_origins_to_go_to_is_as_good_as_down() {
    let table = with(&[("/services/api/regions/0/origins", json!([]))]);
    assert_eq!(regions(&table, &berlin()), ["us-east", "sa-east"]);
}

#[test]
fn a_draining_region_takes_nobody_new_and_keeps_those_it_has_until_it_is_the_last() {
    let draining = ("/services/api/regions/0/draining", json!(true));
    let cookie = steering(json!({"policy": "latency", "affinity": "cookie"}));
    let table = with(&[draining.clone(), cookie.clone()]);
    assert_eq!(regions(&table, &berlin()), ["us-east", "sa-east", "eu-west"]);
    let pinned = RequestFacts { pinned_region: Some("eu-west"), ..berlin() };
    assert_eq!(regions(&table, &pinned).first().map(String::as_str), Some("eu-west"));
    let last = with_health(["up", "down", "down"], &[draining, cookie]);
    assert_eq!(regions(&last, &berlin()), ["eu-west"]);
}

fn primary(more: &[(&str, Value)]) -> Table {
    let mut changes = vec![
        steering(json!({
            "policy": "latency", "primary": "us-east", "max_lag_s": 60, "read_your_writes_s": 30,
        })),
        ("/services/api/regions/0/lag_s", json!(60)),
        ("/services/api/regions/2/lag_s", json!(61)),
    ];
    changes.extend_from_slice(more);
    with(&changes)
}

#[test]
fn what_changes_something_goes_to_the_primary_and_reads_to_a_fresh_replica() {
    let table = primary(&[]);
    for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE"] {
        assert_eq!(regions(&table, &RequestFacts { method, ..berlin() }), ["us-east"], "{method}");
    }
    for method in ["GET", "HEAD", "OPTIONS"] {
        let read = RequestFacts { method, ..berlin() };
        let expected = ["eu-west", "us-east", "sa-east"];
        assert_eq!(regions(&table, &read), expected, "{method}: sa-east is old");
    }
}

#[test]
fn a_client_that_wrote_just_now_reads_from_the_primary_as_long_as_it_is_there() {
    let wrote = RequestFacts { wrote_just_now: true, ..berlin() };
    assert_eq!(regions(&primary(&[]), &wrote), ["us-east", "eu-west", "sa-east"]);
    let draining = primary(&[("/services/api/regions/1/draining", json!(true))]);
    assert_eq!(regions(&draining, &wrote)[0], "us-east", "what it wrote is there");
    let down = primary(&[("/services/api/regions/1/health", json!("down"))]);
    assert_eq!(regions(&down, &wrote), ["eu-west", "sa-east"]);
}

#[test]
fn a_write_without_a_primary_is_refused_and_one_that_the_law_keeps_from_it_for_good() {
    let down = primary(&[("/services/api/regions/1/health", json!("down"))]);
    let write = RequestFacts { method: "POST", ..berlin() };
    assert_eq!(refusal(&down, &write), Some(Refusal::NoPrimary));
    let lawful = primary(&[("/rules", json!([lgpd()]))]);
    let brazilian = RequestFacts { method: "POST", ..from("BR") };
    assert_eq!(refusal(&lawful, &brazilian), Some(Refusal::NoPermittedRegion));
    assert_eq!(regions(&lawful, &from("BR")), ["sa-east"], "an old answer beats none");
}

#[test]
fn a_primary_that_is_fenced_gets_no_write_whatever_its_health_and_no_other_region_does() {
    let fenced = primary(&[("/services/api/steering/no_writer", json!(true))]);
    let write = RequestFacts { method: "PUT", ..berlin() };
    assert_eq!(refusal(&fenced, &write), Some(Refusal::NoPrimary));
    assert_eq!(regions(&fenced, &berlin()), regions(&primary(&[]), &berlin()), "reads go on");
}

#[test]
fn a_write_that_the_law_keeps_from_the_primary_is_refused_for_good_whatever_is_down() {
    let usual = [from("BR"), nowhere()];
    for down in 0..8_usize {
        let health_of = [0, 1, 2].map(|at| if down & (1 << at) == 0 { "up" } else { "down" });
        let lawful = with_health(
            health_of,
            &[
                steering(json!({"policy": "latency", "primary": "us-east"})),
                ("/rules", json!([lgpd()])),
            ],
        );
        for request in usual {
            let write = RequestFacts { method: "POST", ..request };
            let decision = decide(&lawful, &write, &Evidence::default());
            assert_eq!(decision.refusal, Some(Refusal::NoPermittedRegion), "{health_of:?}");
            let filters: Vec<_> = decision.steps.iter().map(|step| step.filter).collect();
            assert_eq!(filters, [Filter::Rules, Filter::Writes], "health has no say");
        }
    }
}

#[test]
fn what_a_wish_puts_behind_is_there_for_a_retry() {
    let table = with(&[
        ("/services/api/regions/0/canary", json!(0)),
        ("/services/api/regions/1/draining", json!(true)),
    ]);
    let decision = decide(&table, &berlin(), &Evidence::default());
    assert_eq!(order(&decision), ["sa-east", "eu-west", "us-east"]);
    let wishes: Vec<_> = decision.wishes.iter().map(|w| (w.filter, w.behind.len())).collect();
    assert_eq!(wishes, [(Filter::Drain, 1), (Filter::Canary, 1)]);
    assert_eq!((decision.steps.len(), decision.how), (0, ChosenBy::Group));
}

#[test]
fn a_preferred_rule_comes_before_a_wish() {
    let preferred = json!({
        "id": "near-brazil", "mode": "preferred", "when": {}, "permits": ["sa-east"],
    });
    let rules = ("/rules", json!([preferred]));
    let table = with(&[rules, ("/services/api/regions/2/draining", json!(true))]);
    assert_eq!(regions(&table, &berlin())[0], "sa-east", "it is up, and inside");
}

#[test]
fn a_header_that_is_there_twice_is_looked_at_item_by_item() {
    let rule = json!({
        "id": "phi", "mode": "strict", "permits": ["eu-west"],
        "when": {"headers": [{"name": "x-data", "texts": ["phi"]}]},
    });
    let table = with(&[("/rules", json!([rule]))]);
    for value in ["phi", "phi, phi", "phi,phi", "other, phi", " phi "] {
        let header = |name: &str| (name == "x-data").then(|| value.to_owned());
        let request = RequestFacts { header: &header, ..from("US") };
        assert_eq!(regions(&table, &request), ["eu-west"], "{value}");
    }
}

#[test]
fn a_rule_about_get_guards_head() {
    let rule = json!({
        "id": "reads", "mode": "strict", "permits": ["eu-west"], "when": {"methods": ["GET"]},
    });
    let table = with(&[("/rules", json!([rule]))]);
    for (method, count) in [("GET", 1), ("HEAD", 1), ("POST", 3)] {
        let request = RequestFacts { method, ..from("US") };
        assert_eq!(regions(&table, &request).len(), count, "{method}");
    }
}

#[test]
fn a_separator_in_an_escape_hides_no_path_from_its_rule() {
    let rule = json!({
        "id": "api", "mode": "strict", "permits": ["eu-west"], "when": {"paths": ["/api/*"]},
    });
    let table = with(&[("/rules", json!([rule]))]);
    for path in ["/api/..%2fpublic", "/api/%2e%2e%2Fpublic", "/api/x%5c..%5C..%5cpublic"] {
        assert_eq!(regions(&table, &RequestFacts { path, ..from("US") }), ["eu-west"], "{path}");
    }
}

#[test]
fn a_tenant_that_nobody_can_read_goes_nowhere() {
    let by_path = [
        ("/services/api/tenancy", json!({"source": "path_segment 2"})),
        ("/tenants", json!({"acme": ["eu-west"]})),
    ];
    let table = with(&by_path);
    let long = format!("/t/acme/{}", "x".repeat(crate::residency::PATH_BYTES_MAX));
    for path in [long.as_str(), "/t%2facme/x"] {
        let request = RequestFacts { path, ..from("US") };
        assert_eq!(refusal(&table, &request), Some(Refusal::UnknownTenant), "{path:.20}");
    }
    assert_eq!(regions(&table, &RequestFacts { path: "/t/acme/x", ..from("US") }), ["eu-west"]);
}

#[test]
fn what_a_membership_permits_ends_with_it_whether_or_not_a_newer_table_has_come() {
    let rule =
        json!({"id": "dated", "mode": "strict", "when": {}, "permits": ["eu-west", "us-east"]});
    let table = with(&[
        ("/rules", json!([rule])),
        ("/law_until", json!("2026-11-22T13:00:00Z")),
        ("/lasting", json!({"rules": [["eu-west"]]})),
    ]);
    let at = |text: &str| Timestamp::try_from(text.to_owned()).unwrap();
    let before = RequestFacts { now: at("2026-11-22T12:59:59.999Z"), ..from("US") };
    assert_eq!(regions(&table, &before).len(), 2);
    let after = RequestFacts { now: at("2026-11-22T13:00:00Z"), ..from("US") };
    assert_eq!(regions(&table, &after), ["eu-west"]);
}

#[test]
fn a_canary_takes_its_share_of_clients_and_all_of_them_where_it_is_alone() {
    let canary = ("/services/api/regions/0/canary", json!(10));
    let table = with(std::slice::from_ref(&canary));
    assert_shares(&shares(&table, &berlin()), &[("eu-west", 10), ("us-east", 90)]);
    let alone = with_health(["up", "down", "down"], &[canary]);
    assert_shares(&shares(&alone, &berlin()), &[("eu-west", 100)]);
}

#[test]
fn who_is_in_the_canary_at_ten_percent_is_in_it_at_twenty_five() {
    let at = |percent: u32| with(&[("/services/api/regions/0/canary", json!(percent))]);
    let (ten, more) = (at(10), at(25));
    for number in 0..2_000 {
        let client = Some(StableHash::of_number("test", number));
        let request = RequestFacts { client, ..berlin() };
        let first = |table| regions(table, &request).first().cloned();
        if first(&ten).as_deref() == Some("eu-west") {
            assert_eq!(first(&more).as_deref(), Some("eu-west"), "{number}");
        }
    }
}

#[test]
fn a_region_that_sheds_load_hands_its_share_on_and_refuses_it_where_it_is_the_last() {
    let shed = ("/services/api/regions/0/shed", json!(30));
    let table = with(std::slice::from_ref(&shed));
    assert_shares(&shares(&table, &berlin()), &[("eu-west", 70), ("us-east", 30)]);
    let alone = with_health(["up", "down", "down"], &[shed]);
    assert_shares(&shares(&alone, &berlin()), &[("eu-west", 70), ("none", 30)]);
}

#[test]
fn a_host_that_nobody_serves_is_refused() {
    let table = with(&[]);
    assert_eq!(
        refusal(&table, &RequestFacts::new("other.example.com")),
        Some(Refusal::UnknownHost)
    );
}

#[test]
fn a_table_that_names_an_unknown_region_is_no_table() {
    let mut routes = three();
    routes["rules"] = json!([{"id": "x", "mode": "strict", "when": {}, "permits": ["mars"]}]);
    assert!(Table::parse(&routes.to_string()).is_err());
    let mut routes = three();
    routes["version"] = json!(1);
    assert!(Table::parse(&routes.to_string()).is_err());
}
