//! Calls of hooks, in a lane of their own: no promotion waits behind an alert that nobody takes, or
//! behind the calls of a pass.
//!
//! What is about to be called is saved first. If this object ends in the midst of a call, the next
//! one calls again under the same id.

use super::Object;
use super::deliver::{Try, end, secret, try_it};
use super::lanes::{Shared, draw, next, started};
use crate::controller::Turn;
use crate::outgoing::Secrets;
use crate::recovery::HookCall;
use crate::shell::hands::{Hands, hands};
use crate::shell::runtime::{Env, Result};
use crate::shell::{clock, log};
use std::rc::Rc;
use wasm_bindgen::JsValue;

impl Object {
    pub(super) fn start_hooks(self: Rc<Self>, quota: &Shared) {
        if let Some(turn) = started(&self.hooks) {
            let (object, quota) = (self.clone(), quota.clone());
            let work = async move { object.call_all(turn, &quota).await };
            self.run("calling hooks", Box::pin(work));
        }
    }

    async fn call_all(self: Rc<Self>, turn: Turn, quota: &Shared) -> Result<JsValue> {
        while next(&self.hooks, turn) {
            if let Err(error) = self.clone().call_hooks(turn, quota).await {
                log::failed("calling hooks", &error);
            }
        }
        // What more is due has an alarm of its own, with a quota of its own.
        self.wake_later().await.map(|()| JsValue::UNDEFINED)
    }

    /// Calls what is due, and what becomes due by the answers.
    async fn call_hooks(self: Rc<Self>, turn: Turn, quota: &Shared) -> Result<()> {
        self.with(crate::controller::Controller::recover_hooks)?;
        loop {
            let calls =
                self.with(|mind| draw(quota, |quota| mind.draw_hooks(quota, self.now())))?;
            if calls.is_empty() {
                return Ok(());
            }
            self.save()?;
            let (dry, calls): (Vec<_>, Vec<_>) =
                calls.into_iter().partition(|call| call.body.is_dry);
            if !dry.is_empty() {
                self.clone().ask(dry, quota);
            }
            self.clone().call(calls, quota).await?;
            if !super::lanes::goes_on(&self.hooks, turn) {
                return Ok(());
            }
        }
    }
}

impl Object {
    /// Makes these calls at once, and waits for all of them.
    async fn call(self: Rc<Self>, calls: Vec<HookCall>, quota: &Shared) -> Result<()> {
        let hands = hands();
        let begun = calls.into_iter().map(|call| (begin(&self.env, &hands, &call), call));
        let begun: Vec<_> = begun.collect();
        for (under_way, call) in begun {
            let outcome = end(under_way).await;
            self.with(|mind| mind.end_hook(&call, &outcome, self.now()))?;
            self.say_news()?;
            self.save()?;
        }
        self.set_going(quota);
        Ok(())
    }

    /// Makes dry calls. The lane does not wait for them: no plan may come late because a hook is
    /// silent that was asked whether it would work.
    fn ask(self: Rc<Self>, calls: Vec<HookCall>, quota: &Shared) {
        let (object, quota) = (self.clone(), quota.clone());
        let work = async move {
            object.clone().call(calls, &quota).await?;
            object.wake_later().await.map(|()| JsValue::UNDEFINED)
        };
        self.run("asking hooks", Box::pin(work));
    }
}

fn begin(env: &Env, hands: &Hands, call: &HookCall) -> Try {
    let secrets = Secrets { key: secret(env, call.hook.secret.as_ref()), ..Secrets::default() };
    let request = call.request(&secrets, clock::now());
    try_it(hands, request, secrets)
}
