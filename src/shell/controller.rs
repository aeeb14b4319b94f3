//! The Durable Object around [`crate::controller::Controller`].
//!
//! One object, named `controller`, for the whole deployment. It reads the config from KV once a
//! run, keeps its state in its own storage after every round, and writes to KV and Cloudflare what
//! the core says. While it waits for I/O other requests may come in, so nothing is borrowed across
//! an `await`, and only one of them writes and compares at a time.

use super::{api::Api, clock, kv, six_at_once::six_at_once};
use crate::cloudflare::Next;
use crate::controller::{self, Document, Offered};
use crate::documents::Status;
use crate::tick::{RoundReply, RoundRequest};
use crate::time::{MINUTE, Millis, Timestamp};
use crate::{json, state};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen_futures::JsFuture;
use worker::{
    DurableObject, Env, Error, Request, Response, Result, State, console_error, console_log,
    durable_object,
};

/// The binding's name.
const BINDING: &str = "CONTROLLER";
/// The object's name.
const NAME: &str = "controller";
/// The KV key of the config.
const CONFIG_KEY: &str = "config";
/// Where the object keeps the last good config text.
const LAST_GOOD_CONFIG: &str = "last_good_config";
/// Where a state goes that this build does not read, for the build that does.
const UNREADABLE_STATE: &str = "unreadable_state";
/// How often the end of a run looks whether its work is done.
const LOOK_AGAIN_MS: Millis = 20;
/// Longest time that an act can take: every call of a pass, each at its timeout.
const ACT_MS_MAX: Millis = 7 * MINUTE;

/// Asks the Controller for a round.
pub(super) async fn round(env: &Env, request: &RoundRequest) -> Result<RoundReply> {
    // Not the init type of `worker`: that brings every option of every fetch along, 10 KB of wasm.
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_body(&json::write(request).into());
    let call = web_sys::Request::new_with_str_and_init("https://controller/round", &init)?;
    let text = ask(env, call).await?;
    read(&text)
}

/// Asks the Controller how everything is. Returns the JSON as it is.
pub(super) async fn status(env: &Env) -> Result<String> {
    ask(env, web_sys::Request::new_with_str("https://controller/status")?).await
}

/// Has the Controller compare with Cloudflare. Returns how everything is then, as JSON.
pub(super) async fn compare(env: &Env) -> Result<String> {
    ask(env, web_sys::Request::new_with_str("https://controller/compare")?).await
}

async fn ask(env: &Env, request: web_sys::Request) -> Result<String> {
    let stub = env.durable_object(BINDING)?.get_by_name(NAME)?;
    let mut response = stub.fetch_with_request(request.into()).await?;
    let text = response.text().await?;
    match response.status_code() {
        200 => Ok(text),
        status => Err(Error::RustError(format!("{status}: {text}"))),
    }
}

fn read<T: json::Shape>(text: &str) -> Result<T> {
    json::read(text).map_err(|error| Error::RustError(error.to_string()))
}

/// The object.
#[expect(missing_debug_implementations, reason = "the runtime's handles in it have none")]
#[durable_object(alarm)]
pub struct Controller(Rc<Object>);

struct Object {
    storage: State,
    env: Env,
    mind: RefCell<Option<controller::Controller>>,
    /// Since when somebody is writing and comparing.
    acting: Cell<Option<Timestamp>>,
    /// Since when there is something new to act on.
    news: Cell<Option<Timestamp>>,
    /// The latest instant that anybody told.
    latest: Cell<Timestamp>,
}

impl DurableObject for Controller {
    fn new(storage: State, env: Env) -> Self {
        Self(Rc::new(Object {
            storage,
            env,
            mind: RefCell::new(None),
            acting: Cell::new(None),
            news: Cell::new(None),
            latest: Cell::new(Timestamp::default()),
        }))
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let object = &self.0;
        object.wake().await?;
        match request.path().as_str() {
            "/round" => {
                let round: RoundRequest = read(&request.text().await?)?;
                let reply = object.round(&round).await?;
                object.clone().act_on_news(matches!(reply, RoundReply::Done(_))).await;
                Response::ok(json::write(&reply))
            }
            "/compare" => {
                object.with(controller::Controller::compare_soon)?;
                object.news.set(Some(object.now()));
                object.clone().act_on_news(true).await;
                Response::ok(json::write(&object.status()?))
            }
            "/status" => Response::ok(json::write(&object.status()?)),
            _ => Response::error("no such call", 404),
        }
    }

    /// A pass that is due between rounds: an invocation of its own, with subrequests of its own.
    async fn alarm(&self) -> Result<Response> {
        let object = &self.0;
        object.wake().await?;
        object.news.set(Some(object.now()));
        object.clone().act_on_news(true).await;
        Response::empty()
    }
}

impl Object {
    /// Remembers, after a restart: the state from this object's storage, or else from KV.
    /// Errors: neither could be asked, which is not the same as that there is none.
    async fn wake(&self) -> Result<()> {
        if self.mind.try_borrow().is_ok_and(|mind| mind.is_some()) {
            return Ok(());
        }
        let config = self.load(LAST_GOOD_CONFIG).await?;
        let saved = self.load(state::KEY).await?;
        let unknown = || Error::RustError("KV does not say what was before".to_owned());
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
        mind.get_or_insert_with(|| controller::Controller::restore(state, config.as_deref()));
        Ok(())
    }

    /// Lends the mind for as long as `work` runs, which must not wait for anything.
    fn with<T>(&self, work: impl FnOnce(&mut controller::Controller) -> T) -> Result<T> {
        let mut mind = self.mind.try_borrow_mut().map_err(busy)?;
        let mind = mind.as_mut().ok_or_else(|| Error::RustError("not awake".to_owned()))?;
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
    async fn act_on_news(self: Rc<Self>, wait: bool) {
        if self.is_acting() {
            // Whoever is at it sees the news as well.
            while wait && self.is_acting() {
                clock::wait(LOOK_AGAIN_MS).await;
            }
            return;
        }
        self.acting.set(Some(clock::now()));
        let object = self.clone();
        let work = async move {
            while let Some(now) = object.news.take() {
                if let Err(error) = object.act(now).await {
                    console_error!("acting on a round: {error}");
                }
            }
            object.acting.set(None);
        };
        if wait {
            work.await;
        } else {
            self.storage.wait_until(work);
        }
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
        let in_ms = i64::try_from(at.since(self.now())).unwrap_or(i64::MAX);
        self.storage.storage().set_alarm(in_ms).await
    }

    /// Offers the config that KV holds now. Where KV cannot be asked or has none, the one in use
    /// stays.
    async fn read_config(&self, now: Timestamp) -> Result<()> {
        let Some(Some(text)) = kv::get(&self.env, CONFIG_KEY, None).await else { return Ok(()) };
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

    /// A text of this object's storage. Not by the typed getter: that reads by way of serde.
    async fn load(&self, key: &str) -> Result<Option<String>> {
        let reading = self.storage.storage().as_raw().get(key)?;
        Ok(JsFuture::from(reading).await?.as_string())
    }

    async fn keep(&self, key: &str, text: &str) -> Result<()> {
        self.storage.storage().put_raw(key, text).await
    }

    async fn write(&self, documents: Vec<Document>, now: Timestamp) -> Result<()> {
        self.with(|mind| documents.iter().for_each(|document| mind.writing(document)))?;
        let put = async |document| {
            let arrived = kv::put(&self.env, &document).await;
            (document, arrived)
        };
        for (document, arrived) in six_at_once(documents, put).await {
            if arrived {
                self.with(|mind| mind.written(&document, now))?;
            }
        }
        Ok(())
    }

    async fn compare_with_cloudflare(&self, now: Timestamp) -> Result<()> {
        let Some(mut pass) = self.with(|mind| mind.begin_reconcile(now))? else { return Ok(()) };
        self.carry_out(&mut pass, now).await?;
        for found in self.with(|mind| mind.end_reconcile(pass, self.now().max(now)))? {
            console_error!("see to it: {found}");
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

fn busy(_: impl std::error::Error) -> Error {
    Error::RustError("the Controller's state is in use".to_owned())
}
