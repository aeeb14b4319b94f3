//! The lab's program: `lab demo` plays the story and then stays, `lab demo --once` plays it and
//! ends.

use anyhow::Result;
use clap::{Parser, Subcommand};
use pointsman_lab::console::Console;
use pointsman_lab::cron::Cron;
use pointsman_lab::deployment::{Deployment, bundle, example_config};
use pointsman_lab::story;
use std::sync::Arc;
use std::time::Instant;

#[derive(Parser)]
#[command(name = "lab", about = "A small world in which the Worker can be tried")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays the main job: a region dies and traffic moves
    Demo {
        /// End after the story; exits with 0 only if every step was seen
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
    let console = Console::start(world).await?;
    println!("\n{}", console.help());
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}
