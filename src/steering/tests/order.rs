//! What comes first among the regions that are left.

use super::*;

#[test]
fn a_client_goes_to_the_nearest_region() {
    let table = with(&[]);
    assert_eq!(regions(&table, &berlin()), ["eu-west", "us-east", "sa-east"]);
    assert_eq!(regions(&table, &chicago()), ["us-east", "eu-west", "sa-east"]);
}

#[test]
fn without_a_place_the_observers_probes_decide() {
    let slow = ("/services/api/regions/0/latency_ms", json!(90));
    assert_eq!(regions(&with(&[slow]), &from("US")), ["us-east", "eu-west", "sa-east"]);
}

#[test]
fn an_unmeasured_region_is_not_a_fast_one() {
    let unmeasured = ("/services/api/regions/0/latency_ms", json!(null));
    assert_eq!(regions(&with(&[unmeasured]), &from("US")), ["us-east", "sa-east", "eu-west"]);
}

#[test]
fn what_this_isolate_has_seen_weighs_more_than_distance() {
    let table = with(&[]);
    let latency = [seen(400), seen(30), Seen::default()];
    let evidence = Evidence { seen: &latency, ..Evidence::default() };
    let request = RequestFacts { now: now(), ..berlin() };
    let decision = decide(&table, &request, &evidence);
    assert_eq!(order(&decision), ["us-east", "sa-east", "eu-west"]);
    assert_eq!(decision.how, ChosenBy::Fastest);
}

#[test]
fn regions_within_the_band_share_and_the_others_wait() {
    let banded = steering(json!({"policy": "latency", "band_ms": 60}));
    let weighted = ("/services/api/regions/1/weight", json!(3));
    let table = with(&[banded, weighted]);
    assert_shares(&shares(&table, &from("US")), &[("eu-west", 25), ("us-east", 75)]);
    assert_eq!(regions(&table, &from("US")).last().map(String::as_str), Some("sa-east"));
}

#[test]
fn a_choice_moves_only_for_a_real_gain() {
    let table = with(&[steering(json!({"policy": "latency", "band_ms": 0, "min_gain_ms": 10}))]);
    let request = RequestFacts { now: now(), ..from("US") };
    for (incumbent_ms, stays) in [(59, true), (60, true), (61, false)] {
        // A region that sees nobody is not estimated from here: all three are seen.
        let latency = [seen(50), seen(incumbent_ms), seen(200)];
        let evidence = Evidence { seen: &latency, incumbent: Some(1) };
        let decision = decide(&table, &request, &evidence);
        let first = if stays { "us-east" } else { "eu-west" };
        assert_eq!(order(&decision).first().map(String::as_str), Some(first), "{incumbent_ms}");
    }
}

#[test]
fn failover_order_is_kept_where_steering_is_ordered() {
    let table = with_health(["down", "up", "up"], &[steering(json!({"policy": "ordered"}))]);
    let decision = decide(&table, &chicago(), &Evidence::default());
    assert_eq!(
        (order(&decision), decision.how),
        (vec!["us-east".into(), "sa-east".into()], ChosenBy::Order)
    );
}

#[test]
fn the_most_exact_place_that_is_named_counts() {
    let geo = json!({"policy": "geo", "geo": {
        "pops": {"FRA": ["sa-east"]},
        "countries": {"DE": ["us-east", "eu-west"]},
        "regions": {"WEU": ["eu-west"], "ENAM": ["us-east"]},
    }});
    let table = with(&[steering(geo)]);
    let how = |request: &RequestFacts<'_>| {
        let decision = decide(&table, request, &Evidence::default());
        (order(&decision).first().cloned().unwrap(), decision.how)
    };
    let frankfurt = RequestFacts { colo: Some("FRA"), ..berlin() };
    assert_eq!(how(&frankfurt), ("sa-east".into(), ChosenBy::Pop));
    assert_eq!(how(&berlin()), ("us-east".into(), ChosenBy::Country));
    assert_eq!(how(&from("FR")), ("eu-west".into(), ChosenBy::LbRegion));
    assert_eq!(how(&chicago()), ("us-east".into(), ChosenBy::LbRegion));
    assert_eq!(how(&from("JP")), ("eu-west".into(), ChosenBy::Order));
    assert_eq!(regions(&table, &berlin()), ["us-east", "eu-west", "sa-east"]);
}

#[test]
fn a_client_of_a_split_country_goes_by_its_state_and_else_by_its_longitude() {
    let geo = json!({"policy": "geo", "geo": {
        "regions": {"WNAM": ["sa-east"], "ENAM": ["us-east"]},
    }});
    let table = with(&[steering(geo)]);
    let first = |subdivision, location| {
        let request = RequestFacts { subdivision, location, ..from("US") };
        order(&decide(&table, &request, &Evidence::default())).first().cloned().unwrap()
    };
    let dallas = Some(location(32.8, -96.8));
    assert_eq!(first(Some("TX"), dallas), "sa-east");
    assert_eq!(first(Some("TX"), None), "sa-east");
    assert_eq!(first(Some("NY"), dallas), "us-east");
    assert_eq!(first(None, dallas), "sa-east");
    assert_eq!(first(None, Some(location(40.7, -74.0))), "us-east");
    assert_eq!(first(None, None), "us-east");
}

#[test]
fn a_place_whose_regions_are_gone_is_served_as_if_it_were_not_named() {
    let geo = json!({"policy": "geo", "geo": {
        "countries": {"DE": ["us-east"]}, "regions": {"WEU": ["sa-east"]},
    }});
    let table = with_health(["up", "down", "up"], &[steering(geo)]);
    assert_eq!(regions(&table, &berlin()), ["sa-east", "eu-west"]);
}

#[test]
fn proximity_looks_at_distance_alone() {
    let table = with(&[
        steering(json!({"policy": "proximity"})),
        ("/services/api/regions/0/latency_ms", json!(900)),
    ]);
    let latency = [seen(900), seen(1), seen(1)];
    let evidence = Evidence { seen: &latency, ..Evidence::default() };
    let decision = decide(&table, &RequestFacts { now: now(), ..berlin() }, &evidence);
    assert_eq!((order(&decision)[0].as_str(), decision.how), ("eu-west", ChosenBy::Nearest));
    assert_eq!(decide(&table, &from("DE"), &Evidence::default()).how, ChosenBy::Order);
}

#[test]
fn weights_share_clients_and_zero_is_the_last_resort() {
    let table = with(&[
        steering(json!({"policy": "weighted"})),
        ("/services/api/regions/0/weight", json!(1)),
        ("/services/api/regions/1/weight", json!(4)),
        ("/services/api/regions/2/weight", json!(0)),
    ]);
    assert_shares(&shares(&table, &berlin()), &[("eu-west", 20), ("us-east", 80)]);
    let last = with_health(
        ["down", "down", "up"],
        &[steering(json!({"policy": "weighted"})), ("/services/api/regions/2/weight", json!(0))],
    );
    assert_eq!(regions(&last, &berlin()), ["sa-east"]);
}

#[test]
fn the_same_client_meets_the_same_region_as_long_as_it_is_there() {
    let by_client = steering(json!({"policy": "weighted", "affinity": "client"}));
    let (all, without) =
        (with(std::slice::from_ref(&by_client)), with_health(["up", "up", "down"], &[by_client]));
    for number in 0..500 {
        let client = Some(StableHash::of_number("test", number));
        let first =
            |table, seed| regions(table, &RequestFacts { client, seed, ..berlin() })[0].clone();
        let before = first(&all, number);
        assert_eq!(before, first(&all, number + 1), "chance plays no part");
        if before != "sa-east" {
            assert_eq!(before, first(&without, number), "only those of the lost region move");
        }
    }
}

#[test]
fn a_header_or_the_tenant_can_stand_for_the_client() {
    let by_header = with(&[steering(json!({
        "policy": "weighted", "affinity": {"header": "x-session"},
    }))]);
    let session = |name: &str| (name == "x-session").then(|| "s-17".to_owned());
    let first = |seed| {
        let request = RequestFacts { header: &session, seed, ..berlin() };
        regions(&by_header, &request)[0].clone()
    };
    assert!((0..50).all(|seed| first(seed) == first(0)));
    let alone = |seed| regions(&by_header, &RequestFacts { seed, ..berlin() })[0].clone();
    let without: std::collections::BTreeSet<_> = (0..50).map(alone).collect();
    assert_eq!(without.len(), 3, "without it, chance decides");
}

#[test]
fn a_cookie_keeps_a_client_only_where_the_law_and_health_let_it() {
    let cookie = steering(json!({"policy": "latency", "affinity": "cookie"}));
    let table = with(&[cookie.clone(), ("/rules", json!([lgpd()]))]);
    let pinned =
        |request: RequestFacts<'static>| RequestFacts { pinned_region: Some("us-east"), ..request };
    let decision = decide(&table, &pinned(berlin()), &Evidence::default());
    assert_eq!(order(&decision), ["us-east", "eu-west", "sa-east"]);
    assert_eq!(decision.how, ChosenBy::Affinity);
    assert_eq!(regions(&table, &pinned(from("BR"))), ["sa-east"]);
    let down = with_health(["up", "down", "up"], &[cookie]);
    assert_eq!(regions(&down, &pinned(berlin())), ["eu-west", "sa-east"]);
    let without = with(&[]);
    assert_eq!(regions(&without, &pinned(berlin()))[0], "eu-west", "nobody asked for cookies");
}

#[test]
fn a_preferred_rule_comes_before_speed_and_gives_way_to_an_outage() {
    let preferred = json!({
        "id": "near-brazil", "mode": "preferred", "when": {"countries": ["DE"]},
        "permits": ["sa-east"],
    });
    let rules = ("/rules", json!([preferred]));
    let table = with(std::slice::from_ref(&rules));
    assert_eq!(regions(&table, &berlin()), ["sa-east", "eu-west", "us-east"]);
    assert_eq!(regions(&table, &chicago()), ["us-east", "eu-west", "sa-east"]);
    let down = with_health(["up", "up", "down"], &[rules]);
    assert_eq!(regions(&down, &berlin()), ["eu-west", "us-east"]);
}

#[test]
fn a_region_that_breaks_fewer_preferred_rules_comes_first() {
    let rule = |id: &str, permits: Value| {
        let mut rule = json!({"mode": "preferred", "when": {"paths": ["/*"]}});
        (rule["id"], rule["permits"]) = (id.into(), permits);
        rule
    };
    let always = json!({
        "id": "c", "mode": "preferred", "when": {}, "permits": ["us-east", "eu-west"],
    });
    let rules =
        json!([rule("a", json!(["us-east", "sa-east"])), rule("b", json!(["us-east"])), always,]);
    assert_eq!(regions(&with(&[("/rules", rules)]), &berlin()), ["us-east", "eu-west", "sa-east"]);
}

/// A try that is over in the moment in which it was sent.
fn ended(outcome: TryOutcome) -> FinishedTry {
    FinishedTry { outcome, origin: Some(0), began: now(), due: now(), now: now() }
}

#[test]
fn of_regions_that_all_fail_here_the_one_that_answered_last_comes_first() {
    let limits = BreakerLimits { failures: 5, success_percent: 50 };
    let mut dead = Seen::default();
    dead.end(ended(TryOutcome::Silent), limits);
    let mut answers = dead;
    answers.end(ended(TryOutcome::Served), limits);
    assert!(answers.breaker.is_open(), "one answer does not close it");
    let request = RequestFacts { now: now(), ..berlin() };
    let order = |seen: [Seen; 3]| {
        let evidence = Evidence { seen: &seen, ..Evidence::default() };
        order(&decide(&with(&[]), &request, &evidence))
    };
    let orders = [
        order([dead, dead, answers]),
        order([dead, answers, answers]),
        order([dead, answers, Seen::default()]),
    ];
    assert_eq!(orders[0], ["sa-east", "eu-west", "us-east"]);
    assert_eq!(orders[1], ["us-east", "sa-east", "eu-west"]);
    assert_eq!(orders[2], ["sa-east", "us-east", "eu-west"], "what does not fail is before both");
}

#[test]
fn a_region_that_fails_here_is_behind_all_others_and_even_behind_a_preference() {
    let mut dead = Seen::default();
    let limits = BreakerLimits { failures: 5, success_percent: 50 };
    dead.end(ended(TryOutcome::Silent), limits);
    let seen = [dead, Seen::default(), Seen::default()];
    let evidence = Evidence { seen: &seen, ..Evidence::default() };
    let request = RequestFacts { now: now(), ..berlin() };
    let preferred =
        json!([{"id": "gdpr", "mode": "preferred", "when": {}, "permits": ["eu-west"]}]);
    for rules in [json!([]), preferred] {
        let table = with(&[("/rules", rules)]);
        let decision = decide(&table, &request, &evidence);
        assert_eq!(order(&decision), ["us-east", "sa-east", "eu-west"]);
        assert_eq!(decision.wishes[0].filter, Filter::Breaker);
    }
    let strict = json!([{"id": "x", "mode": "strict", "when": {}, "permits": ["eu-west"]}]);
    let table = with(&[("/rules", strict)]);
    let decision = decide(&table, &request, &evidence);
    assert_eq!(order(&decision), ["eu-west"], "where nothing else is permitted it is tried");
}

#[test]
fn a_failure_is_slow_and_not_fast() {
    let mut failing = seen(1);
    let limits = BreakerLimits { failures: 5, success_percent: 50 };
    failing.end(ended(TryOutcome::Failed), limits);
    assert!(!failing.breaker.is_open());
    let all = [failing, seen(90), seen(200)];
    let evidence = Evidence { seen: &all, ..Evidence::default() };
    let (table, request) = (with(&[]), RequestFacts { now: now(), ..berlin() });
    let decision = decide(&table, &request, &evidence);
    assert_eq!(order(&decision), ["us-east", "sa-east", "eu-west"]);
}

#[test]
fn the_less_busy_of_two_is_chosen() {
    let table = with(&[steering(json!({"policy": "least_outstanding"}))]);
    let busy = |count| {
        let mut seen = Seen::default();
        (0..count).for_each(|_| seen.outstanding.begin(now(), now()));
        seen
    };
    let busy = [busy(9), busy(1), busy(9)];
    let evidence = Evidence { seen: &busy, ..Evidence::default() };
    let mut first = [0; 3];
    for seed in 0..3_000 {
        let decision = decide(&table, &RequestFacts { seed, now: now(), ..berlin() }, &evidence);
        assert_eq!((decision.regions.len(), decision.how), (3, ChosenBy::LessBusy));
        first[decision.regions[0].index] += 1;
    }
    let busy = table.region("us-east").unwrap();
    assert!((1_900..=2_100).contains(&first[busy]), "two of three draws meet it: {first:?}");
}

#[test]
fn a_region_with_origins_down_spills_what_it_cannot_carry() {
    let spilling = steering(json!({"policy": "ordered", "spill": true}));
    let with_usable = |usable: u32| {
        with(&[
            spilling.clone(),
            ("/services/api/regions/0/usable", json!(usable)),
            ("/services/api/regions/0/all", json!(10)),
        ])
    };
    assert_shares(&shares(&with_usable(8), &berlin()), &[("eu-west", 100)]);
    assert_shares(&shares(&with_usable(5), &berlin()), &[("eu-west", 70), ("us-east", 30)]);
    let unspilled = with(&[
        steering(json!({"policy": "ordered"})),
        ("/services/api/regions/0/usable", json!(1)),
    ]);
    assert_shares(&shares(&unspilled, &berlin()), &[("eu-west", 100)]);
}
