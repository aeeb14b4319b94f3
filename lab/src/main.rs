//! The lab's program: `lab demo` starts a deployment and keeps it running, `lab demo --once` plays
//! the story and exits, `lab failovers` measures the cost of failovers, `lab proxies` the cost of a
//! request through the Worker, `lab cold` its cold start, and `lab account` is what wrangler
//! deploys to.

use anyhow::Result;
use clap::{Parser, Subcommand};
use pointsman_lab::console::Console;
use pointsman_lab::cron::Cron;
use pointsman_lab::deployment::{Deployment, bundle};
use pointsman_lab::failovers::{Case, compare, markdown, markdown_of_both, measure};
use pointsman_lab::{account, proxies, story};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Parser)]
#[command(name = "lab", about = "Runs the Worker in a simulated deployment on loopback")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a deployment and print how to break it
    Demo {
        /// Play the story and exit, with 0 only if every step was confirmed
        #[arg(long)]
        once: bool,
    },
    /// Measure failovers of many services and print a table
    Failovers {
        /// Measure the bundle in this folder as well, in turn, and print both beside each other
        #[arg(long)]
        against: Option<PathBuf>,
        /// How often each case is measured with each build
        #[arg(long, default_value_t = 5, requires = "against")]
        rounds: usize,
    },
    /// Measure the Worker beside other proxies and print tables
    Proxies(proxies::Options),
    /// Measure cold starts alone and print a table
    Cold(proxies::ColdOptions),
    /// An account that wrangler deploys to; what it deploys runs
    Account(account::Options),
    /// The origin of that measurement: prints its port and serves until killed
    #[command(hide = true)]
    ProxiesOrigin,
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Demo { once } => demo(once).await,
        Command::Failovers { against: None, .. } => failovers().await,
        Command::Failovers { against: Some(theirs), rounds } => both(&theirs, rounds).await,
        Command::Proxies(options) => measured(options).await,
        Command::Cold(options) => cold(options).await,
        Command::Account(options) => account::serve(options).await,
        Command::ProxiesOrigin => proxies::serve_origin().await,
    }
}

/// Measures several numbers of services. 45 calls per pass fit into the free plan's subrequests;
/// 1,000 are enough for one pass.
async fn failovers() -> Result<()> {
    let mut rows = Vec::new();
    for (services, calls_per_pass) in [(1, 45), (10, 45), (50, 45), (50, 1_000)] {
        rows.push(measure(&bundle(), Case::new(services, calls_per_pass)).await?);
    }
    print!("{}", markdown(&rows));
    Ok(())
}

/// Measures this build and another one.
async fn both(theirs: &Path, rounds: usize) -> Result<()> {
    let cases = [
        Case::new(1, 45),
        Case::new(50, 1_000),
        Case::new(60, 45).at(150),
        Case::new(60, 1_000).at(150),
    ];
    let mut rows = Vec::new();
    for case in cases {
        rows.push(compare(case, &bundle(), theirs, rounds).await?);
    }
    print!("{}", markdown_of_both(&rows));
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
    let world = Arc::new(Deployment::start(&bundle(), &story::config()?).await?);
    println!("Started three regions, the API, DNS and workerd in {:.1} s.", seconds(began));
    if once {
        story::play(&world, &mut |line| println!("{line}")).await?;
        println!("Every step was confirmed in {:.0} s.", seconds(began));
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

/// Prints the Worker's log lines about changes, forever.
async fn tell_changes(world: &Deployment) {
    let mut told = 0;
    loop {
        let log = world.edge().log();
        for line in log.iter().skip(told).filter(|line| !line.starts_with("run ")) {
            println!("worker: {}", in_words(line));
        }
        told = log.len();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// An event of the Worker's log as people read it; any other line as it is.
fn in_words(line: &str) -> String {
    let told: Value = serde_json::from_str(line).unwrap_or_default();
    let word = |key: &str| told[key].as_str().map(str::to_owned);
    let Some((event, text)) = word("event").zip(word("text")) else { return line.to_owned() };
    let why = word("why").map(|why| format!("; why: {why}")).unwrap_or_default();
    format!("{event}: {text}{why}")
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}
