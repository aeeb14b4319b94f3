//! What the proxy reads from KV: the routing table, the config if there is no table, and the pins
//! of tenants. And what it asks the Controller: whether there is a later table.

use super::kv::{self, CACHE_TTL_S};
use super::{asking, clock, isolate, runtime};
use crate::order::Query;
use crate::proxy::{Isolate, NEWS_TIMEOUT_MS};
use crate::routes::{BadRoutes, KEY, PIN_BYTES_MAX, ROUTES_BYTES_MAX};
use crate::secret::{ADMIN_TOKEN, API_TOKEN, COOKIE_KEY, Secret};
use crate::steering::token::SigningKey;
use wasm_bindgen::JsValue;
use worker::{Env, console_error};

/// How long KV's cache may hold a tenant's pin.
const PIN_CACHE_TTL_S: u32 = 60;
/// The tokens that no request to a service may carry.
const OUR_TOKENS: [&str; 2] = [ADMIN_TOKEN, API_TOKEN];

/// Loads the table. If that fails, the last one stays.
pub(super) async fn load(env: &Env) {
    take_bindings(env);
    let read = kv::get_within(env, KEY, CACHE_TTL_S, ROUTES_BYTES_MAX).await;
    if !matches!(read, Some(Some(_))) {
        isolate::with(|isolate| isolate.load_failed(clock::now()));
    }
    let Some(text) = read else { return };
    let taken = text.map(|text| match text {
        Ok(text) => isolate::with(|isolate| isolate.take(&text, clock::now())),
        Err(units) => Some(Err(BadRoutes::TooLarge(units))),
    });
    if let Some(Some(Err(error))) = &taken {
        console_error!("{error}; the last table stays in use");
    }
    complain();
    #[cfg(not(pointsman_edge))]
    super::from_config::compile(env).await;
    // The Controller may know better than KV; and the Worker for requests alone reads no config.
    if !isolate::with(|isolate| isolate.has_table()).unwrap_or_default() {
        ask_for_news(env).await;
    }
}

/// Asks the Controller for a later table than the one in use, unless it was asked a moment ago. No
/// request waits for the answer, unless there is no table at all; without one everything stays as
/// KV has it.
pub(super) async fn ask_for_news(env: &Env) {
    write_points(env);
    let asked = isolate::with(|isolate| isolate.asks_for_news(clock::now())).flatten();
    let Some(than) = asked else { return };
    let chance = clock::chance();
    let report = isolate::with(|isolate| isolate.traffic_report(chance, clock::now())).flatten();
    let answer = asking::read(env, Query::Routes { than, report }, NEWS_TIMEOUT_MS).await;
    let Some(text) = answer.ok().flatten() else {
        // The Controller's own log says why, and `/.pointsman/proxy` counts them.
        isolate::with(|isolate| isolate.news_failed(clock::now()));
        return;
    };
    take_bindings(env);
    let taken = isolate::with(|isolate| isolate.take_news(&text, clock::now()));
    if let Some(Err(error)) = taken {
        console_error!("the Controller's table: {error}; the last table stays in use");
    }
    complain();
}

/// Writes the data points that are due, where the deployment has a dataset for them.
fn write_points(env: &Env) {
    let due = isolate::with(|isolate| isolate.due_points(clock::now())).flatten();
    if let Some(points) = due {
        let taken = runtime::write_points(env, &points);
        isolate::with(|isolate| isolate.points_taken(taken));
    }
    if let Some(dropped) = isolate::with(Isolate::points_dropped).flatten() {
        console_error!("{dropped}");
    }
}

/// Takes the secrets of this deployment, and whether it has a dataset. No table is taken before:
/// without the secrets nothing is forwarded.
fn take_bindings(env: &Env) {
    let key = runtime::variable(env, COOKIE_KEY).map(|key| SigningKey::new(&key));
    if let Some(Err(error)) = &key {
        console_error!("{COOKIE_KEY}: {error}; cookies are neither set nor read");
    }
    let secrets = OUR_TOKENS.iter().filter_map(|name| runtime::variable(env, name));
    let secrets = secrets.map(Secret::new).collect();
    let is_dataset = runtime::has_dataset(env);
    isolate::with(|isolate| {
        isolate.take_key(key.and_then(Result::ok));
        isolate.take_secrets(secrets);
        isolate.take_dataset(is_dataset);
    });
}

/// Logs what the isolate has noted since it was asked last.
pub(super) fn complain() {
    for note in isolate::with(Isolate::notes).unwrap_or_default() {
        console_error!("{note}");
    }
}

/// A tenant's pin in KV: a text, `null` if there is none, `undefined` if KV did not answer.
pub(super) async fn pin(env: &Env, key: &str) -> JsValue {
    match kv::get_within(env, key, PIN_CACHE_TTL_S, PIN_BYTES_MAX).await {
        None => JsValue::UNDEFINED,
        Some(None) => JsValue::NULL,
        Some(Some(Ok(text))) => text.into(),
        // The core reads none that is so long, and says so.
        Some(Some(Err(_))) => " ".repeat(PIN_BYTES_MAX + 1).into(),
    }
}
