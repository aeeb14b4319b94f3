//! What Durable Objects ask of the runtime, and what is asked of them, as Rust sees it.
//! `bindings.js` and `runtime.js` say what each function does.

use super::runtime::{Env, Result};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/shell/bindings.js")]
extern "C" {
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

}

#[wasm_bindgen(module = "/src/shell/runtime.js")]
extern "C" {
    pub(super) async fn wait(ms: u32);

    /// The handle of a Durable Object, to itself.
    pub type State;

    #[wasm_bindgen(method, js_name = waitUntil)]
    pub(super) fn wait_until(this: &State, work: &Promise);

    #[wasm_bindgen(js_name = jurisdictionOf)]
    pub(super) fn jurisdiction_of(state: &State) -> Option<String>;
}
