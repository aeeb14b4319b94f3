//! Where things are: the checkout's own folders and the cache that outlives it.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The checkout that `cargo xtask` was called in, and the folders that the commands use.
#[derive(Debug)]
pub(crate) struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// Finds the checkout from what cargo tells the programs that it runs.
    ///
    /// Read at run time and not baked in, so that a target folder shared by two checkouts serves
    /// both.
    pub(crate) fn locate() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .context("CARGO_MANIFEST_DIR is not set: start this program with `cargo xtask`")?;
        let root = Path::new(&manifest).parent().context("xtask has no parent folder")?;
        Ok(Self { root: root.to_owned() })
    }

    /// The folder of `Cargo.lock` and `wrangler.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What `worker-build` writes: `index.js` and `index_bg.wasm`.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.root.join("build")
    }

    /// The same for the Worker for requests alone.
    pub(crate) fn edge_bundle(&self) -> PathBuf {
        self.root.join("build-edge")
    }

    /// The packages of `package-lock.json`, as npm lays them out.
    pub(crate) fn node_modules(&self) -> PathBuf {
        self.root.join("node_modules")
    }

    /// Cargo's target folder.
    pub(crate) fn target(&self) -> PathBuf {
        let chosen = env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty());
        self.root.join(chosen.unwrap_or_else(|| "target".into()))
    }
}

/// The folder that outlives a checkout: tools built once serve every clone on the machine.
///
/// `$POINTSMAN_CACHE`, else `$XDG_CACHE_HOME`, else `~/.cache`; below it `pointsman/`.
///
/// **Errors** when none of the three is set.
pub(crate) fn cache() -> Result<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("POINTSMAN_CACHE")
        .or_else(|| set("XDG_CACHE_HOME"))
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .context("no place for built tools: set POINTSMAN_CACHE to a folder")?;
    Ok(std::path::absolute(base)?.join("pointsman"))
}
