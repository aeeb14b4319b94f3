//! Drills that move a primary, by plans there and back.

use super::*;
use crate::config::DrillKind;
use crate::drill::{Drill, DrillStage, Milestone, Outcome};

fn drill() -> Act {
    Act::Drill { service: service(), kind: DrillKind::Full, region: None }
}

fn last(world: &World) -> Drill {
    world.controller.state().drills.drills.last().unwrap().clone()
}

/// A world in which a drill has moved the primary away, and waits for a person.
fn moved() -> World {
    let mut world = World::settled_with(&{
        let mut config = config();
        config["services"]["orders"]["contract"] = json!({"rpo_s": 300});
        config
    });
    world.done(drill());
    assert_eq!(last(&world).stage, DrillStage::Switch);
    world.minutes(10);
    assert_eq!(last(&world).stage, DrillStage::Confirm, "{:#?}", world.plan());
    world
}

#[test]
fn a_primary_is_moved_there_and_back_once_a_person_has_confirmed_it() {
    let mut world = moved();
    assert_eq!(world.write_target().as_deref(), Some("us-east"));
    assert_eq!(world.operator.writers, ["us-east".to_owned()].into());
    let told = world.told("approval_needed");
    assert!(told.last().unwrap().contains("waits: `pointsman confirm orders eu-west`"), "{told:?}");
    world.minutes(3);
    assert_eq!(last(&world).stage, DrillStage::Confirm, "it waits for a person");
    world.done(confirm("eu-west"));
    world.a_while();
    let drill = last(&world);
    assert_eq!((drill.outcome, &drill.why_ended), (Outcome::Succeeded, &None), "{drill:#?}");
    assert_eq!(world.write_target().as_deref(), Some("eu-west"));
    assert_eq!(world.operator.writers, ["eu-west".to_owned()].into());
    let reached: Vec<_> = drill.reached.iter().map(|it| it.milestone).collect();
    assert_eq!(reached, Milestone::ALL);
    assert!(drill.asserted.iter().any(|it| it.is_kept && it.words.starts_with("RPO 300 s")));
    assert!(world.recovery().unconfirmed.contains(&region("us-east")), "it is none to follow yet");
}

#[test]
fn one_that_is_aborted_before_anything_was_fenced_changes_nothing() {
    let mut world = World::settled();
    world.done(drill());
    world.done(abort());
    assert_eq!(last(&world).outcome, Outcome::Interrupted);
    assert_eq!(world.plan().end, Some(PlanEnd::Aborted));
    world.minutes(3);
    assert_eq!(world.called(), Vec::<&str>::new());
    assert_eq!(world.write_target().as_deref(), Some("eu-west"));
    assert!(!world.recovery().is_held, "the next fault begins its plan by itself");
}

#[test]
fn one_that_is_aborted_while_it_waits_leaves_the_primary_where_it_is_and_says_so() {
    let mut world = moved();
    world.done(abort());
    assert_eq!(last(&world).outcome, Outcome::Interrupted);
    assert_eq!(world.write_target().as_deref(), Some("us-east"));
    world.done(confirm("eu-west"));
    world.done(fail_back("eu-west"));
    world.a_while();
    assert_eq!(world.write_target().as_deref(), Some("eu-west"));
}

#[test]
fn a_hook_that_refuses_fails_the_drill() {
    let mut world = World::settled();
    world.operator.says.insert("fence".to_owned(), [409].into());
    world.done(drill());
    world.minutes(4);
    let drill = last(&world);
    assert_eq!(drill.outcome, Outcome::Failed);
    assert!(drill.why_ended.as_deref().unwrap().contains("fence: it answered 409"), "{drill:?}");
}

#[test]
fn a_new_primary_that_goes_down_interrupts_it_and_is_replaced_like_any_other() {
    let mut world = moved();
    world.done(confirm("eu-west"));
    world.down = vec!["us-1"];
    world.minutes(6);
    assert!(!last(&world).is_under_way());
    assert_eq!(world.operator.writers.len(), 1);
    assert_ne!(world.write_target().as_deref(), Some("us-east"));
}

#[test]
fn wherever_the_controller_dies_the_drill_goes_on_and_comes_to_its_end_once() {
    for saves in (0..48).step_by(6) {
        let mut world = World::settled();
        world.done(drill());
        world.dies_after = Some(saves);
        for _ in 0..14 {
            world.minutes(1);
            let is_asked = last(&world).stage == DrillStage::Confirm;
            if is_asked && world.recovery().unconfirmed.contains(&region("eu-west")) {
                let reply = world.act(confirm("eu-west"), Role::Operator);
                drop(reply);
            }
        }
        let drill = last(&world);
        assert_eq!(drill.outcome, Outcome::Succeeded, "{saves}: {drill:#?}");
        assert_eq!(world.controller.state().drills.drills.len(), 1);
        assert_eq!(world.operator.writers, ["eu-west".to_owned()].into(), "{saves}");
    }
}
