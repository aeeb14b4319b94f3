//! Makes the built wasm smaller.
//!
//! `worker-build` would run `wasm-opt` itself, and would keep the names of all functions whatever
//! it is told. So it leaves that to us: the same program with the same features.

use std::path::Path;

use anyhow::Result;

use crate::checkout::Checkout;
use crate::process;
use crate::setup::Tools;

/// What the compiler may use, and workerd knows; the same list as in `worker-build`.
pub(crate) const FEATURES: [&str; 7] = [
    "--enable-mutable-globals",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-reference-types",
    "--enable-exception-handling",
];

/// Inlining a function into its one caller makes the wasm smaller and its gzip a tenth larger: code
/// that was repeated is no longer so, once its locals are renumbered.
const PASSES: [&str; 2] = ["-Os", "--one-caller-inline-max-function-size=0"];

/// Where the names of the functions go, beside the wasm: a line for each, `number:name`. A stack
/// trace says `wasm-function[number]`. wrangler would upload a file that ends with `.txt`.
const NAMES: &str = "functions.names";

/// Optimises the wasm in its place, and takes the names out (ADR-0011).
pub(super) fn optimise(checkout: &Checkout, tools: &Tools, wasm: &Path) -> Result<()> {
    let names = wasm.with_file_name(NAMES);
    let mut command = process::command(&tools.wasm_opt, checkout.root());
    command.args(FEATURES).args(PASSES).arg(format!("--symbolmap={}", names.display()));
    command.arg("--strip-debug").arg(wasm).arg("-o").arg(wasm);
    process::prepare(&mut command)
}
