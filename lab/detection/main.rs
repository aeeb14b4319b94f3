//! `cargo run --example detection`: how many seconds pass from a fault until it is confirmed.
//!
//! Our Worker on workerd, gdnsd, PowerDNS and HAProxy look after the same origin at the same time,
//! each with its defaults and as fast as it can be set. At a random moment of a minute the origin
//! refuses connections, answers 503, or says nothing any more. Each phase is a world of its own, in
//! which everything was started anew; several run side by side.
//!
//! `install.sh` fetches the others from Debian; `POINTSMAN_DETECTION_DIR` names their folder, which
//! is kept. The Worker has to be built: `cargo xtask build`.
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
use report::Figure;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What `install.sh` ends with where the packages cannot be had.
const CANNOT_BE_HAD: i32 = 77;
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
    let Some(tools) = install()? else { return Ok(()) };
    // Whatever is running ends with the worlds, which are dropped in either case.
    let figures = tokio::select! {
        figures = measure(&arguments, &tools) => figures?,
        signal = tokio::signal::ctrl_c() => { signal?; bail!("interrupted") }
    };
    let packages = packages(&tools)?;
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
fn packages(tools: &Path) -> Result<Vec<String>> {
    let names = std::fs::read_dir(tools)?.map(|entry| entry.map(|entry| entry.file_name()));
    let names = names.collect::<std::io::Result<Vec<_>>>()?;
    let packages = names.iter().filter_map(|name| {
        let mut parts = name.to_str()?.strip_suffix(".deb")?.split('_');
        let name = parts.next().filter(|name| MEASURED.contains(name))?;
        Some(format!("{name} {}", parts.next()?))
    });
    let mut packages: Vec<String> = packages.collect();
    packages.sort();
    Ok(packages)
}

/// Fetches what is missing. `None` with the reason printed if the packages cannot be had.
fn install() -> Result<Option<PathBuf>> {
    let tools = std::env::var_os("POINTSMAN_DETECTION_DIR").map(PathBuf::from);
    let tools = tools.unwrap_or_else(|| std::env::temp_dir().join("pointsman-detection"));
    std::fs::create_dir_all(&tools)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("lab/detection/install.sh");
    let done = Command::new("bash").arg(script).env("DIR", &tools).output()?;
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if done.status.code() == Some(CANNOT_BE_HAD) {
        eprintln!("skipped: {}", said.lines().last().unwrap_or_default());
        return Ok(None);
    }
    ensure!(done.status.success(), "the programs could not be fetched:\n{said}");
    Ok(Some(tools))
}
