//! Finds the runtime's binary.
use anyhow::{Result, bail};
use std::env;
use std::path::{Path, PathBuf};

/// The variable that overrides the binary installed by npm.
const VARIABLE: &str = "POINTSMAN_WORKERD";

/// The npm packages that hold a binary, one for each platform.
const PACKAGES: [&str; 4] =
    ["workerd-linux-64", "workerd-linux-arm64", "workerd-darwin-arm64", "workerd-darwin-64"];

/// Finds workerd: the file that `POINTSMAN_WORKERD` names, or the one that npm installed under
/// `root`.
///
/// **Errors**: there is none; the message says what to run.
pub fn find_workerd(root: &Path) -> Result<PathBuf> {
    find(root, env::var_os(VARIABLE).map(PathBuf::from))
}

fn find(root: &Path, named: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(named) = named {
        if named.is_file() {
            return Ok(named);
        }
        bail!("{VARIABLE} names `{}`, which is not a file", named.display());
    }
    let modules = root.join("node_modules/@cloudflare");
    let candidates = PACKAGES.map(|package| modules.join(package).join("bin/workerd"));
    if let Some(found) = candidates.into_iter().find(|path| path.is_file()) {
        return Ok(found);
    }
    bail!(
        "workerd is not installed under `{}`; run `npm ci` in `{}`, or set {VARIABLE} to the path \
         of a binary",
        modules.display(),
        root.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn install(root: &Path, package: &str) -> PathBuf {
        let folder = root.join("node_modules/@cloudflare").join(package).join("bin");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("workerd"), "").unwrap();
        folder.join("workerd")
    }

    #[test]
    fn the_package_of_any_platform_is_found() {
        for package in PACKAGES {
            let root = tempfile::tempdir().unwrap();
            let installed = install(root.path(), package);
            assert_eq!(find(root.path(), None).unwrap(), installed);
        }
    }

    #[test]
    fn a_named_binary_goes_before_the_installed_one() {
        let root = tempfile::tempdir().unwrap();
        install(root.path(), PACKAGES[0]);
        let named = root.path().join("other");
        assert!(find(root.path(), Some(named.clone())).is_err());
        fs::write(&named, "").unwrap();
        assert_eq!(find(root.path(), Some(named.clone())).unwrap(), named);
    }

    #[test]
    fn a_missing_binary_tells_what_to_run() {
        let root = tempfile::tempdir().unwrap();
        let message = find(root.path(), None).unwrap_err().to_string();
        assert!(message.contains("npm ci") && message.contains(VARIABLE), "{message}");
    }
}
