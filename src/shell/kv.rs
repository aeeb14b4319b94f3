//! Reads and writes KV. A failure is logged and returned. Nothing is lost by it: what was not
//! written stays due.

use super::runtime;
use crate::controller::Document;
use crate::json;
use js_sys::JsString;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

/// Timeout of one operation.
const TIMEOUT_MS: u32 = 5_000;

/// The value of a key. The outer `None` means that KV did not answer, the inner one that there is
/// no value.
pub(super) async fn get(env: &Env, key: &str, cache_ttl_s: Option<u32>) -> Option<Option<String>> {
    let value = runtime::read(env, key, cache_ttl_s, TIMEOUT_MS).await;
    (!value.is_undefined()).then(|| value.as_string())
}

/// The same, but a value of more than `units_max` UTF-16 units is only measured: `Err` has how many
/// it has. There are never more units than bytes.
pub(super) async fn get_within(
    env: &Env,
    key: &str,
    cache_ttl_s: u32,
    units_max: usize,
) -> Option<Option<Result<String, usize>>> {
    let value = runtime::read(env, key, Some(cache_ttl_s), TIMEOUT_MS).await;
    let units = value.dyn_ref::<JsString>().map(|text| text.length() as usize);
    match units.filter(|units| *units > units_max) {
        Some(units) => Some(Some(Err(units))),
        None => (!value.is_undefined()).then(|| value.as_string().map(Ok)),
    }
}

/// Writes documents with their metadata. Returns those that KV has taken.
pub(super) async fn put(env: &Env, documents: Vec<Document>) -> Vec<Document> {
    let hands = runtime::hands();
    let write = |document: Document| {
        let (key, text, metadata) =
            (&document.key, &document.text, json::write(&document.metadata));
        (runtime::write(&hands, env, key, text, &metadata, TIMEOUT_MS), document)
    };
    let under_way: Vec<_> = documents.into_iter().map(write).collect();
    let mut arrived = Vec::with_capacity(under_way.len());
    for (writing, document) in under_way {
        if JsFuture::from(writing).await.is_ok_and(|did| did.is_truthy()) {
            arrived.push(document);
        }
    }
    arrived
}
