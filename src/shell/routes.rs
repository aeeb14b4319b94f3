//! What the proxy reads from KV: the routing table, the config if there is no table, and the pins
//! of tenants.

use super::{clock, isolate, kv, runtime};
use crate::config;
use crate::controller::routes_of;
use crate::routes::{KEY, Table};
use crate::steering::token::SigningKey;
use wasm_bindgen::JsValue;
use worker::{Env, console_error};

/// How long KV's cache may hold the table; KV takes no shorter time.
const CACHE_TTL_S: u32 = 30;
/// How long KV's cache may hold a tenant's pin.
const PIN_CACHE_TTL_S: u32 = 60;
/// The secret that signs cookies.
const COOKIE_KEY: &str = "COOKIE_KEY";

/// Loads the table. If that fails, the last one stays.
pub(super) async fn load(env: &Env) {
    let key = runtime::variable(env, COOKIE_KEY).map(|key| SigningKey::new(&key));
    if let Some(Err(error)) = &key {
        console_error!("{COOKIE_KEY}: {error}; cookies are neither set nor read");
    }
    isolate::with(|isolate| isolate.take_key(key.and_then(Result::ok)));
    let Some(text) = kv::get(env, KEY, Some(CACHE_TTL_S)).await else { return };
    let taken = text.map(|text| isolate::with(|isolate| isolate.take(&text, clock::now())));
    if let Some(Some(Err(error))) = &taken {
        console_error!("{error}; the last table stays in use");
    }
    let has_table = isolate::with(|isolate| isolate.has_table()).unwrap_or_default();
    if !has_table {
        compile(env).await;
    }
}

/// Compiles a table from the config: with all rules and regions, and with unknown health.
async fn compile(env: &Env) {
    let Some(Some(text)) = kv::get(env, config::KEY, Some(CACHE_TTL_S)).await else { return };
    match routes_of(&text, clock::now()).map(Table::try_from) {
        Some(Ok(table)) => {
            console_error!("KV has no valid routes; they are compiled from the config");
            isolate::with(|isolate| isolate.take_made(table, clock::now()));
        }
        _ => console_error!("KV has neither valid routes nor a valid config"),
    }
}

/// A tenant's pin in KV: a text, `null` if there is none, `undefined` if KV did not answer.
pub(super) async fn pin(env: &Env, key: &str) -> JsValue {
    match kv::get(env, key, Some(PIN_CACHE_TTL_S)).await {
        None => JsValue::UNDEFINED,
        Some(None) => JsValue::NULL,
        Some(Some(text)) => text.into(),
    }
}
