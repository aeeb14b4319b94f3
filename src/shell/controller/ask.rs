//! Calls of the Controller from the rest of the Worker.

use crate::controller::{Command, CommandError, CommandReply};
use crate::documents::Status;
use crate::order::{ActReply, ActRequest, Look};
use crate::shell::asking;
use crate::shell::runtime::{Result, failure};
use crate::tick::{RoundReply, RoundRequest};
use crate::time::Millis;
use worker::Env;

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

/// Errors: there is no answer in time, or a refusal.
async fn ask(env: &Env, command: &Command, timeout_ms: Millis) -> Result<CommandReply> {
    let text = asking::answer(env, &command.text(), timeout_ms).await?;
    CommandReply::parse(&text).map_err(told)
}

#[expect(clippy::needless_pass_by_value, reason = "the last that is done with it")]
fn told(why: CommandError) -> wasm_bindgen::JsValue {
    failure(&why.to_string())
}
