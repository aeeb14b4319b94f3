//! What the shell asks of the runtime, as Rust sees it. `runtime.js` and `points.js` say what each
//! function does.

use crate::jurisdiction::{self, ControllerJurisdiction, Variable};
use crate::tick::PROBES_AT_ONCE;
use js_sys::futures::future_to_promise;
use js_sys::{Map, Promise, Reflect};
use std::pin::Pin;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

/// Says whether what a probe met passes.
pub(super) type Judge = Closure<dyn Fn(Exchanged) -> bool>;

/// An error is the runtime's own.
pub(super) type Result<T> = std::result::Result<T, JsValue>;

#[wasm_bindgen(module = "/src/shell/runtime.js")]
extern "C" {
    pub(super) type Hands;

    #[wasm_bindgen(constructor)]
    pub(super) fn new(count: usize) -> Hands;

    #[allow(clippy::too_many_arguments, reason = "one call into JavaScript")]
    pub(super) fn exchange(
        hands: &Hands,
        method: &str,
        url: &str,
        headers: &Map,
        body: Option<&str>,
        timeout_ms: u32,
        body_bytes_max: usize,
        resolve: Option<&str>,
    ) -> Promise;

    #[allow(clippy::too_many_arguments, reason = "one call into JavaScript")]
    pub(super) fn probe(
        hands: &Hands,
        probe: &str,
        headers: &Map,
        body_bytes_max: usize,
        wanted: Option<&str>,
        judge: Option<&Judge>,
    ) -> Promise;

    /// The end of an exchange.
    pub(super) type Exchanged;

    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &Exchanged) -> u16;
    #[wasm_bindgen(method, getter, js_name = isBroken)]
    pub(super) fn is_broken(this: &Exchanged) -> bool;
    #[wasm_bindgen(method, getter, js_name = isLate)]
    pub(super) fn is_late(this: &Exchanged) -> bool;
    #[wasm_bindgen(method, getter, js_name = isOpen)]
    pub(super) fn is_open(this: &Exchanged) -> bool;
    #[wasm_bindgen(method, getter, js_name = isCut)]
    pub(super) fn is_cut(this: &Exchanged) -> bool;
    #[wasm_bindgen(method, getter, js_name = isUnread)]
    pub(super) fn is_unread(this: &Exchanged) -> bool;
    #[wasm_bindgen(method, getter, js_name = lostAddress)]
    pub(super) fn lost_address(this: &Exchanged) -> u16;
    /// Redirects that were not followed: 0 for none, 1 to elsewhere, 2 one too many.
    #[wasm_bindgen(method, getter, js_name = turnedAway)]
    pub(super) fn turned_away(this: &Exchanged) -> u8;
    #[wasm_bindgen(method, getter)]
    pub(super) fn text(this: &Exchanged) -> String;
    #[wasm_bindgen(method, getter, js_name = latencyMs)]
    pub(super) fn latency_ms(this: &Exchanged) -> u32;
    #[wasm_bindgen(method, getter, js_name = beganAt)]
    pub(super) fn began_at(this: &Exchanged) -> f64;
    #[wasm_bindgen(method, getter, js_name = endedAt)]
    pub(super) fn ended_at(this: &Exchanged) -> f64;
    #[wasm_bindgen(method)]
    pub(super) fn header(this: &Exchanged, name: &str) -> Option<String>;

    pub(super) async fn read(
        env: &Env,
        key: &str,
        cache_ttl_s: Option<u32>,
        timeout_ms: u32,
    ) -> JsValue;

    pub(super) fn write(
        hands: &Hands,
        env: &Env,
        key: &str,
        value: &str,
        metadata: &str,
        timeout_ms: u32,
    ) -> Promise;

    #[wasm_bindgen(catch)]
    pub(super) async fn call(
        env: &Env,
        jurisdiction: Option<&str>,
        body: &str,
        timeout_ms: u32,
    ) -> Result<JsValue>;

    #[wasm_bindgen(js_name = askArea)]
    pub(super) fn ask_area(
        env: &Env,
        area: &str,
        nth: usize,
        body: &str,
        timeout_ms: u32,
    ) -> Promise;

    #[wasm_bindgen(catch, js_name = standIn)]
    pub(super) async fn stand_in(env: &Env, run: &str, timeout_ms: u32) -> Result<JsValue>;

    pub(super) async fn wait(ms: u32);

    /// The handle of a Durable Object, to itself.
    pub type State;

    #[wasm_bindgen(method, js_name = waitUntil)]
    pub(super) fn wait_until(this: &State, work: &Promise);

    #[wasm_bindgen(js_name = jurisdictionOf)]
    pub(super) fn jurisdiction_of(state: &State) -> Option<String>;

    pub(super) fn complain(what: &str, error: &JsValue);
}

#[wasm_bindgen(module = "/src/shell/points.js")]
extern "C" {
    #[wasm_bindgen(js_name = hasDataset)]
    pub(super) fn has_dataset(env: &Env) -> Option<bool>;

    #[wasm_bindgen(js_name = writePoints)]
    pub(super) fn write_points(env: &Env, points: &str) -> usize;
}

/// As many hands as the runtime opens connections at once.
pub(super) fn hands() -> Hands {
    Hands::new(PROBES_AT_ONCE)
}

/// Work of one type, whatever it does, so that what takes it is compiled once.
pub(super) type Work = Pin<Box<dyn Future<Output = Result<JsValue>>>>;

/// Work as JavaScript sees it.
pub(super) fn promise(work: Work) -> Promise {
    future_to_promise(work)
}

/// The message of an error.
pub(super) fn told(error: &JsValue) -> String {
    let message = |error: &js_sys::Error| String::from(error.message());
    error.dyn_ref().map(message).or_else(|| error.as_string()).unwrap_or_default()
}

/// An error of our own.
pub(super) fn failure(text: &str) -> JsValue {
    js_sys::Error::new(text).into()
}

/// The jurisdiction of the Controller, as this deployment names it.
///
/// **Errors**: it names none that there is.
pub(super) fn jurisdiction(env: &Env) -> Result<Option<ControllerJurisdiction>> {
    let value = Reflect::get(env, &JsValue::from_str(jurisdiction::VARIABLE))?;
    let text = value.as_string();
    let variable = match text.as_deref() {
        Some(text) => Variable::Text(text),
        None if value.is_undefined() => Variable::Absent,
        None => Variable::NoText,
    };
    ControllerJurisdiction::declared(variable).map_err(|error| failure(&error.to_string()))
}

/// A variable or a secret of this deployment, unless it is empty.
pub(super) fn variable(env: &Env, name: &str) -> Option<String> {
    let text = Reflect::get(env, &JsValue::from_str(name)).ok()?.as_string()?;
    (!text.is_empty()).then_some(text)
}
