//! The core without the shell, twice: for this machine, and as wasm with glue for Node.js.
//!
//! [`agree`] holds the two against each other, and [`bench`] measures what a decision costs on
//! both. The wasm is compiled and optimised as the Worker is.

pub(crate) mod agree;
pub(crate) mod bench;
mod table;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::bundle::FEATURES;
use crate::checkout::Checkout;
use crate::process;
use crate::setup::Tools;

/// Tells the crate to leave the shell out.
const CORE_ONLY: &str = "--cfg pointsman_core_only";

/// The two builds.
#[derive(Debug)]
pub(crate) struct Builds {
    /// The host's program.
    host: PathBuf,
    /// The script that runs the wasm, and the glue that it loads.
    script: PathBuf,
    glue: PathBuf,
}

impl Builds {
    /// Builds both.
    pub(crate) fn make(checkout: &Checkout, tools: &Tools) -> Result<Self> {
        let mut cargo = process::command("cargo", checkout.root());
        cargo.args(["build", "--profile", "native", "--package", "pointsman-bench", "--bins"]);
        process::run(&mut cargo)?;
        Ok(Self {
            host: checkout.target().join("native/pointsman-bench"),
            script: checkout.root().join("bench/node.mjs"),
            glue: wasm(checkout, tools)?,
        })
    }

    /// A command for the host's program.
    fn on_host(&self) -> Command {
        Command::new(&self.host)
    }

    /// The same command for the wasm.
    fn on_wasm(&self) -> Command {
        let mut node = Command::new("node");
        node.arg(&self.script).arg(&self.glue);
        node
    }
}

/// Builds the wasm and returns its glue. It has a target folder of its own, since other flags make
/// everything else anew.
fn wasm(checkout: &Checkout, tools: &Tools) -> Result<PathBuf> {
    let target = checkout.target().join("core-only");
    let mut cargo = process::command("cargo", checkout.root());
    cargo
        .args(["build", "--release", "--package", "pointsman-bench", "--lib"])
        .args(["--target", "wasm32-unknown-unknown", "--target-dir"])
        .arg(&target)
        .env("RUSTFLAGS", CORE_ONLY);
    process::run(&mut cargo)?;
    let glue = target.join("glue");
    let built = target.join("wasm32-unknown-unknown/release/pointsman_bench.wasm");
    let mut bindgen = process::command(&tools.wasm_bindgen, checkout.root());
    bindgen.args(["--target", "nodejs", "--no-typescript", "--out-dir"]).arg(&glue).arg(&built);
    process::run(&mut bindgen)?;
    let wasm = glue.join("pointsman_bench_bg.wasm");
    let mut optimise = process::command(&tools.wasm_opt, checkout.root());
    optimise.args(FEATURES).arg("-Os").arg(&wasm).arg("-o").arg(&wasm);
    process::run(&mut optimise)?;
    // The checkout's scripts are ES modules, and this glue is not one.
    let (script, common) = (glue.join("pointsman_bench.js"), glue.join("pointsman_bench.cjs"));
    let moved = std::fs::rename(&script, &common);
    moved.with_context(|| format!("no glue at {}", script.display()))?;
    Ok(common)
}

/// What a command prints.
///
/// **Errors** when it cannot be started, fails, or prints no text.
pub(crate) fn printed(command: &mut Command) -> Result<String> {
    let shown = process::shown(command);
    let output = command.output().with_context(|| format!("cannot start {shown}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{shown} ended with {}: {errors}", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("{shown} printed no text"))
}
