//! Reads KV. A failure is logged and returned.

use super::runtime::Env;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/shell/bindings.js")]
extern "C" {
    async fn read(env: &Env, key: &str) -> JsValue;
}

/// The value of a key. The outer `None` means that KV did not answer, the inner one that there is
/// no value.
pub(super) async fn get(env: &Env, key: &str) -> Option<Option<String>> {
    let value = read(env, key).await;
    (!value.is_undefined()).then(|| value.as_string())
}
