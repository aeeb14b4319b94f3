//! Several builds in turn, and a table of what each took.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

/// The figures of a line, after its case.
const FIGURES: usize = 10;
/// What the table shows: where the figure is in a line, and how it is called.
const SHOWN: [(usize, &str); 8] = [
    (0, "requests"),
    (1, "CPU, µs"),
    (2, "allocations"),
    (3, "bytes allocated"),
    (4, "texts, µs"),
    (5, "of texts, allocations"),
    (7, "rows"),
    (9, "documents"),
];

type Samples = BTreeMap<(String, usize), Vec<[u64; FIGURES]>>;

/// A table of Markdown; `None` where a word or a line is none.
pub fn table(times: &str, runs: &str, programs: &[&str]) -> Option<String> {
    let times: usize = times.parse().ok()?;
    let programs: Option<Vec<(&str, &str)>> =
        programs.iter().map(|word| word.split_once('=')).collect();
    let programs = programs.filter(|all| !all.is_empty())?;
    let mut samples = Samples::new();
    for round in 0..times {
        for turn in 0..programs.len() {
            // Another one begins each time.
            let which = (round + turn) % programs.len();
            let (_, program) = programs.get(which)?;
            let output = Command::new(program).arg(runs).output().ok()?;
            for line in String::from_utf8(output.stdout).ok()?.lines() {
                let (case, figures) = figures(line)?;
                samples.entry((case, which)).or_default().push(figures);
            }
        }
    }
    told(&samples, &programs)
}

fn figures(line: &str) -> Option<(String, [u64; FIGURES])> {
    let mut words = line.split_whitespace();
    let case = words.next()?.to_owned();
    let figures: Option<Vec<u64>> = words.map(|word| word.parse().ok()).collect();
    Some((case, figures?.try_into().ok()?))
}

fn told(samples: &Samples, programs: &[(&str, &str)]) -> Option<String> {
    let names: Vec<&str> = SHOWN.iter().map(|(_, name)| *name).collect();
    let mut told = format!("| case | build | {} |\n", names.join(" | "));
    _ = writeln!(told, "| --- | --- |{}", " ---: |".repeat(names.len()));
    for ((case, which), lines) in samples {
        let (name, _) = programs.get(*which)?;
        _ = write!(told, "| {case} | {name} |");
        for (at, _) in SHOWN {
            let mut all: Vec<u64> = lines.iter().filter_map(|it| it.get(at).copied()).collect();
            all.sort_unstable();
            let (least, most) = (all.first()?, all.last()?);
            let median = all.get(all.len() / 2)?;
            _ = if least == most {
                write!(told, " {median} |")
            } else {
                write!(told, " {median} ({least}–{most}) |")
            };
        }
        told.push('\n');
    }
    Some(told)
}
