//! Clients that return to a region by stages: by weights where there are some, and elsewhere at the
//! last stage.

use super::*;
use crate::cloudflare::observed::Weight;
use crate::recovery::{Recovery, Return};

const UP: [&str; 4] = ["de", "ie", "us", "br"];

/// What is wanted while this percentage of the clients of these regions has returned, and these
/// are up.
fn wanted_while(config: &Value, up: &'static [&'static str], returns: &[(&str, u8)]) -> Desired {
    let now = Timestamp::from_millis(1_785_585_600_000);
    let mut config = config.clone();
    config["services"]["web"]["failover"] = json!({"failback": {}});
    let config = Config::parse(&config.to_string()).unwrap_or_else(|found| panic!("{found:?}"));
    let mut state = State::default();
    let down: Vec<_> = UP.iter().filter(|id| !up.contains(id)).copied().collect();
    let said = |regions: &[&str], set: OverrideTo| -> Vec<(String, OverrideTo)> {
        let origins = |id: &&str| [format!("{id}-1"), format!("{id}-2")];
        regions.iter().flat_map(origins).map(|id| (id, set)).collect()
    };
    for (origin, set) in [said(up, OverrideTo::Up), said(&down, OverrideTo::Down)].concat() {
        state.orders.push(order(1, set_origin(&origin, set), Some(now.plus(1_000))));
    }
    let mut recovery = Recovery::default();
    for (region, percent) in returns {
        let back = Return { percent: *percent, ..Return::begin(now, 0, None) };
        recovery.returns.insert(RegionId::parse(region).unwrap(), back);
    }
    state.recoveries.insert(ServiceId::parse("web").unwrap(), recovery);
    desired(&View::new(&config, &state, now))
}

fn with(extra: &Value) -> Value {
    let mut config = config();
    let service = config["services"]["web"].as_object_mut().unwrap();
    service.extend(extra.as_object().unwrap().clone());
    config
}

/// The policy, the list for everybody and the weights of the balancer.
fn balancer(desired: &Desired) -> (String, Vec<String>, Vec<(String, String)>) {
    let fields = desired.balancers[0].fields.clone().unwrap();
    let weights = fields.random_steering.into_iter().flat_map(|random| {
        let weights = random.pool_weights.iter();
        weights.map(|(pool, weight)| (pool.clone(), weight.to_string())).collect::<Vec<_>>()
    });
    (fields.steering_policy.unwrap(), fields.default_pools.unwrap(), weights.collect())
}

fn switches(desired: &Desired, pool: &str) -> Vec<Switch> {
    let pool = desired.pools.iter().find(|it| it.name == pool).unwrap();
    pool.origins.values().map(|member| member.switch).collect()
}

#[test]
fn an_ordered_balancer_divides_by_weight_between_the_returning_and_the_leading_region() {
    let at = |percent| balancer(&wanted_while(&config(), &UP, &[("de", percent)]));
    let told = |weights: [(&str, &str); 4]| weights.map(|(a, b)| (a.to_owned(), b.to_owned()));
    let (policy, list, weights) = at(10);
    assert_eq!(
        (policy.as_str(), list),
        ("random", ["ie", "us", "br", "de"].map(String::from).into())
    );
    assert_eq!(weights, told([("br", "0.00"), ("de", "0.11"), ("ie", "1.00"), ("us", "0.00")]));
    let (_, _, weights) = at(50);
    assert_eq!(weights, told([("br", "0.00"), ("de", "1.00"), ("ie", "1.00"), ("us", "0.00")]));
    let (policy, list, weights) = at(0);
    assert_eq!((policy.as_str(), list), ("off", ["ie", "us", "br", "de"].map(String::from).into()));
    assert_eq!(weights, []);
    let (policy, list, _) = at(100);
    assert_eq!((policy.as_str(), list), ("off", UP.map(String::from).into()));
}

#[test]
fn what_later_regions_have_is_not_divided() {
    let desired = wanted_while(&config(), &UP, &[("us", 10)]);
    let (policy, list, _) = balancer(&desired);
    assert_eq!((policy.as_str(), list), ("off", ["de", "ie", "br", "us"].map(String::from).into()));
}

#[test]
fn its_pool_comes_into_use_with_its_first_part_and_not_before() {
    for (percent, switch) in [(0, Switch::Leave), (10, Switch::Enable), (100, Switch::Enable)] {
        let desired = wanted_while(&config(), &UP, &[("de", percent)]);
        assert_eq!(switches(&desired, "de"), [switch; 2], "{percent}");
        assert_eq!(switches(&desired, "ie"), [Switch::Enable; 2]);
    }
}

#[test]
fn a_balancer_without_weights_waits_for_the_last_stage() {
    for policy in ["latency", "proximity", "geo"] {
        let mut extra = json!({"steering": policy});
        if policy == "geo" {
            extra["geo"] = json!({"regions": {"WEU": ["de"]}});
        }
        let config = with(&extra);
        for (percent, switch) in [(50, Switch::Leave), (100, Switch::Enable)] {
            let desired = wanted_while(&config, &UP, &[("de", percent)]);
            assert_eq!(switches(&desired, "de"), [switch; 2], "{policy} {percent}");
            let (_, list, _) = balancer(&desired);
            let is_last = list.last().is_some_and(|pool| pool == "de");
            assert_eq!(is_last, percent < 100, "{policy} {percent}");
        }
    }
}

#[test]
fn a_balancer_that_has_lists_by_country_waits_for_the_last_stage() {
    let desired = wanted_while(&with_gdpr(config()), &UP, &[("de", 50)]);
    let (policy, ..) = balancer(&desired);
    assert_eq!((policy.as_str(), switches(&desired, "de")), ("geo", vec![Switch::Leave; 2]));
    let fields = desired.balancers[0].fields.clone().unwrap();
    assert_eq!(fields.default_pools.unwrap(), ["ie", "de"], "which is what Germany has");
    let america = fields.country_pools.unwrap().get("US").cloned().unwrap();
    assert_eq!(america, ["ie", "us", "br", "de"]);
}

#[test]
fn a_pool_without_a_balancer_waits_for_the_last_stage_unless_it_has_weights_of_its_own() {
    let mut config = config();
    config["services"]["web"]["publish"] = json!([pool("all", &UP)]);
    let de = |desired: &Desired| {
        let all = desired.pools[0].origins.get("de1.example.net").cloned().unwrap();
        (all.switch, all.weight)
    };
    let waits = wanted_while(&config, &UP, &[("de", 50)]);
    assert_eq!(de(&waits), (Switch::Leave, None));
    config["services"]["web"]["publish"][0]["pool"]["weights"] = json!(true);
    let divided = wanted_while(&config, &UP, &[("de", 50)]);
    // An eighth of all, where each of the others has seven twenty-fourths.
    assert_eq!(de(&divided), (Switch::Enable, Some(Weight::of_hundredths(43))));
}

#[test]
fn where_no_other_region_serves_all_of_its_clients_nothing_waits() {
    let desired = wanted_while(&config(), &["de"], &[("de", 0)]);
    assert_eq!(switches(&desired, "de"), [Switch::Enable; 2]);
    let (_, list, _) = balancer(&desired);
    assert_eq!(list[0], "de");
}

fn record(mode: &str) -> Value {
    json!({"publish": [{"dns": {
        "zone": "example.com", "name": "www.example.com", "type": "A", "mode": mode,
    }}]})
}

#[test]
fn a_record_leads_to_a_region_when_all_have_returned() {
    let config = with(&record("failover"));
    let leads = |up: &'static [&'static str], returns: &[(&str, u8)]| {
        let (region, _) = wanted_while(&config, up, returns).records[0].answer.clone().unwrap();
        region.to_string()
    };
    for (percent, to) in [(0, "ie"), (50, "ie"), (99, "ie"), (100, "de")] {
        assert_eq!(leads(&UP, &[("de", percent)]), to, "{percent}");
    }
    assert_eq!(leads(&["de"], &[("de", 10)]), "de", "nobody else is up");
    assert_eq!(leads(&["de", "ie"], &[("de", 10), ("ie", 10)]), "de", "nor all there");
}

#[test]
fn a_set_of_members_takes_a_region_in_when_all_have_returned() {
    let config = with(&record("members"));
    let switch = |percent| {
        let desired = wanted_while(&config, &UP, &[("de", percent)]);
        desired.records[0].permitted.get("192.0.2.11").cloned().unwrap().switch
    };
    assert_eq!([0, 50, 100].map(switch), [Switch::Leave, Switch::Leave, Switch::Enable]);
}
