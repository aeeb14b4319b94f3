//! What the proxy is told by KV and by the Controller: the routing table, or the config if there is
//! no table. `loading.js` calls all of this (`Functions` in `core.js`), reads, and waits for what
//! it reads.

#![expect(unreachable_pub, reason = "exports of the wasm, which are reached from outside")]

use super::runtime::Env;
use super::{clock, isolate, log, runtime};
use crate::controller::{read_page, read_text};
use crate::jurisdiction::ControllerJurisdiction;
use crate::order::Query;
use crate::proxy::{Isolate, NEWS_TIMEOUT_MS};
use crate::routes::{BadRoutes, KEY, PIN_BYTES_MAX, ROUTES_BYTES_MAX};
use crate::secret::{ADMIN_TOKEN, API_TOKEN, COOKIE_KEY, Secret};
use crate::steering::token::SigningKey;
use js_sys::JsString;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

/// The tokens that no request to a service may carry.
const OUR_TOKENS: [&str; 2] = [ADMIN_TOKEN, API_TOKEN];

/// The key of the routing table in KV.
#[wasm_bindgen(js_name = tableKey)]
#[must_use]
pub fn table_key() -> String {
    KEY.to_owned()
}

/// The most UTF-16 units that a tenant's pin may have.
#[wasm_bindgen(js_name = pinUnitsMax)]
#[must_use]
pub fn pin_units_max() -> usize {
    PIN_BYTES_MAX
}

/// Longest wait for the Controller, in milliseconds.
#[wasm_bindgen(js_name = newsTimeoutMs)]
#[must_use]
pub fn news_timeout_ms() -> u32 {
    clock::short(NEWS_TIMEOUT_MS)
}

/// Whether the table is to be loaded before anything is said by it.
#[wasm_bindgen(js_name = isTableDue)]
#[must_use]
pub fn is_table_due() -> bool {
    isolate::with(|isolate| isolate.should_load(clock::now())).unwrap_or_default()
}

/// Whether there is a table.
pub(super) fn has_table() -> bool {
    isolate::with(|isolate| isolate.has_table()).unwrap_or_default()
}

/// Takes KV's table: a text, `null` if there is none, `undefined` if KV did not answer. If it is no
/// table, the last one stays. Returns whether there is a table.
#[wasm_bindgen(js_name = takeTable)]
pub fn take_table(env: &Env, read: &JsValue) -> bool {
    take_bindings(env);
    let text = read.dyn_ref::<JsString>();
    if text.is_none() {
        isolate::with(|isolate| isolate.load_failed(clock::now()));
    }
    if let Some(Some(Err(error))) = text.map(take_text) {
        log::error(&format!("{error}; the last table stays in use"));
    }
    complain();
    has_table()
}

/// A text that is too long is only measured. It never has more UTF-16 units than bytes.
fn take_text(text: &JsString) -> Option<Result<bool, BadRoutes>> {
    match usize::try_from(text.length()) {
        Ok(units) if units <= ROUTES_BYTES_MAX => {
            isolate::with(|isolate| isolate.take(&String::from(text), clock::now()))
        }
        units => Some(Err(BadRoutes::TooLarge(units.unwrap_or(usize::MAX)))),
    }
}

/// What to ask the Controller for a later table than the one in use: its jurisdiction, empty for
/// none, and the command, each a line. `None` if it was asked a moment ago.
#[wasm_bindgen(js_name = newsQuestion)]
pub fn question(env: &Env) -> Option<String> {
    write_points(env);
    let than = isolate::with(|isolate| isolate.asks_for_news(clock::now())).flatten()?;
    let chance = clock::chance();
    let report = isolate::with(|isolate| isolate.traffic_report(chance, clock::now())).flatten();
    let command = read_text(Query::Routes { than, report });
    let Ok(jurisdiction) = runtime::jurisdiction(env) else {
        take_news(env, None);
        return None;
    };
    let jurisdiction = jurisdiction.map_or("", ControllerJurisdiction::as_str);
    Some(format!("{jurisdiction}\n{command}"))
}

/// Takes the answer of the Controller; `None` if there was none. Without one everything stays as KV
/// has it.
#[wasm_bindgen(js_name = takeNews)]
#[expect(clippy::needless_pass_by_value, reason = "an export borrows no text that may be absent")]
pub fn take_news(env: &Env, answer: Option<String>) {
    let Some(text) = answer.as_deref().and_then(read_page) else {
        // The Controller's own log says why, and `/.pointsman/proxy` counts them.
        isolate::with(|isolate| isolate.news_failed(clock::now()));
        return;
    };
    take_bindings(env);
    let taken = isolate::with(|isolate| isolate.take_news(&text, clock::now()));
    if let Some(Err(error)) = taken {
        log::error(&format!("the Controller's table: {error}; the last table stays in use"));
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
        log::error(&dropped);
    }
}

/// Takes the secrets of this deployment, and whether it has a dataset. No table is taken before:
/// without the secrets nothing is forwarded.
fn take_bindings(env: &Env) {
    let key = runtime::variable(env, COOKIE_KEY).map(|key| SigningKey::new(&key));
    if let Some(Err(error)) = &key {
        log::error(&format!("{COOKIE_KEY}: {error}; cookies are neither set nor read"));
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
        log::error(&note);
    }
}
