//! Weights of origins and pools.

use super::*;

/// The weights that a config gives the pools of its balancer.
fn weights(config: &Value, said: &[(&str, OverrideTo)]) -> Vec<(String, String)> {
    let fields = wanted(config, said).balancers.pop().unwrap().fields.unwrap();
    let steering = fields.random_steering.unwrap();
    steering.pool_weights.iter().map(|(pool, w)| (pool.clone(), w.to_string())).collect()
}

fn weighted(extra: &Value) -> Value {
    let mut config = config();
    let service = config["services"]["web"].as_object_mut().unwrap();
    service.insert("steering".to_owned(), json!("weighted"));
    service.extend(extra.as_object().unwrap().clone());
    config
}

fn told(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(pool, weight)| ((*pool).to_owned(), (*weight).to_owned())).collect()
}

#[test]
fn the_heaviest_region_weighs_one_and_others_their_part_of_it() {
    let config = weighted(&json!({"weights": {"de": 40, "ie": 10, "us": 20, "br": 0}}));
    assert_eq!(
        weights(&config, &[]),
        told(&[("br", "0.00"), ("de", "1.00"), ("ie", "0.25"), ("us", "0.50")])
    );
}

#[test]
fn a_small_share_is_never_rounded_to_none() {
    let config = weighted(&json!({
        "weights": {"de": 100, "ie": 1, "us": 100, "br": 100},
        "canary": {"us": 99},
    }));
    let found = weights(&config, &[]);
    assert!(found.iter().all(|(_, weight)| weight != "0.00"), "{found:?}");
}

#[test]
fn a_region_on_trial_gets_its_percentage_and_others_share_the_rest() {
    let config = weighted(&json!({"canary": {"br": 10}}));
    assert_eq!(
        weights(&config, &[]),
        told(&[("br", "0.33"), ("de", "1.00"), ("ie", "1.00"), ("us", "1.00")])
    );
}

#[test]
fn a_region_that_drains_gets_nobody_new() {
    let config = weighted(&json!({}));
    assert_eq!(
        weights(&config, &of(&["us"], OverrideTo::Drain)),
        told(&[("br", "1.00"), ("de", "1.00"), ("ie", "1.00"), ("us", "0.00")])
    );
}

#[test]
fn where_all_drain_all_count_alike() {
    let config = weighted(&json!({}));
    let said = of(&["de", "ie", "us", "br"], OverrideTo::Drain);
    assert!(weights(&config, &said).iter().all(|(_, weight)| weight == "1.00"));
}

#[test]
fn an_ordered_service_has_shares_only_while_they_differ() {
    let fields = |said: &[_]| wanted(&config(), said).balancers.pop().unwrap().fields.unwrap();
    assert_eq!(fields(&[]).steering_policy.as_deref(), Some("off"));
    let drained = fields(&of(&["us"], OverrideTo::Drain));
    assert_eq!(drained.steering_policy.as_deref(), Some("random"));
    assert!(drained.random_steering.is_some());
}

#[test]
fn origins_of_a_pool_weigh_what_their_region_does() {
    let mut config = weighted(&json!({"weights": {"de": 40, "ie": 10, "us": 20, "br": 0}}));
    config["services"]["web"]["publish"][0] = pool("de", &["de", "ie"]);
    config["services"]["web"]["publish"][0]["pool"]["weights"] = json!(true);
    config["services"]["web"]["publish"].as_array_mut().unwrap().remove(1);
    let desired = wanted(&config, &[]);
    let pool = desired.pools.iter().find(|pool| pool.name == "de").unwrap();
    let weight = |address: &str| pool.origins.get(address).unwrap().weight;
    assert_eq!(weight("de1.example.net"), Some(Weight::ONE));
    assert_eq!(weight("ie2.example.net"), Some(Weight::of_hundredths(25)));
    let other = desired.pools.iter().find(|pool| pool.name == "us").unwrap();
    assert!(other.origins.values().all(|member| member.weight.is_none()));
}
