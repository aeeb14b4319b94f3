//! A routing table where KV has none: it is compiled from the config.

use super::kv::{self, CACHE_TTL_S};
use super::{clock, isolate};
use crate::config;
use crate::controller::routes_of;
use crate::routes::Table;
use worker::{Env, console_error};

/// Compiles a table from the config, with all rules and regions and with unknown health, if the
/// isolate has none.
pub(super) async fn compile(env: &Env) {
    if isolate::with(|isolate| isolate.has_table()).unwrap_or_default() {
        return;
    }
    let Some(Some(text)) = kv::get(env, config::KEY, Some(CACHE_TTL_S)).await else { return };
    match routes_of(&text, clock::now()).map(Table::try_from) {
        Some(Ok(table)) => {
            console_error!("KV has no valid routes; they are compiled from the config");
            isolate::with(|isolate| isolate.take_made(table, clock::now()));
        }
        _ => console_error!("KV has neither valid routes nor a valid config"),
    }
}
