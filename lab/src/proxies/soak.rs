//! Memory under many requests. A heap that is collected goes up and down; a leak goes up and up.
//! So a line is laid through the samples of the last half, and its rise is held against how far
//! the samples lie from it.

use super::load::{Load, Until};
use super::scene::{Scene, Target};
use super::{Cell, JS_BARE, Options, US};
use anyhow::{Context, Result};
use std::fs;

/// Requests between two samples, on all connections together.
pub(super) const STEP: u32 = 20_000;
const STEPS: u32 = 10;

/// The memory of one target: resident KiB at the start and after each step.
#[derive(Debug)]
pub(super) struct Soak {
    pub(super) name: String,
    pub(super) samples_kib: Vec<u32>,
}

/// What the samples of the last half do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trend {
    /// The rise of the line through them, from the first to the last.
    pub(super) growth_kib: f64,
    /// The largest distance of a sample from the line.
    pub(super) noise_kib: f64,
}

impl Trend {
    /// Whether the line rises by no more than the samples scatter around it, which is by at most
    /// the noise up and by as much down.
    pub(super) fn is_flat(self) -> bool {
        self.growth_kib <= 2.0 * self.noise_kib
    }
}

impl Soak {
    /// The line of least squares through the last half. `None` of fewer than two samples.
    pub(super) fn trend(&self) -> Option<Trend> {
        let samples = self.samples_kib.get(self.samples_kib.len() / 2..)?;
        let count = f64::from(u32::try_from(samples.len()).ok().filter(|count| *count > 1)?);
        let points = || (0_u32..).map(f64::from).zip(samples.iter().copied().map(f64::from));
        let middle = (count - 1.0) / 2.0;
        let mean = points().map(|(_, kib)| kib).sum::<f64>() / count;
        let along: f64 = points().map(|(at, kib)| (at - middle) * (kib - mean)).sum();
        let slope = along / points().map(|(at, _)| (at - middle).powi(2)).sum::<f64>();
        let distance = |(at, kib): (f64, f64)| (kib - mean - slope * (at - middle)).abs();
        let noise_kib = points().map(distance).fold(0.0, f64::max);
        Some(Trend { growth_kib: slope * (count - 1.0), noise_kib })
    }
}

/// Asks each target 200,000 times, on a process of its own that has done nothing before.
///
/// **Errors**: a process does not start, or an answer is not as it should be.
pub(super) async fn measure(options: &Options) -> Result<Vec<Soak>> {
    let is_one = |name: &&String| [JS_BARE, US].contains(&name.as_str());
    let names: Vec<_> = options.targets.names().filter(is_one).cloned().collect();
    let scene = Scene::start(&options.targets.workers, &names).await?;
    let mut soaks = Vec::new();
    for target in &scene.targets {
        eprintln!("proxies: {} requests to `{}`", STEP * STEPS, target.name);
        scene.renew().await?;
        soaks.push(soak(target).await?);
    }
    Ok(soaks)
}

async fn soak(target: &Target) -> Result<Soak> {
    let [_, cell, ..] = Cell::ALL;
    let load: Load = target.load(cell);
    let each = STEP / u32::try_from(cell.connections)?;
    let edge = target.edge.as_ref().context("a target without a process")?;
    let process = edge.process_id().context("the process has ended")?;
    let mut samples_kib = vec![resident_kib(process)?];
    for _ in 0..STEPS {
        load.run(Until::Requests(each)).await?;
        samples_kib.push(resident_kib(process)?);
    }
    Ok(Soak { name: target.name.clone(), samples_kib })
}

/// Resident memory as Linux tells it.
fn resident_kib(process: u32) -> Result<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    resident(&status).context("the system does not tell the memory of a process")
}

fn resident(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(samples_kib: &[u32]) -> Trend {
        Soak { name: String::new(), samples_kib: samples_kib.to_vec() }.trend().unwrap()
    }

    #[test]
    fn what_rises_by_the_same_each_step_is_not_flat() {
        let trend = trend(&[9_000, 9_000, 9_000, 100, 200, 300, 400]);
        assert_eq!(trend, Trend { growth_kib: 300.0, noise_kib: 0.0 });
        assert!(!trend.is_flat());
    }

    #[test]
    fn what_goes_up_and_down_is_flat() {
        assert!(trend(&[1, 2, 3, 110, 90, 100, 95, 108, 92]).is_flat());
        assert!(trend(&[1, 2, 100, 100, 100]).is_flat());
    }

    #[test]
    fn the_memory_is_read_from_what_linux_tells() {
        let status = "Name:\tworkerd\nVmPeak:\t  9 kB\nVmRSS:\t   66548 kB\nThreads:\t3\n";
        assert_eq!(resident(status), Some(66_548));
        assert_eq!(resident("Name:\tworkerd\n"), None);
    }
}
