//! Builds the Worker and weighs it.
//!
//! `worker-build` compiles, writes the glue and bundles, and [`shrink`] makes the wasm small. Both
//! would do it all again, some seconds of it, when nothing has changed; as wrangler builds before
//! everything that it does, [`stamp`] spares that.

mod entry;
mod shrink;
mod size;
mod stamp;

pub(crate) use shrink::FEATURES;

use anyhow::Result;
use clap::Args;

use crate::checkout::Checkout;
use crate::process;
use crate::setup::{self, Tools};

/// The options of `cargo xtask build`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Builds faster and with debug information; such a build has no size limit
    #[arg(long)]
    dev: bool,
}

/// How the Worker is compiled.
#[derive(Debug, Clone, Copy)]
enum Profile {
    Dev,
    Release,
}

/// Sets up, builds into `build/`, prints the size.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let tools = setup::run(checkout)?;
    if options.dev { bundle(checkout, &tools, Profile::Dev) } else { release(checkout, &tools) }
}

/// Builds what would be deployed.
///
/// **Errors** when it does not build, and when it is above the size limit.
pub(crate) fn release(checkout: &Checkout, tools: &Tools) -> Result<()> {
    bundle(checkout, tools, Profile::Release)?;
    size::weigh(&checkout.bundle().join("index_bg.wasm"))
}

/// The same, however large it is: what its wasm weighs gzipped, in bytes.
///
/// **Errors** when it does not build.
pub(crate) fn weighed(checkout: &Checkout, tools: &Tools) -> Result<usize> {
    bundle(checkout, tools, Profile::Release)?;
    size::gzip_bytes(&checkout.bundle().join("index_bg.wasm"))
}

fn bundle(checkout: &Checkout, tools: &Tools, profile: Profile) -> Result<()> {
    compile(checkout, profile)?;
    let present = stamp::of_inputs(checkout, tools, profile)?;
    if stamp::is_current(checkout, present.as_deref()) {
        eprintln!("build/ is up to date");
        return Ok(());
    }
    stamp::remove(checkout)?;
    worker_build(checkout, tools, profile)?;
    entry::put_before(checkout, tools)?;
    if matches!(profile, Profile::Release) {
        shrink::shrink(checkout, tools)?;
    }
    // A source that was saved meanwhile is in `build/` and not in `present`: no stamp then.
    if stamp::of_inputs(checkout, tools, profile)? == present {
        stamp::write(checkout, present.as_deref())?;
    }
    Ok(())
}

/// The same call of cargo as `worker-build` makes, which then finds everything compiled.
fn compile(checkout: &Checkout, profile: Profile) -> Result<()> {
    let mut cargo = process::command("cargo", checkout.root());
    cargo.args(["build", "--package", "pointsman", "--lib", "--target", "wasm32-unknown-unknown"]);
    if matches!(profile, Profile::Release) {
        cargo.arg("--release");
    }
    // Read by the macros of wasm-bindgen, unknown to cargo: without it they would write other code.
    process::prepare(cargo.env("WASM_BINDGEN_USE_JS_SYS", "1"))
}

/// `worker-build` fetches each program that it is not given, hence all three are named.
fn worker_build(checkout: &Checkout, tools: &Tools, profile: Profile) -> Result<()> {
    let mut command = process::command(&tools.worker_build, checkout.root());
    command
        .arg(match profile {
            Profile::Dev => "--dev",
            Profile::Release => "--release",
        })
        .arg("--no-opt")
        .env("WASM_BINDGEN_BIN", &tools.wasm_bindgen)
        .env("WASM_OPT_BIN", &tools.wasm_opt)
        .env("ESBUILD_BIN", &tools.esbuild);
    process::prepare(&mut command)
}
