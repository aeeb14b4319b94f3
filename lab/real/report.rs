//! The runs as a table.

use crate::drill::Outcome;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What one column shows of the runs of one system and fault.
type Column = (&'static str, fn(&[&Outcome]) -> String);

const COLUMNS: [Column; 11] = [
    ("runs", |runs| runs.len().to_string()),
    ("fence called", |runs| middle(runs, |run| run.fence_called_s)),
    ("fenced", |runs| middle(runs, |run| run.fenced_s)),
    ("gate passed", |runs| middle(runs, |run| run.promote_called_s)),
    ("promoted", |runs| middle(runs, |run| run.promoted_s)),
    ("first write: RTO", |runs| middle(runs, |run| Some(run.rto_s))),
    ("RTO, worst", |runs| most(runs, |run| Some(run.rto_s))),
    ("lost: most rows, seconds", |runs| {
        let rows = runs.iter().map(|run| run.lost_rows).max().unwrap_or(0);
        format!("{rows}, {}", most(runs, |run| Some(run.loss_s)))
    }),
    ("bound, narrowest", |runs| shown(sorted(runs, |run| run.bound_s).first())),
    ("beyond the bound", |runs| runs.iter().filter(|run| run.is_beyond()).count().to_string()),
    ("on two primaries", |runs| runs.iter().map(|run| run.split_rows).sum::<usize>().to_string()),
];

/// One row for each system and fault. Times are medians, in seconds since the fault.
pub fn markdown(outcomes: &[Outcome]) -> String {
    let mut groups: BTreeMap<(&str, &str), Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        groups.entry((outcome.system, outcome.fault)).or_default().push(outcome);
    }
    let names = COLUMNS.map(|(name, _)| name).join(" | ");
    let line = " ---: |".repeat(COLUMNS.len());
    let mut text = format!("| system | fault | {names} |\n| --- | --- |{line}\n");
    for ((system, fault), runs) in groups {
        let cells = COLUMNS.map(|(_, show)| show(&runs)).join(" | ");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {system} | {fault} | {cells} |");
    }
    text
}

fn sorted(runs: &[&Outcome], of: fn(&Outcome) -> Option<f64>) -> Vec<f64> {
    let mut all: Vec<f64> = runs.iter().filter_map(|run| of(run)).collect();
    all.sort_by(f64::total_cmp);
    all
}

fn middle(runs: &[&Outcome], of: fn(&Outcome) -> Option<f64>) -> String {
    shown(sorted(runs, of).get(runs.len() / 2))
}

fn most(runs: &[&Outcome], of: fn(&Outcome) -> Option<f64>) -> String {
    shown(sorted(runs, of).last())
}

fn shown(seconds: Option<&f64>) -> String {
    seconds.map(|seconds| format!("{seconds:.1}")).unwrap_or_default()
}
