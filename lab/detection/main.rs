//! `cargo run --example detection`: how many seconds pass from a fault until it is confirmed.
//!
//! Our Worker on workerd, gdnsd, PowerDNS and HAProxy look after the same origin at the same time,
//! each with its defaults and as fast as it can be set. At a random moment of a minute the origin
//! refuses connections, answers 503, or says nothing any more. Each phase is a world of its own, in
//! which everything was started anew; several run side by side.
//!
//! `lab/install.sh` fetches the others from Debian; `POINTSMAN_DETECTION_DIR` names their folder,
//! which is kept. The Worker has to be built: `cargo xtask build`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]
#![expect(clippy::doc_markdown, reason = "names of products")]
#![expect(unreachable_pub, reason = "the modules of a program")]

mod ours;
mod peers;
mod report;
mod script;
mod watch;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use pointsman_lab::packages;
use report::Figure;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The packages that are measured; the others are their libraries.
const MEASURED: [&str; 3] = ["gdnsd", "haproxy", "pdns-server"];
/// Between the starts of two worlds that run side by side, so that their minutes do not begin at
/// the same moment.
const APART: Duration = Duration::from_secs(4);

#[derive(Parser)]
struct Arguments {
    /// Faults, each at another moment of its minute
    #[arg(long, default_value_t = 30)]
    phases: u32,
    /// Worlds at the same time
    #[arg(long, default_value_t = 6)]
    parallel: usize,
    /// Lets the origin return, and waits so many seconds for that to be noticed
    #[arg(long, default_value_t = 0)]
    back: u64,
    /// Writes every figure to this file
    #[arg(long)]
    json: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.phases > 0 && arguments.parallel > 0, "there is nothing to measure");
    let Some(tools) = packages::fetch("detection", &[])? else { return Ok(()) };
    // Whatever is running ends with the worlds, which are dropped in either case.
    let figures = tokio::select! {
        figures = measure(&arguments, &tools) => figures?,
        signal = tokio::signal::ctrl_c() => { signal?; bail!("interrupted") }
    };
    let packages = versions(&tools)?;
    if let Some(file) = &arguments.json {
        let text = report::json(&figures, &packages).to_string() + "\n";
        std::fs::write(file, text).with_context(|| file.display().to_string())?;
    }
    print!("{}", report::markdown(&figures, &packages));
    Ok(())
}

/// Plays all phases, some of them side by side.
async fn measure(arguments: &Arguments, tools: &Path) -> Result<Vec<Figure>> {
    let numbers: Vec<u32> = (0..arguments.phases).collect();
    let mut all = Vec::new();
    for batch in numbers.chunks(arguments.parallel) {
        let back = Duration::from_secs(arguments.back);
        let worlds = batch.iter().zip(0..).map(|(number, place)| async move {
            tokio::time::sleep(APART * place).await;
            script::play(*number, tools, back).await.with_context(|| format!("phase {number}"))
        });
        for figures in futures_util::future::try_join_all(worlds).await? {
            all.extend(figures);
        }
        eprintln!("detection: {} of {} phases", all_phases(&all), arguments.phases);
    }
    Ok(all)
}

fn all_phases(figures: &[Figure]) -> usize {
    let numbers: std::collections::BTreeSet<u32> = figures.iter().map(|it| it.number).collect();
    numbers.len()
}

/// The packages of the three with their versions, such as `gdnsd 3.8.1-1`.
fn versions(tools: &Path) -> Result<Vec<String>> {
    let packages = std::fs::read_to_string(tools.join("packages"))?;
    let is_measured = |line: &&str| MEASURED.iter().any(|it| line.split(' ').next() == Some(it));
    let mut packages: Vec<String> =
        packages.lines().filter(is_measured).map(str::to_owned).collect();
    packages.sort();
    Ok(packages)
}
