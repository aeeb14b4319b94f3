//! The Durable Object that probes from one area.
//!
//! One object for each area, named like it and made with its location hint, and one more for each
//! further share of fifty probes. It keeps nothing but
//! the name of its data center. It makes the probes that a run asks for, and answers with their
//! results, so one that hangs or dies costs the results of one round.
//!
//! One more, that is no area's, makes whole runs while cron is silent.

use super::hands::hands;
use super::objects::State;
use super::outbound::{OwnRequest, agent_of, send};
use super::promise::promise;
use super::run_clock::{RunClock, wait};
use super::runtime::{Env, Result, failure};
use super::{areas, clock, cron, probe};
use crate::geo::Area;
use crate::json;
use crate::tick::{Probe, Share, ShareReply};
use crate::time::{Millis, SECOND, Timestamp};
use js_sys::Promise;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, Response};

/// Where a request is told in which data center it came to Cloudflare, which is where the object
/// runs: <https://developers.cloudflare.com/fundamentals/reference/cdn-cgi-endpoint/>.
const TRACE_URL: &str = "https://www.cloudflare.com/cdn-cgi/trace";
/// Longest wait for that.
const TRACE_TIMEOUT_MS: Millis = 2 * SECOND;
/// The most that is read of it, in bytes.
const TRACE_BYTES_MAX: usize = 1_024;
/// Where a whole run is asked for.
const RUN_PATH: &str = "/run";
/// How long it is believed; also that it could not be told.
const COLO_FOR_MS: Millis = 60 * 60 * SECOND;

/// The object.
#[expect(missing_debug_implementations, reason = "the runtime's handles in it have none")]
#[wasm_bindgen]
pub struct Vantage(Rc<RefCell<Place>>, Env);

/// Where it runs, and when that was asked.
#[derive(Clone, Default)]
struct Place {
    colo: Option<String>,
    asked_at: Option<Timestamp>,
}

/// What the runtime calls.
#[wasm_bindgen]
impl Vantage {
    #[wasm_bindgen(constructor)]
    pub fn new(_state: State, env: Env) -> Self {
        Self(Rc::default(), env)
    }

    /// Makes the probes of a share, or a run.
    pub fn fetch(&self, request: Request) -> Promise {
        if request.url().ends_with(RUN_PATH) {
            return promise(Box::pin(make_run(self.1.clone(), request)));
        }
        promise(Box::pin(answer(self.0.clone(), self.1.clone(), request)))
    }
}

async fn make_run(env: Env, request: Request) -> Result<JsValue> {
    let text = JsFuture::from(request.text()?).await?.as_string().unwrap_or_default();
    let run = json::read(&text).map_err(|error| failure(&error.to_string()))?;
    cron::run(run, &env).await;
    Response::new().map(JsValue::from)
}

async fn answer(place: Rc<RefCell<Place>>, env: Env, request: Request) -> Result<JsValue> {
    let text = JsFuture::from(request.text()?).await?.as_string().unwrap_or_default();
    let share: Share = json::read(&text).map_err(|error| failure(&error.to_string()))?;
    let area = share.probes.first().and_then(Probe::area);
    #[cfg(pointsman_provoke_panic)]
    super::provoke::in_a_share(area).await;
    wait(share.wait_ms.min(areas::SHARE_WAIT_MS_MAX)).await;
    let clock = RunClock::default();
    let (results, controls, aside) =
        probe::round(share.probes, share.controls, None, (&clock, &env)).await;
    let excerpts = aside.map(|aside| aside.excerpts).unwrap_or_default();
    let colo = colo(&place, area).await;
    let reply = ShareReply { now: clock.now(), colo, results, controls, excerpts };
    Response::new_with_opt_str(Some(&json::write(&reply))).map(JsValue::from)
}

/// The data center that this object runs in.
async fn colo(place: &RefCell<Place>, area: Option<Area>) -> Option<String> {
    let now = clock::now();
    let known = place.try_borrow().ok()?.clone();
    if known.asked_at.is_some_and(|at| now.since(at) < COLO_FOR_MS) {
        return known.colo;
    }
    let hands = hands();
    let agent = area.map(agent_of).unwrap_or_default();
    let headers = [("user-agent", agent.as_str())];
    let (_, response) = send(
        &hands,
        &OwnRequest {
            method: "GET",
            url: TRACE_URL,
            headers: &headers,
            body: None,
            timeout_ms: TRACE_TIMEOUT_MS,
            body_bytes_max: TRACE_BYTES_MAX,
            resolve: None,
        },
    )
    .end()
    .await;
    let text = response.ok().and_then(|response| response.body().ok());
    let told = text.as_deref().and_then(areas::colo_of);
    if let Ok(mut place) = place.try_borrow_mut() {
        *place = Place { colo: told.clone(), asked_at: Some(now) };
    }
    told
}
