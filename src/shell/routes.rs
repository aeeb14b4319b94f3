//! What the proxy reads from KV: the routing table, or the config where there is no table, and the
//! pins of tenants.

use super::{clock, kv, outside, proxy};
use crate::config;
use crate::controller::routes_of;
use crate::routes::{KEY, Table};
use crate::steering::token::SigningKey;
use wasm_bindgen::JsValue;
use worker::{Env, console_error};

/// The shortest time that KV's cache can be told to hold a value.
const CACHE_TTL_S: u32 = 30;
/// How long KV's cache may hold the pin of a tenant.
const PIN_CACHE_TTL_S: u32 = 60;
/// The secret that cookies are signed with.
const COOKIE_KEY: &str = "COOKIE_KEY";

/// Reads the table anew. Whatever goes wrong, the last one stays.
pub(super) async fn load(env: &Env) {
    let key = outside::variable(env, COOKIE_KEY).map(|key| SigningKey::new(&key));
    if let Some(Err(error)) = &key {
        console_error!("{COOKIE_KEY}: {error}; no cookie is set or read");
    }
    proxy::with(|isolate| isolate.take_key(key.and_then(Result::ok)));
    let Some(text) = kv::get(env, KEY, Some(CACHE_TTL_S)).await else { return };
    let taken = text.map(|text| proxy::with(|isolate| isolate.take(&text, clock::now())));
    if let Some(Some(Err(error))) = &taken {
        console_error!("{error}; the last table stays");
    }
    let has_table = proxy::with(|isolate| isolate.has_table()).unwrap_or_default();
    if !has_table {
        make(env).await;
    }
}

/// Makes a table of the config, which has the law and every region, and knows no health.
async fn make(env: &Env) {
    let Some(Some(text)) = kv::get(env, config::KEY, Some(CACHE_TTL_S)).await else { return };
    match routes_of(&text, clock::now()).map(Table::try_from) {
        Some(Ok(table)) => {
            console_error!("KV has no routes that read; they are made of the config");
            proxy::with(|isolate| isolate.take_made(table, clock::now()));
        }
        _ => console_error!("KV has neither routes nor a config that read"),
    }
}

/// What KV says of a tenant: a text, `null` where there is nothing, `undefined` where nobody could
/// ask.
pub(super) async fn pin(env: &Env, key: &str) -> JsValue {
    match kv::get(env, key, Some(PIN_CACHE_TTL_S)).await {
        None => JsValue::UNDEFINED,
        Some(None) => JsValue::NULL,
        Some(Some(text)) => text.into(),
    }
}
