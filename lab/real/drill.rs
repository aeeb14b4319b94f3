//! One run: rows are written, the primary fails, everything moves, the old one returns.

use crate::decider::{Ports, fail_over, follow};
use crate::systems::System;
use crate::tools::Tools;
use crate::worker::{self, Worker};
use crate::world::{Fault, Fence, World};
use crate::writers::{Ack, Front, Writers};
use anyhow::{Context as _, Result, ensure};
use pointsman_lab::deployment::now_ms;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// Rows are written for so long before the fault.
const CALM: Duration = Duration::from_secs(3);
/// Longest time from the fault to the first acknowledged row on the new primary.
const BOUND: Duration = Duration::from_mins(3);
/// How long the returned old primary is watched.
const AFTERWARDS: Duration = Duration::from_secs(6);

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Decider {
    /// The Worker, on workerd; rows are written through it
    Worker,
    /// A small decider of the drill's own: the hooks without the Worker
    Own,
}

/// What one run does.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// The system.
    pub system: System,
    /// The fault.
    pub fault: Fault,
    /// The fence.
    pub fence: Fence,
    /// Who decides.
    pub decider: Decider,
    /// How much later in the minute of the cron the fault begins.
    pub later: Duration,
}

/// What one run showed. Times are seconds since the fault.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The system.
    pub system: &'static str,
    /// The fault.
    pub fault: &'static str,
    /// Rows that were acknowledged.
    pub acknowledged: usize,
    /// The fence hook was called.
    pub fence_called_s: Option<f64>,
    /// The old primary was fenced.
    pub fenced_s: Option<f64>,
    /// The promotion hook was called: the gate had passed.
    pub promote_called_s: Option<f64>,
    /// The new primary took writes.
    pub promoted_s: Option<f64>,
    /// The first row through the front was acknowledged by the new primary.
    pub rto_s: f64,
    /// Acknowledged rows that the new primary does not have.
    pub lost_rows: usize,
    /// From the acknowledgement of the oldest of them to the end of the fence, or to the gate where
    /// that came first; 0 if none is lost.
    pub loss_s: f64,
    /// What the gate computed as the most that can be lost.
    pub bound_s: Option<f64>,
    /// Rows that the old primary acknowledged after the promotion had been called.
    pub split_rows: usize,
}

impl Outcome {
    /// Whether nothing was acknowledged on two primaries by our doing, and no more was lost than
    /// the gate said. What a failover manager does is only told.
    pub fn is_good(&self) -> bool {
        self.bound_s.is_none() || (self.split_rows == 0 && !self.is_beyond())
    }

    /// Whether more was lost than the gate said.
    pub fn is_beyond(&self) -> bool {
        self.bound_s.is_some_and(|bound_s| self.loss_s > bound_s)
    }
}

/// Plays one run in a world of its own.
pub async fn play(tools: &Tools, scene: Scene, work: &Path) -> Result<Outcome> {
    let world = World::start(tools, scene.system, work, scene.fence).await?;
    let folder = world.folder().to_owned();
    played(world, scene).await.with_context(|| format!("logs are in {}", folder.display()))
}

async fn played(world: World, scene: Scene) -> Result<Outcome> {
    match scene.decider {
        _ if scene.system == System::Patroni => followed(world, scene).await,
        Decider::Own => by_own(world, scene).await,
        Decider::Worker => {
            let worker = Worker::start(&world).await?;
            let outcome = by_worker(world, scene, &worker).await;
            outcome.inspect_err(|_| eprintln!("{}", worker.log()))
        }
    }
}

async fn by_own(mut world: World, scene: Scene) -> Result<Outcome> {
    let target = watch::Sender::new(world.clients.port);
    let writers = Writers::start(Front::Port(target.subscribe()), world.apps[0]);
    let (is_ready, ready) = oneshot::channel();
    let decider = tokio::spawn(fail_over(Ports::of(&world), target, is_ready));
    ready.await?;
    tokio::time::sleep(CALM).await;
    let fault_ms = now_ms();
    tokio::task::block_in_place(|| world.fail(scene.fault))?;
    let gate = tokio::time::timeout(BOUND, decider).await???;
    let first = first_on_new(&writers).await?;
    ended(world, writers, scene, Seen { fault_ms, gate: Some((gate.0, Some(gate.1))), first }).await
}

/// A failover manager decides, and clients are moved after it.
async fn followed(mut world: World, scene: Scene) -> Result<Outcome> {
    let target = watch::Sender::new(world.clients.port);
    let writers = Writers::start(Front::Port(target.subscribe()), world.apps[0]);
    let (is_ready, ready) = oneshot::channel();
    let decider = tokio::spawn(follow(Ports::of(&world), target, is_ready));
    ready.await?;
    tokio::time::sleep(CALM).await;
    let fault_ms = now_ms();
    tokio::task::block_in_place(|| world.fail(scene.fault))?;
    tokio::time::timeout(BOUND, decider).await???;
    let first = first_on_new(&writers).await?;
    ended(world, writers, scene, Seen { fault_ms, gate: None, first }).await
}

async fn by_worker(mut world: World, scene: Scene, worker: &Worker) -> Result<Outcome> {
    let writers = Writers::start(Front::Worker(worker.edge()), world.apps[0]);
    tokio::time::sleep(worker::CALM + scene.later).await;
    let fault_ms = now_ms();
    tokio::task::block_in_place(|| world.fail(scene.fault))?;
    let first = first_on_new(&writers).await?;
    let gate = Some(worker.gate().await?);
    ended(world, writers, scene, Seen { fault_ms, gate, first }).await
}

/// The old primary returns, and what was acknowledged is held against what is there.
async fn ended(mut world: World, writers: Writers, scene: Scene, seen: Seen) -> Result<Outcome> {
    world.heal(scene.fault)?;
    tokio::time::sleep(AFTERWARDS).await;
    let acks = writers.acks();
    drop(writers);
    seen.outcome(&world, scene, &acks).await
}

async fn first_on_new(writers: &Writers) -> Result<Ack> {
    let began = Instant::now();
    loop {
        let is_it = |ack: &Ack| ack.is_steady && ack.region == "us-east";
        if let Some(first) = writers.acks().into_iter().find(is_it) {
            return Ok(first);
        }
        ensure!(began.elapsed() < BOUND, "no row was acknowledged by the new primary in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What was seen of a run.
struct Seen {
    fault_ms: i64,
    /// The bound, and when the gate computed it if that is known: else the promotion's call counts.
    /// None where a failover manager has decided.
    gate: Option<(f64, Option<i64>)>,
    first: Ack,
}

impl Seen {
    async fn outcome(&self, world: &World, scene: Scene, acks: &[Ack]) -> Result<Outcome> {
        let (fence, promote) = match self.gate {
            Some(_) => {
                let calls = world.calls()?;
                (Some(called(&calls, "fence")?), Some(called(&calls, "promote")?))
            }
            None => (None, None),
        };
        // Without a promotion of ours: since the new primary has acknowledged a row.
        let taken_over_ms = promote.map_or(self.first.at_ms, |promote| promote.0);
        let gate_ms = self.gate.and_then(|gate| gate.1).unwrap_or(taken_over_ms);
        // Behind the fence nothing more is acknowledged, however long the gate waits then.
        let until_ms = fence.map_or(gate_ms, |fence| gate_ms.min(fence.1));
        let there = world.rows(1).await?;
        let lost: Vec<&Ack> = acks.iter().filter(|ack| !there.contains(&ack.row)).collect();
        let oldest_ms = lost.iter().map(|ack| ack.at_ms).min();
        let is_split = |ack: &&Ack| ack.region == "eu-west" && ack.at_ms > taken_over_ms;
        Ok(Outcome {
            system: scene.system.name(),
            fault: scene.fault.name(),
            acknowledged: acks.len(),
            fence_called_s: fence.map(|it| self.since_fault(it.0)),
            fenced_s: fence.map(|it| self.since_fault(it.1)),
            promote_called_s: promote.map(|it| self.since_fault(it.0)),
            promoted_s: promote.map(|it| self.since_fault(it.1)),
            rto_s: self.since_fault(self.first.at_ms),
            lost_rows: lost.len(),
            // Only without a fence one is acknowledged and lost after the gate.
            loss_s: oldest_ms.map_or(0.0, |at_ms| seconds(until_ms - at_ms).max(0.0)),
            bound_s: self.gate.map(|gate| gate.0),
            split_rows: acks.iter().filter(is_split).count(),
        })
    }

    fn since_fault(&self, at_ms: i64) -> f64 {
        seconds(at_ms - self.fault_ms)
    }
}

fn seconds(ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "minutes in milliseconds are exact")]
    let seconds = ms as f64 / 1_000.0;
    seconds
}

/// When a step was first called, and when it was answered with 200, in milliseconds since 1970.
fn called(calls: &[Value], step: &str) -> Result<(i64, i64)> {
    let of_step = |call: &&Value| call["step"] == step && call["is_dry"] != true;
    let first = calls.iter().find(of_step).with_context(|| format!("no call of {step}"))?;
    let done = calls.iter().filter(of_step).find(|call| call["status"] == 200);
    let done = done.with_context(|| format!("{step} was never done"))?;
    let at = |call: &Value, key: &str| call[key].as_i64().context("no time in the hook's log");
    Ok((at(first, "asked_ms")?, at(done, "answered_ms")?))
}
