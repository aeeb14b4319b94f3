//! Plays a Controller over the API's model, on a clock of its own.

use super::faults::Fault;
use super::worlds::{World, of_others};
use crate::cloudflare::model::{Account, Fate};
use crate::cloudflare::{Call, CallNumber, Next, Reply};
use crate::controller::Controller;
use crate::testing::run;
use crate::time::{MINUTE, Millis, Timestamp};
use serde_json::Value;
use std::collections::VecDeque;

/// How long a call takes.
const CALL_MS: Millis = 100;
/// Beyond this a cell has failed.
const PASSES_MAX: usize = 60;

/// Where a fault strikes: the first call with this method, and this in its path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
}

impl Step {
    /// A path that ends in `/` is of one object, and any other of a list.
    fn is(self, call: &Call) -> bool {
        let path = call.path.split('?').next().unwrap_or_default();
        let fits = if self.path.ends_with('/') {
            path.contains(self.path) && !path.ends_with("/batch")
        } else {
            path.ends_with(self.path)
        };
        self.method == call.method.as_str() && fits
    }
}

/// A Controller, its account, and the time.
#[derive(Debug)]
pub(super) struct Play {
    pub(super) controller: Controller,
    pub(super) account: Account,
    pub(super) now: Timestamp,
    text: String,
    down: &'static [&'static str],
    /// The fault that is still to strike.
    armed: Option<(Fault, Step)>,
    /// When the fault struck.
    pub(super) struck_at: Option<Timestamp>,
    /// What `failures` said after the pass that it struck.
    pub(super) told: Vec<String>,
    /// When the account last changed.
    pub(super) changed_at: Timestamp,
    probed_at: Timestamp,
    /// Whether somebody deletes the first record as soon as the first page of them is read.
    pub(super) is_changing: bool,
    /// What a person was called for.
    pub(super) called: Vec<String>,
    /// Calls that change something.
    pub(super) writes: Vec<String>,
    /// Contents that no record of ours may have.
    pub(super) forbidden: &'static [&'static str],
    /// Intents that were recorded when the last life ended.
    pub(super) open_at_death: usize,
}

/// A call that is under way.
struct UnderWay {
    number: CallNumber,
    call: Call,
    ends_at: Timestamp,
}

impl Play {
    /// A deployment that has just been configured, in an account that has only what others have.
    pub(super) fn new(world: World) -> Self {
        let [records, pools, monitors, balancers] = of_others();
        let account = Account { records, pools, monitors, balancers, ..Account::default() };
        let text = world.config(&["IE", "US"]);
        let mut controller = Controller::default();
        controller.offer_config(&text, Timestamp::from_millis(0));
        let now = Timestamp::from_millis(0);
        Self {
            controller,
            account,
            now,
            text,
            down: &[],
            armed: None,
            struck_at: None,
            told: Vec::new(),
            changed_at: now,
            probed_at: now,
            is_changing: false,
            called: Vec::new(),
            writes: Vec::new(),
            forbidden: &[],
            open_at_death: 0,
        }
    }

    /// The same once more, in a new life.
    pub(super) fn again(&self) -> Self {
        let state = self.controller.state().clone();
        let controller = Controller::restore(Some(state), Some(&self.text));
        let (account, text, told) = (self.account.clone(), self.text.clone(), self.told.clone());
        Self { controller, account, text, told, called: Vec::new(), writes: Vec::new(), ..*self }
    }

    /// Arms a fault.
    pub(super) fn arm(&mut self, fault: Fault, step: Step) {
        self.armed = Some((fault, step));
    }

    /// Lets these origins be down, and all others up, from now on.
    pub(super) fn set_down(&mut self, down: &'static [&'static str]) {
        self.down = down;
        self.probe();
        self.probe();
    }

    /// A new config, of which `forbidden` is what it forbids.
    pub(super) fn reconfigure(&mut self, text: String, forbidden: &'static [&'static str]) {
        self.controller.offer_config(&text, self.now);
        (self.text, self.forbidden) = (text, forbidden);
    }

    /// Forgets the ids of zones, as after the loss of all state.
    pub(super) fn forget_zones(&mut self) {
        self.controller.state.actuation.zone_ids = crate::ordered::Map::new();
    }

    fn probe(&mut self) {
        run(&mut self.controller, self.now.millis(), self.down);
        self.now = self.now.plus(MINUTE);
        self.probed_at = self.now;
    }

    /// Makes passes until none is due before the next look for drift.
    pub(super) fn settle(&mut self) {
        self.settle_until(Timestamp::from_millis(u64::MAX));
    }

    /// The same, or until this instant.
    pub(super) fn settle_until(&mut self, end: Timestamp) {
        for _ in 0..PASSES_MAX {
            if self.now >= end {
                return;
            }
            if self.now.since(self.probed_at) > 5 * MINUTE {
                self.keep_believing();
            }
            if self.pass() {
                continue;
            }
            match self.controller.next_wake_with_cron(self.now, false) {
                Some(wake) if wake.at > self.now => self.now = wake.at,
                Some(wake) => panic!("it wakes for {wake:?} and finds nothing to do"),
                None => return,
            }
        }
        panic!("it never settles: {:#?}", self.controller.state().actuation);
    }

    /// What is believed stays as it is, whatever the time.
    fn keep_believing(&mut self) {
        run(&mut self.controller, self.now.millis(), self.down);
        self.probed_at = self.now;
    }

    /// One pass, if one is due, with as many calls under way as may be. They end in the order in
    /// which they began. Returns whether one was due.
    fn pass(&mut self) -> bool {
        let Some(mut pass) = self.controller.begin_reconcile(self.now) else { return false };
        let struck_before = self.struck_at;
        let mut under_way = VecDeque::new();
        loop {
            pass.reconcile.tell_time(self.now);
            match pass.reconcile.next_step() {
                Next::Done => break,
                Next::Intend { what, takes, gives } => {
                    self.controller.claim(takes, gives, self.now);
                    self.controller.intend(what, self.now);
                }
                Next::Call(number, call) => {
                    let is_write = call.is_write();
                    if is_write && !self.controller.still_holds(&mut pass, number, self.now) {
                        continue;
                    }
                    let ends_at = self.now.plus(CALL_MS);
                    under_way.push_back(UnderWay { number, call, ends_at });
                }
                Next::Wait => {
                    let UnderWay { number, call, ends_at } = under_way.pop_front().unwrap();
                    self.now = self.now.max(ends_at);
                    let Some(reply) = self.met(&call) else {
                        self.die(under_way);
                        return true;
                    };
                    pass.reconcile.tell_time(self.now);
                    pass.reconcile.answer(number, &reply, self.now);
                }
            }
        }
        self.called.extend(self.controller.end_reconcile(pass, self.now));
        if struck_before != self.struck_at {
            self.told = self.controller.state().actuation.failures.clone();
        }
        true
    }

    /// The next life has what was saved, and no more. Of the calls that are under way, every
    /// second one is carried out.
    fn die(&mut self, under_way: VecDeque<UnderWay>) {
        self.open_at_death = self.controller.state().actuation.intents.len();
        for UnderWay { call, .. } in under_way.into_iter().step_by(2) {
            self.account.meet(&call, Fate::Answered);
        }
        let state = self.controller.state().clone();
        self.controller = Controller::restore(Some(state), Some(&self.text));
    }

    /// What comes back of a call, a moment later; `None` if the process does not live to see it.
    pub(super) fn call(&mut self, call: &Call) -> Option<Reply> {
        self.now = self.now.plus(CALL_MS);
        self.met(call)
    }

    /// What comes back of a call that ends now.
    fn met(&mut self, call: &Call) -> Option<Reply> {
        if call.is_write() {
            self.writes.push(format!("{} {}", call.method.as_str(), call.path));
        }
        self.account.time = self.now.to_string();
        let before = self.account.clone();
        let strikes = self.armed.filter(|(_, step)| step.is(call));
        let reply = match strikes {
            None => Some(self.account.meet(call, Fate::Answered)),
            Some((Fault { what, .. }, _)) => {
                self.armed = None;
                self.struck_at = Some(self.now);
                if what.is_done() {
                    self.account.meet(call, Fate::Answered);
                }
                what.reply().map(|(reply, after_ms)| {
                    self.now = self.now.plus(after_ms);
                    reply
                })
            }
        };
        if before != self.account {
            self.changed_at = self.now;
        }
        if self.is_changing && call.path.ends_with("&page=1") {
            self.is_changing = false;
            self.account.records.remove(0);
        }
        reply
    }

    /// The contents of our records.
    pub(super) fn contents(&self) -> Vec<&str> {
        let is_ours = |row: &&Value| {
            let comment = row["comment"].as_str().unwrap_or_default();
            comment == "pointsman:www" || comment == "pointsman:files"
        };
        let ours = self.account.records.iter().filter(is_ours);
        ours.filter_map(|row| row["content"].as_str()).collect()
    }

    /// Everything in the account, by id, but not since when something is disabled.
    pub(super) fn rows(&self) -> Vec<Value> {
        let Account { records, mut pools, monitors, balancers, .. } = self.account.clone();
        for pool in &mut pools {
            let origins = pool["origins"].as_array_mut().into_iter().flatten();
            let origins = origins.filter_map(Value::as_object_mut);
            origins.for_each(|origin| drop(origin.remove("disabled_at")));
            pool.as_object_mut().unwrap().remove("disabled_at");
        }
        let mut rows = [records, pools, monitors, balancers].concat();
        rows.sort_by_key(|row| row["id"].to_string());
        rows
    }

    /// Nothing of others has changed.
    pub(super) fn check_others(&self, cell: &str) {
        let rows = self.rows();
        for theirs in of_others().concat() {
            let now = rows.iter().find(|row| row["id"] == theirs["id"]);
            assert_eq!(now, Some(&theirs), "{cell}");
        }
    }

    /// What is left of a fault once it is over.
    pub(super) fn check_quiet(&self, cell: &str) {
        let actuation = &self.controller.state().actuation;
        assert_eq!(actuation.failures, [""; 0], "{cell}");
        assert_eq!(actuation.denied.len(), 0, "{cell}: {:?}", actuation.denied);
        assert_eq!(actuation.intents, [], "{cell}");
    }
}
