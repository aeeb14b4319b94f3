//! Reads and writes KV. A failure is logged and told; nothing is lost by it, because what was not
//! written stays due.

use super::clock;
use crate::controller::Document;
use crate::time::{Millis, SECOND};
use worker::kv::{KvError, KvStore};
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
    in_time("get", key, request.text()).await
}

/// Writes a document with its metadata. Returns whether it arrived.
pub(super) async fn put(env: &Env, document: &Document) -> bool {
    let key = &document.key;
    let written = async {
        let store = store(env)?;
        let put = store.put(key, document.text.as_str()).ok()?;
        let put = put.metadata(&document.metadata).ok()?;
        in_time("put", key, put.execute()).await
    };
    written.await.is_some()
}

/// The result of an operation, or `None` where it failed or took too long, which is logged.
async fn in_time<T>(
    operation: &str,
    key: &str,
    work: impl Future<Output = Result<T, KvError>>,
) -> Option<T> {
    match clock::within(TIMEOUT_MS, work).await {
        Some(Ok(done)) => Some(done),
        Some(Err(error)) => {
            console_error!("KV {operation} `{key}`: {error}");
            None
        }
        None => {
            console_error!("KV {operation} `{key}`: no reply in {TIMEOUT_MS} ms");
            None
        }
    }
}
