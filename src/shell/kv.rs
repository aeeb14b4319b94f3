//! Reads and writes KV. A failure is logged and told; nothing is lost by it, because what was not
//! written stays due.

use crate::controller::Document;
use worker::kv::KvStore;
use worker::{Env, console_error};

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
    request.text().await.map_err(|error| console_error!("KV get `{key}`: {error}")).ok()
}

/// Writes a document with its metadata. Returns whether it arrived.
pub(super) async fn put(env: &Env, document: &Document) -> bool {
    let key = &document.key;
    let written = async {
        let store = store(env)?;
        let put = store.put(key, document.text.as_str()).ok()?;
        let put = put.metadata(&document.metadata).ok()?;
        put.execute().await.map_err(|error| console_error!("KV put `{key}`: {error}")).ok()
    };
    written.await.is_some()
}
