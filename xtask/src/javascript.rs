//! Checks the JavaScript: its format, its types, and its side of what crosses to wasm.

use anyhow::Result;

use crate::checkout::Checkout;
use crate::process;
use crate::setup::Tools;

/// What is formatted, as prettier's patterns; its settings are in `package.json`.
const FORMATTED: [&str; 3] = [
    "{src,lab,bench,tests,examples}/**/*.{js,mjs,d.ts}",
    "tests/wire/golden.json",
    "tsconfig.json",
];

/// Tests that need node alone.
const TESTS: [&str; 5] = [
    "tests/hooks/hook.test.mjs",
    "tests/wire/wire.test.mjs",
    "tests/shell/facts.test.mjs",
    "tests/shell/kept.test.mjs",
    "tests/shell/points.test.mjs",
];

/// Runs the checks up to the first that fails. `tsconfig.json` says which files have types.
pub(crate) fn check(checkout: &Checkout, tools: &Tools) -> Result<()> {
    let root = checkout.root();
    process::run(process::command(&tools.prettier, root).arg("--check").args(FORMATTED))?;
    process::run(process::command(&tools.tsc, root).args(["--project", "."]))?;
    process::run(process::command("node", root).arg("--test").args(TESTS))
}
