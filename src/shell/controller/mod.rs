//! The Durable Object around [`crate::controller::Controller`].
//!
//! One object, named `controller`, for the whole deployment. It reads the config from KV once a
//! run, saves its state after every round, and writes to KV and Cloudflare what the core says.
//! While it waits for I/O other requests may come in, so nothing is borrowed across an `await`.
//! Slow work runs in [`lanes`], and only those wait for it who have to.

mod ask;
mod deliver;
mod hooks;
mod lanes;

pub(super) use ask::{act, compare, look, read, round, status};

use super::objects::{self, State};
use super::promise::{promise, told};
use super::runtime::{Env, Result, failure};
use super::{clock, kv, log, runtime, storage};
use crate::config;
use crate::controller::{
    self, Clock, Command, CommandError, CommandReply, Lane, Memory, WAKE_AGAIN_MS,
};
use crate::dashboard;
use crate::json;
use crate::jurisdiction::{self, ControllerJurisdiction};
use crate::order::{Act, ActReply};
use crate::state;
use crate::tick::{RoundReply, RoundRequest, RunId};
use crate::time::{MINUTE, Millis, Timestamp};
use js_sys::Promise;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, Response};

/// Longest wait for the end of a run that stands in for cron. It is over within a minute, unless
/// the Controller itself is slow.
const STAND_IN_TIMEOUT_MS: Millis = 2 * MINUTE;

/// The object.
#[expect(missing_debug_implementations, reason = "the runtime's handles in it have none")]
#[wasm_bindgen]
pub struct Controller(Rc<Object>);

struct Object {
    state: State,
    env: Env,
    mind: RefCell<Option<controller::Controller>>,
    /// Documents to KV.
    publish: Cell<Lane>,
    /// Calls of Cloudflare's API.
    reconcile: Cell<Lane>,
    /// Alerts to their receivers.
    deliver: Cell<Lane>,
    /// Calls of hooks.
    hooks: Cell<Lane>,
    /// News that a pass is to follow as soon as `routes` is written.
    to_reconcile: Cell<bool>,
    /// Whether calls of a pass are made.
    in_pass: Cell<bool>,
    /// When the alarm rings; absent where none is set, or none that this instance knows of.
    alarm: Cell<Option<Timestamp>>,
    clock: Cell<Clock>,
}

/// What the runtime calls.
#[wasm_bindgen]
impl Controller {
    #[wasm_bindgen(constructor)]
    pub fn new(state: State, env: Env) -> Self {
        Self(Rc::new(Object {
            state,
            env,
            mind: RefCell::new(None),
            publish: Cell::default(),
            reconcile: Cell::default(),
            deliver: Cell::default(),
            hooks: Cell::default(),
            to_reconcile: Cell::default(),
            in_pass: Cell::default(),
            alarm: Cell::new(None),
            clock: Cell::default(),
        }))
    }

    /// Answers a call.
    pub fn fetch(&self, request: Request) -> Promise {
        promise(Box::pin(self.0.clone().answer(request)))
    }

    /// Something is due between rounds.
    pub fn alarm(&self) -> Promise {
        promise(Box::pin(self.0.clone().ring()))
    }
}

impl Object {
    /// There is always an answer: whoever called would wait for it.
    async fn answer(self: Rc<Self>, request: Request) -> Result<JsValue> {
        let text = JsFuture::from(request.text()?).await?.as_string().unwrap_or_default();
        let reply = match Command::parse(&text) {
            Ok(command) => self.obey(command).await.unwrap_or_else(|error| {
                CommandReply::Refused(CommandError::Unavailable { problem: told(&error) })
            }),
            Err(why) => CommandReply::Refused(why),
        };
        Response::new_with_opt_str(Some(&reply.text())).map(JsValue::from)
    }

    async fn obey(self: Rc<Self>, command: Command) -> Result<CommandReply> {
        self.wake().await?;
        match command {
            Command::Round(mut request) => {
                self.hear(&mut request);
                let reply = self.round(&request).await?;
                let quota = self.clone().follow_up()?;
                if matches!(reply, RoundReply::Done(_)) {
                    self.settle(&quota).await;
                }
                Ok(CommandReply::Round(reply))
            }
            Command::Compare => {
                #[cfg(pointsman_provoke_panic)]
                super::provoke::in_the_controller();
                self.with(controller::Controller::compare_soon)?;
                let quota = self.quota()?;
                self.clone().start_reconcile(&quota);
                self.clone().reconciled(&quota).await;
                self.status()
            }
            Command::Status => self.status(),
            Command::Act(request) => {
                if request.act.is_about_config() {
                    // Somebody may have edited KV since the last run looked.
                    self.read_config(self.now()).await?;
                }
                let mut reply = self.with(|mind| mind.act(&request, self.now()))?;
                self.say_news()?;
                self.save()?;
                drop(self.clone().follow_up()?);
                if let (Act::TestAlert { .. }, false, ActReply::Done(acted)) =
                    (&request.act, request.is_dry, &mut reply)
                {
                    // Whoever tests wants to know how it ended.
                    self.clone().delivered().await;
                    acted.notes = self.with(|mind| mind.how_tests_ended())?;
                }
                Ok(CommandReply::Acted(reply))
            }
            Command::Look(look) => {
                self.with(|mind| CommandReply::Page(dashboard::made(mind, &look, self.now())))
            }
            Command::Read(query) => {
                self.with(|mind| CommandReply::Page(mind.page(&query, self.now())))
            }
        }
    }

    async fn ring(self: Rc<Self>) -> Result<JsValue> {
        if let Err(error) = self.may_act() {
            // It would only be rung again if this failed, and asks for no further alarm.
            log::failed("alarm", &error);
            return Ok(JsValue::UNDEFINED);
        }
        // Before anything else: the runtime gives an alarm up once its handler has failed seven
        // times in a row.
        self.alarm.set(None);
        self.set_alarm(Some(self.now().plus(WAKE_AGAIN_MS))).await?;
        self.wake().await?;
        self.with(|mind| mind.settle(self.now()))?;
        self.say_news()?;
        self.save()?;
        if let Some(run) = self.with(|mind| mind.stand_in(self.now()))? {
            self.clone().stand_in(run);
        }
        drop(self.follow_up()?);
        Ok(JsValue::UNDEFINED)
    }

    /// Has a run made that stands in for cron. It asks for its rounds as any run does.
    fn stand_in(self: Rc<Self>, run: RunId) {
        let object = self.clone();
        let work = async move {
            let (run, timeout_ms) = (json::write(&run), clock::short(STAND_IN_TIMEOUT_MS));
            objects::stand_in(&object.env, &run, timeout_ms).await
        };
        self.run("standing in for cron", Box::pin(work));
    }

    /// The jurisdiction of this object.
    ///
    /// **Errors**: it is not the deployment's; another object is the Controller now, and two must
    /// never act.
    fn may_act(&self) -> Result<Option<ControllerJurisdiction>> {
        let declared = runtime::jurisdiction(&self.env)?;
        let object = objects::jurisdiction_of(&self.state);
        jurisdiction::may_act(declared, object.as_deref())
            .map_err(|error| failure(&error.to_string()))?;
        Ok(declared)
    }

    /// Remembers, after a restart.
    ///
    /// **Errors**: neither storage nor KV could be asked, which is not the same as that there is
    /// nothing; or this object may not act.
    async fn wake(&self) -> Result<()> {
        let jurisdiction = self.may_act()?;
        if self.mind.try_borrow().is_ok_and(|mind| mind.is_some()) {
            return Ok(());
        }
        let mut memory = storage::load(&self.state)?;
        let (mut copy, mut page) = (None, None);
        if memory.has_no_state() {
            let unknown = || failure("KV does not say what was before");
            copy = kv::get(&self.env, state::KEY).await.ok_or_else(unknown)?;
            let mut search = controller::audit_search(copy.as_deref());
            while let Some(key) = search.next_key() {
                search.tell(kv::get(&self.env, &key).await.ok_or_else(unknown)?);
            }
            page = search.into_page();
            // Another request may have been here while this one waited, and saved.
            memory = storage::load(&self.state)?;
        }
        self.remember(memory, (copy.as_deref(), page.as_deref()), jurisdiction)
    }

    fn remember(
        &self,
        memory: Memory,
        (copy, page): (Option<&str>, Option<&str>),
        jurisdiction: Option<ControllerJurisdiction>,
    ) -> Result<()> {
        let mut mind = self.mind.try_borrow_mut().map_err(busy)?;
        if mind.is_none() {
            let (awake, notes) = controller::Controller::remember_with(memory, copy, page);
            for note in notes {
                log::error(&note);
            }
            *mind = Some(awake.in_jurisdiction(jurisdiction).counting_since(clock::now()));
        }
        Ok(())
    }

    /// Lends the mind for as long as `work` runs, which must not wait for anything.
    fn with<T>(&self, work: impl FnOnce(&mut controller::Controller) -> T) -> Result<T> {
        let mut mind = self.mind.try_borrow_mut().map_err(busy)?;
        let mind = mind.as_mut().ok_or_else(|| failure("not awake"))?;
        Ok(work(mind))
    }

    fn status(&self) -> Result<CommandReply> {
        self.with(|mind| CommandReply::Status(mind.status(self.now())))
    }

    /// The time now, as runs tell it.
    fn now(&self) -> Timestamp {
        let mut clock = self.clock.get();
        let now = clock.now(clock::now());
        self.clock.set(clock);
        now
    }

    /// Hears the clock of a run.
    fn hear(&self, request: &mut RoundRequest) {
        let mut clock = self.clock.get();
        if let Some(ahead_ms) = clock.hear(request, clock::now()) {
            let run = request.run;
            log::error(&format!(
                "run {run}: its clock is {ahead_ms} ms ahead, and is not believed"
            ));
        }
        self.clock.set(clock);
    }

    /// Takes a round in and saves what was learnt.
    async fn round(&self, request: &RoundRequest) -> Result<RoundReply> {
        if request.round == 0 {
            self.read_config(request.now).await?;
        }
        let round = self.with(|mind| mind.round(request))?;
        self.say_news()?;
        self.save()?;
        Ok(round.reply)
    }

    /// Offers the config that KV holds now. Where KV cannot be asked or has none, the one in use
    /// stays.
    async fn read_config(&self, now: Timestamp) -> Result<()> {
        let Some(Some(text)) = kv::get(&self.env, config::KEY).await else { return Ok(()) };
        self.with(|mind| mind.offer_config(&text, now))?;
        self.say_news()
    }

    /// Puts into the log what the core has to say.
    fn say_news(&self) -> Result<()> {
        for line in self.with(controller::Controller::take_news)? {
            if line.is_error {
                log::error(&line.text);
            } else {
                log::info(&line.text);
            }
        }
        Ok(())
    }

    /// Saves what is not saved yet.
    fn save(&self) -> Result<()> {
        self.with(|mind| {
            let saving = mind.unsaved();
            storage::save(&self.state, &saving.changes)?;
            for row in &saving.left_out {
                let what = format!("the row `{row}` is too large or one too many, and is not kept");
                log::error(&what);
            }
            mind.saved(saving);
            Ok(())
        })?
    }

    /// Asks for the alarm that the core wants now.
    async fn wake_later(&self) -> Result<()> {
        let in_pass = self.in_pass.get();
        if lanes::is_busy(&self.reconcile) && !in_pass {
            // The lane is about to find out whether there is a pass to make, and asks then.
            return Ok(());
        }
        let wake = self.with(|mind| mind.next_wake(self.now(), in_pass))?;
        // News for which the quota of the last turn had no more calls.
        let is_left = self.reconcile.get().has_news() && !lanes::is_busy(&self.reconcile);
        let at = if is_left { Some(self.now()) } else { wake.map(|wake| wake.at) };
        self.set_alarm(at).await
    }

    async fn set_alarm(&self, at: Option<Timestamp>) -> Result<()> {
        if self.alarm.replace(at) == at {
            return Ok(());
        }
        let set = match at {
            Some(at) => storage::set_alarm(&self.state, at.since(self.now())).await,
            None => storage::delete_alarm(&self.state).await,
        };
        if set.is_err() {
            // Nobody knows whether it was set, so the next one is set in any case.
            self.alarm.set(None);
        }
        set
    }
}

fn busy(_: impl std::error::Error) -> JsValue {
    failure("the Controller's state is in use")
}
