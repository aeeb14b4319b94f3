//! Makes the built wasm small.
//!
//! `worker-build` would run `wasm-opt` once. Here it runs twice: on what is left of the wasm when
//! all is out that can never run, and to put the functions into the order that compresses best,
//! which it knows by their names. The names go last: they are a fifth of what would be uploaded,
//! and code that cannot panic has no use for them.

mod module;
mod order;
mod places;
mod prune;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::process;
use crate::setup::Tools;
use module::Module;

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

/// Inlining a function into its one caller, and keeping in a local what two expressions have in
/// common, make the wasm smaller and its gzip larger: code that was repeated is no longer so, once
/// its locals are renumbered.
const OPTIMIZE: [&str; 4] =
    ["-Os", "--one-caller-inline-max-function-size=0", "--skip-pass=local-cse", "--debuginfo"];

/// Functions by their names, and then no names.
const FINISH: [&str; 2] = ["--reorder-functions-by-name", "--strip-debug"];

/// Shrinks the built wasm in its place.
pub(super) fn shrink(checkout: &Checkout, tools: &Tools) -> Result<()> {
    let wasm = checkout.bundle().join("index_bg.wasm");
    change(&wasm, |module| {
        prune::exports(module)?;
        prune::debug(module)?;
        prune::panics(module)
    })?;
    wasm_opt(checkout, tools, &OPTIMIZE, &wasm)?;
    change(&wasm, |module| {
        places::blank(module)?;
        name_by_order(module)
    })?;
    wasm_opt(checkout, tools, &FINISH, &wasm)
}

fn change(wasm: &Path, change: impl FnOnce(&mut Module) -> Result<()>) -> Result<()> {
    let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let mut module = Module::parse(&bytes)?;
    change(&mut module)?;
    fs::write(wasm, module.write()).with_context(|| format!("cannot write {}", wasm.display()))
}

/// Names each function by its place in the order that compresses best.
fn name_by_order(module: &mut Module) -> Result<()> {
    let order = order::by_likeness(&module.functions()?);
    let mut names = vec![String::new(); order.len()];
    for (place, function) in order.into_iter().enumerate() {
        names[function] = format!("{place:06}");
    }
    module.set_names(&names)
}

fn wasm_opt(checkout: &Checkout, tools: &Tools, passes: &[&str], wasm: &Path) -> Result<()> {
    let mut command = process::command(&tools.wasm_opt, checkout.root());
    command.args(FEATURES).args(passes).arg(wasm).arg("-o").arg(wasm);
    process::prepare(&mut command)
}
