//! Promises, and what became of them.

use super::runtime::Result;
use js_sys::Promise;
use js_sys::futures::future_to_promise;
use std::pin::Pin;
use wasm_bindgen::{JsCast, JsValue};

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
