//! Monitors: created, kept, attached.

use super::*;
use crate::cloudflare::desired::DesiredMonitor;
use crate::cloudflare::observed::{LbMonitor, MonitorFields};
use crate::json;
use serde_json::{Value, json};

const NAME: &str = "pointsman:monitor:api";

fn fields(interval: u32) -> MonitorFields {
    let text = json!({"path": "/health", "interval": interval}).to_string();
    json::read(&text).unwrap()
}

fn wanted() -> Desired {
    let (account, name) = (ACCOUNT.to_owned(), NAME.to_owned());
    let mut desired = wanted_pools(&[("eu", &[("eu1", Switch::Enable)])]);
    desired.monitors = vec![DesiredMonitor { account, name, fields: fields(60) }];
    desired
}

fn observed(monitors: Vec<LbMonitor>) -> Observed {
    let mut observed = observed_pools(&[("eu", &[("eu1", true)])]);
    observed.monitors = [(ACCOUNT.to_owned(), monitors)].into();
    observed
}

fn monitor(id: &str, description: &str, interval: u32) -> LbMonitor {
    let description = Some(description.to_owned());
    LbMonitor { id: id.to_owned(), description, fields: fields(interval) }
}

fn changed(plan: &Plan) -> Vec<(&str, Value)> {
    let changes = plan.actions.iter().flat_map(|action| match &action.change {
        Change::Fields { fields, .. } => fields.iter(),
        other => panic!("{other:?}"),
    });
    changes.map(|change| (change.name.as_str(), change.to.clone())).collect()
}

#[test]
fn a_monitor_that_is_missing_is_created_with_its_marker() {
    let plan = planned(&wanted(), &observed(vec![monitor("m9", "by hand", 60)]));
    assert_eq!(told(&plan), ["monitor pointsman:monitor:api: create it"]);
    assert_eq!((plan.actions[0].urgency, &plan.actions[0].service), (Urgency::Upkeep, &None));
    let changed = changed(&plan);
    assert!(changed.contains(&("description", json!(NAME))), "{changed:?}");
    assert!(changed.contains(&("type", json!("http"))), "{changed:?}");
    assert!(changed.contains(&("interval", json!(60))), "{changed:?}");
}

#[test]
fn a_monitor_is_kept_as_ours_is_field_by_field() {
    let plan = planned(&wanted(), &observed(vec![monitor("m1", NAME, 300)]));
    assert_eq!(told(&plan), ["monitor pointsman:monitor:api: set interval as in the config"]);
    assert_eq!(changed(&plan), [("interval", json!(60))]);
}

#[test]
fn a_monitor_that_is_as_ours_is_left_alone() {
    let plan = planned(&wanted(), &observed(vec![monitor("m1", NAME, 60)]));
    assert_eq!(plan, Plan::default());
}

#[test]
fn monitors_that_were_not_read_are_neither_created_nor_attached() {
    let mut desired = wanted();
    desired.pools[0].monitor = Some(NAME.to_owned());
    let mut observed = observed(Vec::new());
    observed.monitors = Map::new();
    assert_eq!(planned(&desired, &observed), Plan::default());
}

#[test]
fn a_monitor_is_attached_to_its_pool_once() {
    let mut desired = wanted();
    desired.pools[0].monitor = Some(NAME.to_owned());
    let mut observed = observed(vec![monitor("m1", NAME, 60), monitor("m9", "", 60)]);
    let attach = ["pool eu: attach pointsman:monitor:api"];
    assert_eq!(told(&planned(&desired, &observed)), attach);
    pool_at(&mut observed, 0).monitor = Some("m9".to_owned());
    let plan = planned(&desired, &observed);
    assert_eq!(told(&plan), attach);
    assert_eq!(urgencies(&plan), [Urgency::Upkeep]);
    let Change::Fields { fields, .. } = &plan.actions[0].change else { panic!("{plan:?}") };
    assert_eq!((&fields[0].from, &fields[0].to), (&json!("(m9)"), &json!(NAME)));
    pool_at(&mut observed, 0).monitor = Some("m1".to_owned());
    assert_eq!(planned(&desired, &observed).actions, []);
}

#[test]
fn a_monitor_of_others_stays_where_the_config_names_none() {
    let mut observed = observed(vec![monitor("m1", NAME, 60), monitor("m9", "", 60)]);
    pool_at(&mut observed, 0).monitor = Some("m9".to_owned());
    assert_eq!(planned(&wanted(), &observed).actions, []);
}
