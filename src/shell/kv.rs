//! Reads KV. A failure is logged and returned.

use super::runtime;
use js_sys::JsString;
use wasm_bindgen::JsCast;
use worker::Env;

/// How long KV's cache may hold the routing table, or the config; KV takes no shorter time.
pub(super) const CACHE_TTL_S: u32 = 30;
/// Timeout of one operation.
pub(super) const TIMEOUT_MS: u32 = 5_000;

/// The value of a key. The outer `None` means that KV did not answer, the inner one that there is
/// no value.
#[cfg(not(pointsman_edge))]
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
