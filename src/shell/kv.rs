//! Reads and writes KV. A failure is logged and told; nothing is lost by it, because what was not
//! written stays due.

use super::clock;
use crate::controller::Document;
use crate::time::{Millis, SECOND};
use worker::kv::KvStore;
use worker::{Env, console_error};

/// Longest wait for one operation.
const TIMEOUT_MS: Millis = 5 * SECOND;
/// The binding's name.
const BINDING: &str = "KV";

fn store(env: &Env) -> Option<KvStore> {
    env.kv(BINDING).map_err(|error| console_error!("KV binding `{BINDING}`: {error}")).ok()
}

/// The value of a key. The outer `None` says that KV could not be asked, the inner one that there
/// is no value.
pub(super) async fn get(env: &Env, key: &str, cache_ttl_s: Option<u64>) -> Option<Option<String>> {
    let request = store(env)?.get(key);
    let request = match cache_ttl_s {
        Some(seconds) => request.cache_ttl(seconds),
        None => request,
    };
    match clock::within(TIMEOUT_MS, request.text()).await {
        Some(Ok(value)) => Some(value),
        Some(Err(error)) => {
            console_error!("KV get `{key}`: {error}");
            None
        }
        None => {
            console_error!("KV get `{key}`: nothing in {TIMEOUT_MS} ms");
            None
        }
    }
}

/// Writes a document with its metadata. Returns whether it arrived.
pub(super) async fn put(env: &Env, document: &Document) -> bool {
    let key = &document.key;
    let written = async {
        let store = store(env)?;
        let put = store.put(key, document.text.as_str()).ok()?;
        let put = put.metadata(&document.metadata).ok()?;
        match clock::within(TIMEOUT_MS, put.execute()).await {
            Some(Ok(())) => Some(()),
            Some(Err(error)) => {
                console_error!("KV put `{key}`: {error}");
                None
            }
            None => {
                console_error!("KV put `{key}`: no reply in {TIMEOUT_MS} ms");
                None
            }
        }
    };
    written.await.is_some()
}
