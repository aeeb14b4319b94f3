//! `cargo xtask`: the project's own commands.
//!
//! A checkout needs only a Rust toolchain and Node.js. Every command begins with [`setup`], which
//! installs what is missing and says nothing when nothing is, so that no command has a list of
//! steps to be done before it.

mod bundle;
mod checkout;
mod core_only;
mod demo;
mod detection;
mod drill;
mod javascript;
mod process;
mod proxies;
mod release;
mod setup;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use checkout::Checkout;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The commands of Pointsman's checkout")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what the other commands need; they also do it by themselves
    Setup,
    /// Builds the Worker into `build/` and holds it to its size limit
    Build(bundle::Options),
    /// Runs every check: format, lints, build, deployment dry run, tests
    Test(test::Options),
    /// Makes a folder that deploys with Node.js alone, and its archive
    Release(release::Options),
    /// Measures and prints a table
    Bench(core_only::bench::Options),
    /// Plays the demo: a small world on this machine in which a region fails
    Demo(demo::Options),
    /// Fails over real databases and measures: time, rows lost, rows on two primaries
    Drill(drill::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let checkout = Checkout::locate()?;
    match task {
        Task::Setup => setup::run(&checkout).map(drop),
        Task::Build(options) => bundle::run(&checkout, &options),
        Task::Test(options) => test::run(&checkout, &options),
        Task::Release(options) => release::run(&checkout, &options),
        Task::Bench(options) => core_only::bench::run(&checkout, &options),
        Task::Demo(options) => demo::run(&checkout, &options),
        Task::Drill(options) => drill::run(&checkout, &options),
    }
}
