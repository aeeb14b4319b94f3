//! Runs every check that a change must pass; there are no others.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use anyhow::{Result, anyhow, bail, ensure};
use clap::{Args, ValueEnum};

use crate::checkout::Checkout;
use crate::core_only::{Builds, agree};
use crate::setup::{self, Tools, node};
use crate::{bundle, drill, javascript, process};

/// The options of `cargo xtask test`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Runs one step alone; `tests` then uses the `build/` that is there
    #[arg(long, value_name = "STEP")]
    only: Option<Step>,
}

/// The steps in their order: quick ones first, and what a step needs before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// The format is that of rustfmt
    Format,
    /// No lint on the host: library, programs, tests
    LintHost,
    /// No lint in what is compiled for the edge only
    LintWasm,
    /// The JavaScript is formatted, has no type error, and passes its own tests
    #[value(name = "javascript")]
    JavaScript,
    /// The Worker builds, is within its size limit and near its recorded size
    Build,
    /// Host and wasm decide the same
    Agree,
    /// All tests, those of the built Worker on workerd among them
    Tests,
    /// The real Prometheus reads the metrics of three isolates. Without its package that is said
    Metrics,
    /// Requests of clients once more, at the Worker for requests alone
    Edge,
    /// A real `PostgreSQL` fails over, once by each fault. Without its packages that is said
    Drill,
    /// Chromium looks at the dashboard and presses its buttons. Without its package that is said
    Browser,
    /// Wrangler would deploy it
    DeployDryRun,
}

/// Runs the steps up to the first that fails, then prints what each took.
///
/// **Errors** with the name of the step that failed.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let tools = setup::run(checkout)?;
    let chosen = |step: &Step| options.only.is_none_or(|only| only == *step);
    let start = Instant::now();
    let mut taken = Vec::new();
    let mut beside = Vec::new();
    for step in Step::value_variants().iter().copied().filter(chosen) {
        if step.runs_beside() && options.only.is_none() {
            println!("\n=== {} begins beside the others ===", name(step));
            beside.push(Beside::start(step)?);
            continue;
        }
        println!("\n=== {} ===", name(step));
        let start = Instant::now();
        let outcome = step.run(checkout, &tools);
        taken.push((step, start.elapsed(), outcome.is_ok()));
        println!("=== {}: {:.1} s ===", name(step), start.elapsed().as_secs_f64());
        if let Err(error) = outcome {
            println!("step `{}` failed: {error:#}", name(step));
            break;
        }
    }
    // Also after a failure: what they have started ends with them.
    for step in beside {
        taken.push(step.end()?);
    }
    print!("{}", summary(&taken, start.elapsed()));
    let failed = taken.iter().find(|(_, _, has_passed)| !has_passed);
    failed.map_or(Ok(()), |(step, ..)| bail!("step `{}` failed", name(*step)))
}

/// A step, how long it took, and whether it has passed.
type Taken = (Step, Duration, bool);

/// A step that runs beside the others, as a process of its own. What it writes is shown when it is
/// over.
struct Beside {
    step: Step,
    running: JoinHandle<(io::Result<Output>, Duration)>,
}

impl Beside {
    fn start(step: Step) -> Result<Beside> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["test", "--only", &name(step)]);
        let start = Instant::now();
        let running = thread::spawn(move || (command.output(), start.elapsed()));
        Ok(Beside { step, running })
    }

    fn end(self) -> Result<Taken> {
        let (ended, took) = self.running.join().map_err(|_| anyhow!("a step has panicked"))?;
        let ended = ended?;
        println!("\n=== {} ===", name(self.step));
        for written in [&ended.stdout, &ended.stderr] {
            print!("{}", String::from_utf8_lossy(written));
        }
        Ok((self.step, took, ended.status.success()))
    }
}

impl Step {
    /// Whether what comes behind it need not wait for it: it waits for the clock itself, or
    /// compiles while the tests wait for theirs.
    fn runs_beside(self) -> bool {
        matches!(self, Self::Agree | Self::Metrics)
    }

    fn run(self, checkout: &Checkout, tools: &Tools) -> Result<()> {
        let cargo = |arguments: &[&str]| -> Command {
            let mut command = process::command("cargo", checkout.root());
            command.args(arguments);
            command
        };
        match self {
            Self::Format => process::run(&mut cargo(&["fmt", "--all", "--check"])),
            Self::LintHost => process::run(&mut cargo(&LINT_HOST)),
            Self::LintWasm => {
                process::run(&mut cargo(&LINT_WASM))?;
                let target = checkout.target().join("edge");
                let mut edge = cargo(&LINT_WASM);
                process::run(edge.env("RUSTFLAGS", EDGE_ONLY).env("CARGO_TARGET_DIR", target))
            }
            Self::JavaScript => javascript::check(checkout, tools),
            Self::Build => bundle::checked(checkout, tools),
            Self::Drill => drill::once(checkout),
            // Rules, a day in virtual time, and eight minutes of the built Worker under Prometheus.
            Self::Metrics => example(checkout, "metrics"),
            Self::Browser => example(checkout, "browser"),
            Self::Agree => agree::run(&Builds::make(checkout, tools)?),
            Self::DeployDryRun => deployments(checkout)
                .iter()
                .try_for_each(|(config, bundle)| deploy_dry_run(checkout, tools, (config, bundle))),
            Self::Tests => process::run(
                cargo(&["test", "--workspace"])
                    .env("RUST_TEST_THREADS", TESTS_AT_ONCE)
                    .env("POINTSMAN_BUNDLE", checkout.bundle())
                    .env("POINTSMAN_PROVOKING_BUNDLE", bundle::provoking_folder(checkout)),
            ),
            Self::Edge => process::run(
                cargo(&["test", "--test", "e2e", "--"])
                    .args(AT_THE_EDGE)
                    .env("RUST_TEST_THREADS", TESTS_AT_ONCE)
                    .env("POINTSMAN_BUNDLE", checkout.bundle())
                    .env("POINTSMAN_EDGE_BUNDLE", checkout.edge_bundle()),
            ),
        }
    }
}

/// A program of the lab, with the Worker that is built.
fn example(checkout: &Checkout, name: &str) -> Result<()> {
    let mut cargo = process::command("cargo", checkout.root());
    cargo.args(["run", "--quiet", "--example", name]);
    process::run(cargo.env("POINTSMAN_BUNDLE", checkout.bundle()))
}

/// End-to-end tests wait far more than they compute: two cores are busy for a third of the time
/// when twelve run at once.
const TESTS_AT_ONCE: &str = "12";

/// The end-to-end tests that are about requests of clients.
const AT_THE_EDGE: [&str; 2] = ["proxy::", "analytics::"];

const LINT_HOST: [&str; 6] = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];

/// What wrangler writes beside what it would upload.
const NOT_UPLOADED: [&str; 1] = ["README.md"];

/// Leaves out what requests of clients do not need.
const EDGE_ONLY: &str = "--cfg pointsman_edge";

const LINT_WASM: [&str; 9] = [
    "clippy",
    "--package",
    "pointsman",
    "--lib",
    "--target",
    "wasm32-unknown-unknown",
    "--",
    "-D",
    "warnings",
];

/// The configurations of wrangler, each with the folder of its bundle.
fn deployments(checkout: &Checkout) -> [(&'static str, PathBuf); 2] {
    [("wrangler.toml", checkout.bundle()), ("wrangler.edge.toml", checkout.edge_bundle())]
}

/// Asks wrangler what it would deploy, which checks its configuration against the bundle. It only
/// warns of a section that it does not know, and a misspelt one would be gone from the deployment.
fn deploy_dry_run(
    checkout: &Checkout,
    tools: &Tools,
    (config, bundle): (&str, &Path),
) -> Result<()> {
    let node = node::for_wrangler(checkout)?;
    let dry_run = checkout.target().join("dry-run").join(config);
    // Files of another run would count as uploaded.
    if dry_run.exists() {
        fs::remove_dir_all(&dry_run)?;
    }
    let mut wrangler = process::command(node, checkout.root());
    wrangler
        .arg(&tools.wrangler)
        // Without it a `wrangler.json` of any folder above would be taken instead.
        .args(["deploy", "--config", config, "--dry-run", "--outdir"])
        .arg(&dry_run)
        .env("WRANGLER_SEND_METRICS", "false");
    let output = process::output(&mut wrangler)?;
    ensure!(!output.contains("WARNING"), "wrangler warns");
    for entry in fs::read_dir(&dry_run)? {
        let name = entry?.file_name();
        let is_known = NOT_UPLOADED.iter().chain(&bundle::UPLOADED).any(|known| name == *known);
        ensure!(is_known, "wrangler would upload {}", name.display());
    }
    for file in bundle::UPLOADED {
        let uploaded = fs::read(dry_run.join(file))?;
        let built = fs::read(bundle.join(file))?;
        ensure!(uploaded == built, "wrangler would upload another {file} than was built");
    }
    Ok(())
}

fn summary(taken: &[Taken], total: Duration) -> String {
    let row = |label: &str, time: Duration, outcome: &str| {
        format!("{label:<16} {:>7.1} s  {outcome}\n", time.as_secs_f64())
    };
    let rows = taken.iter().map(|(step, time, passed)| {
        row(&name(*step), *time, if *passed { "passed" } else { "FAILED" })
    });
    format!("\n{}{}", rows.collect::<String>(), row("total", total, "").trim_end()) + "\n"
}

/// The step's name on the command line.
fn name(step: Step) -> String {
    step.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_has_a_row_for_each_step_and_the_total() {
        let taken = [
            (Step::Format, Duration::from_millis(400), true),
            (Step::LintHost, Duration::from_millis(61_600), false),
        ];
        let expected = "\nformat               0.4 s  passed\n\
                        lint-host           61.6 s  FAILED\n\
                        total               62.0 s\n";
        assert_eq!(summary(&taken, Duration::from_secs(62)), expected);
    }

    #[test]
    fn the_build_comes_before_what_needs_it() {
        let place = |step| Step::value_variants().iter().position(|other| *other == step);
        assert!(place(Step::Build) < place(Step::DeployDryRun));
        assert!(place(Step::Build) < place(Step::Tests));
        assert!(place(Step::Build) < place(Step::Edge));
        assert!(place(Step::Build) < place(Step::Drill));
        assert!(place(Step::Build) < place(Step::Metrics));
    }
}
