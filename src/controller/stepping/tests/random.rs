//! Whatever happens, and wherever the Controller dies: never two primaries by our doing.

use super::world::{World, region, service};
use crate::journal::Role;
use crate::order::Act;
use crate::time::SECOND;
use proptest::prelude::*;
use std::collections::BTreeMap;

const REGIONS: [(&str, &str); 3] = [("eu-west", "eu-1"), ("us-east", "us-1"), ("sa-east", "br-1")];
const STEPS: [&str; 2] = ["fence", "promote"];

#[derive(Debug, Clone)]
enum Happens {
    /// These origins fail from now on.
    Down(Vec<usize>),
    Minutes(u32),
    Seconds(u64),
    /// The Controller dies after so many saves more.
    Dies(u32),
    Crash,
    /// Answers are lost.
    Loses(u32),
    /// A hook says so the next times.
    Says(usize, Vec<u16>),
    Approve,
    Abort,
    Confirm(usize),
    FailBack(usize),
    Switch(usize),
    Outage(usize),
    Halt,
    LiftAll,
}

fn happens() -> impl Strategy<Value = Happens> {
    let place = || 0_usize..3;
    let status = prop::sample::select(vec![0, 202, 409, 429, 500, 503, 404]);
    prop_oneof![
        4 => prop::collection::vec(place(), 0..3).prop_map(Happens::Down),
        4 => (1_u32..3).prop_map(Happens::Minutes),
        3 => (1_u64..50).prop_map(Happens::Seconds),
        3 => (0_u32..12).prop_map(Happens::Dies),
        1 => Just(Happens::Crash),
        2 => (1_u32..4).prop_map(Happens::Loses),
        2 => (0_usize..2, prop::collection::vec(status, 1..4))
            .prop_map(|(step, says)| Happens::Says(step, says)),
        2 => Just(Happens::Approve),
        1 => Just(Happens::Abort),
        2 => place().prop_map(Happens::Confirm),
        1 => place().prop_map(Happens::FailBack),
        1 => place().prop_map(Happens::Switch),
        1 => place().prop_map(Happens::Outage),
        1 => Just(Happens::Halt),
        2 => Just(Happens::LiftAll),
    ]
}

impl Happens {
    fn play(&self, world: &mut World) {
        let id = |place: &usize| region(REGIONS[*place].0);
        let act = match self {
            Self::Down(places) => {
                world.down = places.iter().map(|place| REGIONS[*place].1).collect();
                return;
            }
            Self::Minutes(count) => return world.minutes(*count),
            Self::Seconds(count) => return world.pass(count * SECOND),
            Self::Dies(saves) => return world.dies_after = Some(*saves),
            Self::Crash => return world.crash(),
            Self::Loses(count) => return world.operator.loses = *count,
            Self::Says(step, says) => {
                world.operator.says.insert(STEPS[*step].to_owned(), says.clone().into());
                return;
            }
            Self::LiftAll => {
                let orders: Vec<u64> =
                    world.controller.state().orders.iter().map(|order| order.id).collect();
                for order in orders {
                    world.act(Act::Lift { order }, Role::Approver);
                }
                return;
            }
            Self::Approve => Act::Approve { service: service() },
            Self::Abort => Act::Abort { service: service() },
            Self::Confirm(place) => {
                world.unfence(REGIONS[*place].0);
                Act::Confirm { service: service(), region: id(place) }
            }
            Self::FailBack(place) => Act::FailBack { service: service(), region: id(place) },
            Self::Switch(place) => Act::Switch { service: service(), to: id(place) },
            Self::Outage(place) => Act::Outage { region: id(place) },
            Self::Halt => Act::Halt { service: None },
        };
        world.act(act, Role::Approver);
    }
}

impl World {
    /// Who confirms the primary has looked: it takes writes, and no other does.
    fn unfence(&mut self, id: &str) {
        let recovery = self.recovery();
        let primary = recovery.primary.map_or("eu-west".to_owned(), |it| it.to_string());
        let is_free = recovery.plan.is_none_or(|plan| !plan.is_under_way());
        if primary == id && is_free {
            self.operator.writers = [id.to_owned()].into();
        }
    }

    fn holds(&self, known: &mut Known) {
        let writers = &self.operator.writers;
        assert!(writers.len() <= 1, "two primaries: {writers:?}");
        if let Some(target) = self.write_target() {
            assert!(writers.contains(&target), "writes go to {target}, of {writers:?}");
        }
        let recovery = self.recovery();
        let told = self.told_epoch();
        assert!(known.told <= told, "origins were told {}, and now {told}", known.told);
        known.told = told;
        assert!(known.epoch <= recovery.epoch, "an epoch fell");
        known.epoch = recovery.epoch;
        for (at, (epoch, step, id)) in self.operator.calls.iter().enumerate() {
            assert_eq!(*id, format!("orders-{epoch}-{step}"));
            let before = at.checked_sub(1).map_or(0, |before| self.operator.calls[before].0);
            assert!(before <= *epoch, "a hook was called for {epoch} after {before}");
        }
        if let Some(plan) = recovery.plan {
            let begun = known.plans.entry(plan.epoch).or_insert((plan.began, plan.to.clone()));
            assert_eq!(*begun, (plan.began, plan.to), "two plans have epoch {}", plan.epoch);
        }
    }
}

#[derive(Default)]
struct Known {
    told: u64,
    epoch: u64,
    plans: BTreeMap<u64, (crate::time::Timestamp, crate::ids::RegionId)>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn never_two_primaries_by_our_doing(all in prop::collection::vec(happens(), 1..24)) {
        let mut world = World::settled();
        let mut known = Known::default();
        for happens in &all {
            happens.play(&mut world);
            world.holds(&mut known);
        }
    }
}
