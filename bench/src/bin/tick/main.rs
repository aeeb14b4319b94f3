//! What a tick costs: `cargo run --release -p pointsman-bench --bin tick`.
//!
//! A run of one round over 600 targets, as the Controller's object carries it out: processor time,
//! allocations, and what is written. `beside` runs several programs in turn and compares them, so
//! that two builds are measured in the same minutes.
#![expect(unreachable_pub, reason = "the modules of a program")]

mod beside;
mod measure;
mod turn;
mod world;

use measure::Line;
use std::process::ExitCode;

const USAGE: &str = "usage: tick RUNS
       tick beside TIMES RUNS NAME=PROGRAM...";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let told = match words.as_slice() {
        ["beside", times, runs, programs @ ..] => beside::table(times, runs, programs),
        [runs] => runs.parse().ok().map(lines),
        _ => None,
    };
    let Some(told) = told else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    print!("{told}");
    ExitCode::SUCCESS
}

/// A line for each run that was measured.
fn lines(runs: u32) -> String {
    measure::all(runs).iter().map(Line::told).collect()
}
