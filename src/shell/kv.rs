//! Reads and writes KV. A failure is logged and returned. Nothing is lost by it: what was not
//! written stays due.

use super::runtime;
use crate::controller::Document;
use crate::json;
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
