//! A decider of the drill's own, which shows what the hooks do without the Worker. It watches both
//! health documents, fences, computes the bound of the loss, promotes, and moves clients.

use crate::world::{ANSWER_BOUND, SECRET, World, health};
use anyhow::{Context as _, Result, bail, ensure};
use pointsman::outgoing::SigningSecret;
use pointsman::secret::Secret;
use pointsman::time::{SECOND, Timestamp};
use pointsman_lab::deployment::now_ms;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// Failures in a row after which the primary counts as down, a second apart.
const FAILURES: u32 = 3;
/// Longest time of one step.
const STEP_BOUND: Duration = Duration::from_mins(1);
/// How long the standby's position must stand still.
const STILL: Duration = Duration::from_millis(1_500);

/// What the standby said while the primary was up.
#[derive(Clone, Copy, Debug)]
struct LastGood {
    lag_s: f64,
    contact_ms: f64,
}

/// Ports that a decider needs, so that the world stays free for the drill.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    old_app: u16,
    new_app: u16,
    hook: u16,
}

impl Ports {
    /// The old region is asked from elsewhere, as its clients are.
    pub fn of(world: &World) -> Ports {
        Ports { old_app: world.clients.port, new_app: world.apps[1], hook: world.hooks[1] }
    }
}

/// Waits for the fault, moves everything to the other region. Returns the bound of the loss and the
/// instant that it is about.
pub async fn fail_over(
    ports: Ports,
    target: watch::Sender<u16>,
    is_ready: oneshot::Sender<()>,
) -> Result<(f64, i64)> {
    let last = watch_primary(ports, is_ready).await?;
    step(ports.hook, "fence").await?;
    let before = position(ports.new_app).await?;
    tokio::time::sleep(STILL).await;
    let after = position(ports.new_app).await?;
    ensure!(before == after, "the standby still moves: {before}, then {after}");
    let gate_ms = now_ms();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact")]
    let bound_s = last.lag_s + (gate_ms as f64 - last.contact_ms) / 1_000.0;
    step(ports.hook, "promote").await?;
    target.send_replace(ports.new_app);
    Ok((bound_s, gate_ms))
}

/// The position of the standby; one answer may fail.
async fn position(app: u16) -> Result<Value> {
    let told = match health(app).await {
        Ok(told) => told,
        Err(_) => health(app).await?,
    };
    let position = told["position"].clone();
    ensure!(!position.is_null(), "the standby's position is not known: {told}");
    Ok(position)
}

/// Waits until the other region's manager says that it has a primary which runs, and no other does;
/// then moves clients. Promotes nothing.
pub async fn follow(
    ports: Ports,
    target: watch::Sender<u16>,
    is_ready: oneshot::Sender<()>,
) -> Result<()> {
    let is_primary = |told: &Value| told["role"] == "primary" && told["state"] == "running";
    let mut is_ready = Some(is_ready);
    loop {
        let (old, new) = tokio::join!(health(ports.old_app), health(ports.new_app));
        let old = old.is_ok_and(|old| is_primary(&old));
        let new = new.is_ok_and(|new| is_primary(&new));
        if new && !old {
            target.send_replace(ports.new_app);
            return Ok(());
        }
        if let Some(is_ready) = is_ready.take_if(|_| old && !new) {
            // Nobody waits for it if the drill has ended.
            let _ = is_ready.send(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn watch_primary(ports: Ports, is_ready: oneshot::Sender<()>) -> Result<LastGood> {
    let (mut last, mut is_ready) = (None, Some(is_ready));
    let mut failures = 0;
    while failures < FAILURES || last.is_none() {
        let (old, new) = tokio::join!(health(ports.old_app), health(ports.new_app));
        if old.is_ok_and(|old| old["role"] == "primary") {
            failures = 0;
            let new = new.unwrap_or_default();
            let told = new["lag_s"].as_f64().zip(new["contact_age_s"].as_f64());
            #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact")]
            let at_ms = now_ms() as f64;
            let told =
                told.map(|(lag_s, age_s)| LastGood { lag_s, contact_ms: at_ms - age_s * 1_000.0 });
            // What was known earlier holds as well: its bound is only wider.
            last = told.or(last);
            if let Some(is_ready) = last.and_then(|_| is_ready.take()) {
                // Nobody waits for it if the drill has ended.
                let _ = is_ready.send(());
            }
        } else {
            failures += 1;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    last.context("nothing is known about the standby")
}

/// Calls a step until it is done.
async fn step(hook: u16, step: &str) -> Result<()> {
    let began = Instant::now();
    loop {
        let (status, said) = call(hook, step, 1, false).await.unwrap_or((0, Value::Null));
        match status {
            200 => return Ok(()),
            202 | 500.. | 0 => {}
            _ => bail!("{step}: {status} {said}"),
        }
        ensure!(began.elapsed() < STEP_BOUND, "{step} was not done in time: {status} {said}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// One signed call of a hook.
pub async fn call(hook: u16, step: &str, epoch: u64, is_dry: bool) -> Result<(u16, Value)> {
    let body = json!({
        "service": "rows", "epoch": epoch, "step": step, "from": "eu-west", "to": "us-east",
        "reason": "drill", "is_dry": is_dry, "at": null,
    });
    let (body, id) = (body.to_string(), format!("rows-{epoch}-{step}"));
    let at = Timestamp::from_millis(u64::try_from(now_ms())?);
    let secret = SigningSecret::parse(&Secret::new(SECRET.to_owned()))?;
    let signature = secret.sign(&id, at, &body);
    let request = reqwest::Client::new().post(format!("http://127.0.0.1:{hook}/"));
    let request = request.header("content-type", "application/json").header("webhook-id", id);
    let request = request
        .header("webhook-timestamp", at.millis() / SECOND)
        .header("webhook-signature", signature);
    let answer = request.timeout(ANSWER_BOUND * 10).body(body).send().await?;
    let status = answer.status().as_u16();
    Ok((status, serde_json::from_str(&answer.text().await?)?))
}
