//! Programs that come as crates, built once per version into the cache.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::process;

const WORKER_BUILD_VERSION: &str = "0.8.7";

/// A tool works for a second at a time; to have it optimized would double the minutes of the first
/// run and win back half a second in each of the others.
const QUICK_TO_BUILD: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
];

/// A crate of the registry that installs a program.
struct Tool<'a> {
    /// The crate.
    package: &'a str,
    /// The program that it installs.
    program: &'a str,
    version: &'a str,
    dependencies: Dependencies,
}

/// Which versions of its dependencies a tool is built with.
#[derive(Clone, Copy)]
enum Dependencies {
    /// Those that its authors released it with.
    AsReleased,
    /// The newest that fit.
    Newest,
}

/// The program that builds the Worker; of the same release as the `worker` crate.
pub(super) fn worker_build(checkout: &Checkout, tools: &Path) -> Result<PathBuf> {
    let tool = Tool {
        package: "worker-build",
        program: "worker-build",
        version: WORKER_BUILD_VERSION,
        dependencies: Dependencies::AsReleased,
    };
    ensure(checkout, tools, &tool)
}

/// The program that writes the glue between JavaScript and wasm. It reads what the crate of the
/// same name wrote into the wasm, and understands that of its own version only.
pub(super) fn wasm_bindgen(checkout: &Checkout, tools: &Path) -> Result<PathBuf> {
    let lock =
        fs::read_to_string(checkout.root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let version = locked_version(&lock, "wasm-bindgen")
        .context("Cargo.lock does not tell the version of `wasm-bindgen`")?;
    let tool = Tool {
        package: "wasm-bindgen-cli",
        program: "wasm-bindgen",
        version,
        // The lock file in this crate names a release of `webpki-roots` that not every registry
        // offers.
        dependencies: Dependencies::Newest,
    };
    ensure(checkout, tools, &tool)
}

/// Builds the tool unless its folder is there. The folder gets its name only when it is complete.
fn ensure(checkout: &Checkout, tools: &Path, tool: &Tool<'_>) -> Result<PathBuf> {
    let name = format!("{}-{}", tool.package, tool.version);
    let finished = tools.join(&name);
    let program = finished.join("bin").join(tool.program);
    if program.exists() {
        return Ok(program);
    }
    eprintln!("setup: building {} {} (once, some minutes)", tool.package, tool.version);
    let unfinished = tools.join(format!("{name}.unfinished"));
    for leftover in [&unfinished, &finished] {
        if leftover.exists() {
            fs::remove_dir_all(leftover)?;
        }
    }
    install(checkout, tool, &unfinished)?;
    fs::rename(&unfinished, &finished)
        .with_context(|| format!("cannot make {}", finished.display()))?;
    Ok(program)
}

/// Installs into `folder`, whose intermediate files are deleted afterwards.
fn install(checkout: &Checkout, tool: &Tool<'_>, folder: &Path) -> Result<()> {
    let target = folder.join("target");
    let mut cargo = process::command("cargo", checkout.root());
    cargo.args(["install", tool.package, "--version", &format!("={}", tool.version)]);
    cargo.args(["--bin", tool.program, "--no-track"]);
    cargo.arg("--root").arg(folder).arg("--target-dir").arg(&target);
    if matches!(tool.dependencies, Dependencies::AsReleased) {
        cargo.arg("--locked");
    }
    // A tool runs on this machine, whatever the caller is building for.
    cargo.envs(QUICK_TO_BUILD).env_remove("CARGO_BUILD_TARGET");
    // Spares the reader cargo's advice to put a folder on the PATH that soon has another name.
    let path = env::var_os("PATH").unwrap_or_default();
    let known = env::split_paths(&path).chain([folder.join("bin")]);
    cargo.env("PATH", env::join_paths(known)?);
    process::prepare(&mut cargo)?;
    fs::remove_dir_all(target).context("cannot delete the files of a finished build")
}

/// The version of `package` in the text of a `Cargo.lock`, in which the version follows the name.
pub(crate) fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"version = 4

[[package]]
name = "wasm-bindgen-macro"
version = "9.9.9"

[[package]]
name = "wasm-bindgen"
version = "0.2.130"
"#;

    #[test]
    fn the_version_is_that_of_the_package_with_the_whole_name() {
        assert_eq!(locked_version(LOCK, "wasm-bindgen"), Some("0.2.130"));
    }

    #[test]
    fn a_package_that_is_not_locked_has_no_version() {
        assert_eq!(locked_version(LOCK, "wasm"), None);
    }
}
