//! Writes to KV. A failure is logged and returned. Nothing is lost by it: what was not written
//! stays due.

use super::hands::{Hands, hands};
use super::runtime::Env;
use crate::controller::Document;
use crate::json;
use js_sys::Promise;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/src/shell/bindings.js")]
extern "C" {
    fn write(hands: &Hands, env: &Env, key: &str, value: &str, metadata: &str) -> Promise;
}

/// Writes documents with their metadata. Returns those that KV has taken.
pub(super) async fn put(env: &Env, documents: Vec<Document>) -> Vec<Document> {
    let hands = hands();
    let written = |document: Document| {
        let (key, text, metadata) =
            (&document.key, &document.text, json::write(&document.metadata));
        (write(&hands, env, key, text, &metadata), document)
    };
    let under_way: Vec<_> = documents.into_iter().map(written).collect();
    let mut arrived = Vec::with_capacity(under_way.len());
    for (writing, document) in under_way {
        if JsFuture::from(writing).await.is_ok_and(|did| did.is_truthy()) {
            arrived.push(document);
        }
    }
    arrived
}
