//! Reads and writes KV. A failure is logged and told; nothing is lost by it, because what was not
//! written stays due.
//!
//! The binding is called as JavaScript has it: its wrapper turns values by way of serde, which
//! nothing else here needs (ADR-0006).

use super::clock;
use crate::controller::Document;
use crate::json;
use crate::time::{Millis, SECOND};
use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::{Env, console_error};

/// Longest wait for one operation.
const TIMEOUT_MS: Millis = 5 * SECOND;
/// The binding's name.
const BINDING: &str = "KV";

/// The value of a key. The outer `None` says that KV could not be asked, the inner one that there
/// is no value.
pub(super) async fn get(env: &Env, key: &str, cache_ttl_s: Option<u32>) -> Option<Option<String>> {
    let options = cache_ttl_s.map(|seconds| ("cacheTtl", seconds.into()));
    let value = in_time("get", key, call(env, "get", &[key], options)).await?;
    Some(value.as_string())
}

/// Writes a document with its metadata. Returns whether it arrived.
pub(super) async fn put(env: &Env, document: &Document) -> bool {
    let key = &document.key;
    let work = async {
        let metadata = JSON::parse(&json::write(&document.metadata))?;
        call(env, "put", &[key, &document.text], Some(("metadata", metadata))).await
    };
    in_time("put", key, work).await.is_some()
}

/// Calls a method of the binding with texts, and one option where there is one.
async fn call(
    env: &Env,
    method: &str,
    texts: &[&str],
    option: Option<(&str, JsValue)>,
) -> Result<JsValue, JsValue> {
    let arguments: Array = texts.iter().map(|text| JsValue::from_str(text)).collect();
    if let Some((name, value)) = option {
        let options = Object::new();
        Reflect::set(&options, &name.into(), &value)?;
        arguments.push(&options);
    }
    let binding = Reflect::get(env, &BINDING.into())?;
    let method: Function = Reflect::get(&binding, &method.into())?.dyn_into()?;
    let promise: Promise = method.apply(&binding, &arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}

/// The result of an operation, or `None` where it failed or took too long, which is logged.
async fn in_time(
    operation: &str,
    key: &str,
    work: impl Future<Output = Result<JsValue, JsValue>>,
) -> Option<JsValue> {
    match clock::within(TIMEOUT_MS, work).await {
        Some(Ok(done)) => Some(done),
        Some(Err(error)) => {
            console_error!("KV {operation} `{key}`: {error:?}");
            None
        }
        None => {
            console_error!("KV {operation} `{key}`: no reply in {TIMEOUT_MS} ms");
            None
        }
    }
}
