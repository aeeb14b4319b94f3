//! A scenario that is played: the world, and what is looked at after each thing that happens in it.

use super::super::load::ValidConfig;
use super::queue::Due;
use super::script::Script;
use super::transcript::Transcript;
use super::watch::{Ended, Watch};
use super::world::World;
use crate::journal;
use crate::time::{MINUTE, Timestamp};

/// Most things that may happen within one virtual minute: a Controller that wakes without end is a
/// fault, and a simulation must end.
const TURNS_PER_MINUTE_MAX: u32 = 20_000;

/// What came of a scenario.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) transcript: Transcript,
    pub(super) expectations: Vec<Ended>,
    /// Invariants, each with what breaks it.
    pub(super) invariants: Vec<(&'static str, Vec<String>)>,
    /// The reports of the incidents.
    pub(super) incidents: Vec<String>,
}

/// A world, and what is expected of it.
pub(super) struct Play<'s> {
    world: World<'s>,
    pub(super) watch: Watch<'s>,
}

impl<'s> Play<'s> {
    /// Errors: the scenario makes no sense under this config.
    pub(super) fn new(valid: &'s ValidConfig, script: &'s Script) -> Result<Self, String> {
        let mut world = World::new(valid, script)?;
        let watch = Watch::of(script, &valid.config, world.facts.begins)?;
        for at in watch.instants() {
            world.queue.add(at, Due::Look);
        }
        Ok(Self { world, watch })
    }

    /// Plays it to its end. Errors: a step makes no sense, or the Controller does not come to rest.
    pub(super) fn play(&mut self, script: &Script) -> Result<(), String> {
        self.play_until(self.world.facts.begins.plus(script.lasts.0))
    }

    /// Plays it until `end`. Errors: a step makes no sense, or the Controller does not come to
    /// rest.
    fn play_until(&mut self, end: Timestamp) -> Result<(), String> {
        let (mut minute, mut turns) = (0, 0);
        while let Some(at) = self.world.queue.next_at() {
            let alarm = self.world.alarm.filter(|alarm| *alarm < at);
            if alarm.unwrap_or(at) > end {
                break;
            }
            if alarm.unwrap_or(at).millis() / MINUTE != minute {
                (minute, turns) = (alarm.unwrap_or(at).millis() / MINUTE, 0);
            }
            turns += 1;
            if turns > TURNS_PER_MINUTE_MAX {
                return Err(format!("the Controller does not come to rest at {}", self.world.now));
            }
            if let Some(alarm) = alarm {
                self.world.now = alarm;
                self.world.ring();
            } else if let Some((at, due)) = self.world.queue.take() {
                self.world.now = at;
                self.world.happen(due)?;
            }
            self.look();
        }
        self.world.now = end;
        Ok(())
    }

    /// Looks at what is expected, and at what must always hold.
    fn look(&mut self) {
        self.world.look_at_epochs();
        if self.world.now >= self.world.transcript.begins {
            self.watch.look(&self.world);
        }
    }

    /// What came of it.
    pub(super) fn outcome(self) -> Outcome {
        let Self { world, mut watch } = self;
        let expectations = watch.ended(&world);
        let incidents = world.controller.state().incidents.iter();
        let incidents = incidents.map(|incident| journal::report(incident, world.now)).collect();
        let invariants = world.invariants();
        Outcome { transcript: world.transcript, expectations, invariants, incidents }
    }
}
