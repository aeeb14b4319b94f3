//! `cargo run --example scale`: what one round over many origins takes.
//!
//! Deployments of 10, 100 and 1,000 targets, probed by the run itself and from one and three areas,
//! on workerd. A tenth of the origins hangs. Each share of probes has six connections, which the
//! simulated network enforces. `--core` times the core alone instead, natively, and `--beyond` for
//! more origins than one config may have.
//!
//! The Worker has to be built: `cargo xtask build`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]
#![expect(unreachable_pub, reason = "the modules of a program")]

mod beyond;
mod config;
mod core;
mod round;

use anyhow::{Result, bail};
use clap::Parser;
use serde_json::Value;

#[derive(Parser)]
struct Arguments {
    /// Targets: origins, each under so many monitors
    #[arg(long, value_delimiter = ',', default_values_t = [10, 100, 1_000])]
    targets: Vec<usize>,
    /// Numbers of areas
    #[arg(long, value_delimiter = ',', default_values_t = [0, 1, 3])]
    areas: Vec<usize>,
    /// Most origins; where there are more targets, each has several monitors
    #[arg(long, default_value_t = pointsman::config::ORIGINS_MAX)]
    origins: usize,
    /// Times the core alone
    #[arg(long)]
    core: bool,
    /// Simulates so many origins in one core, and in deployments as large as they may be
    #[arg(long, value_delimiter = ',')]
    beyond: Vec<usize>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let figures = tokio::select! {
        figures = measure(&arguments) => figures?,
        signal = tokio::signal::ctrl_c() => { signal?; bail!("interrupted") }
    };
    if arguments.json {
        println!("{figures:#}");
    } else {
        print!("{}", table(&figures));
    }
    Ok(())
}

async fn measure(arguments: &Arguments) -> Result<Value> {
    if !arguments.beyond.is_empty() {
        return beyond::measure(&arguments.beyond);
    }
    if arguments.core {
        return core::measure(&arguments.targets, arguments.origins);
    }
    let mut figures = Vec::new();
    for targets in &arguments.targets {
        for areas in &arguments.areas {
            let figure = round::measure(*targets, *areas, arguments.origins).await?;
            eprintln!("{figure}");
            figures.push(figure);
        }
    }
    Ok(figures.into())
}

/// The figures as a table of Markdown, with a column for each.
fn table(figures: &Value) -> String {
    let rows: Vec<_> =
        figures.as_array().into_iter().flatten().filter_map(Value::as_object).collect();
    let Some(first) = rows.first() else { return String::new() };
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(names.iter().map(|name| name.replace('_', " ")).collect());
    text.push_str(&line(vec!["---:".to_owned(); names.len()]));
    for row in rows {
        text.push_str(&line(row.values().map(ToString::to_string).collect()));
    }
    text
}
