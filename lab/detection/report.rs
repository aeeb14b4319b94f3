//! The figures as a table and as JSON.

use crate::script::BOUND;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

const FAULTS: [&str; 3] = ["refused", "503", "silent"];

/// What one tool in one setting made of one phase.
#[derive(Debug)]
pub struct Figure {
    pub who: &'static str,
    pub setting: &'static str,
    pub number: u32,
    /// When the fault began, in its minute.
    pub moment: Duration,
    pub fault: &'static str,
    /// From the fault until it was confirmed; `None`: not within the bound.
    pub down: Option<Duration>,
    /// From the end of the fault until the origin was up again, if that was waited for.
    pub up: Option<Duration>,
}

/// One row for each tool and setting: median and worst by fault, in seconds.
pub fn markdown(figures: &[Figure], packages: &[String]) -> String {
    let phases = |fault: &str| {
        let of_first = |it: &&Figure| figures.first().is_some_and(|first| it.is_beside(first));
        figures.iter().filter(of_first).filter(|it| it.fault == fault).count()
    };
    let heads = FAULTS.map(|fault| format!("{fault} ({} times)", phases(fault))).join(" | ");
    let mut text = format!("| who | setting | {heads} | all |\n");
    text += "| --- | --- | ---: | ---: | ---: | ---: |\n";
    let mut shown: Vec<&Figure> = Vec::new();
    for figure in figures {
        if shown.iter().any(|it| it.is_beside(figure)) {
            continue;
        }
        shown.push(figure);
        let of = |fault: Option<&str>| {
            let mine = figures.iter().filter(|it| it.is_beside(figure));
            let of_fault = mine.filter(|it| fault.is_none_or(|fault| it.fault == fault));
            cell(of_fault.map(|it| it.down), &format!("> {}", BOUND.as_secs()))
        };
        let cells = FAULTS.map(|fault| of(Some(fault))).join(" | ");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} | {} | {cells} | {} |", figure.who, figure.setting, of(None));
    }
    let _ = writeln!(text, "\nDebian's {}.", packages.join(", "));
    text + &back(figures)
}

/// The same of the way back, in one line each, if that was measured.
fn back(figures: &[Figure]) -> String {
    let mut text = String::new();
    let mut shown: Vec<&Figure> = Vec::new();
    for figure in figures.iter().filter(|it| it.up.is_some()) {
        if shown.iter().any(|it| it.is_beside(figure)) {
            continue;
        }
        shown.push(figure);
        let mine = figures.iter().filter(|it| it.is_beside(figure)).map(|it| it.up);
        let took = cell(mine, "later");
        let _ = writeln!(text, "- {}, {}: {took}", figure.who, figure.setting);
    }
    if text.is_empty() { text } else { format!("\nMedian and worst of the way back:\n\n{text}") }
}

/// Median and worst, as `1.8 · 2.9`. What was not seen in time is the worst of all.
fn cell(figures: impl Iterator<Item = Option<Duration>>, late: &str) -> String {
    let mut all: Vec<Option<Duration>> = figures.collect();
    all.sort_by_key(|it| it.unwrap_or(Duration::MAX));
    let shown = |it: Option<&Option<Duration>>| match it {
        Some(Some(it)) => format!("{:.1}", it.as_secs_f64()),
        Some(None) => late.to_owned(),
        None => "–".to_owned(),
    };
    format!("{} · {}", shown(all.get(all.len() / 2)), shown(all.last()))
}

/// Every figure, in milliseconds.
pub fn json(figures: &[Figure], packages: &[String]) -> Value {
    let ms = |it: Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
    let figures = figures.iter().map(|it| {
        json!({
            "who": it.who, "setting": it.setting, "phase": it.number, "fault": it.fault,
            "moment_ms": ms(it.moment), "down_ms": it.down.map(ms), "up_ms": it.up.map(ms),
        })
    });
    let figures = figures.collect::<Vec<_>>();
    json!({ "bound_ms": ms(BOUND), "packages": packages, "figures": figures })
}

impl Figure {
    fn is_beside(&self, other: &Figure) -> bool {
        (self.who, self.setting) == (other.who, other.setting)
    }
}
