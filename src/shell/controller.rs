//! The Durable Object around [`crate::controller::Controller`].
//!
//! One object, named `controller`, for the whole deployment. It reads the config from KV once a
//! run, keeps its state in its own storage after every round, and writes to KV and Cloudflare what
//! the core says. While it waits for I/O other requests may come in, so nothing is borrowed across
//! an `await`, and only one comparison with Cloudflare is under way at a time.

use super::{api::Api, clock, kv};
use crate::cloudflare::Next;
use crate::controller::{self, Document, Offered};
use crate::documents::Status;
use crate::tick::{RoundReply, RoundRequest};
use crate::time::Timestamp;
use crate::{json, state};
use futures::future::join_all;
use std::cell::{Cell, RefCell};
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
/// Calls of the API in one pass. The free plan allows 50 subrequests an invocation.
const CALLS_MAX: usize = 45;

/// Asks the Controller for a round.
pub(super) async fn round(env: &Env, request: &RoundRequest) -> Result<RoundReply> {
    // Not the init type of `worker`: that brings every option of every fetch along, 10 KB of wasm.
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_body(&json::write(request).into());
    let call = web_sys::Request::new_with_str_and_init("https://controller/round", &init)?;
    let text = ask(env, call).await?;
    Ok(json::read(&text)?)
}

/// Asks the Controller how everything is. Returns the JSON as it is.
pub(super) async fn status(env: &Env) -> Result<String> {
    ask(env, web_sys::Request::new_with_str("https://controller/status")?).await
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

/// The object.
#[expect(missing_debug_implementations, reason = "the runtime's handles in it have none")]
#[durable_object]
pub struct Controller {
    storage: State,
    env: Env,
    mind: RefCell<Option<controller::Controller>>,
    comparing: Cell<bool>,
}

impl DurableObject for Controller {
    fn new(storage: State, env: Env) -> Self {
        Self { storage, env, mind: RefCell::new(None), comparing: Cell::new(false) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        self.wake().await?;
        match request.path().as_str() {
            "/round" => {
                let round: RoundRequest = json::read(&request.text().await?)?;
                Response::ok(json::write(&self.round(&round).await?))
            }
            "/status" => Response::ok(json::write(&self.status()?)),
            _ => Response::error("no such call", 404),
        }
    }
}

impl Controller {
    /// Remembers, after a restart: the state from this object's storage, or else from KV.
    async fn wake(&self) -> Result<()> {
        if self.mind.try_borrow().is_ok_and(|mind| mind.is_some()) {
            return Ok(());
        }
        let storage = self.storage.storage();
        let config: Option<String> = storage.get(LAST_GOOD_CONFIG).await?;
        let saved: Option<String> = storage.get(state::KEY).await?;
        let saved = match saved {
            Some(text) => Some(text),
            None => kv::get(&self.env, state::KEY, None).await.flatten(),
        };
        let state = saved.and_then(|text| {
            let parsed = state::State::parse(&text);
            parsed.map_err(|error| console_error!("the saved state is left aside: {error}")).ok()
        });
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
        self.with(|mind| mind.status(clock::now()))
    }

    async fn round(&self, request: &RoundRequest) -> Result<RoundReply> {
        let now = request.now;
        if request.round == 0 {
            self.read_config(now).await?;
        }
        let round = self.with(|mind| mind.round(request))?;
        for changed in &round.changed {
            let transition = &changed.transition;
            let (from, to) = (transition.from.as_str(), transition.to.as_str());
            let reason = transition.reason.map(|r| format!(" ({r})")).unwrap_or_default();
            console_log!("{}: {from} -> {to}{reason}", changed.target);
        }
        self.save().await?;
        if let Some(routes) = self.with(|mind| mind.due_routes(now))? {
            self.write(vec![routes], now).await?;
        }
        self.compare_with_cloudflare(now).await?;
        let due = self.with(|mind| mind.due_documents(now))?;
        self.write(due, now).await?;
        self.save().await?;
        Ok(round.reply)
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
                self.storage.storage().put(LAST_GOOD_CONFIG, text).await
            }
        }
    }

    async fn save(&self) -> Result<()> {
        let text = self.with(|mind| mind.saved_state())?;
        self.storage.storage().put(state::KEY, text).await
    }

    async fn write(&self, documents: Vec<Document>, now: Timestamp) -> Result<()> {
        let put = |document| async {
            let arrived = kv::put(&self.env, &document).await;
            (document, arrived)
        };
        for (document, arrived) in join_all(documents.into_iter().map(put)).await {
            if arrived {
                self.with(|mind| mind.written(&document, now))?;
            }
        }
        Ok(())
    }

    async fn compare_with_cloudflare(&self, now: Timestamp) -> Result<()> {
        let Some(mut pass) = self.with(|mind| mind.begin_reconcile(now))? else { return Ok(()) };
        if self.comparing.replace(true) {
            return Ok(());
        }
        let carried_out = self.carry_out(&mut pass).await;
        self.comparing.set(false);
        carried_out?;
        self.with(|mind| mind.end_reconcile(pass, clock::now().max(now)))
    }

    async fn carry_out(&self, pass: &mut controller::Pass) -> Result<()> {
        let api = Api::of(&self.env);
        let mut calls = 0_usize;
        loop {
            match pass.reconcile.next_step() {
                Next::Done => return Ok(()),
                Next::Intend(hold) => {
                    self.with(|mind| mind.intend(hold))?;
                    self.save().await?;
                }
                Next::Call(call) if calls < CALLS_MAX => {
                    calls = calls.saturating_add(1);
                    let reply = api.call(&call).await;
                    pass.reconcile.answer(&reply);
                }
                Next::Call(_) => pass.reconcile.give_up(CALLS_MAX),
            }
        }
    }
}

fn busy(_: impl std::error::Error) -> Error {
    Error::RustError("the Controller's state is in use".to_owned())
}
