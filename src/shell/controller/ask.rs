//! Calls of the Controller from the rest of the Worker.

use crate::controller::{Command, CommandError, CommandReply};
use crate::documents::Status;
use crate::jurisdiction::ControllerJurisdiction;
use crate::order::{ActReply, ActRequest, Look, Query};
use crate::shell::clock;
use crate::shell::runtime::{Env, Result, failure, jurisdiction};
use crate::tick::{RoundReply, RoundRequest};
use crate::time::Millis;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/shell/bindings.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn call(
        env: &Env,
        jurisdiction: Option<&str>,
        body: &str,
        timeout_ms: u32,
    ) -> Result<JsValue>;
}

/// Asks for a round.
pub(in crate::shell) async fn round(
    env: &Env,
    request: &RoundRequest,
    timeout_ms: Millis,
) -> Result<RoundReply> {
    let reply = ask(env, &Command::Round(request.clone()), timeout_ms).await?;
    reply.into_round().map_err(told)
}

/// Asks how everything is.
pub(in crate::shell) async fn status(env: &Env, timeout_ms: Millis) -> Result<Status> {
    ask(env, &Command::Status, timeout_ms).await?.into_status().map_err(told)
}

/// Has it compare with Cloudflare. Returns how everything is then.
pub(in crate::shell) async fn compare(env: &Env, timeout_ms: Millis) -> Result<Status> {
    ask(env, &Command::Compare, timeout_ms).await?.into_status().map_err(told)
}

/// Has it do what a person asks for.
pub(in crate::shell) async fn act(
    env: &Env,
    request: ActRequest,
    timeout_ms: Millis,
) -> Result<ActReply> {
    ask(env, &Command::Act(request), timeout_ms).await?.into_acted().map_err(told)
}

/// Asks for a page of the dashboard, as HTML; `None` if there is none.
pub(in crate::shell) async fn look(
    env: &Env,
    look: Look,
    timeout_ms: Millis,
) -> Result<Option<String>> {
    ask(env, &Command::Look(look), timeout_ms).await?.into_page().map_err(told)
}

/// Asks for a document; `None` if there is none.
pub(in crate::shell) async fn read(
    env: &Env,
    query: Query,
    timeout_ms: Millis,
) -> Result<Option<String>> {
    ask(env, &Command::Read(query), timeout_ms).await?.into_page().map_err(told)
}

/// Errors: there is no answer in time, or a refusal.
async fn ask(env: &Env, command: &Command, timeout_ms: Millis) -> Result<CommandReply> {
    let jurisdiction = jurisdiction(env)?.map(ControllerJurisdiction::as_str);
    let reply = call(env, jurisdiction, &command.text(), clock::short(timeout_ms)).await?;
    let text = reply.as_string().ok_or_else(|| failure("no text"))?;
    CommandReply::parse(&text).map_err(told)
}

#[expect(clippy::needless_pass_by_value, reason = "the last that is done with it")]
fn told(why: CommandError) -> JsValue {
    failure(&why.to_string())
}
