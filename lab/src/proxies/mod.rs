//! The Worker as a proxy, beside other proxies on the same runtime.
//!
//! Each target is a Worker on a raw workerd of its own: no `wrangler`, and none of the lab's own
//! workers in the way. They take turns: a round measures every target once in every [`Cell`], each
//! time beginning with another one, so that what slows the machine down for a while slows all of
//! them down. [`figures`] compares within a round.
//!
//! [`load`] asks and checks each answer: one that is not 200, or not of the right length, ends the
//! whole measurement.

mod figures;
mod load;
mod origin;
mod routes;
mod scene;

pub use origin::serve as serve_origin;

use anyhow::{Context, Result};
use figures::Window;
use load::Until;
use scene::Scene;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The origin itself.
const DIRECT: &str = "direct";
/// The Worker of this checkout.
const US: &str = "us";
/// All targets.
const TARGETS: [&str; 6] = [DIRECT, "js_bare", "js_equal", "rust_bare", "reflare", US];

/// How a target is asked.
#[derive(Clone, Copy, Debug)]
struct Cell {
    name: &'static str,
    connections: usize,
    path: &'static str,
    length: usize,
}

const fn cell(name: &'static str, connections: usize, path: &'static str, length: usize) -> Cell {
    Cell { name, connections, path, length }
}

impl Cell {
    const ALL: [Cell; 4] = [
        cell("c1_1k", 1, "/1k", 1 << 10),
        cell("c32_1k", 32, "/1k", 1 << 10),
        cell("c1_64k", 1, "/64k", 1 << 16),
        cell("c32_64k", 32, "/64k", 1 << 16),
    ];
}

/// What to measure, and for how long.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The folder that has the built Worker of each target in a folder of its name
    #[arg(long)]
    workers: PathBuf,
    /// Measures these targets alone
    #[arg(long, value_delimiter = ',', default_values = TARGETS)]
    only: Vec<String>,
    /// Rounds
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds of each target in each cell of each round
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

/// The windows of a target in a cell, a round each.
type Windows = BTreeMap<(String, &'static str), Vec<Window>>;

/// Measures.
pub async fn measure(options: &Options) -> Result<()> {
    let time = Duration::try_from_secs_f64(options.seconds)?;
    let scene = Scene::start(&options.workers, &options.only).await?;
    for target in &scene.targets {
        eprintln!("{}: {}", target.name, target.headers_sent().await?.join(" "));
    }
    eprintln!("proxies: warming up");
    round(&scene, 0, time, &mut Windows::new()).await?;
    let mut windows = Windows::new();
    for number in 0..options.rounds {
        eprintln!("proxies: round {} of {}", number + 1, options.rounds);
        round(&scene, number, time, &mut windows).await?;
    }
    for cell in Cell::ALL {
        println!("{}", cell.name);
        for target in &scene.targets {
            let w = &windows[&(target.name.clone(), cell.name)];
            let us = windows.get(&(US.to_owned(), cell.name)).unwrap_or(w);
            let base = windows.get(&("js_bare".to_owned(), cell.name)).unwrap_or(w);
            let med = |f: fn(&Window) -> f64| figures::Spread::of(w.iter().map(f)).unwrap().median;
            let r = figures::ratio(us, w).unwrap();
            let b = figures::ratio(w, base).unwrap();
            println!(
                "{:12} {:8.0} p50 {:.3} p99 {:.3}  us/it {:.3} [{:.3}-{:.3}]  it/bare {:.3} [{:.3}-{:.3}]",
                target.name,
                med(|w| w.requests_per_second),
                med(|w| w.p50_ms),
                med(|w| w.p99_ms),
                r.median,
                r.min,
                r.max,
                b.median,
                b.min,
                b.max
            );
        }
    }
    Ok(())
}

/// Every target once in every cell.
async fn round(scene: &Scene, number: usize, time: Duration, windows: &mut Windows) -> Result<()> {
    scene.renew().await?;
    let count = scene.targets.len();
    for cell in Cell::ALL {
        for target in (0..count).filter_map(|place| scene.targets.get((place + number) % count)) {
            let window = target.load(cell).run(Until::Elapsed(time)).await;
            let window = window.with_context(|| format!("{} of `{}`", cell.name, target.name))?;
            windows.entry((target.name.clone(), cell.name)).or_default().push(window);
        }
    }
    Ok(())
}
