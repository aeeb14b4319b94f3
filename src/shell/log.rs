//! The log of the Worker.

#[cfg(not(pointsman_edge))]
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Something that somebody has to look at.
    #[wasm_bindgen(js_namespace = console)]
    pub(super) fn error(text: &str);

    /// Something that has happened.
    #[wasm_bindgen(js_namespace = console, js_name = log)]
    #[cfg(not(pointsman_edge))]
    pub(super) fn info(text: &str);
}

#[cfg(not(pointsman_edge))]
#[wasm_bindgen(module = "/src/shell/runtime.js")]
extern "C" {
    /// That something has failed, and by which error of the runtime.
    #[wasm_bindgen(js_name = complain)]
    pub(super) fn failed(what: &str, error: &JsValue);
}
