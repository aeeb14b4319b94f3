//! What requests of clients ask of the runtime, and with them everything else, as Rust sees it.
//! `runtime.js` and `points.js` say what each function does.

use crate::jurisdiction::{self, ControllerJurisdiction, Variable};
use js_sys::futures::future_to_promise;
use js_sys::{Promise, Reflect};
use std::pin::Pin;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

/// An error is the runtime's own.
pub(super) type Result<T> = std::result::Result<T, JsValue>;

#[wasm_bindgen(module = "/src/shell/runtime.js")]
extern "C" {
    pub(super) async fn read(
        env: &Env,
        key: &str,
        cache_ttl_s: Option<u32>,
        timeout_ms: u32,
    ) -> JsValue;

    #[wasm_bindgen(catch)]
    pub(super) async fn call(
        env: &Env,
        jurisdiction: Option<&str>,
        body: &str,
        timeout_ms: u32,
    ) -> Result<JsValue>;

    pub(super) fn complain(what: &str, error: &JsValue);
}

#[wasm_bindgen(module = "/src/shell/points.js")]
extern "C" {
    #[wasm_bindgen(js_name = hasDataset)]
    pub(super) fn has_dataset(env: &Env) -> Option<bool>;

    #[wasm_bindgen(js_name = writePoints)]
    pub(super) fn write_points(env: &Env, points: &str) -> usize;
}

/// Work of one type, whatever it does, so that what takes it is compiled once.
pub(super) type Work = Pin<Box<dyn Future<Output = Result<JsValue>>>>;

/// Work as JavaScript sees it.
pub(super) fn promise(work: Work) -> Promise {
    future_to_promise(work)
}

/// The message of an error.
#[cfg(not(pointsman_edge))]
pub(super) fn told(error: &JsValue) -> String {
    use wasm_bindgen::JsCast as _;
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
