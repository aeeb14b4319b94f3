//! The lab's program: `lab demo` starts a deployment and stays, `lab demo --once` plays the story
//! on one and ends.

use anyhow::Result;
use clap::{Parser, Subcommand};
use pointsman_lab::console::Console;
use pointsman_lab::cron::Cron;
use pointsman_lab::deployment::{Deployment, bundle, example_config};
use pointsman_lab::story;
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
}

#[tokio::main]
async fn main() -> Result<()> {
    let Command::Demo { once } = Arguments::parse().command;
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
