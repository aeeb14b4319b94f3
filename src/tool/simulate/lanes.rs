//! Slow work in virtual time, each kind in a lane of its own, in the order that the Controller's
//! object keeps: `routes` before a pass for the same news, the rest of the documents beside it,
//! alerts beside both.

use super::lane::{Lanes, Shared};
use super::queue::{Due, Life};
use super::script::ApiIs;
use super::world::World;
use crate::alert::Delivery;
use crate::cloudflare::model::Fate;
use crate::cloudflare::{Call, CallNumber, Next, Reply};
use crate::controller::{Document, Heartbeat, Pass, Quota};
use crate::outgoing::Outcome;
use crate::time::{Millis, SECOND};
use serde_json::Value;
use std::cell::Cell;
use std::rc::Rc;

/// How long a write to KV takes.
const KV_MS: Millis = 100;
/// How long a call of the API takes.
const CALL_MS: Millis = 100;
/// How long a call waits for a reply that does not come.
const CALL_TIMEOUT_MS: Millis = 8 * SECOND;
/// How long a receiver takes to answer.
const RECEIVER_MS: Millis = 200;

impl World<'_> {
    /// Sends the alerts that are due; publishes what is new, then compares with Cloudflare.
    pub(super) fn follow_up(&mut self) {
        let quota: Shared = Rc::new(Cell::new(self.controller.quota()));
        self.start_deliver(&quota);
        self.start_hooks();
        self.lanes.to_reconcile = true;
        self.start_publish(&quota);
    }

    fn start_publish(&mut self, quota: &Shared) {
        if self.lanes.publish.start(Some(quota)) {
            self.publish();
        }
    }

    fn publish(&mut self) {
        let now = self.time();
        let due = self.controller.due_documents(now);
        for note in due.too_large {
            self.tell("kv", note);
        }
        (self.lanes.pages, self.lanes.all_arrived) = (due.pages, true);
        match due.routes {
            Some(routes) => self.write(vec![routes]),
            None => self.publish_pages(),
        }
    }

    fn write(&mut self, documents: Vec<Document>) {
        let now = self.time();
        for document in &documents {
            self.controller.writing(document, now);
        }
        self.queue.add(self.now.plus(KV_MS), Due::Written(self.life, documents));
    }

    /// Documents arrive in KV, or do not.
    pub(super) fn written(&mut self, life: Life, documents: &[Document]) {
        let arrives = self.facts.takes_kv(self.now);
        let are_routes = documents.iter().any(|document| document.key == crate::routes::KEY);
        if arrives {
            for document in documents {
                self.kv.insert(document.key.clone(), document.text.clone());
            }
        } else if life == self.life {
            let keys: Vec<&str> = documents.iter().map(|document| document.key.as_str()).collect();
            self.tell("kv", format!("no write arrives: {}", keys.join(", ")));
        }
        if arrives && are_routes {
            self.routes_arrived();
        }
        if life != self.life {
            return;
        }
        self.lanes.all_arrived &= arrives;
        let now = self.time();
        if arrives {
            for document in documents {
                self.controller.written(document, now);
            }
        }
        if are_routes { self.publish_pages() } else { self.end_publish() }
    }

    fn publish_pages(&mut self) {
        if std::mem::take(&mut self.lanes.to_reconcile)
            && let Some(quota) = self.lanes.publish.quota.clone()
        {
            self.start_reconcile(&quota);
        }
        let pages = std::mem::take(&mut self.lanes.pages);
        // Newer `routes` go first; the rest stays due.
        if pages.is_empty() || self.lanes.publish.has_news {
            self.end_publish();
        } else {
            self.write(pages);
        }
    }

    fn end_publish(&mut self) {
        let now = self.time();
        self.controller.published(self.lanes.all_arrived, now);
        self.after_turn_quietly();
        self.start_hooks();
        if self.lanes.publish.next() {
            self.publish();
        } else {
            self.wake_later();
        }
    }

    fn start_reconcile(&mut self, quota: &Shared) {
        if self.lanes.reconcile.start(Some(quota)) {
            self.compare();
        }
    }

    /// A pass that another invocation had no more calls for is begun now.
    pub(super) fn take_up_reconcile(&mut self) {
        let quota: Shared = Rc::new(Cell::new(self.controller.quota()));
        if self.lanes.reconcile.take_up(Some(&quota)) {
            self.compare();
        }
    }

    fn compare(&mut self) {
        let now = self.time();
        let quota = self.lanes.reconcile.quota.as_ref().map(|quota| quota.get());
        self.lanes.pass = quota.and_then(|quota| self.controller.begin_pass(quota, now));
        if self.lanes.pass.is_some() {
            self.wake_later();
            self.go_on();
        } else {
            self.end_compare();
        }
    }

    fn end_compare(&mut self) {
        if self.lanes.reconcile.allows_a_pass() && self.lanes.reconcile.next() {
            self.compare();
        } else {
            self.lanes.reconcile.rest();
            self.wake_later();
        }
    }

    /// Goes on with the pass: begins the calls that may be under way now, and saves before they
    /// are made what is intended with them.
    fn go_on(&mut self) {
        let Some(mut pass) = self.lanes.pass.take() else { return };
        let mut is_saved = true;
        loop {
            pass.reconcile.tell_time(self.now);
            let now = self.time();
            match pass.reconcile.next_step() {
                Next::Done => return self.end_pass(pass),
                Next::Intend { what, takes, gives } => {
                    self.controller.intend(what, now);
                    self.controller.claim(takes, gives, self.now);
                    is_saved = false;
                }
                Next::Call(number, call) => {
                    if call.is_write() && !self.controller.still_holds(&mut pass, number, now) {
                        continue;
                    }
                    self.lanes.reconcile.draw(Quota::use_call);
                    let ms = match self.facts.api(self.now) {
                        ApiIs::Down | ApiIs::LosesReplies => CALL_TIMEOUT_MS,
                        _ => CALL_MS,
                    };
                    self.queue.add(self.now.plus(ms), Due::Called(self.life, number, call));
                }
                Next::Wait => break,
            }
        }
        if !is_saved {
            self.storage.save(&mut self.controller);
        }
        self.lanes.pass = Some(pass);
    }

    fn end_pass(&mut self, pass: Pass) {
        let now = self.time();
        for found in self.controller.end_reconcile(pass, now) {
            self.tell("action needed", found);
        }
        self.after_turn_quietly();
        if let Some(quota) = self.lanes.reconcile.quota.clone() {
            self.start_deliver(&quota);
            self.start_hooks();
            self.start_publish(&quota);
        }
        self.end_compare();
    }

    /// A call of the API ends.
    pub(super) fn called(&mut self, life: Life, number: CallNumber, call: &Call) {
        let is = self.facts.api(self.now);
        let before = self.account.clone();
        self.account.time = self.now.to_string();
        let lost = || Reply::Lost(format!("none in {CALL_TIMEOUT_MS} ms"));
        let reply = match is {
            ApiIs::Well => self.account.meet(call, Fate::Answered),
            ApiIs::Down => {
                drop(self.account.meet(call, Fate::LostBefore));
                lost()
            }
            ApiIs::Failing => self.account.meet(call, Fate::Broken),
            ApiIs::CutsReplies => self.account.meet(call, Fate::CutOff),
            ApiIs::LosesReplies => {
                drop(self.account.meet(call, Fate::LostAfter));
                lost()
            }
            ApiIs::Limited => self.account.meet(call, Fate::Limited),
        };
        self.tell_call(call, &reply);
        if call.is_write() {
            self.tell_changes(&before, true);
        }
        if life != self.life {
            return;
        }
        let now = self.time();
        if let Some(pass) = &mut self.lanes.pass {
            pass.reconcile.tell_time(self.now);
            pass.reconcile.answer(number, &reply, now);
        }
        self.go_on();
    }

    /// Of reads only those are told that went wrong.
    fn tell_call(&mut self, call: &Call, reply: &Reply) {
        let (text, is_well) = match reply {
            Reply::Answered { status, .. } => (status.to_string(), (200..300).contains(status)),
            Reply::Lost(why) => (format!("no reply: {why}"), false),
        };
        let text = format!("{} {}: {text}", call.method.as_str(), call.path);
        if call.is_write() {
            self.seen.writes.push((self.now, format!("{text} {}", said(call))));
        }
        if call.is_write() || !is_well {
            self.tell("api", text);
        }
    }

    fn start_deliver(&mut self, quota: &Shared) {
        if self.lanes.deliver.start(Some(quota)) {
            self.deliver();
        }
    }

    fn deliver(&mut self) {
        let now = self.time();
        self.controller.recover_deliveries();
        let controller = &mut self.controller;
        let drawn = self.lanes.deliver.draw(|quota| {
            (controller.begin_deliveries(quota, now), controller.take_heartbeat(quota))
        });
        let (due, heartbeat) = drawn.unwrap_or_default();
        self.storage.save(&mut self.controller);
        if due.is_empty() && heartbeat.is_none() {
            return self.end_deliver();
        }
        self.queue.add(self.now.plus(RECEIVER_MS), Due::Delivered(self.life, due, heartbeat));
    }

    /// Receivers have answered.
    pub(super) fn delivered(
        &mut self,
        life: Life,
        due: &[Delivery],
        heartbeat: Option<&Heartbeat>,
    ) {
        for delivery in due {
            let status = self.facts.receiver(delivery.receiver.id.as_str(), self.now);
            self.tell_delivery(delivery, status);
            if life == self.life {
                let (retry_after_ms, said) = (None, String::new());
                let outcome = Outcome::Answered { status, retry_after_ms, said };
                let now = self.time();
                self.controller.end_delivery(delivery, &outcome, now);
                self.after_turn_quietly();
            }
        }
        if life == self.life {
            if heartbeat.is_some() {
                let now = self.time();
                self.controller.end_heartbeat(None, now);
            }
            self.end_deliver();
        }
    }

    fn end_deliver(&mut self) {
        if self.lanes.deliver.next() {
            self.deliver();
        } else {
            self.wake_later();
        }
    }

    fn tell_delivery(&mut self, delivery: &Delivery, status: u16) {
        let (message, receiver) = (&delivery.entry.message, &delivery.receiver.id);
        let action = message.action.as_str();
        let text = format!("{receiver}: {action}: {}", message.title);
        let is_taken = (200..300).contains(&status);
        let answered = if is_taken { String::new() } else { format!(" ({status})") };
        self.tell("alert", text + &answered);
        if is_taken {
            self.seen.alerts.push((self.now, delivery.clone()));
        }
    }

    /// Asks for the alarm that the Controller wants now.
    pub(super) fn wake_later(&mut self) {
        let in_pass = self.lanes.pass.is_some();
        if self.lanes.reconcile.is_busy && !in_pass {
            return;
        }
        let now = self.time();
        let wake = self.controller.next_wake(now, in_pass);
        // The alarm is set by the clock of the machine.
        let wake = wake.map(|wake| self.now.plus(wake.at.since(now).max(1)));
        // News for which the quota of the last turn had no more calls.
        let is_left = self.lanes.reconcile.has_news && !self.lanes.reconcile.is_busy;
        self.alarm = if is_left { Some(self.now.plus(1)) } else { wake };
    }

    /// Forgets what the last life was at.
    pub(super) fn forget_lanes(&mut self) {
        self.lanes = Lanes::default();
    }
}

/// What a call is about, for whoever counts calls: all texts in its body.
fn said(call: &Call) -> String {
    fn texts(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(values) => values.iter().for_each(|value| texts(value, into)),
            Value::Object(entries) => entries.values().for_each(|value| texts(value, into)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    call.body.iter().for_each(|body| texts(body, &mut all));
    all.join(" ")
}
