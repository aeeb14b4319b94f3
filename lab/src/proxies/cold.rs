//! The time from the start of the process to the first answer. What counts is the difference
//! between two Workers: workerd itself takes the greater part.

use super::scene::Scene;
use super::{Cell, DIRECT, Options};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::time::Instant;

const RUNS: usize = 21;

/// The milliseconds of each run of each target, in turns.
///
/// **Errors**: a process does not start, or does not answer.
pub(super) async fn measure(options: &Options) -> Result<BTreeMap<String, Vec<f64>>> {
    let names: Vec<_> = options.only.iter().filter(|name| *name != DIRECT).cloned().collect();
    let mut scene = Scene::start(&options.workers, &names).await?;
    eprintln!("proxies: {RUNS} cold starts of each");
    let mut taken = BTreeMap::<String, Vec<f64>>::new();
    // Only one runs at a time: an idle one would still take its share of the machine's caches.
    for edge in scene.targets.iter_mut().filter_map(|target| target.edge.as_mut()) {
        edge.kill().await?;
    }
    for _ in 0..RUNS {
        for target in &mut scene.targets {
            let load = target.load(Cell::ALL[0]);
            let edge = target.edge.as_mut().context("a target without a process")?;
            let began = Instant::now();
            edge.start_again().await?;
            load.once().await.with_context(|| format!("the first answer of `{}`", target.name))?;
            let elapsed_ms = began.elapsed().as_secs_f64() * 1e3;
            edge.kill().await?;
            taken.entry(target.name.clone()).or_default().push(elapsed_ms);
        }
    }
    Ok(taken)
}
