//! Whether a plan would work that nobody needs yet.

use super::world::{World, config, service};
use crate::config::{Contract, UnknownLoss};
use crate::controller::{Controller, Offered};
use crate::ids::ServiceId;
use crate::journal::Role;
use crate::order::Act;
use crate::recovery::{PlanEnd, READINESS_MS, Step};
use crate::state::Denied;
use crate::time::{MINUTE, Timestamp};
use serde_json::json;

const MINUTES: u32 = 30;

fn ready(world: &World) -> Vec<String> {
    world.controller.ready(&service(), world.at())
}

fn why(world: &World) -> String {
    ready(world).join("; ")
}

/// How often each hook was asked by a dry call.
fn asked(world: &World) -> [usize; 2] {
    ["fence", "promote"]
        .map(|step| world.operator.dry_calls.iter().filter(|(asked, _)| asked == step).count())
}

/// What was told of the plan, not of its standbys.
fn told(world: &mut World, kind: &str) -> Vec<String> {
    let all = world.told(kind);
    all.into_iter().filter(|text| text.contains("a failover of")).collect()
}

/// The time that it takes until everybody is told.
fn tell(world: &mut World) {
    world.minutes(5);
}

#[test]
fn a_plan_that_would_work_has_no_reasons_and_its_hooks_are_asked_every_half_hour() {
    let mut world = World::settled();
    assert_eq!(ready(&world), [""; 0]);
    assert_eq!(asked(&world), [1, 1]);
    assert_eq!(world.operator.dry_calls[0].1, "us-east");
    assert_eq!(u64::from(MINUTES) * MINUTE, READINESS_MS);
    world.minutes(MINUTES - 4);
    assert_eq!(asked(&world), [1, 1]);
    world.minutes(2);
    assert_eq!(asked(&world), [2, 2]);
    assert_eq!(world.operator.done, [], "a dry call changes nothing");
    assert!(world.operator.calls.is_empty());
    for kind in ["not_ready", "ready"] {
        assert_eq!(told(&mut world, kind), [""; 0]);
    }
    world.crash();
    world.minutes(1);
    assert_eq!(ready(&world), [""; 0], "what was answered outlives a crash");
    world.minutes(MINUTES - 5);
    assert_eq!(asked(&world), [2, 2]);
}

#[test]
fn a_hook_that_would_not_work_is_told_once_and_so_is_its_end() {
    let mut world = World::settled();
    for (status, said) in [(0, "no connection"), (202, "202"), (401, "401"), (409, "409")] {
        world.operator.dry_says.insert("fence".to_owned(), status);
        world.minutes(MINUTES);
        let why = why(&world);
        assert!(why.contains("the hook fence would not work") && why.contains(said), "{why}");
        world.minutes(MINUTES);
    }
    let [once] = told(&mut world, "not_ready").try_into().unwrap();
    assert!(once.contains("`orders` would not work now: the hook fence"), "{once}");
    let status = world.controller.status(world.at());
    let of_service = status.recovery.get(&service()).unwrap();
    assert_eq!(of_service.not_ready, ready(&world));
    world.operator.dry_says.clear();
    world.minutes(MINUTES + 5);
    assert_eq!(ready(&world), [""; 0]);
    assert_eq!(told(&mut world, "ready"), ["a failover of `orders` would work again"]);
}

#[test]
fn one_answer_that_fails_is_asked_for_again_and_told_to_nobody() {
    let mut world = World::settled();
    world.operator.dry_says.insert("promote".to_owned(), 503);
    while asked(&world)[1] < 2 {
        world.minutes(1);
    }
    assert!(why(&world).contains("the hook promote would not work: it answered 503"));
    world.operator.dry_says.clear();
    tell(&mut world);
    assert_eq!(asked(&world), [2, 3], "only the one that failed");
    assert_eq!(ready(&world), [""; 0]);
    assert_eq!(told(&mut world, "not_ready"), [""; 0]);
}

#[test]
fn a_new_config_has_its_hooks_asked_at_once() {
    let mut world = World::settled();
    let mut config = config();
    config["services"]["orders"]["failover"]["promote"]["timeout_s"] = 40.into();
    world.minutes(1);
    assert_eq!(world.controller.offer_config(&config.to_string(), world.at()), Offered::Taken);
    let why = why(&world);
    assert!(why.contains("the hook fence would not work: it has not answered"), "{why}");
    let before = asked(&world);
    world.minutes(1);
    assert_eq!((before, asked(&world)), ([1, 1], [2, 2]));
    assert_eq!(ready(&world), [""; 0]);
}

#[test]
fn the_standby_that_would_pass_is_asked_for_and_without_one_the_plan_would_not_work() {
    let mut world = World::settled();
    world.mute = vec!["us-1"];
    world.minutes(MINUTES);
    assert_eq!(ready(&world), [""; 0], "sa-east would take over");
    assert_eq!(world.operator.dry_calls.last().unwrap().1, "sa-east");
    world.down = vec!["br-1"];
    tell(&mut world);
    let both = why(&world);
    assert!(both.contains("us-east could not be promoted: its lag is unknown"), "{both}");
    assert!(both.contains("sa-east is down"), "{both}");
    assert_eq!(told(&mut world, "not_ready").len(), 1);
    // Another kind of reason is told, and another cause of the same kind is not.
    world.down = vec!["us-1", "br-1"];
    tell(&mut world);
    assert_eq!(told(&mut world, "not_ready").len(), 1);
    let page = world.controller.page(&crate::order::Query::Recovery {}, world.at());
    let page = page.unwrap();
    assert!(page.contains("us-east is down, sa-east is down"), "{page}");
}

#[test]
fn the_loss_that_the_gate_would_refuse_is_foreseen() {
    for (unknown, said) in [
        (UnknownLoss::Refuse, "us-east could not be promoted: up to"),
        (UnknownLoss::Ask, "us-east could not be promoted: a person would have to accept that up"),
    ] {
        let mut world = World::settled();
        let config = world.controller.config.as_mut().unwrap();
        let service = config.services.get_mut(&service()).unwrap();
        service.contract = Some(Contract {
            rto_ms: None,
            rpo_s: Some(1),
            availability_of_100_000: None,
            drill_every_days: None,
        });
        service.failover.promote.as_mut().unwrap().unknown = unknown;
        let why = why(&world);
        assert!(why.starts_with(said), "{why}");
        assert!(why.contains("of writes would be lost, and `rpo_s` allows 1 s"), "{why}");
    }
}

#[test]
fn a_halt_is_a_reason_until_it_is_lifted() {
    let mut world = World::settled();
    let corrupt = Act::Corruption { service: Some(service()) };
    for (act, said) in [(Act::Halt { service: None }, "it is halted"), (corrupt, "corruption is")] {
        world.act(act, Role::Approver);
        assert!(why(&world).contains(said), "{}", why(&world));
        let order = world.controller.state().orders.last().unwrap().id;
        world.act(Act::Lift { order }, Role::Approver);
        assert_eq!(ready(&world), [""; 0]);
    }
}

#[test]
fn while_a_plan_is_under_way_nothing_is_asked_and_nothing_is_told() {
    let mut approved = config();
    approved["services"]["orders"]["failover"]["mode"] = "approve".into();
    let mut world = World::settled_with(&approved);
    world.down = vec!["eu-1"];
    world.minutes(MINUTES + 5);
    assert!(world.recovery().under_way().is_some());
    assert_eq!(asked(&world), [1, 1]);
    // By now the gate would refuse: it does not know when the primary took its last write.
    let mut world = World::settled_with(&approved);
    world.down = vec!["eu-1"];
    world.minutes(3);
    assert!(why(&world).contains("to us-east is under way"));
    let live = world.controller.status(world.at());
    assert!(live.recovery.get(&service()).unwrap().not_ready.is_empty());
    world.done(Act::Approve { service: service() });
    world.a_while();
    assert_eq!(world.plan().end.map(PlanEnd::as_str), Some("done"));
    assert_eq!(told(&mut world, "not_ready"), [""; 0], "sa-east is left");
    world.down = vec!["br-1"];
    tell(&mut world);
    let [once] = told(&mut world, "not_ready").try_into().unwrap();
    assert!(once.contains("eu-west was the primary, and nobody has confirmed"), "{once}");
}

/// A world whose service publishes a record and has a peak.
fn published() -> World {
    let mut config = config();
    let service = &mut config["services"]["orders"];
    service["publish"] = json!([
        {"dns": {"zone": "example.com", "name": "db.example.com", "type": "CNAME", "ttl_s": 60}},
    ]);
    service["peak_rps"] = 100.into();
    for region in ["eu-west", "us-east", "sa-east"] {
        config["regions"][region]["capacity_rps"] = 60.into();
    }
    World::settled_with(&config)
}

/// What would stand in the way in a world that is such.
fn why_if(change: impl FnOnce(&mut Controller, Timestamp)) -> String {
    let mut world = published();
    assert_eq!(ready(&world), [""; 0]);
    let now = world.at();
    change(&mut world.controller, now);
    why(&world)
}

#[test]
fn a_permission_that_the_token_lacks_counts_where_the_service_publishes() {
    let lacks = |grant: &'static str, sightings| {
        why_if(move |controller, _| {
            let denied = Denied { sightings, ..Denied::default() };
            controller.state.actuation.denied.insert(grant.to_owned(), denied);
        })
    };
    assert_eq!(
        lacks("DNS Write on example.com", 3),
        "the API token lacks DNS Write on example.com"
    );
    assert_eq!(lacks("DNS Write on example.com", 2), "", "it is not believed yet");
    assert_eq!(lacks("DNS Write on example.org", 3), "");
}

#[test]
fn calls_and_writes_that_are_spent_are_reasons() {
    let blocked = why_if(|controller, now| {
        controller.state.actuation.blocked_until = Some(now.plus(MINUTE));
    });
    assert!(blocked.starts_with("the API asked for no calls until"), "{blocked}");
    let spent = why_if(|controller, now| {
        let most = controller.config().unwrap().api_calls_per_5_min;
        controller.state.actuation.calls.add(most, now);
    });
    assert!(spent.ends_with("API calls of five minutes are spent"), "{spent}");
    let writes = why_if(|controller, now| {
        controller.state.spent.routes_until = now.plus(24 * 60 * MINUTE);
    });
    assert_eq!(writes, "the day's writes to KV for `routes` are spent");
    for (per_pass, is_too_few) in [(10, true), (11, false)] {
        let told = why_if(|controller, _| {
            controller.config.as_mut().unwrap().api_calls_per_pass = per_pass;
        });
        assert_eq!(told.contains("leaves too few beside hooks"), is_too_few, "{per_pass}: {told}");
    }
}

#[test]
fn survivors_that_do_not_carry_the_peak_are_a_reason() {
    let mut world = published();
    world.down = vec!["br-1"];
    tell(&mut world);
    assert_eq!(why(&world), "without eu-west the regions carry 60 of 100 rps");
}

#[test]
fn a_service_that_has_no_plan_any_more_is_not_waited_for() {
    let mut world = World::settled();
    world.down = vec!["us-1", "br-1"];
    tell(&mut world);
    assert_eq!(told(&mut world, "not_ready").len(), 1);
    let mut config = config();
    config["services"]["orders"].as_object_mut().unwrap().remove("failover");
    assert_eq!(world.controller.offer_config(&config.to_string(), world.at()), Offered::Taken);
    world.minutes(1);
    let over = world.told("ready");
    assert!(over.contains(&"`orders` has no failover plan any more".to_owned()), "{over:?}");
    assert_eq!(world.recovery().readiness, None);
}

#[test]
fn an_unknown_service_is_never_ready() {
    let world = World::settled();
    let other = ServiceId::parse("other").unwrap();
    assert_eq!(world.controller.ready(&other, world.at()), ["there is no service `other`"]);
    assert_eq!(world.controller.dry_answer(&other, &Step::Fence {}), None);
}

#[test]
fn a_primary_that_is_well_is_not_given_up_while_a_hook_would_refuse() {
    let mut world = World::settled();
    world.operator.dry_says.insert("fence".to_owned(), 409);
    world.minutes(MINUTES + 5);
    assert!(why(&world).contains("the hook fence would not work"), "{}", why(&world));
    let id = service();
    let switch = |world: &World| {
        let to = crate::ids::RegionId::parse("us-east").unwrap();
        let kind = crate::recovery::PlanKind::Switch;
        world.controller.may_begin(&id, kind, &to, world.at())
    };
    let refused = switch(&world).unwrap_err().problem;
    assert!(
        refused.contains("would not get to us-east: the hook fence would not work"),
        "{refused}"
    );
    // An outage is another matter: the real call decides.
    let to = crate::ids::RegionId::parse("us-east").unwrap();
    let failover = crate::recovery::PlanKind::Failover;
    assert!(world.controller.may_begin(&id, failover, &to, world.at()).is_ok());
    world.operator.dry_says.remove("fence");
    world.controller.ask_hooks_again(&id);
    world.minutes(1);
    assert!(switch(&world).is_ok(), "it was mended, and is asked again at once");
}
