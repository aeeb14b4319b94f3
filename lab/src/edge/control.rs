//! The calls to the control worker.
use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// The longest call: a cron run with its probes may take a good minute.
const CALL_BOUND: Duration = Duration::from_mins(2);

#[derive(Deserialize)]
struct CommandReply<T> {
    result: T,
}

/// Calls one command. `call` is the JSON object with `command` and its arguments.
///
/// **Errors**: workerd does not answer, or the command failed there.
pub(super) async fn call<T: DeserializeOwned>(
    client: &Client,
    port: u16,
    call: &Value,
) -> Result<T> {
    let name = call["command"].as_str().unwrap_or("?");
    let request = client.post(format!("http://127.0.0.1:{port}/")).timeout(CALL_BOUND).json(call);
    let response = request.send().await.with_context(|| format!("no answer to `{name}`"))?;
    let (status, text) = (response.status(), response.text().await?);
    ensure!(status.is_success(), "the control worker failed: {text}");
    let answer: CommandReply<T> = serde_json::from_str(&text)
        .with_context(|| format!("cannot read the answer to `{name}`: {text}"))?;
    Ok(answer.result)
}
