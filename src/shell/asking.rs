//! Calls of the Controller, as texts, and reading from it.

use super::clock;
use super::runtime::{self, Result, failure};
use crate::controller::{read_page, read_text};
use crate::jurisdiction::ControllerJurisdiction;
use crate::order::Query;
use crate::time::Millis;
use worker::Env;

/// Asks for a document; `None` if there is none. Errors: there is no answer in time, or a refusal.
pub(super) async fn read(env: &Env, query: Query, timeout_ms: Millis) -> Result<Option<String>> {
    let text = answer(env, &read_text(query), timeout_ms).await?;
    read_page(&text).map_err(|why| failure(&why.to_string()))
}

/// The Controller's answer to a command. Errors: there is none in time.
pub(super) async fn answer(env: &Env, command: &str, timeout_ms: Millis) -> Result<String> {
    let jurisdiction = runtime::jurisdiction(env)?.map(ControllerJurisdiction::as_str);
    let text = runtime::call(env, jurisdiction, command, clock::short(timeout_ms)).await?;
    text.as_string().ok_or_else(|| failure("no text"))
}
