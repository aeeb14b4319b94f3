//! A routing table where KV has none: it is compiled from the config. `loading.js` calls this.

#![expect(unreachable_pub, reason = "exports of the wasm, which are reached from outside")]

use super::{clock, isolate, log, routes};
use crate::config;
use crate::controller::routes_of;
use crate::routes::Table;
use wasm_bindgen::prelude::wasm_bindgen;

/// The key of the config in KV.
#[wasm_bindgen(js_name = configKey)]
#[must_use]
pub fn config_key() -> String {
    config::KEY.to_owned()
}

/// Compiles a table from KV's config, with all rules and regions and with unknown health. Returns
/// whether there is a table.
#[wasm_bindgen(js_name = takeConfig)]
pub fn take_config(text: &str) -> bool {
    match routes_of(text, clock::now()).map(Table::try_from) {
        Some(Ok(table)) => {
            log::error("KV has no valid routes; they are compiled from the config");
            isolate::with(|isolate| isolate.take_made(table, clock::now()));
        }
        _ => log::error("KV has neither valid routes nor a valid config"),
    }
    routes::has_table()
}
