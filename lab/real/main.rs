//! `cargo run --example real`: failovers of real databases.
//!
//! Two regions on loopback, each with a database, an app that writes to it, and the hook of
//! `examples/hooks` beside it. Numbered rows are written, the primary is frozen, cut off or killed,
//! and everything moves to the standby. Then the old primary returns, while clients still hold
//! sockets to it.
//!
//! What is measured: the time to the first acknowledged write on the new primary; the acknowledged
//! rows that it lacks, held against the bound that the gate computed; and rows that the old primary
//! acknowledged after the promotion.
//!
//! `lab/install.sh` fetches the databases. `POINTSMAN_REAL_DIR` names their folder, which is kept.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]
#![expect(clippy::indexing_slicing, reason = "an absent key of a JSON value is null; two regions")]
#![expect(clippy::disallowed_methods, reason = "a program that waits for real processes")]
#![expect(clippy::doc_markdown, reason = "names of products in the help")]
#![expect(unreachable_pub, reason = "the modules of a program")]

mod decider;
mod drill;
mod relay;
mod report;
mod systems;
mod tools;
mod worker;
mod world;
mod writers;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use clap::{Parser, Subcommand};
use drill::{Decider, Scene, play};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use systems::System;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tools::Tools;
use world::{Fault, Fence, open_to_all, power_off};

/// Time between two runs of the cron.
const CRON_EVERY: Duration = Duration::from_mins(1);

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Hidden>,
    /// Runs of each system and fault
    #[arg(long, default_value_t = 1)]
    runs: u32,
    /// Runs at the same time, each in a world of its own
    #[arg(long, default_value_t = 3)]
    parallel: usize,
    /// These systems alone, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    system: Vec<System>,
    /// These faults alone, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    fault: Vec<Fault>,
    /// What the fence hook does; with `none` the drill shows what then happens, and does not fail
    #[arg(long, value_enum, default_value = "power")]
    fence: Fence,
    /// Who decides
    #[arg(long, value_enum, default_value = "worker")]
    decider: Decider,
    /// Writes all runs to this file, as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Hidden {
    /// The power switch that a fence hook calls
    #[command(hide = true)]
    Power { folder: PathBuf, region: String },
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(Hidden::Power { folder, region }) = arguments.command {
        return power_off(&folder, &region);
    }
    let with_patroni = chosen(&arguments.system).contains(&System::Patroni);
    let Some(tools) = Tools::fetch(with_patroni)? else { return Ok(()) };
    let work = tempfile()?;
    let mut told_to_end = signal(SignalKind::terminate())?;
    let outcome = tokio::select! {
        outcome = drills(&arguments, &tools, &work) => outcome,
        // The databases end with the worlds that the drills hold.
        _ = tokio::signal::ctrl_c() => Err(anyhow!("interrupted")),
        _ = told_to_end.recv() => Err(anyhow!("told to end")),
    };
    if outcome.is_ok() {
        fs::remove_dir_all(&work)?;
    }
    outcome.with_context(|| format!("logs are in {}", work.display()))
}

async fn drills(arguments: &Arguments, tools: &Tools, work: &Path) -> Result<()> {
    for system in chosen(&arguments.system) {
        system.prepare(tools, work)?;
    }
    let seats = Arc::new(Semaphore::new(arguments.parallel));
    let mut runs = JoinSet::new();
    for scene in scenes(arguments) {
        let (tools, work, seats) = (tools.clone(), work.to_owned(), Arc::clone(&seats));
        runs.spawn(async move {
            let _seat = seats.acquire_owned().await?;
            let run = play(&tools, scene, &work).await;
            run.with_context(|| format!("{} {}", scene.system.name(), scene.fault.name()))
        });
    }
    let (mut outcomes, mut failed) = (Vec::new(), 0);
    while let Some(run) = runs.join_next().await {
        match run? {
            Ok(outcome) => {
                eprintln!("{}", serde_json::to_string(&outcome)?);
                outcomes.push(outcome);
            }
            Err(why) => {
                eprintln!("{why:#}");
                failed += 1;
            }
        }
    }
    print!("{}", report::markdown(&outcomes));
    if let Some(file) = &arguments.json {
        fs::write(file, format!("{:#}\n", serde_json::to_value(&outcomes)?))?;
    }
    ensure!(failed == 0, "{failed} runs came to no end");
    if arguments.fence == Fence::Power && !outcomes.iter().all(drill::Outcome::is_good) {
        bail!("a row was acknowledged on two primaries, or more was lost than the gate said");
    }
    Ok(())
}

/// Each run of each system and fault; the runs are spread over the minute of the cron.
fn scenes(arguments: &Arguments) -> Vec<Scene> {
    let (fence, decider) = (arguments.fence, arguments.decider);
    let mut scenes = Vec::new();
    for run in 0..arguments.runs {
        let later = CRON_EVERY.mul_f64(f64::from(run) / f64::from(arguments.runs));
        for system in chosen(&arguments.system) {
            let of = |fault| Scene { system, fault, fence, decider, later };
            let faults = chosen(&arguments.fault).into_iter();
            scenes.extend(faults.filter(|fault| can_be_made(system, *fault)).map(of));
        }
    }
    scenes
}

/// A cluster of etcd tells its members' own addresses: a relay does not cut Patroni off.
fn can_be_made(system: System, fault: Fault) -> bool {
    system != System::Patroni || fault != Fault::Cut
}

/// All of them if none is named.
fn chosen<T: clap::ValueEnum + Clone>(named: &[T]) -> Vec<T> {
    if named.is_empty() { T::value_variants().to_vec() } else { named.to_vec() }
}

fn tempfile() -> Result<PathBuf> {
    let work = std::env::temp_dir().join(format!("pointsman-real-{}", std::process::id()));
    fs::create_dir_all(&work)?;
    open_to_all(&work)?;
    Ok(work)
}
