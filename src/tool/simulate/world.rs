//! The world of a simulation: a Controller, its account, KV, storage and clock, and what happens to
//! them in the order of its instants.

use super::super::load::ValidConfig;
use super::facts::Facts;
use super::lane::Lanes;
use super::law::Lawyer;
use super::queue::{Due, Life, Queue};
use super::script::Script;
use super::seed;
use super::seen::Seen;
use super::storage::Storage;
use super::transcript::Transcript;

use crate::cloudflare::model::Account;
use crate::config;
use crate::controller::{Clock, Controller, WAKE_AGAIN_MS};
use crate::json;
use crate::time::{MINUTE, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything there is.
pub(super) struct World<'s> {
    pub(super) facts: Facts<'s>,
    pub(super) controller: Controller,
    pub(super) account: Account,
    pub(super) kv: BTreeMap<String, String>,
    pub(super) storage: Storage,
    pub(super) clock: Clock,
    pub(super) now: Timestamp,
    pub(super) queue: Queue,
    pub(super) lanes: Lanes,
    pub(super) life: Life,
    pub(super) alarm: Option<Timestamp>,
    pub(super) transcript: Transcript,
    /// What has happened, for expectations and invariants.
    pub(super) seen: Seen,
    pub(super) lawyer: Lawyer<'s>,
    /// Reports of the proxies.
    pub(super) reports: u64,
    /// Steps that were done.
    done: usize,
}

impl<'s> World<'s> {
    /// A deployment in which all is well, before the scenario begins. Errors: the scenario makes no
    /// sense under this config.
    pub(super) fn new(valid: &'s ValidConfig, script: &'s Script) -> Result<Self, String> {
        let begins = Timestamp::try_from(script.begins.clone()).map_err(|bad| bad.to_string())?;
        let calm_from = begins.minus(script.calm.0);
        // Runs are scheduled for whole minutes.
        let first = Timestamp::from_millis(calm_from.millis() / MINUTE * MINUTE);
        let facts = Facts::of(script, begins);
        let mut queue = Queue::default();
        queue.add(first, Due::Cron);
        if facts.steps().any(|(_, step)| step.traffic.is_some()) {
            queue.add(begins, Due::Traffic);
        }
        for (at, _) in facts.steps() {
            queue.add(at, Due::Step);
        }
        queue.add(begins.plus(script.lasts.0), Due::Look);
        Ok(Self {
            facts,
            controller: Controller::default(),
            account: seed::account(&valid.config, begins)?,
            kv: BTreeMap::from([(config::KEY.to_owned(), valid.canonical.clone())]),
            storage: Storage::default(),
            clock: Clock::default(),
            now: first,
            queue,
            lanes: Lanes::default(),
            life: 0,
            alarm: None,
            transcript: Transcript::new(begins),
            seen: Seen::default(),
            lawyer: Lawyer::new(&valid.config, begins),
            reports: 0,
            done: 0,
        })
    }

    /// Does what is due.
    pub(super) fn happen(&mut self, due: Due) -> Result<(), String> {
        match due {
            Due::Step => return self.step(),
            Due::Cron => self.cron(),
            Due::Round(request) => self.round(request),
            Due::Probes(asked) => self.probes(asked),
            Due::Written(life, documents) => self.written(life, &documents),
            Due::Called(life, number, call) => self.called(life, number, &call),
            Due::Delivered(life, due, heartbeat) => {
                self.delivered(life, &due, heartbeat.as_ref());
            }
            Due::Hooked(life, calls) => self.hooked(life, &calls),
            Due::Traffic => self.tell_traffic(),
            Due::Look => {}
        }
        Ok(())
    }

    /// The next step of the script.
    pub(super) fn step(&mut self) -> Result<(), String> {
        let step = self.facts.steps().nth(self.done).map(|(_, step)| step);
        self.done += 1;
        step.map_or(Ok(()), |step| self.do_step(step))
    }

    /// The alarm rings.
    pub(super) fn ring(&mut self) {
        self.alarm = Some(self.now.plus(WAKE_AGAIN_MS));
        let now = self.time();
        self.controller.settle(now);
        if let Some(run) = self.controller.stand_in(now) {
            self.stand_in(run);
        }
        self.after_turn();
    }

    /// The time by the clock that the Controller believes.
    pub(super) fn time(&mut self) -> Timestamp {
        self.clock.now(self.now)
    }

    pub(super) fn tell(&mut self, word: &str, text: impl Into<String>) {
        self.transcript.tell(self.now, word, text);
    }

    /// After whatever may have told something: the log is written, the state is saved, and work
    /// follows.
    pub(super) fn after_turn(&mut self) {
        self.after_turn_quietly();
        self.follow_up();
    }

    /// The same, without work that follows.
    pub(super) fn after_turn_quietly(&mut self) {
        for line in self.controller.take_news() {
            self.hear(&line.text);
        }
        self.storage.save(&mut self.controller);
    }

    /// A line of the log.
    fn hear(&mut self, line: &str) {
        let value: Value = json::parse(line).unwrap_or_default();
        let of = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let (Some(kind), Some(text)) = (of("event"), of("text")) else {
            return self.tell("log", line);
        };
        let about = [of("service"), of("region")].into_iter().flatten().collect::<Vec<_>>();
        let text = match about.as_slice() {
            [] => text,
            _ if about.iter().all(|id| text.contains(id.as_str())) => text,
            about => format!("{}: {text}", about.join("/")),
        };
        self.seen.events.push((self.now, kind.clone(), text.clone()));
        self.transcript.tell_why(self.now, &kind, text, of("why"));
    }

    /// A routing table has arrived in KV.
    pub(super) fn routes_arrived(&mut self) {
        if let Some(routes) = self.kv.get(crate::routes::KEY) {
            self.lawyer.judge_table(routes, self.now, &mut self.seen.breaches);
        }
        self.judge_primaries();
    }

    /// The process ends, and the next one has what was saved.
    pub(super) fn crash(&mut self) {
        let (controller, notes) = self.storage.remember();
        self.controller = controller;
        self.life = self.life.saturating_add(1);
        self.forget_lanes();
        for note in notes {
            self.tell("log", note);
        }
    }
}
