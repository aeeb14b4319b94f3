use super::*;
use crate::journal::Role;
use crate::order::Act;
use crate::recovery::Stage;
use serde_json::json;
use world::{World, config, region, service};

mod drilled;
mod random;
mod readiness;
mod world;

fn approve() -> Act {
    Act::Approve { service: service() }
}

fn abort() -> Act {
    Act::Abort { service: service() }
}

fn confirm(id: &str) -> Act {
    Act::Confirm { service: service(), region: region(id) }
}

fn switch(to: &str) -> Act {
    Act::Switch { service: service(), to: region(to) }
}

fn fail_back(to: &str) -> Act {
    Act::FailBack { service: service(), region: region(to) }
}

/// A world whose primary went down.
fn failed() -> World {
    failed_with(|_| ())
}

fn failed_with(adjust: impl FnOnce(&mut World)) -> World {
    let mut world = World::settled();
    adjust(&mut world);
    world.down = vec!["eu-1"];
    world.a_while();
    world
}

#[test]
fn a_primary_that_is_down_is_fenced_first_and_then_replaced() {
    let mut world = World::settled();
    assert_eq!(world.write_target().as_deref(), Some("eu-west"));
    let before = world.told_epoch();
    world.down = vec!["eu-1"];
    world.a_while();
    let plan = world.plan();
    assert_eq!(plan.end, Some(PlanEnd::Done), "{plan:#?}");
    assert_eq!(world.called(), ["fence", "promote"]);
    assert_eq!(world.operator.writers, ["us-east".to_owned()].into());
    assert_eq!(world.write_target().as_deref(), Some("us-east"));
    assert_eq!(world.stage(), Stage::FailedOver);
    assert_eq!(world.told_epoch(), plan.epoch);
    assert!(before < plan.epoch);
    assert!(world.recovery().unconfirmed.contains(&region("eu-west")));
    let told = world.told("plan_ended");
    let how = "eu-west gets no writes until a person confirms it (`pointsman confirm orders \
               eu-west`)";
    assert_eq!(told, [format!("plan {} of `orders` is done; {how}", plan.epoch)]);
}

#[test]
fn between_fence_and_promotion_nobody_gets_writes() {
    let world = failed_with(|world| {
        world.operator.says.insert("promote".to_owned(), [503; 4].into());
    });
    assert_eq!(world.plan().end, Some(PlanEnd::Done));
    let mut world = World::settled();
    world.operator.says.insert("promote".to_owned(), [202; 100].into());
    world.down = vec!["eu-1"];
    world.minutes(1);
    assert!(world.plan().is_under_way());
    assert_eq!(world.write_target(), None);
    world.down = vec![];
    world.minutes(1);
    assert_eq!(world.write_target(), None, "a fenced primary that returns gets none either");
}

#[test]
fn nothing_is_fenced_for_a_standby_that_the_gate_refuses() {
    let mut world = World::settled();
    world.mute = vec!["us-1", "br-1"];
    world.minutes(7);
    world.down = vec!["eu-1"];
    world.a_while();
    assert_eq!(world.plan().end, Some(PlanEnd::Refused), "{:#?}", world.plan());
    assert_eq!(world.operator.calls, []);
    assert!(world.recovery().unconfirmed.is_empty());
    world.down = vec![];
    world.minutes(3);
    assert_eq!(world.write_target().as_deref(), Some("eu-west"));
    assert_eq!(world.stage(), Stage::Normal);
}

#[test]
fn a_standby_that_the_gate_refuses_is_passed_over() {
    let mut world = World::settled();
    world.mute = vec!["us-1"];
    world.minutes(7);
    world.down = vec!["eu-1"];
    world.a_while();
    assert_eq!(world.plan().end, Some(PlanEnd::Done), "{:#?}", world.plan());
    assert_eq!(world.operator.writers, ["sa-east".to_owned()].into());
}

#[test]
fn a_plan_that_waits_for_a_person_goes_on_only_with_one_who_may() {
    let mut config = config();
    let failover = &mut config["services"]["orders"]["failover"];
    (failover["mode"], failover["approval"]) = ("approve".into(), "approver".into());
    let mut world = World::settled_with(&config);
    world.down = vec!["eu-1"];
    world.minutes(2);
    assert_eq!(world.operator.calls, []);
    assert_eq!(world.told("approval_needed").len(), 1, "it is told once");
    let why = world.refused(approve(), Role::Operator);
    assert_eq!(why, "the role is `operator`; a plan of `orders` takes `approver`");
    world.act(approve(), Role::Approver);
    world.a_while();
    assert_eq!(world.plan().end, Some(PlanEnd::Done));
    assert_eq!(world.write_target().as_deref(), Some("us-east"));
}

#[test]
fn a_plan_without_purpose_ends_before_the_fence_and_not_after_it() {
    let mut config = config();
    config["services"]["orders"]["failover"]["mode"] = "approve".into();
    let mut world = World::settled_with(&config);
    world.down = vec!["eu-1"];
    world.minutes(2);
    world.down = vec![];
    world.minutes(2);
    assert_eq!(world.plan().end, Some(PlanEnd::Aborted));
    assert_eq!(world.plan().why_ended.as_deref(), Some("eu-west is up again"));
    assert_eq!(world.stage(), Stage::Normal);
    let first = world.plan().epoch;
    world.down = vec!["eu-1"];
    world.minutes(2);
    assert!(world.plan().epoch > first, "the next fault is another one");
    world.operator.says.insert("fence".to_owned(), [202; 20].into());
    world.done(approve());
    world.down = vec![];
    world.minutes(3);
    assert_eq!(world.plan().end, Some(PlanEnd::Done), "what is fenced is replaced");
}

#[test]
fn a_hook_that_says_another_epoch_rules_ends_the_plan_and_nothing_goes_on_by_itself() {
    let mut world = World::settled();
    world.operator.says.insert("promote".to_owned(), [409].into());
    world.down = vec!["eu-1"];
    world.minutes(1);
    let first = world.plan();
    assert_eq!(
        (first.end, first.why_ended.as_deref()),
        (Some(PlanEnd::Refused), Some("promote: it answered 409"),)
    );
    world.minutes(1);
    assert_eq!(world.plan().epoch, first.epoch);
    assert_eq!((world.write_target(), world.operator.writers.len()), (None, 0));
    world.done(approve());
    world.a_while();
    assert!(world.plan().epoch > first.epoch);
    assert_eq!(world.plan().end, Some(PlanEnd::Done));
    assert_eq!(world.write_target().as_deref(), Some("us-east"));
}

#[test]
fn a_hook_is_asked_again_under_one_id_until_its_time_is_over() {
    let world = failed_with(|world| {
        world.operator.says.insert("fence".to_owned(), [202, 503, 429, 0, 202].into());
    });
    assert_eq!(world.plan().end, Some(PlanEnd::Done));
    let id = format!("orders-{}-fence", world.plan().epoch);
    let fences = world.operator.calls.iter().filter(|call| call.1 == "fence");
    let ids: Vec<&str> = fences.map(|call| call.2.as_str()).collect();
    assert_eq!(ids, vec![id.as_str(); 6]);
    let mut world = failed_with(|world| {
        world.operator.says.insert("fence".to_owned(), [503; 99].into());
    });
    let plan = world.plan();
    assert_eq!(plan.end, Some(PlanEnd::Failed));
    let why = plan.why_ended.unwrap();
    assert!(why.starts_with("fence: not done within 1 min: it answered 503"), "{why}");
    assert_eq!(world.write_target(), None, "nobody knows whether it is fenced");
    world.down = vec![];
    world.minutes(2);
    assert_eq!(world.write_target(), None);
    world.done(confirm("eu-west"));
    assert_eq!(world.write_target().as_deref(), Some("eu-west"));
}

#[test]
fn an_old_primary_that_returns_gets_no_writes_until_a_person_confirms_it() {
    let mut world = failed();
    world.down = vec![];
    world.minutes(20);
    assert_eq!(world.write_target().as_deref(), Some("us-east"));
    let why = world.refused(fail_back("eu-west"), Role::Approver);
    assert!(why.contains("confirm it first"), "{why}");
    world.done(confirm("eu-west"));
    world.minutes(2);
    assert_eq!(world.write_target().as_deref(), Some("us-east"), "it does not move by itself");
    world.operator.calls.clear();
    world.done(fail_back("eu-west"));
    world.minutes(5);
    let plan = world.plan();
    assert_eq!(plan.end, Some(PlanEnd::Done), "{plan:#?}");
    assert_eq!(world.called(), ["fence", "promote"]);
    assert_eq!(world.operator.writers, ["eu-west".to_owned()].into());
    assert_eq!(world.write_target().as_deref(), Some("eu-west"));
    assert!(world.recovery().unconfirmed.contains(&region("us-east")));
    assert_eq!(world.stage(), Stage::Normal);
}

#[test]
fn a_switch_leads_clients_away_before_anything_is_fenced_and_says_when_servers_may_stop() {
    let mut world = World::settled();
    world.done(switch("us-east"));
    assert_eq!(world.operator.calls, [], "clients have to go first");
    let drain_ms = PROXIES_MS + FLIP_MS + 30 * SECOND + POOLED_MS;
    let began = world.now;
    while world.operator.calls.is_empty() {
        world.pass(100);
        assert!(world.now - began < drain_ms + 3 * SECOND);
    }
    assert!(world.now - began >= drain_ms, "{}", world.now - began);
    world.minutes(3);
    let plan = world.plan();
    assert_eq!(plan.end, Some(PlanEnd::Done), "{plan:#?}");
    assert_eq!(world.write_target().as_deref(), Some("us-east"));
    let told = world.told("plan_ended");
    assert!(told[0].ends_with("; the servers of eu-west may be stopped now"), "{told:?}");
}

#[test]
fn what_a_switch_says_of_servers_names_the_other_services_that_still_use_them() {
    let mut config = config();
    let files = json!({"monitor": "db", "regions": ["eu-west", "us-east"]});
    config["services"]["files"] = files.clone();
    config["services"]["web"] = files;
    let mut world = World::settled_with(&config);
    world.done(switch("us-east"));
    let web = crate::ids::ServiceId::parse("web").ok();
    world.done(Act::Drain { region: region("eu-west"), service: web });
    world.minutes(4);
    let told = world.told("plan_ended");
    let end = "may be stopped now, as far as `orders` goes: clients of `files` are led there";
    assert!(told[0].ends_with(end), "{told:?}");
}

#[test]
fn a_switch_that_does_not_come_to_its_end_leaves_no_order() {
    let mut world = World::settled();
    world.operator.says.insert("fence".to_owned(), [404].into());
    world.done(switch("us-east"));
    world.minutes(4);
    assert_eq!(world.plan().end, Some(PlanEnd::Failed));
    assert_eq!(world.controller.state().orders, []);
}

#[test]
fn only_what_may_not_have_happened_is_aborted() {
    let mut world = World::settled();
    world.operator.says.insert("fence".to_owned(), [202; 99].into());
    world.down = vec!["eu-1"];
    world.minutes(1);
    world.done(abort());
    assert_eq!(world.plan().end, Some(PlanEnd::Aborted));
    world.minutes(1);
    assert_eq!(world.called(), ["fence"], "it does not begin again by itself");
    world.operator.says.clear();
    world.operator.says.insert("promote".to_owned(), [202; 99].into());
    world.done(approve());
    world.pass(5 * SECOND);
    let why = world.refused(abort(), Role::Approver);
    assert!(why.contains("us-east may be the primary already"), "{why}");
}

#[test]
fn while_a_service_is_halted_nothing_is_called_and_no_time_runs_out() {
    let mut config = config();
    let promote = &mut config["services"]["orders"]["failover"]["promote"];
    promote["fence"]["timeout_s"] = 100.into();
    let mut world = World::settled_with(&config);
    world.operator.says.insert("fence".to_owned(), [202; 45].into());
    world.down = vec!["eu-1"];
    world.minutes(1);
    world.done(Act::Corruption { service: None });
    assert_eq!(world.stage(), Stage::Halted);
    let calls = world.operator.calls.len();
    // Longer than the fence has left, and not too long for the gate.
    world.minutes(1);
    assert_eq!(world.operator.calls.len(), calls);
    assert!(world.plan().is_under_way());
    world.done(Act::Lift { order: 1 });
    world.a_while();
    assert_eq!(world.plan().end, Some(PlanEnd::Done), "{:#?}", world.plan());
    let mut world = World::settled();
    world.done(Act::Halt { service: None });
    world.down = vec!["eu-1"];
    world.minutes(10);
    assert!(world.recovery().plan.is_none(), "and nothing is begun");
}

#[test]
fn an_outage_that_a_person_declares_begins_the_plan() {
    let mut world = World::settled();
    world.done(Act::Outage { region: region("eu-west") });
    world.a_while();
    assert_eq!(world.plan().end, Some(PlanEnd::Done), "{:#?}", world.plan());
    assert_eq!(world.write_target().as_deref(), Some("us-east"));
}

#[test]
fn the_operators_own_steps_come_where_the_config_says_and_together_where_it_says_so() {
    let mut config = config();
    let step = |name: &str, when: &str, together: bool| {
        let url = format!("https://ops.example.net/{name}");
        json!({"name": name, "when": when, "url": url, "parallel_with_next": together})
    };
    config["services"]["orders"]["failover"]["steps"] = json!([
        step("scale-web", "before", true),
        step("scale-jobs", "before", true),
        step("tell-partner", "after", false),
    ]);
    let mut world = World::settled_with(&config);
    world.operator.says.insert("scale-web".to_owned(), [202, 202].into());
    world.down = vec!["eu-1"];
    world.a_while();
    assert_eq!(world.plan().end, Some(PlanEnd::Done), "{:#?}", world.plan());
    let steps = ["scale-web", "scale-jobs", "scale-web", "fence", "promote", "tell-partner"];
    assert_eq!(world.called(), steps);
}

#[test]
fn wherever_the_controller_dies_the_failover_comes_to_its_end_once() {
    let mut saves = 0;
    while saves < 200 {
        let mut world = World::settled();
        world.down = vec!["eu-1"];
        world.dies_after = Some(saves);
        world.minutes(1);
        // One that has not died by now dies after the end.
        world.dies_after = None;
        world.minutes(2);
        let (plan, epochs) = (world.plan(), epochs(&world));
        assert_eq!(plan.end, Some(PlanEnd::Done), "{saves}: {plan:#?}");
        assert_eq!(world.operator.writers, ["us-east".to_owned()].into(), "{saves}");
        assert_eq!(world.write_target().as_deref(), Some("us-east"), "{saves}");
        assert_eq!(epochs.len(), 1, "{saves}: {epochs:?}");
        if world.deaths == 0 {
            break;
        }
        // Each place once while the plan is under way, and some of the many others.
        saves += if saves < 24 { 1 } else { 7 };
    }
    assert!(saves > 15, "it died at {saves} places");
}

#[test]
fn whatever_answer_is_lost_the_hook_is_called_again_and_nothing_is_done_twice() {
    let world = failed_with(|world| world.operator.loses = 4);
    assert_eq!(world.plan().end, Some(PlanEnd::Done));
    assert_eq!(world.operator.calls.len(), 6);
    let epoch = world.plan().epoch;
    let done = ["fence", "promote"].map(|step| (epoch, step.to_owned()));
    assert_eq!(world.operator.done, done);
}

/// The epochs under which hooks were called.
fn epochs(world: &World) -> std::collections::BTreeSet<u64> {
    world.operator.calls.iter().map(|call| call.0).collect()
}
