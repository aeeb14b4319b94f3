//! Builds the Worker and weighs it.
//!
//! `worker-build` compiles, writes the glue and bundles, and [`optimise`] makes the wasm smaller.
//! Both would do it all again, some seconds of it, when nothing has changed; as wrangler builds
//! before everything that it does, [`stamp`] spares that.

mod entry;
mod fence;
mod flags;
mod optimise;
mod record;
mod size;
mod stamp;

pub(crate) use optimise::FEATURES;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, anyhow};
use clap::Args;

use crate::checkout::Checkout;
use crate::process;
use crate::setup::{self, Tools};
use fence::Fence;

/// The options of `cargo xtask build`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Options {
    /// Builds faster and with debug information; such a build has no size limit
    #[arg(long, conflicts_with_all = ["record", "provoking", "edge"])]
    dev: bool,
    /// Records the size, which later builds and other branches are compared with
    #[arg(long)]
    record: bool,
    /// Builds the Worker that panics where a test asks it to, into `target/provoking/bundle/`
    #[arg(long, conflicts_with_all = ["record", "edge"])]
    provoking: bool,
    /// Builds the Worker for requests alone, into `build-edge/` (ADR-0040)
    #[arg(long)]
    edge: bool,
}

/// A Worker that can be built.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// For looking for a fault.
    Dev,
    /// What is deployed.
    Release,
    /// The same with a panic in each of its parts, for a test.
    Provoking,
    /// What is deployed beside it for requests alone (ADR-0040).
    Edge,
}

/// Sets up, builds into `build/`, prints the size.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let tools = setup::run(checkout)?;
    if options.dev {
        return bundle(checkout, &tools, Kind::Dev);
    }
    if options.provoking {
        return provoking(checkout, &tools);
    }
    let (kind, fence) = if options.edge { EDGE } else { WHOLE };
    deployable(checkout, &tools, (kind, fence))?;
    let weight = || size::gzip_bytes(&wasm(checkout, kind));
    if options.record { record::write(checkout, fence, weight()?) } else { Ok(()) }
}

/// What is deployed, and what holds its size.
const WHOLE: (Kind, Fence) = (Kind::Release, fence::WHOLE);
const EDGE: (Kind, Fence) = (Kind::Edge, fence::EDGE);

/// Builds what would be deployed.
///
/// **Errors** when it does not build, when it is above the size limit, and when it tells where it
/// was built.
pub(crate) fn release(checkout: &Checkout, tools: &Tools) -> Result<()> {
    deployable(checkout, tools, WHOLE)
}

/// The same for the Worker for requests alone.
///
/// **Errors** as of [`release`].
pub(crate) fn edge(checkout: &Checkout, tools: &Tools) -> Result<()> {
    deployable(checkout, tools, EDGE)
}

fn deployable(checkout: &Checkout, tools: &Tools, (kind, fence): (Kind, Fence)) -> Result<()> {
    bundle(checkout, tools, kind)?;
    let wasm = wasm(checkout, kind);
    size::weigh(checkout, fence, &wasm)?;
    tells_nothing_of_the_machine(checkout, &wasm)
}

/// What is uploaded, as the build names it.
pub(crate) const UPLOADED: [&str; 2] = ["index.js", "index_bg.wasm"];

/// The flags of the compiler by which a program does not know where it was built.
///
/// **Errors** when the folders of this machine cannot be told.
pub(crate) fn flags_of_a_release(checkout: &Checkout) -> Result<OsString> {
    flags::encoded(checkout, Kind::Release)
}

/// Looks for the folders of this machine in what was built.
///
/// **Errors** when one is there.
pub(crate) fn tells_nothing_of_the_machine(checkout: &Checkout, built: &Path) -> Result<()> {
    flags::check(checkout, built)
}

/// The same for both Workers, and what else a change must pass.
///
/// **Errors** as of [`release`], and when a recorded size is not near the size.
pub(crate) fn checked(checkout: &Checkout, tools: &Tools) -> Result<()> {
    let deployed = |(kind, fence)| -> Result<()> {
        deployable(checkout, tools, (kind, fence))?;
        record::check(checkout, fence, size::gzip_bytes(&wasm(checkout, kind))?)
    };
    // The linker optimises a whole Worker on one core, so a second one is made beside it.
    thread::scope(|scope| {
        let others = scope.spawn(|| deployed(EDGE).and_then(|()| provoking(checkout, tools)));
        let whole = deployed(WHOLE);
        whole.and(others.join().map_err(|_| anyhow!("a build has panicked"))?)
    })
}

/// Builds the Worker that panics when it is asked to.
///
/// **Errors** when it does not build.
fn provoking(checkout: &Checkout, tools: &Tools) -> Result<()> {
    bundle(checkout, tools, Kind::Provoking)
}

/// Where the Worker is that panics when it is asked to.
pub(crate) fn provoking_folder(checkout: &Checkout) -> PathBuf {
    folder(checkout, Kind::Provoking)
}

/// What the wasm in `build/` weighs gzipped, in bytes.
///
/// **Errors** when there is none.
pub(crate) fn weighed(checkout: &Checkout) -> Result<usize> {
    size::gzip_bytes(&wasm(checkout, Kind::Release))
}

/// Builds the Worker as it would be deployed, and the one for requests alone if that is wanted,
/// however large they are.
///
/// **Errors** when one does not build.
pub(crate) fn unlimited(checkout: &Checkout, tools: &Tools, with_edge: bool) -> Result<()> {
    bundle(checkout, tools, Kind::Release)?;
    if with_edge { bundle(checkout, tools, Kind::Edge) } else { Ok(()) }
}

/// Cargo's target folder. Other flags would make everything else anew, so they have their own.
fn target(checkout: &Checkout, kind: Kind) -> PathBuf {
    match kind {
        Kind::Dev | Kind::Release => checkout.target(),
        Kind::Provoking => checkout.target().join("provoking"),
        Kind::Edge => checkout.target().join("edge"),
    }
}

/// Where the bundle goes.
fn folder(checkout: &Checkout, kind: Kind) -> PathBuf {
    match kind {
        Kind::Dev | Kind::Release => checkout.bundle(),
        Kind::Provoking => target(checkout, kind).join("bundle"),
        Kind::Edge => checkout.edge_bundle(),
    }
}

fn wasm(checkout: &Checkout, kind: Kind) -> PathBuf {
    folder(checkout, kind).join("index_bg.wasm")
}

fn bundle(checkout: &Checkout, tools: &Tools, kind: Kind) -> Result<()> {
    let flags = flags::encoded(checkout, kind)?;
    compile(checkout, kind, &flags)?;
    let present = stamp::of_inputs(checkout, tools, kind)?;
    let folder = folder(checkout, kind);
    if stamp::is_current(&folder, present.as_deref()) {
        eprintln!("{} is up to date", shown(checkout, &folder));
        return Ok(());
    }
    // What an older build left there would be uploaded with this one. It also takes away the stamp,
    // so that a build which fails half-way is not taken for a whole one.
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    worker_build(checkout, tools, kind, &flags)?;
    entry::put_before(checkout, tools, kind, &folder)?;
    if !matches!(kind, Kind::Dev) {
        optimise::optimise(checkout, tools, &wasm(checkout, kind))?;
    }
    // A source that was saved meanwhile is in the bundle and not in `present`: no stamp then.
    if stamp::of_inputs(checkout, tools, kind)? == present {
        stamp::write(&folder, present.as_deref())?;
    }
    Ok(())
}

fn shown(checkout: &Checkout, folder: &Path) -> String {
    let inside = folder.strip_prefix(checkout.root()).unwrap_or(folder);
    format!("{}/", inside.display())
}

/// The same call of cargo as `worker-build` makes, which then finds everything compiled.
fn compile(checkout: &Checkout, kind: Kind, flags: &OsStr) -> Result<()> {
    let mut cargo = process::command("cargo", checkout.root());
    cargo.args(["build", "--package", "pointsman", "--lib", "--target", "wasm32-unknown-unknown"]);
    if !matches!(kind, Kind::Dev) {
        cargo.arg("--release");
    }
    set_flags(&mut cargo, checkout, kind, flags)?;
    // Read by the macros of wasm-bindgen, unknown to cargo: without it they would write other code.
    process::prepare(cargo.env("WASM_BINDGEN_USE_JS_SYS", "1"))
}

/// `worker-build` fetches each program that it is not given, hence all three are named.
fn worker_build(checkout: &Checkout, tools: &Tools, kind: Kind, flags: &OsStr) -> Result<()> {
    let mut command = process::command(&tools.worker_build, checkout.root());
    command
        .arg(match kind {
            Kind::Dev => "--dev",
            Kind::Release | Kind::Provoking | Kind::Edge => "--release",
        })
        .args(["--no-opt", "--out-dir"])
        .arg(std::path::absolute(folder(checkout, kind))?)
        .env("WASM_BINDGEN_BIN", &tools.wasm_bindgen)
        .env("WASM_OPT_BIN", &tools.wasm_opt)
        .env("ESBUILD_BIN", &tools.esbuild);
    set_flags(&mut command, checkout, kind, flags)?;
    process::prepare(&mut command)
}

fn set_flags(command: &mut Command, checkout: &Checkout, kind: Kind, flags: &OsStr) -> Result<()> {
    let target = std::path::absolute(target(checkout, kind)).context("the target folder")?;
    command.env("CARGO_TARGET_DIR", target).env("CARGO_ENCODED_RUSTFLAGS", flags);
    Ok(())
}
