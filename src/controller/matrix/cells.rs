//! The cells: each step of an apply in each phase in which it is made, under each fault.

use super::faults::{FAULTS, Fault};
use super::play::{Play, Step};
use super::worlds::World;
use crate::time::{MINUTE, Millis};
use serde_json::json;

/// What an apply is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Everything is created.
    Creation,
    /// Europe goes down.
    Failover,
    /// A rule now forbids America, to which everything has moved, while Europe is down.
    Law,
    /// Others have changed settings of ours, and the next look finds it.
    Steady,
    /// Europe is up again.
    Return,
}

use Phase::{Creation, Failover, Law, Return, Steady};

/// One kind of call: in which world, and in which phases it is made.
struct Row {
    step: &'static str,
    at: Step,
    world: World,
    phases: &'static [Phase],
}

const fn step(
    step: &'static str,
    method: &'static str,
    path: &'static str,
    world: World,
    phases: &'static [Phase],
) -> Row {
    Row { step, at: Step { method, path }, world, phases }
}

const ALL: &[Phase] = &[Creation, Failover, Law, Steady, Return];
const OF_BALANCER: &[Phase] = &[Creation, Failover, Steady, Return];

/// Every step of an apply.
const STEPS: [Row; 18] = [
    step("list zones", "GET", "/zones", World::Name, ALL),
    step("list records", "GET", "/dns_records", World::Name, ALL),
    step("create record", "POST", "/dns_records", World::Name, &[Creation]),
    step("create record of a set", "POST", "/dns_records", World::Set, &[Return]),
    step("patch record", "PATCH", "/dns_records/", World::Name, &[Failover, Law, Steady, Return]),
    step("delete record", "DELETE", "/dns_records/", World::Set, &[Failover, Steady]),
    step("batch", "POST", "/batch", World::Both, ALL),
    step("list pools", "GET", "/pools", World::Balancer, OF_BALANCER),
    step("create pool", "POST", "/pools", World::Balancer, &[Creation]),
    step("read pool", "GET", "/pools/", World::Balancer, &[Failover, Return]),
    step("write pool", "PATCH", "/pools/", World::Balancer, &[Failover, Steady, Return]),
    step("read pool beside others", "GET", "/pools/", World::Pools, &[Failover, Return]),
    step("write pool beside others", "PATCH", "/pools/", World::Pools, &[Failover, Return]),
    step("list monitors", "GET", "/monitors", World::Balancer, OF_BALANCER),
    step("create monitor", "POST", "/monitors", World::Balancer, &[Creation]),
    step("write monitor", "PATCH", "/monitors/", World::Balancer, &[Steady]),
    step("list balancers", "GET", "/load_balancers", World::Balancer, OF_BALANCER),
    step("write balancer", "PATCH", "/load_balancers/", World::Balancer, &[Steady]),
];

/// A deployment in which this phase is about to begin.
pub(super) fn before(world: World, phase: Phase) -> Play {
    let mut play = Play::new(world);
    if phase == Creation {
        return play;
    }
    play.set_down(&[]);
    play.settle();
    play.check_quiet("before");
    if matches!(phase, Law | Return) {
        play.set_down(&["eu-1"]);
        play.settle();
        play.check_quiet("away");
    }
    play
}

pub(super) fn begin(play: &mut Play, world: World, phase: Phase) {
    play.forget_zones();
    match phase {
        Creation | Return => play.set_down(&[]),
        Failover => play.set_down(&["eu-1"]),
        Law => play.reconfigure(world.config(&["IE"]), &["us.example.com", "192.0.2.2"]),
        Steady => {
            drift(play, world);
            play.now = play.now.plus(10 * MINUTE);
            play.set_down(&[]);
        }
    }
}

/// What others do to settings of ours.
fn drift(play: &mut Play, world: World) {
    if world == World::Set {
        // One more record of ours, with an address that is nowhere.
        let ours = play.account.records.iter().find(|row| row["comment"] == "pointsman:files");
        let mut stray = ours.unwrap().clone();
        (stray["id"], stray["content"]) = (json!("stray"), json!("192.0.2.99"));
        play.account.records.push(stray);
    } else {
        for row in play.account.records.iter_mut().filter(|row| row["comment"] != "pointsman:other")
        {
            if row["comment"].is_string() {
                row["ttl"] = json!(3_600);
            }
        }
    }
    for pool in play.account.pools.iter_mut().filter(|pool| pool["id"] != "p-theirs") {
        pool["monitor"] = json!("m-theirs");
    }
    for monitor in play.account.monitors.iter_mut().filter(|it| it["id"] != "m-theirs") {
        monitor["interval"] = json!(300);
    }
    for balancer in play.account.balancers.iter_mut().filter(|it| it["id"] != "b-theirs") {
        balancer["session_affinity"] = json!("cookie");
        balancer["steering_policy"] = json!("random");
    }
}

/// A phase from its beginning, which `from` is, to its end.
fn played(from: &Play, world: World, phase: Phase, fault: Option<(Fault, Step)>) -> Play {
    let mut play = from.again();
    if let Some((fault, step)) = fault {
        play.arm(fault, step);
    }
    begin(&mut play, world, phase);
    play.settle();
    play
}

/// How long after a fault the account is as in a clean run.
fn within(fault: &Fault, phase: Phase) -> Millis {
    match phase {
        Failover | Law | Return => fault.urgent_ms,
        // Monitors and pools are created as upkeep.
        Creation | Steady => fault.upkeep_ms,
    }
}

fn check(row: &Row, phase: Phase, fault: &Fault, from: &Play, clean: &Play) {
    let cell = format!("{} / {} / {phase:?}", fault.name, row.step);
    let play = played(from, row.world, phase, Some((*fault, row.at)));
    let struck_at = play.struck_at.unwrap_or_else(|| panic!("{cell}: it is never made"));
    play.check_others(&cell);
    play.check_quiet(&cell);
    assert_eq!(play.rows(), clean.rows(), "{cell}");
    let (ended, ended_clean) =
        (&play.controller.state().actuation, &clean.controller.state().actuation);
    assert_eq!(ended.holds, ended_clean.holds, "{cell}");
    assert_eq!(ended.withheld, ended_clean.withheld, "{cell}");
    let forbidden = play.contents().into_iter().find(|it| play.forbidden.contains(it));
    assert_eq!(forbidden, None, "{cell}");
    let took_ms = play.changed_at.since(struck_at);
    assert!(took_ms <= within(fault, phase), "{cell}: it took {took_ms} ms");
    // A batch that is refused is made in parts at once, so nothing stands in the way.
    let is_mended = fault.name == "success: false" && row.step == "batch";
    if let Some(told) = fault.told.filter(|_| !is_mended) {
        assert!(play.told.iter().any(|said| said.contains(told)), "{cell}: {:?}", play.told);
    }
}

fn every_fault_of(phase: Phase) {
    let mut cells = 0;
    for row in STEPS.iter().filter(|row| row.phases.contains(&phase)) {
        let from = before(row.world, phase);
        let clean = played(&from, row.world, phase, None);
        clean.check_quiet(row.step);
        for fault in &FAULTS {
            check(row, phase, fault, &from, &clean);
            cells += 1;
        }
    }
    assert_ne!(cells, 0, "{phase:?}");
}

#[test]
fn every_fault_while_all_is_created_ends_as_a_clean_run() {
    every_fault_of(Creation);
}

#[test]
fn every_fault_of_a_failover_ends_as_a_clean_run() {
    every_fault_of(Failover);
}

#[test]
fn every_fault_while_a_breach_is_repaired_ends_as_a_clean_run() {
    every_fault_of(Law);
}

#[test]
fn every_fault_of_upkeep_ends_as_a_clean_run() {
    every_fault_of(Steady);
}

#[test]
fn every_fault_of_a_return_ends_as_a_clean_run() {
    every_fault_of(Return);
}
