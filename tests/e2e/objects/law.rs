//! Load balancers under rules: no list leads out, and what leads out is mended first.

use super::scene::{BALANCER, one_of_each, set, tables};
use crate::support::World;
use pointsman_lab::region::Mode;
use serde_json::{Value, json};

/// Clients of the EEA are served in Ireland.
fn under_a_rule(countries_by: &str) -> Value {
    let mut config = one_of_each();
    let rule = json!({
        "id": "gdpr", "when": {"country": "@eea", "host": BALANCER}, "allow": ["IE"],
        "mode": "strict",
    });
    config["residency"].as_array_mut().unwrap().push(rule);
    config["services"]["bulk"]["publish"][2]["load_balancer"]["countries_by"] = json!(countries_by);
    config["services"]["bulk"]["regions"] = json!(["us-east", "eu-west"]);
    config
}

fn balancer(world: &World) -> Value {
    tables(world)["zones"][0]["load_balancers"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_and_the_fallback_get_what_all_rules_permit_and_others_get_more() {
    let mut world = World::settled_with(&under_a_rule("country_pools")).await;
    let lists = balancer(&world);
    assert_eq!(lists["default_pools"], json!(["bulk-eu"]));
    assert_eq!(lists["fallback_pool"], "bulk-eu");
    assert_eq!(lists["steering_policy"], "geo");
    assert_eq!(lists["country_pools"]["US"], json!(["bulk-us", "bulk-eu"]));
    assert_eq!(lists["country_pools"]["DE"], Value::Null, "as everybody");
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    let lists = balancer(&world);
    assert_eq!(lists["default_pools"], json!(["bulk-eu"]), "down and lawful");
    assert_eq!(lists["fallback_pool"], "bulk-eu");
    let enabled = world.api().world().lock().pool("bulk-eu").unwrap()["enabled"].clone();
    assert_eq!(enabled, true, "a balancer without pools in Europe would go on abroad");
}

#[tokio::test(flavor = "multi_thread")]
async fn pool_sets_have_a_fallback_and_a_policy_of_their_own() {
    let world = World::settled_with(&under_a_rule("pool_sets")).await;
    let lists = balancer(&world);
    assert_eq!(lists["default_pools"], json!(["bulk-eu"]));
    let set = &lists["pool_sets"][0];
    assert_eq!(set["overrides"]["pools"], json!(["bulk-us", "bulk-eu"]));
    assert_eq!(set["overrides"]["fallback_pool"], "bulk-us");
    let countries = set["match"]["topology"]["countries"].as_array().unwrap();
    assert!(countries.contains(&json!("US")) && !countries.contains(&json!("DE")), "{countries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_leads_out_is_mended_even_while_all_is_halted() {
    let mut config = under_a_rule("country_pools");
    config["guards"]["halted"] = json!(false);
    let world = World::settled_with(&config).await;
    let before = tables(&world);
    let mut stored = world.stored_config().await;
    stored["guards"]["halted"] = json!(true);
    world.edge().kv_put("config", &stored.to_string()).await.unwrap();
    let mut world = world;
    world.minute().await;
    let us = world.api().world().lock().pool("bulk-us").unwrap()["id"].clone();
    let leads_out = json!({"fallback_pool": us});
    world.api().world().lock().edit_load_balancer(BALANCER, &leads_out).unwrap();
    world.compare().await;
    assert_eq!(tables(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_with_a_stranger_in_it_is_not_published_under_a_rule() {
    let mut world = World::settled_with(&under_a_rule("country_pools")).await;
    let mut origins = world.api().world().lock().pool("bulk-eu").unwrap()["origins"].clone();
    let stranger = json!({"name": "who", "address": "192.0.2.66", "enabled": true});
    origins.as_array_mut().unwrap().push(stranger);
    world.api().world().lock().edit_pool("bulk-eu", &json!({"origins": origins})).unwrap();
    set(&mut world, "us-east", Mode::Refuse).await;
    world.minutes(2).await;
    let withheld = world.status().await.unwrap()["cloudflare"]["withheld"].to_string();
    assert!(
        withheld.contains("`192.0.2.66`, which is not an origin of the pool's regions"),
        "{withheld}"
    );
}
