//! The host's side: prints vectors, times decisions, or makes just so many of them for a counter
//! of instructions.

use pointsman_bench::cost::{Cost, Size};
use pointsman_bench::vectors;
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: pointsman-bench vectors SEED BLOCKS
       pointsman-bench time REGIONS RULES TENANTS ROUNDS TIMES
       pointsman-bench count REGIONS RULES TENANTS TIMES";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Option<Vec<u32>> = words.iter().skip(1).map(|word| word.parse().ok()).collect();
    match (words.first().map(String::as_str), numbers.as_deref()) {
        (Some("vectors"), Some(&[seed, blocks])) => print!("{}", vectors::play(seed, blocks)),
        (Some("time"), Some(&[regions, rules, tenants, rounds, times])) => {
            time(&Cost::of(size(regions, rules, tenants)), rounds, times);
        }
        (Some("count"), Some(&[regions, rules, tenants, times])) => {
            println!("{}", Cost::of(size(regions, rules, tenants)).decide_many(times));
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn size(regions: u32, rules: u32, tenants: u32) -> Size {
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    Size { regions: number(regions), rules: number(rules), tenants: number(tenants) }
}

/// Prints nanoseconds for a decision, one line for each round.
#[expect(clippy::disallowed_methods, reason = "measuring is what this program is for")]
fn time(cost: &Cost, rounds: u32, times: u32) {
    for _ in 0..rounds {
        let start = Instant::now();
        let sum = cost.decide_many(times);
        let taken = start.elapsed();
        std::hint::black_box(sum);
        println!("{}", taken.as_nanos() / u128::from(times.max(1)));
    }
}
