//! Failovers with two builds of the Worker, one after the other in each round, so that whatever
//! else the machine does meets both.

use super::{Case, Measured, measure};
use anyhow::Result;
use std::fmt::Write as _;
use std::path::Path;

/// One case with both builds.
#[derive(Debug)]
pub struct Compared {
    /// What failed over.
    pub case: Case,
    /// Each round with this build.
    pub ours: Vec<Measured>,
    /// Each round with the other one.
    pub theirs: Vec<Measured>,
}

/// Measures a case with two bundles in turn. Every second round begins with the other one.
///
/// **Errors**: something does not start, or not everything moves in time.
pub async fn compare(case: Case, ours: &Path, theirs: &Path, rounds: usize) -> Result<Compared> {
    let mut compared = Compared { case, ours: Vec::new(), theirs: Vec::new() };
    for round in 0..rounds {
        for is_ours in [round % 2 == 0, round % 2 != 0] {
            let measured = measure(if is_ours { ours } else { theirs }, case).await?;
            eprintln!(
                "lab: {} services, {} calls a pass, {}: {:.2} s",
                case.services,
                case.calls_per_pass,
                if is_ours { "this build" } else { "the other one" },
                measured.seconds
            );
            let rounds = if is_ours { &mut compared.ours } else { &mut compared.theirs };
            rounds.push(measured);
        }
    }
    Ok(compared)
}

/// The least, the median and the most of some figures.
fn spread(figures: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    [at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1))]
}

fn calls(measured: &Measured) -> usize {
    measured.reads + measured.writes
}

/// Both builds as a Markdown table: medians, each with the least and the most in brackets.
#[must_use]
pub fn markdown_of_both(rows: &[Compared]) -> String {
    let mut text =
        "| services | calls a pass | ms a call | build | calls | seconds | ratio of seconds |\n\
                    | ---: | ---: | ---: | --- | ---: | ---: | ---: |\n"
            .to_owned();
    for Compared { case, ours, theirs } in rows {
        let pairs = ours.iter().zip(theirs);
        let ratios = spread(pairs.map(|(ours, theirs)| ours.seconds / theirs.seconds));
        for (build, rounds, ratio) in [("the other", theirs, [1.0; 3]), ("this", ours, ratios)] {
            let Case { services, calls_per_pass, latency } = case;
            let [least, median, most] = spread(rounds.iter().map(|round| round.seconds));
            let all: Vec<usize> = rounds.iter().map(calls).collect();
            let fewest = all.iter().min().copied().unwrap_or(0);
            let largest = all.iter().max().copied().unwrap_or(0);
            let [low, middle, high] = ratio;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {services} | {calls_per_pass} | {} | {build} | {fewest}–{largest} | \
                 {median:.2} ({least:.2}–{most:.2}) | {middle:.2} ({low:.2}–{high:.2}) |",
                latency.as_millis()
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_with_their_median_and_their_spread() {
        let spread = spread([3.0, 1.0, 2.0, 9.0, 4.0].into_iter());
        assert_eq!(spread.map(|it| it.to_string()), ["1", "3", "9"]);
        let of = |seconds| {
            let case = Case::new(60, 1_000).at(150);
            Measured { case, reads: 62, writes: 61, seconds }
        };
        let case = Case::new(60, 1_000).at(150);
        let compared = Compared { case, ours: vec![of(4.0)], theirs: vec![of(20.0)] };
        let table = markdown_of_both(&[compared]);
        let row = "| 60 | 1000 | 150 | this | 123–123 | 4.00 (4.00–4.00) | 0.20 (0.20–0.20) |";
        assert!(table.lines().any(|line| line == row), "{table}");
    }
}
