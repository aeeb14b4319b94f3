//! What part of the clients each region should get.

use super::*;
use crate::ids::ServiceId;
use crate::recovery::{Away, Recovery, Return};

fn world(extra: &Value) -> World {
    let mut document = config();
    document["services"]["web"]["steering"] = json!("weighted");
    let service = document["services"]["web"].as_object_mut().unwrap();
    service.extend(extra.as_object().unwrap().clone());
    World::new(&document)
}

fn drain(world: &mut World, regions: &[&str]) {
    for region in regions {
        world.command(&format!("{region}-1"), OverrideTo::Drain);
        world.command(&format!("{region}-2"), OverrideTo::Drain);
    }
}

/// The parts of these regions, in permille of the whole.
fn permille(world: &World, regions: &[&str]) -> Vec<u64> {
    let ids = region_ids(regions);
    let parts = world.service().parts(&ids);
    let whole: u64 = parts.iter().map(|(_, part)| part).sum();
    parts.into_iter().map(|(_, part)| part * 1_000 / whole.max(1)).collect()
}

#[test]
fn the_share_of_a_region_is_what_the_config_says_and_a_weight_of_one() {
    let world = world(&json!({"weights": {"de": 40}, "canary": {"br": 5}, "shed": {"us": 7}}));
    let share = |id: &str| world.region(id).share;
    let plain = Share { weight: 1, canary_percent: None, shed_percent: 0, returned_percent: None };
    assert_eq!(share("de"), Share { weight: 40, ..plain });
    assert_eq!(share("ie"), plain);
    assert_eq!(share("us"), Share { shed_percent: 7, ..plain });
    assert_eq!(share("br"), Share { canary_percent: Some(5), ..plain });
}

#[test]
fn regions_share_new_clients_by_weight() {
    let world = world(&json!({"weights": {"de": 40, "ie": 10, "us": 50, "br": 0}}));
    assert_eq!(permille(&world, &REGIONS), [400, 100, 500, 0]);
    assert_eq!(permille(&world, &["ie", "de"]), [200, 800], "among those that compete");
}

#[test]
fn a_region_on_trial_gets_its_percentage_and_the_others_share_the_rest() {
    let world = world(&json!({"weights": {"de": 3, "ie": 1, "us": 0}, "canary": {"br": 10}}));
    assert_eq!(permille(&world, &REGIONS), [675, 225, 0, 100]);
    assert_eq!(permille(&world, &["br", "us"]), [1_000, 0], "with nobody for the rest, it all");
}

#[test]
fn a_drained_region_gets_nothing_and_health_changes_nothing() {
    let mut world = world(&json!({}));
    world.believe_region("de", Health::Down);
    world.believe_region("ie", Health::Up);
    assert_eq!(permille(&world, &REGIONS), [250; 4]);
    drain(&mut world, &["us"]);
    assert_eq!(permille(&world, &REGIONS), [333, 333, 0, 333]);
}

#[test]
fn where_all_are_drained_nobody_gets_a_part() {
    let mut world = world(&json!({"canary": {"br": 10}}));
    drain(&mut world, &REGIONS);
    assert_eq!(permille(&world, &REGIONS), [0; 4]);
}

#[test]
fn failover_order_is_not_enough_where_a_region_is_on_trial_or_drained() {
    assert!(!world(&json!({"weights": {"de": 3}})).service().has_trial_or_drain());
    assert!(world(&json!({"canary": {"br": 0}})).service().has_trial_or_drain());
    let mut world = world(&json!({}));
    world.command("us-1", OverrideTo::Drain);
    assert!(!world.service().has_trial_or_drain(), "half of a region");
    drain(&mut world, &["us"]);
    assert!(world.service().has_trial_or_drain());
}

/// Regions to which this percentage of their clients has returned.
fn returning(world: &mut World, regions: &[(&str, u8)]) {
    let mut recovery = Recovery::default();
    for (region, percent) in regions {
        let back = Return { percent: *percent, ..Return::begin(NOW, 0, None) };
        recovery.returns.insert(region_id(region), back);
    }
    world.state.recoveries.insert(ServiceId::parse("web").unwrap(), recovery);
}

fn by_stages(extra: &Value) -> World {
    let mut extra = extra.clone();
    extra["failover"] = json!({"failback": {}});
    let mut world = world(&extra);
    for region in REGIONS {
        world.believe_region(region, Health::Up);
    }
    world
}

#[test]
fn a_region_to_which_clients_return_gets_their_percentage_of_its_part() {
    let mut world = by_stages(&json!({"weights": {"de": 50, "ie": 25, "us": 25, "br": 0}}));
    returning(&mut world, &[("de", 10)]);
    assert_eq!(permille(&world, &REGIONS), [50, 475, 475, 0]);
    returning(&mut world, &[("de", 10), ("ie", 40)]);
    assert_eq!(permille(&world, &REGIONS), [50, 100, 850, 0]);
    returning(&mut world, &[("de", 0)]);
    assert_eq!(permille(&world, &REGIONS), [0, 500, 500, 0]);
    returning(&mut world, &[("de", 100)]);
    assert_eq!(permille(&world, &REGIONS), [500, 250, 250, 0]);
}

#[test]
fn where_clients_return_to_all_regions_each_has_its_part() {
    let mut world = by_stages(&json!({}));
    returning(&mut world, &[("de", 10), ("ie", 10)]);
    assert_eq!(permille(&world, &["de", "ie"]), [500, 500]);
}

#[test]
fn without_stages_in_the_config_nobody_is_kept_from_a_region() {
    let mut world = world(&json!({}));
    returning(&mut world, &[("de", 10)]);
    assert_eq!(world.region("de").share.returned_percent, None);
}

#[test]
fn a_region_that_is_out_or_was_just_now_has_none_of_its_clients() {
    let mut world = by_stages(&json!({}));
    let mut recovery = Recovery::default();
    let away = Away { since: NOW, regressions: 0, usual_ms: None };
    recovery.away.insert(region_id("de"), away);
    world.state.recoveries.insert(ServiceId::parse("web").unwrap(), recovery);
    assert_eq!(world.region("de").share.returned_percent, Some(0), "before anybody has looked");
    assert!(world.region("de").is_returning() && !world.region("de").is_settled());
    world.believe_region("de", Health::Down);
    assert_eq!(world.region("de").share.returned_percent, None, "nobody comes to what is down");
}

#[test]
fn in_failover_order_the_first_settled_region_has_all_but_those_who_have_returned() {
    let mut world = by_stages(&json!({"steering": "ordered"}));
    let parts = |world: &World| {
        let standing = world.service();
        let parts = standing.parts_in_order()?;
        Some(parts.into_iter().map(|(_, part)| part / 1_000).collect::<Vec<_>>())
    };
    assert_eq!(parts(&world), None, "nobody returns");
    returning(&mut world, &[("de", 10)]);
    assert_eq!(parts(&world), Some(vec![100, 900, 0, 0]));
    returning(&mut world, &[("de", 10), ("ie", 50)]);
    assert_eq!(parts(&world), Some(vec![100, 450, 450, 0]));
    returning(&mut world, &[("ie", 50)]);
    assert_eq!(parts(&world), None, "what comes later has nobody anyway");
    returning(&mut world, &[("de", 10), ("ie", 10), ("us", 10), ("br", 10)]);
    assert_eq!(parts(&world), None, "nobody is settled");
}
