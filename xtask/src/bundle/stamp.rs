//! Tells whether a bundle is what a new run would write.
//!
//! The stamp is a hash of all that goes in: the compiled wasm and the programs that work on it. It
//! looks at contents and not at times, so a fresh clone, a switched branch and a restored cache are
//! all judged rightly.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Kind, entry, target};
use crate::checkout::Checkout;
use crate::setup::Tools;

/// The name of the file with the stamp.
const STAMP: &str = ".stamp";

/// The stamp of the next build. `None` when the compiled wasm is not where cargo puts it by
/// default; the next build is then always done.
pub(super) fn of_inputs(checkout: &Checkout, tools: &Tools, kind: Kind) -> Result<Option<String>> {
    let folder = match kind {
        Kind::Dev => "debug",
        Kind::Release | Kind::Provoking | Kind::Edge => "release",
    };
    let compiled = target(checkout, kind).join("wasm32-unknown-unknown").join(folder);
    let Ok(wasm) = fs::read(compiled.join("pointsman.wasm")) else {
        return Ok(None);
    };
    let mut hasher = DefaultHasher::new();
    (folder, wasm).hash(&mut hasher);
    // Paths with versions in them, for the npm packages the lock file, and this program.
    (&tools.worker_build, &tools.wasm_bindgen).hash(&mut hasher);
    let own = env::current_exe().context("cannot tell which program this is")?;
    let sources = entry::sources(checkout)?;
    for file in [checkout.root().join("package-lock.json"), own].into_iter().chain(sources) {
        let content = fs::read(&file);
        content.with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
    }
    Ok(Some(format!("{:016x}\n", hasher.finish())))
}

/// True when the bundle in `folder` is complete and its stamp is `present`.
pub(super) fn is_current(folder: &Path, present: Option<&str>) -> bool {
    let complete = ["index.js", "index_bg.wasm"].iter().all(|file| folder.join(file).exists());
    complete && present.is_some() && fs::read_to_string(path(folder)).ok().as_deref() == present
}

/// Marks the bundle in `folder` as built from the inputs of `present`.
pub(super) fn write(folder: &Path, present: Option<&str>) -> Result<()> {
    match present {
        Some(stamp) => fs::write(path(folder), stamp).context(STAMP),
        None => Ok(()),
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join(STAMP)
}
