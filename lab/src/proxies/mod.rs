//! The Worker as a proxy, beside other proxies on the same runtime.
//!
//! Each target is a Worker on a raw workerd of its own: no `wrangler`, and none of the lab's own
//! workers in the way. They take turns: a round measures every target once in every [`Cell`], each
//! time beginning with another one, so that what slows the machine down for a while slows all of
//! them down. How memory is laid out and what the compilers make of the first requests is luck,
//! stays with a process and is worth a tenth: so every few rounds have new processes. [`figures`]
//! compares within a round. [`cold`] is the time from the start of the process to the first answer,
//! [`soak`] what happens to memory under many requests.
//!
//! [`load`] asks and checks each answer: one that is not 200, or not of the right length, ends the
//! whole measurement.

mod cold;
mod figures;
mod json;
mod load;
mod markdown;
mod origin;
mod routes;
mod scene;
mod soak;

pub use cold::{ColdOptions, Starts, measure_cold};
pub use origin::serve as serve_origin;

use anyhow::{Context, Result};
use figures::Window;
use load::Until;
use scene::{Scene, Target};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The origin itself.
const DIRECT: &str = "direct";
/// The least that a Worker can do.
const JS_BARE: &str = "js_bare";
/// The Worker of this checkout.
const US: &str = "us";
/// The Worker of this checkout for requests alone.
const US_EDGE: &str = "us_edge";
/// All targets. A name is also that of the folder with the target's Worker.
const TARGETS: [&str; 7] = [DIRECT, JS_BARE, "js_equal", "rust_bare", "reflare", US, US_EDGE];

/// How a target is asked.
#[derive(Clone, Copy, Debug)]
struct Cell {
    name: &'static str,
    connections: usize,
    path: &'static str,
    length: usize,
    /// Whether each request is another client's.
    is_of_strangers: bool,
}

const fn cell(name: &'static str, connections: usize, path: &'static str, length: usize) -> Cell {
    Cell { name, connections, path, length, is_of_strangers: false }
}

impl Cell {
    const ALL: [Cell; 5] = [
        cell("c1_1k", 1, "/1k", 1 << 10),
        cell("c32_1k", 32, "/1k", 1 << 10),
        cell("c1_64k", 1, "/64k", 1 << 16),
        cell("c32_64k", 32, "/64k", 1 << 16),
        Cell { is_of_strangers: true, ..cell("c32_1k_new", 32, "/1k", 1 << 10) },
    ];
}

/// The names of all cells.
const NAMES: [&str; 5] = {
    let [first, second, third, fourth, fifth] = Cell::ALL;
    [first.name, second.name, third.name, fourth.name, fifth.name]
};

/// What takes part.
#[derive(Clone, Debug, clap::Args)]
struct Targets {
    /// The folder that has the built Worker of each target in a folder of its name
    #[arg(long)]
    workers: PathBuf,
    /// Measures these targets alone
    #[arg(long, value_delimiter = ',', default_values = TARGETS)]
    only: Vec<String>,
    /// Measures these targets as well; `us_` and anything is another build of the Worker
    #[arg(long, value_delimiter = ',')]
    also: Vec<String>,
}

impl Targets {
    fn names(&self) -> impl Iterator<Item = &String> {
        self.only.iter().chain(&self.also)
    }

    fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }
}

/// What to measure, and for how long.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    targets: Targets,
    /// Measures in these cells alone
    #[arg(long, value_delimiter = ',', default_values = NAMES, value_parser = NAMES)]
    cells: Vec<String>,
    /// Rounds
    #[arg(long)]
    rounds: usize,
    /// Seconds of each target in each cell of each round
    #[arg(long)]
    seconds: f64,
    /// Measures memory over 200,000 requests as well
    #[arg(long)]
    soak: bool,
    /// What the product's wasm weighs, for the report
    #[arg(long)]
    wasm_gzip_bytes: Option<u64>,
    /// Writes the figures to this file as well, as JSON
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// What was measured.
#[derive(Debug)]
pub struct Report {
    options: Options,
    windows: Windows,
    /// The names of the headers that each target sends to the origin.
    headers: BTreeMap<String, Vec<String>>,
    starts: Starts,
    soaks: Vec<soak::Soak>,
}

/// The windows of a target in a cell, one a round.
#[derive(Debug, Default)]
struct Windows(BTreeMap<(String, &'static str), Vec<Window>>);

impl Windows {
    /// Empty where the target was not measured.
    fn of(&self, target: &str, cell: Cell) -> &[Window] {
        self.0.get(&(target.to_owned(), cell.name)).map_or(&[], Vec::as_slice)
    }
}

impl Report {
    /// All figures.
    #[must_use]
    pub fn json(&self) -> Value {
        json::document(self)
    }

    /// The tables for people.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::page(self)
    }
}

/// Measures everything, and tells of its progress on stderr.
///
/// **Errors**: something does not start, or an answer is not as it should be.
pub async fn measure(options: Options) -> Result<Report> {
    let mut report = Report {
        windows: Windows::default(),
        headers: BTreeMap::new(),
        starts: cold::measure(&options.targets).await?,
        soaks: Vec::new(),
        options,
    };
    rounds(&mut report).await?;
    if report.options.soak {
        report.soaks = soak::measure(&report.options).await?;
    }
    Ok(report)
}

async fn rounds(report: &mut Report) -> Result<()> {
    let Options { targets, cells, rounds, seconds, .. } = &report.options;
    let time = Duration::try_from_secs_f64(*seconds)?;
    let names: Vec<_> = targets.names().cloned().collect();
    let mut scene = Scene::start(&targets.workers, &names).await?;
    for target in &scene.targets {
        report.headers.insert(target.name.clone(), target.headers_sent().await?);
    }
    let is_chosen = |cell: &Cell| cells.iter().any(|name| name == cell.name);
    let cells: Vec<_> = Cell::ALL.into_iter().filter(is_chosen).collect();
    for number in 0..*rounds {
        eprintln!("proxies: round {} of {rounds}", number + 1);
        if number % ROUNDS_OF_A_PROCESS == 0 {
            scene.start_again().await?;
            for target in &scene.targets {
                scene.renew().await?;
                warm_up(target).await?;
            }
        }
        round(&scene, &cells, number, time, &mut report.windows).await?;
    }
    Ok(())
}

/// Rounds after which all processes are started anew.
const ROUNDS_OF_A_PROCESS: usize = 3;

/// Requests of each cell with many connections before anything counts. The engine compiles for
/// speed what is called often: after this it has done so with nearly all that a request needs.
const WARM_UP: u32 = 30_000;

async fn warm_up(target: &Target) -> Result<()> {
    for cell in Cell::ALL.into_iter().filter(|cell| cell.connections > 1) {
        let each = WARM_UP / u32::try_from(cell.connections)?;
        target.load(cell).run(Until::Requests(each)).await?;
    }
    Ok(())
}

/// Every target once in each of the cells.
async fn round(
    scene: &Scene,
    cells: &[Cell],
    number: usize,
    time: Duration,
    windows: &mut Windows,
) -> Result<()> {
    scene.renew().await?;
    let count = scene.targets.len();
    for &cell in cells {
        for target in (0..count).filter_map(|place| scene.targets.get((place + number) % count)) {
            let before = target.processor_time()?;
            let window = target.load(cell).run(Until::Elapsed(time)).await;
            let window = window.with_context(|| format!("{} of `{}`", cell.name, target.name))?;
            let spent = target.processor_time()?.saturating_sub(before);
            let window = window.with_processor_time(spent);
            windows.0.entry((target.name.clone(), cell.name)).or_default().push(window);
        }
    }
    Ok(())
}
