//! Tells whether `build/` is what a new run would write.
//!
//! The stamp is a hash of all that goes in: the compiled wasm and the programs that work on it. It
//! looks at contents and not at times, so a fresh clone, a switched branch and a restored cache are
//! all judged rightly.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Profile, entry};
use crate::checkout::Checkout;
use crate::setup::Tools;

/// The stamp of the next build. `None` when the compiled wasm is not where cargo puts it by
/// default; the next build is then always done.
pub(super) fn of_inputs(
    checkout: &Checkout,
    tools: &Tools,
    profile: Profile,
) -> Result<Option<String>> {
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => "release",
    };
    let compiled = checkout.target().join("wasm32-unknown-unknown").join(folder);
    let Ok(wasm) = fs::read(compiled.join("pointsman.wasm")) else {
        return Ok(None);
    };
    let mut hasher = DefaultHasher::new();
    (folder, wasm).hash(&mut hasher);
    // Paths with versions in them, for the npm packages the lock file, and this program.
    (&tools.worker_build, &tools.wasm_bindgen).hash(&mut hasher);
    let own = env::current_exe().context("cannot tell which program this is")?;
    let sources = entry::SOURCES.map(|source| checkout.root().join(source));
    for file in [checkout.root().join("package-lock.json"), own].into_iter().chain(sources) {
        let content = fs::read(&file);
        content.with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
    }
    Ok(Some(format!("{:016x}\n", hasher.finish())))
}

/// True when `build/` is complete and its stamp is `present`.
pub(super) fn is_current(checkout: &Checkout, present: Option<&str>) -> bool {
    let complete =
        ["index.js", "index_bg.wasm"].iter().all(|file| checkout.bundle().join(file).exists());
    complete && present.is_some() && fs::read_to_string(path(checkout)).ok().as_deref() == present
}

/// Takes the stamp away before a build, so that a build which fails half-way is not taken for a
/// whole one.
pub(super) fn remove(checkout: &Checkout) -> Result<()> {
    match fs::remove_file(path(checkout)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).context("build/.stamp"),
        _ => Ok(()),
    }
}

/// Marks `build/` as built from the inputs of `present`.
pub(super) fn write(checkout: &Checkout, present: Option<&str>) -> Result<()> {
    match present {
        Some(stamp) => fs::write(path(checkout), stamp).context("build/.stamp"),
        None => Ok(()),
    }
}

fn path(checkout: &Checkout) -> PathBuf {
    checkout.bundle().join(".stamp")
}
