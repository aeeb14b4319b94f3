//! Takes the names of functions out of the wasm.
//!
//! `worker-build` keeps them whatever it is told, for the sake of stack traces. They are a fifth of
//! what is uploaded, and code that cannot panic has no use for them.

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

/// Strips the built wasm in its place.
pub(crate) fn names(checkout: &Checkout, tools: &Tools) -> Result<()> {
    let wasm = checkout.bundle().join("index_bg.wasm");
    let mut command = process::command(&tools.wasm_opt, checkout.root());
    command.args(FEATURES).arg("--strip-debug").arg(&wasm).arg("-o").arg(&wasm);
    process::run(&mut command)
}
