//! The folder that workerd reads: the Worker's modules, our own workers, and the storage.
//!
//! The Worker is copied. So a rebuild while an edge runs cannot mix the script of one build with
//! the wasm of another, and a restart runs the same build.
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The entry script.
const ENTRY: &str = "index.js";

/// Our own workers: file name and text.
const WORKERS: [(&str, &str); 8] = [
    ("analytics.js", include_str!("js/analytics.js")),
    ("cache.js", include_str!("js/cache.js")),
    ("ctl.js", include_str!("js/ctl.js")),
    ("in_turn.js", include_str!("js/in_turn.js")),
    ("invocations.js", include_str!("js/invocations.js")),
    ("jurisdictions.js", include_str!("js/jurisdictions.js")),
    ("kvtap.js", include_str!("js/kvtap.js")),
    ("netsim.js", include_str!("js/netsim.js")),
];

/// One module of a Worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    /// Its name in the bundle.
    pub(super) file: String,
    pub(super) is_wasm: bool,
}

/// A temporary folder, gone when dropped.
#[derive(Debug)]
pub(super) struct Folder {
    root: TempDir,
    /// Of the Worker.
    pub(super) modules: Vec<Module>,
    /// Of the Worker for requests alone; none if there is none.
    pub(super) front: Vec<Module>,
}

/// The folder of the Worker's modules.
pub(super) const MAIN: &str = "main";
/// The folder of those of the Worker for requests alone.
pub(super) const FRONT: &str = "front";

impl Folder {
    /// Copies the bundles into a new folder and lays out the rest.
    ///
    /// **Errors**: a bundle has no `index.js`, or a file cannot be written.
    pub(super) fn lay_out(bundle: &Path, front: Option<&Path>) -> Result<Folder> {
        let folder = tempfile::tempdir()?;
        let root = folder.path();
        for name in ["lab", "objects", "blobs"] {
            fs::create_dir(root.join(name))?;
        }
        for (name, text) in WORKERS {
            fs::write(root.join("lab").join(name), text)?;
        }
        let modules = copied(bundle, &root.join(MAIN))?;
        let front = front.map(|front| copied(front, &root.join(FRONT))).transpose()?;
        Ok(Folder { root: folder, modules, front: front.unwrap_or_default() })
    }

    pub(super) fn path(&self) -> &Path {
        self.root.path()
    }

    /// Writes the configuration and returns its path.
    pub(super) fn write_config(&self, text: &str) -> Result<PathBuf> {
        let path = self.path().join("config.capnp");
        fs::write(&path, text)?;
        Ok(path)
    }

    /// Removes the folder with everything in it.
    pub(super) fn remove(self) -> Result<()> {
        Ok(self.root.close()?)
    }
}

/// Copies a bundle's modules into a new folder.
fn copied(bundle: &Path, to: &Path) -> Result<Vec<Module>> {
    let modules = modules(bundle)?;
    fs::create_dir(to)?;
    for Module { file, .. } in &modules {
        fs::copy(bundle.join(file), to.join(file))?;
    }
    Ok(modules)
}

/// The scripts and wasm files directly in the bundle, the entry first: workerd starts with the
/// first module.
fn modules(bundle: &Path) -> Result<Vec<Module>> {
    let unreadable = || format!("cannot read the Worker's bundle in `{}`", bundle.display());
    let mut modules = Vec::new();
    for entry in fs::read_dir(bundle).with_context(unreadable)? {
        let name = entry?.file_name();
        let extension = Path::new(&name).extension().and_then(|extension| extension.to_str());
        let is_wasm = match extension {
            Some("js" | "mjs") => false,
            Some("wasm") => true,
            _ => continue,
        };
        modules.push(Module { file: name.to_string_lossy().into_owned(), is_wasm });
    }
    modules.sort_by_key(|module| (module.file != ENTRY, module.file.clone()));
    let begins_with_entry = modules.first().is_some_and(|module| module.file == ENTRY);
    ensure!(
        begins_with_entry,
        "there is no `{ENTRY}` in `{}`; build the Worker first",
        bundle.display()
    );
    Ok(modules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(files: &[&str]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            fs::write(folder.path().join(file), "").unwrap();
        }
        folder
    }

    #[test]
    fn the_entry_comes_first_and_other_files_stay_out() {
        let bundle = bundle(&["a.js", "index.js", "index_bg.wasm", "index.d.ts", "package.json"]);
        let files: Vec<(String, bool)> = modules(bundle.path())
            .unwrap()
            .into_iter()
            .map(|module| (module.file, module.is_wasm))
            .collect();
        let expected = [("index.js", false), ("a.js", false), ("index_bg.wasm", true)];
        assert_eq!(files, expected.map(|(file, is_wasm)| (file.to_owned(), is_wasm)));
    }

    #[test]
    fn a_bundle_without_entry_says_to_build() {
        let bundle = bundle(&["index_bg.wasm"]);
        let message = modules(bundle.path()).unwrap_err().to_string();
        assert!(message.contains("build the Worker first"), "{message}");
    }
}
