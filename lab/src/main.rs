//! The lab's program: `lab demo` starts a deployment and stays, `lab demo --once` plays the story
//! on one and ends, `lab failovers` measures what failovers cost, `lab proxies` what a request
//! through the Worker costs, and `lab cold` how long it takes to start.

use anyhow::Result;
use clap::{Parser, Subcommand};
use pointsman_lab::console::Console;
use pointsman_lab::cron::Cron;
use pointsman_lab::deployment::{Deployment, bundle, example_config};
use pointsman_lab::failovers::{markdown, measure};
use pointsman_lab::{proxies, story};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Parser)]
#[command(name = "lab", about = "A small world in which the Worker can be tried")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts a deployment and says how to break it
    Demo {
        /// Play the story and end: a region dies and traffic moves; 0 only if every step was seen
        #[arg(long)]
        once: bool,
    },
    /// Measures failovers of many services, and prints a table
    Failovers,
    /// Measures the Worker beside other proxies, and prints tables
    Proxies(proxies::Options),
    /// Measures cold starts alone, and prints a table
    Cold(proxies::ColdOptions),
    /// The origin of that measurement: prints its port and answers until it is killed
    #[command(hide = true)]
    ProxiesOrigin,
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Demo { once } => demo(once).await,
        Command::Failovers => failovers().await,
        Command::Proxies(options) => measured(options).await,
        Command::Cold(options) => cold(options).await,
        Command::ProxiesOrigin => proxies::serve_origin().await,
    }
}

/// The numbers of services that are measured, with the calls of one pass: those that fit into the
/// free plan's subrequests, and as many as it takes.
async fn failovers() -> Result<()> {
    let mut rows = Vec::new();
    for (services, calls_per_pass) in [(1, 45), (10, 45), (50, 45), (50, 1_000)] {
        rows.push(measure(services, calls_per_pass).await?);
    }
    print!("{}", markdown(&rows));
    Ok(())
}

async fn measured(options: proxies::Options) -> Result<()> {
    let file = options.json.clone();
    let report = proxies::measure(options).await?;
    if let Some(file) = file {
        std::fs::write(file, format!("{:#}\n", report.json()))?;
    }
    print!("{}", report.markdown());
    Ok(())
}

async fn cold(options: proxies::ColdOptions) -> Result<()> {
    let starts = proxies::measure_cold(&options).await?;
    if let Some(file) = options.json {
        std::fs::write(file, format!("{:#}\n", Value::from(starts.json())))?;
    }
    print!("{}", starts.markdown());
    Ok(())
}

async fn demo(once: bool) -> Result<()> {
    let began = Instant::now();
    let world = Arc::new(Deployment::start(&bundle(), &example_config()?).await?);
    println!("Three regions, an API, DNS and workerd run {:.1} s after the start.", seconds(began));
    if once {
        story::play(&world, &mut |line| println!("{line}")).await?;
        println!("Every step was seen, in {:.0} s.", seconds(began));
        return Ok(());
    }
    let _cron = Cron::start(world.edge());
    let console = Console::start(world.clone()).await?;
    println!("\n{}", console.help());
    tokio::select! {
        () = tell_changes(&world) => Ok(()),
        pressed = tokio::signal::ctrl_c() => Ok(pressed?),
    }
}

/// Prints what the Worker says of changes, for ever.
async fn tell_changes(world: &Deployment) {
    let mut told = 0;
    loop {
        let log = world.edge().log();
        for line in log.iter().skip(told).filter(|line| !line.starts_with("run ")) {
            println!("worker: {line}");
        }
        told = log.len();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}
