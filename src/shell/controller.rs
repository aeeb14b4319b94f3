//! The Durable Object around [`crate::controller::Controller`].
//!
//! One object, named `controller`, for the whole deployment. It reads the config from KV once a
//! run, keeps its state in its own storage after every round, and writes to KV and Cloudflare what
//! the core says. While it waits for I/O other requests may come in, so nothing is borrowed across
//! an `await`, and only one of them writes and compares at a time.

use super::outside::{self, Result, State, Work, failure, promise};
use super::{api::Api, clock, kv};
use crate::cloudflare::Next;
use crate::config;
use crate::controller::{self, Document, Offered};
use crate::documents::Status;
use crate::jurisdiction::{self, ControllerJurisdiction};
use crate::tick::{RoundReply, RoundRequest};
use crate::time::{MINUTE, Millis, Timestamp};
use crate::{json, state};
use js_sys::Promise;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, Response};
use worker::{Env, console_error, console_log};

/// What the addresses of calls begin with.
const HOST: &str = "https://controller";
/// Where the object keeps the last good config text.
const LAST_GOOD_CONFIG: &str = "last_good_config";
/// Where a state goes that this build does not read, for the build that does.
const UNREADABLE_STATE: &str = "unreadable_state";
/// How often the end of a run looks whether its work is done.
const LOOK_AGAIN_MS: Millis = 20;
/// Longest time that an act can take: every call of a pass, each at its timeout.
const ACT_MS_MAX: Millis = 7 * MINUTE;

/// Asks the Controller for a round.
pub(super) async fn round(
    env: &Env,
    request: &RoundRequest,
    timeout_ms: Millis,
) -> Result<RoundReply> {
    let request = json::write(request);
    read(&ask(env, "/round", Some(&request), timeout_ms).await?)
}

/// Asks the Controller how everything is. Returns the JSON as it is.
pub(super) async fn status(env: &Env, timeout_ms: Millis) -> Result<String> {
    ask(env, "/status", None, timeout_ms).await
}

/// Has the Controller compare with Cloudflare. Returns how everything is then, as JSON.
pub(super) async fn compare(env: &Env, timeout_ms: Millis) -> Result<String> {
    ask(env, "/compare", None, timeout_ms).await
}

async fn ask(env: &Env, path: &str, body: Option<&str>, timeout_ms: Millis) -> Result<String> {
    let jurisdiction = outside::jurisdiction(env)?.map(ControllerJurisdiction::as_str);
    let text = outside::call(env, jurisdiction, path, body, clock::short(timeout_ms)).await?;
    text.as_string().ok_or_else(|| failure("no text"))
}

fn read<T: json::Shape>(text: &str) -> Result<T> {
    json::read(text).map_err(|error| failure(&error.to_string()))
}

/// The object.
#[expect(missing_debug_implementations, reason = "the runtime's handles in it have none")]
#[wasm_bindgen]
pub struct Controller(Rc<Object>);

struct Object {
    state: State,
    env: Env,
    mind: RefCell<Option<controller::Controller>>,
    /// Since when somebody is writing and comparing.
    acting: Cell<Option<Timestamp>>,
    /// Since when there is something new to act on.
    news: Cell<Option<Timestamp>>,
    /// The latest instant that anybody told.
    latest: Cell<Timestamp>,
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
            acting: Cell::new(None),
            news: Cell::new(None),
            latest: Cell::new(Timestamp::default()),
        }))
    }

    /// Answers a call.
    pub fn fetch(&self, request: Request) -> Promise {
        promise(Box::pin(self.0.clone().answer(request)))
    }

    /// A pass that is due between rounds: an invocation of its own, with subrequests of its own.
    pub fn alarm(&self) -> Promise {
        promise(Box::pin(self.0.clone().ring()))
    }
}

impl Object {
    async fn answer(self: Rc<Self>, request: Request) -> Result<JsValue> {
        self.wake().await?;
        let text = match request.url().strip_prefix(HOST).unwrap_or_default() {
            "/round" => {
                let text = JsFuture::from(request.text()?).await?.as_string().unwrap_or_default();
                let reply = self.round(&read(&text)?).await?;
                self.clone().act_on_news(matches!(reply, RoundReply::Done(_))).await?;
                json::write(&reply)
            }
            "/compare" => {
                #[cfg(pointsman_provoke_panic)]
                super::provoke::in_the_controller();
                self.with(controller::Controller::compare_soon)?;
                self.news.set(Some(self.now()));
                self.clone().act_on_news(true).await?;
                json::write(&self.status()?)
            }
            "/status" => json::write(&self.status()?),
            _ => return Err(failure("no such call")),
        };
        Response::new_with_opt_str(Some(&text)).map(JsValue::from)
    }

    async fn ring(self: Rc<Self>) -> Result<JsValue> {
        if let Err(error) = self.may_act() {
            // It would only be rung again if this failed, and asks for no further alarm.
            outside::complain("alarm", &error);
            return Ok(JsValue::UNDEFINED);
        }
        self.wake().await?;
        self.news.set(Some(self.now()));
        self.act_on_news(true).await
    }

    /// The jurisdiction of this object.
    ///
    /// **Errors**: it is not the deployment's; another object is the Controller now, and two must
    /// never act.
    fn may_act(&self) -> Result<Option<ControllerJurisdiction>> {
        let declared = outside::jurisdiction(&self.env)?;
        let object = outside::jurisdiction_of(&self.state);
        jurisdiction::may_act(declared, object.as_deref())
            .map_err(|error| failure(&error.to_string()))?;
        Ok(declared)
    }

    /// Remembers, after a restart: the state from this object's storage, or else from KV.
    /// Errors: neither could be asked, which is not the same as that there is none; or this object
    /// may not act.
    async fn wake(&self) -> Result<()> {
        let jurisdiction = self.may_act()?;
        if self.mind.try_borrow().is_ok_and(|mind| mind.is_some()) {
            return Ok(());
        }
        let config = self.load(LAST_GOOD_CONFIG).await?;
        let saved = self.load(state::KEY).await?;
        let unknown = || failure("KV does not say what was before");
        let saved = match saved {
            Some(text) => Some(text),
            None => kv::get(&self.env, state::KEY, None).await.ok_or_else(unknown)?,
        };
        let state = match saved.as_deref().map(state::State::parse) {
            Some(Err(error)) => {
                console_error!("the saved state is put aside as `{UNREADABLE_STATE}`: {error}");
                self.keep(UNREADABLE_STATE, &saved.unwrap_or_default()).await?;
                None
            }
            Some(Ok(state)) => Some(state),
            None => None,
        };
        let mut mind = self.mind.try_borrow_mut().map_err(busy)?;
        // Another request may have been here while this one waited.
        mind.get_or_insert_with(|| {
            controller::Controller::restore(state, config.as_deref()).in_jurisdiction(jurisdiction)
        });
        Ok(())
    }

    /// Lends the mind for as long as `work` runs, which must not wait for anything.
    fn with<T>(&self, work: impl FnOnce(&mut controller::Controller) -> T) -> Result<T> {
        let mut mind = self.mind.try_borrow_mut().map_err(busy)?;
        let mind = mind.as_mut().ok_or_else(|| failure("not awake"))?;
        Ok(work(mind))
    }

    fn status(&self) -> Result<Status> {
        self.with(|mind| mind.status(self.now()))
    }

    /// The time now, which is never before what a run has told: its clock is its own.
    fn now(&self) -> Timestamp {
        clock::now().max(self.latest.get())
    }

    /// Takes a round in and saves what was learnt. What follows from it is not waited for.
    async fn round(&self, request: &RoundRequest) -> Result<RoundReply> {
        self.latest.set(self.latest.get().max(request.now));
        if request.round == 0 {
            self.read_config(request.now).await?;
        }
        let round = self.with(|mind| mind.round(request))?;
        for changed in &round.changed {
            let transition = &changed.transition;
            let (from, to) = (transition.from.as_str(), transition.to.as_str());
            let reason = transition.reason.map(|r| format!(" ({r})")).unwrap_or_default();
            console_log!("{}: {from} -> {to}{reason}", changed.target);
        }
        self.save().await?;
        self.news.set(Some(request.now));
        Ok(round.reply)
    }

    /// Writes and compares behind the reply, so that no probe waits for the API; at the end of a
    /// run before it, so that a run is over when what it led to is done.
    async fn act_on_news(self: Rc<Self>, wait: bool) -> Result<JsValue> {
        if self.is_acting() {
            // Whoever is at it sees the news as well.
            while wait && self.is_acting() {
                clock::wait(LOOK_AGAIN_MS).await;
            }
            return Ok(JsValue::UNDEFINED);
        }
        self.acting.set(Some(clock::now()));
        let object = self.clone();
        let work: Work = Box::pin(async move {
            while let Some(now) = object.news.take() {
                if let Err(error) = object.act(now).await {
                    outside::complain("acting on a round", &error);
                }
            }
            object.acting.set(None);
            Ok(JsValue::UNDEFINED)
        });
        if wait {
            return work.await;
        }
        self.state.wait_until(&promise(work));
        Ok(JsValue::UNDEFINED)
    }

    /// An act whose request was cancelled is never resumed, and must not stop all later ones.
    fn is_acting(&self) -> bool {
        self.acting.get().is_some_and(|since| clock::now().since(since) < ACT_MS_MAX)
    }

    async fn act(&self, now: Timestamp) -> Result<()> {
        if let Some(routes) = self.with(|mind| mind.due_routes(now))? {
            self.write(vec![routes], now).await?;
        }
        self.compare_with_cloudflare(now).await?;
        let due = self.with(|mind| mind.due_documents(now))?;
        self.write(due, now).await?;
        self.save().await?;
        match self.with(|mind| mind.next_pass_at(self.now().max(now)))? {
            Some(at) => self.wake_at(at).await,
            None => Ok(()),
        }
    }

    /// Asks for an alarm. It may come twice, and finds nothing to do then.
    async fn wake_at(&self, at: Timestamp) -> Result<()> {
        outside::wake_in(&self.state, clock::short(at.since(self.now()))).await
    }

    /// Offers the config that KV holds now. Where KV cannot be asked or has none, the one in use
    /// stays.
    async fn read_config(&self, now: Timestamp) -> Result<()> {
        let Some(Some(text)) = kv::get(&self.env, config::KEY, None).await else { return Ok(()) };
        match self.with(|mind| mind.offer_config(&text, now))? {
            Offered::Same => Ok(()),
            Offered::Refused => {
                console_error!("the config in KV is refused; the last good one stays");
                Ok(())
            }
            Offered::Taken => {
                console_log!("a new config is in use");
                self.keep(LAST_GOOD_CONFIG, &text).await
            }
        }
    }

    async fn save(&self) -> Result<()> {
        let text = self.with(|mind| mind.saved_state())?;
        self.keep(state::KEY, &text).await
    }

    /// A text of this object's storage.
    async fn load(&self, key: &str) -> Result<Option<String>> {
        Ok(outside::load(&self.state, key).await?.as_string())
    }

    async fn keep(&self, key: &str, text: &str) -> Result<()> {
        outside::keep(&self.state, key, text).await
    }

    async fn write(&self, documents: Vec<Document>, now: Timestamp) -> Result<()> {
        self.with(|mind| documents.iter().for_each(|document| mind.writing(document)))?;
        let arrived = kv::put(&self.env, documents).await;
        self.with(|mind| arrived.iter().for_each(|document| mind.written(document, now)))
    }

    async fn compare_with_cloudflare(&self, now: Timestamp) -> Result<()> {
        let Some(mut pass) = self.with(|mind| mind.begin_reconcile(now))? else { return Ok(()) };
        self.carry_out(&mut pass, now).await?;
        for found in self.with(|mind| mind.end_reconcile(pass, self.now().max(now)))? {
            console_error!("action needed: {found}");
        }
        Ok(())
    }

    async fn carry_out(&self, pass: &mut controller::Pass, now: Timestamp) -> Result<()> {
        let api = Api::of(&self.env);
        loop {
            match pass.reconcile.next_step() {
                Next::Done => return Ok(()),
                Next::Intend { what, holds } => {
                    let now = self.now().max(now);
                    self.with(|mind| mind.intend(what, holds, now))?;
                    self.save().await?;
                }
                Next::Call(call) => {
                    // Rounds go on meanwhile, and may have learnt better.
                    let now = self.now().max(now);
                    if call.is_write() && !self.with(|mind| mind.still_holds(pass, now))? {
                        continue;
                    }
                    let reply = api.call(&call).await;
                    pass.reconcile.answer(&reply);
                }
            }
        }
    }
}

fn busy(_: impl std::error::Error) -> JsValue {
    failure("the Controller's state is in use")
}
