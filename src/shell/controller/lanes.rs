//! Slow work, each kind in a lane of its own: documents to KV, calls of the API, alerts.
//!
//! Some things have an order. `routes` is written before a pass for the same news begins, since
//! proxies wait for it. An intent is saved before its call. A pass has several calls under way, and
//! takes their replies as they come. The outcome is saved and published after the pass. Beyond that
//! no lane waits for the other, and no round waits for a lane except the last one of a run.

use super::Object;
use crate::cloudflare::{Call, CallNumber, Next, Reply};
use crate::controller::{Document, Lane, Pass, Quota, Turn};
use crate::shell::api::Api;
use crate::shell::promise::{Work, promise};
use crate::shell::runtime::Result;
use crate::shell::{clock, kv_writing, log, run_clock};
use crate::tick::PROBES_AT_ONCE;
use crate::time::{Millis, SECOND};
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use wasm_bindgen::JsValue;

/// How often a caller that waits for a lane checks whether it is done.
const LOOK_AGAIN_MS: Millis = 20;
/// Longest time that a caller waits for a lane: the last round of a run, or a comparison. The work
/// goes on behind the reply.
const SETTLE_MS_MAX: Millis = 25 * SECOND;

/// The quota of one invocation, for all the work that it sets going.
pub(super) type Shared = Rc<Cell<Quota>>;

impl Object {
    /// Sends the alerts that are due; publishes what is new, then compares with Cloudflare. Returns
    /// at once, with the quota of all that.
    pub(super) fn follow_up(self: Rc<Self>) -> Result<Shared> {
        let quota = self.quota()?;
        self.set_going(&quota);
        Ok(quota)
    }

    /// The same, by a quota that there is.
    pub(super) fn set_going(self: Rc<Self>, quota: &Shared) {
        self.clone().start_deliver(quota);
        self.clone().start_hooks(quota);
        self.to_reconcile.set(true);
        self.start_publish(quota);
    }

    /// A quota for an invocation that begins.
    pub(super) fn quota(&self) -> Result<Shared> {
        Ok(Rc::new(Cell::new(self.with(|mind| mind.quota())?)))
    }

    fn start_publish(self: Rc<Self>, quota: &Shared) {
        if let Some(turn) = started(&self.publish) {
            let (object, quota) = (self.clone(), quota.clone());
            self.run("publishing", Box::pin(async move { object.publish_all(turn, &quota).await }));
        }
    }

    pub(super) fn start_reconcile(self: Rc<Self>, quota: &Shared) {
        with(&self.reconcile, Lane::tell);
        self.take_up_reconcile(quota);
    }

    /// Starts the lane if it rests and has news.
    fn take_up_reconcile(self: Rc<Self>, quota: &Shared) {
        if let Some(turn) = with(&self.reconcile, |lane| lane.start(clock::now())) {
            let (object, quota) = (self.clone(), quota.clone());
            let work = async move { object.reconcile_all(turn, &quota).await };
            self.run("comparing", Box::pin(work));
        }
    }

    /// Starts work that belongs to no request, so that a cancelled request does not take it along.
    pub(super) fn run(&self, what: &'static str, work: Work) {
        let heard: Work = Box::pin(async move {
            if let Err(error) = work.await {
                log::failed(what, &error);
            }
            Ok(JsValue::UNDEFINED)
        });
        self.state.wait_until(&promise(heard));
    }

    /// Waits until no lane is at work, within reason.
    pub(super) async fn settle(self: Rc<Self>, quota: &Shared) {
        let is_at_work = |it: &Rc<Self>| is_busy(&it.publish) || it.is_comparing(quota);
        self.wait_while(is_at_work).await;
    }

    /// Waits until no pass is under way, within reason.
    pub(super) async fn reconciled(self: Rc<Self>, quota: &Shared) {
        self.wait_while(|object| object.is_comparing(quota)).await;
    }

    /// Whether a pass is under way. One that another invocation had no more calls for is begun with
    /// this quota.
    fn is_comparing(self: &Rc<Self>, quota: &Shared) -> bool {
        if quota.get().allows_a_pass() {
            self.clone().take_up_reconcile(quota);
        }
        is_busy(&self.reconcile)
    }

    /// Waits until no alert is being sent, within reason.
    pub(super) async fn delivered(self: Rc<Self>) {
        self.wait_while(|object| is_busy(&object.deliver)).await;
    }

    async fn wait_while(self: Rc<Self>, is_busy: impl Fn(&Rc<Self>) -> bool) {
        let began = clock::now();
        while is_busy(&self) && clock::now().since(began) < SETTLE_MS_MAX {
            run_clock::wait(LOOK_AGAIN_MS).await;
        }
    }

    async fn publish_all(self: Rc<Self>, turn: Turn, quota: &Shared) -> Result<JsValue> {
        while next(&self.publish, turn) {
            if let Err(error) = self.clone().publish(turn, quota).await {
                log::failed("publishing", &error);
            }
        }
        self.wake_later().await.map(|()| JsValue::UNDEFINED)
    }

    async fn publish(self: Rc<Self>, turn: Turn, quota: &Shared) -> Result<()> {
        let due = self.with(|mind| mind.due_documents(self.now()))?;
        for note in due.too_large {
            log::error(&note);
        }
        let mut all_arrived = self.write(due.routes.into_iter().collect()).await?;
        if self.to_reconcile.take() {
            self.clone().start_reconcile(quota);
        }
        for some in due.pages.chunks(PROBES_AT_ONCE) {
            // Newer `routes` go first; the rest stays due.
            if !goes_on(&self.publish, turn) || self.publish.get().has_news() {
                break;
            }
            all_arrived &= self.write(some.to_vec()).await?;
        }
        self.with(|mind| mind.published(all_arrived, self.now()))?;
        self.say_news()?;
        self.save()?;
        self.start_hooks(quota);
        Ok(())
    }

    /// Writes documents. Returns whether all arrived.
    async fn write(&self, documents: Vec<Document>) -> Result<bool> {
        let sent = documents.len();
        self.with(|mind| documents.iter().for_each(|document| mind.writing(document, self.now())))?;
        let arrived = kv_writing::put(&self.env, documents).await;
        let now = self.now();
        self.with(|mind| arrived.iter().for_each(|document| mind.written(document, now)))?;
        Ok(arrived.len() == sent)
    }

    async fn reconcile_all(self: Rc<Self>, turn: Turn, quota: &Shared) -> Result<JsValue> {
        while quota.get().allows_a_pass() && next(&self.reconcile, turn) {
            match self.compare_with_cloudflare(turn, quota).await {
                Ok(true) => {
                    self.clone().start_deliver(quota);
                    self.clone().start_hooks(quota);
                    self.clone().start_publish(quota);
                }
                Ok(false) => {}
                Err(error) => log::failed("comparing", &error),
            }
            if goes_on(&self.reconcile, turn) {
                self.in_pass.set(false);
            }
        }
        with(&self.reconcile, |lane| lane.rest(turn));
        self.wake_later().await.map(|()| JsValue::UNDEFINED)
    }

    /// Makes a pass, if there is one to make. Returns whether there was.
    async fn compare_with_cloudflare(&self, turn: Turn, quota: &Shared) -> Result<bool> {
        let now = self.now();
        let Some(mut pass) = self.with(|mind| mind.begin_pass(quota.get(), now))? else {
            return Ok(false);
        };
        // If the runtime cancels this work, an alarm finds the lane silent.
        self.in_pass.set(true);
        self.wake_later().await?;
        if !self.carry_out(&mut pass, turn, quota).await? {
            return Ok(false);
        }
        for found in self.with(|mind| mind.end_reconcile(pass, self.now()))? {
            log::error(&format!("action needed: {found}"));
        }
        self.say_news()?;
        self.save()?;
        Ok(true)
    }

    /// Makes the calls of a pass. Returns whether it came to its end; it does not where another
    /// turn has taken over.
    async fn carry_out(&self, pass: &mut Pass, turn: Turn, quota: &Shared) -> Result<bool> {
        let api = Api::of(&self.env);
        let mut under_way: Vec<UnderWay<'_>> = Vec::new();
        while goes_on(&self.reconcile, turn) {
            for (number, call) in self.next_calls(pass, quota)? {
                under_way.push((number, Box::pin(api.call(call))));
            }
            if under_way.is_empty() {
                return Ok(true);
            }
            let (number, reply) = first_reply(&mut under_way).await;
            pass.reconcile.tell_time(clock::now());
            pass.reconcile.answer(number, &reply, self.now());
        }
        Ok(false)
    }

    /// The calls that may begin now; none if it waits for those under way, or is over. What is
    /// intended with them is saved, all of it at once.
    fn next_calls(&self, pass: &mut Pass, quota: &Shared) -> Result<Vec<(CallNumber, Call)>> {
        let (mut calls, mut is_saved) = (Vec::new(), true);
        loop {
            pass.reconcile.tell_time(clock::now());
            match pass.reconcile.next_step() {
                Next::Wait | Next::Done => break,
                Next::Intend { what, takes, gives } => {
                    self.with(|mind| mind.intend(what, self.now()))?;
                    self.with(|mind| mind.claim(takes, gives, clock::now()))?;
                    is_saved = false;
                }
                Next::Call(number, call) => {
                    // Rounds go on meanwhile, and may have learnt better.
                    let now = self.now();
                    if call.is_write() && !self.with(|mind| mind.still_holds(pass, number, now))? {
                        continue;
                    }
                    draw(quota, Quota::use_call);
                    calls.push((number, call));
                }
            }
        }
        if !is_saved {
            self.save()?;
        }
        Ok(calls)
    }
}

/// A call that is under way.
type UnderWay<'a> = (CallNumber, Pin<Box<dyn Future<Output = Reply> + 'a>>);

/// Takes out the call that ends first, with its reply.
fn first_reply(under_way: &mut Vec<UnderWay<'_>>) -> impl Future<Output = (CallNumber, Reply)> {
    poll_fn(|context| {
        for (index, (number, call)) in under_way.iter_mut().enumerate() {
            if let Poll::Ready(reply) = call.as_mut().poll(context) {
                let number = *number;
                drop(under_way.swap_remove(index));
                return Poll::Ready((number, reply));
            }
        }
        Poll::Pending
    })
}

/// Draws something from a quota.
pub(super) fn draw<T>(quota: &Shared, of_it: impl FnOnce(&mut Quota) -> T) -> T {
    let mut changed = quota.get();
    let drawn = of_it(&mut changed);
    quota.set(changed);
    drawn
}

/// Tells a lane that there is news, and starts it if it rests.
pub(super) fn started(lane: &Cell<Lane>) -> Option<Turn> {
    with(lane, |lane| {
        lane.tell();
        lane.start(clock::now())
    })
}

pub(super) fn next(lane: &Cell<Lane>, turn: Turn) -> bool {
    with(lane, |lane| lane.next(turn, clock::now()))
}

pub(super) fn goes_on(lane: &Cell<Lane>, turn: Turn) -> bool {
    with(lane, |lane| lane.goes_on(turn, clock::now()))
}

pub(super) fn is_busy(lane: &Cell<Lane>) -> bool {
    lane.get().is_busy(clock::now())
}

fn with<T>(lane: &Cell<Lane>, work: impl FnOnce(&mut Lane) -> T) -> T {
    let mut changed = lane.get();
    let told = work(&mut changed);
    lane.set(changed);
    told
}
