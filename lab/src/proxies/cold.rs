//! The time from the start of the process to the first answer. What counts is the difference
//! between two Workers: workerd itself takes the greater part.
//!
//! What disturbs a start only ever makes it longer, so a target is told by the 25th percentile: the
//! median moves with what else the machine does, and the least of all is luck.

use super::figures::{Spread, percentile};
use super::scene::{Scene, Target};
use super::{Cell, DIRECT, JS_BARE, Targets};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

/// Starts of each target.
const STARTS: usize = 40;
/// Which of a target's starts is its figure.
const PERCENT: usize = 25;

/// What to start.
#[derive(Clone, Debug, clap::Args)]
pub struct ColdOptions {
    #[command(flatten)]
    targets: Targets,
    /// Writes the figures to this file as well, as JSON
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// The milliseconds of each start of each target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Starts(BTreeMap<String, Vec<f64>>);

/// Measures cold starts alone.
///
/// **Errors**: a process does not start, or does not answer.
pub async fn measure_cold(options: &ColdOptions) -> Result<Starts> {
    measure(&options.targets).await
}

/// Starts each target once a turn. Each turn begins with another one.
///
/// **Errors**: a process does not start, or does not answer.
pub(super) async fn measure(targets: &Targets) -> Result<Starts> {
    let names: Vec<_> = targets.names().filter(|name| *name != DIRECT).cloned().collect();
    let mut scene = Scene::start(&targets.workers, &names).await?;
    eprintln!("proxies: {STARTS} cold starts of each");
    let mut starts = Starts::default();
    // Only one runs at a time: an idle one would still take its share of the machine's caches.
    for edge in scene.targets.iter_mut().filter_map(|target| target.edge.as_mut()) {
        edge.kill().await?;
    }
    for _ in 0..STARTS {
        for target in &mut scene.targets {
            let ms = started(target).await.with_context(|| format!("`{}`", target.name))?;
            starts.0.entry(target.name.clone()).or_default().push(ms);
        }
        scene.targets.rotate_left(1);
    }
    Ok(starts)
}

/// The milliseconds of one start.
async fn started(target: &mut Target) -> Result<f64> {
    let load = target.load(Cell::ALL[0]);
    let edge = target.edge.as_mut().context("a target without a process")?;
    let began = Instant::now();
    edge.start_again().await?;
    load.once().await.context("the first answer")?;
    let elapsed_ms = began.elapsed().as_secs_f64() * 1e3;
    edge.kill().await?;
    Ok(elapsed_ms)
}

impl Starts {
    /// The figure of a target.
    fn ms(&self, name: &str) -> Option<f64> {
        let mut starts = self.0.get(name)?.clone();
        starts.sort_unstable_by(f64::total_cmp);
        percentile(&starts, PERCENT)
    }

    /// By how much it is above that of the least Worker.
    fn added_ms(&self, name: &str) -> Option<f64> {
        (name != JS_BARE).then_some(())?;
        Some(self.ms(name)? - self.ms(JS_BARE)?)
    }

    /// `cold_start_ms` and `cold_start_added_ms`, both by target.
    #[must_use]
    pub fn json(&self) -> Map<String, Value> {
        let target = |(name, starts): (&String, &Vec<f64>)| {
            let Spread { median, min, max } = Spread::of(starts.iter().copied())?;
            let [p25, median, min, max] = [self.ms(name)?, median, min, max].map(rounded);
            Some((name.clone(), json!({"p25": p25, "median": median, "min": min, "max": max})))
        };
        let added = |name: &String| Some((name.clone(), json!(rounded(self.added_ms(name)?))));
        let starts: Map<_, _> = self.0.iter().filter_map(target).collect();
        let added: Map<_, _> = self.0.keys().filter_map(added).collect();
        let both = [("cold_start_ms", starts), ("cold_start_added_ms", added)];
        both.into_iter().map(|(name, by_target)| (name.to_owned(), by_target.into())).collect()
    }

    /// A table for people.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "From the start of the process to the first answer, in milliseconds: {STARTS} starts \
             of each, in turns.\n\n\
             | target | {PERCENT}th percentile | least | median | most | above `{JS_BARE}` |\n\
             | --- | ---: | ---: | ---: | ---: | ---: |\n"
        );
        for (name, starts) in &self.0 {
            let (Some(ms), Some(spread)) = (self.ms(name), Spread::of(starts.iter().copied()))
            else {
                continue;
            };
            let Spread { median, min, max } = spread;
            let added = self.added_ms(name).map(|ms| format!("{ms:.1}")).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| `{name}` | {ms:.1} | {min:.1} | {median:.1} | {max:.1} | {added} |"
            );
        }
        text
    }
}

/// To a hundredth; the rest is noise.
fn rounded(ms: f64) -> f64 {
    (ms * 1e2).round() / 1e2
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The same starts for each target, `by` later for each but the least.
    pub(in super::super) fn starts(names: &[&str], by: f64) -> Starts {
        let of = |name: &str| {
            let by = if name == JS_BARE { 0.0 } else { by };
            (0..40_u32).rev().map(|at| 30.0 + by + f64::from(at)).collect()
        };
        Starts(names.iter().map(|name| ((*name).to_owned(), of(name))).collect())
    }

    #[test]
    fn a_target_is_told_by_the_25th_percentile_of_its_starts() {
        let starts = starts(&[JS_BARE, "us"], 20.0);
        assert_eq!(starts.ms(JS_BARE), Some(39.0));
        assert_eq!((starts.ms("us"), starts.added_ms("us")), (Some(59.0), Some(20.0)));
        assert_eq!((starts.added_ms(JS_BARE), starts.ms("reflare")), (None, None));
    }

    #[test]
    fn the_table_has_a_row_for_each_target() {
        let table = starts(&[JS_BARE, "us", "us_before"], 20.0).markdown();
        for row in [
            "| target | 25th percentile | least | median | most | above `js_bare` |",
            "| `js_bare` | 39.0 | 30.0 | 49.5 | 69.0 |  |",
            "| `us` | 59.0 | 50.0 | 69.5 | 89.0 | 20.0 |",
            "| `us_before` | 59.0 |",
        ] {
            assert!(table.contains(row), "{row}\n{table}");
        }
    }

    #[test]
    fn the_document_has_the_figure_of_each_target_and_what_it_adds() {
        let document = Value::from(starts(&[JS_BARE, "us"], 20.0).json());
        let us = json!({"p25": 59.0, "median": 69.5, "min": 50.0, "max": 89.0});
        assert_eq!(document["cold_start_ms"]["us"], us);
        assert_eq!(document["cold_start_added_ms"], json!({"us": 20.0}));
    }

    #[test]
    fn without_the_least_worker_nothing_is_told_of_the_difference() {
        let starts = starts(&["us"], 20.0);
        assert_eq!(starts.json()["cold_start_added_ms"], json!({}));
        assert!(starts.markdown().contains("| 89.0 |  |"), "{}", starts.markdown());
    }
}
