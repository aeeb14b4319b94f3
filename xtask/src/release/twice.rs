//! Whether the release is the same if it is made elsewhere.

use std::fs;

use anyhow::{Context, Result, bail, ensure};

use super::commit::git;
use super::made::Made;
use crate::checkout::Checkout;
use crate::process;

/// Makes it again from a clone at another place, with a target folder of its own, and compares.
///
/// **Errors**: there are changes that are not committed, as the clone would lack them; or the two
/// differ.
pub(super) fn check(checkout: &Checkout, made: &Made) -> Result<()> {
    let changed = git(checkout, &["status", "--porcelain", "--untracked-files=no"])?;
    ensure!(changed.is_empty(), "commit first: a clone lacks what is not committed\n{changed}");
    let place = tempfile::Builder::new().prefix("pointsman-elsewhere-").tempdir()?;
    let clone = place.path().join("clone");
    let mut cloning = process::command("git", checkout.root());
    process::prepare(cloning.args(["clone", "--quiet", "--local", "."]).arg(&clone))?;
    let mut again = process::command("cargo", &clone);
    again.args(["run", "--quiet", "--package", "xtask", "--", "release", "--out"]);
    again.arg(place.path().join("out")).env_remove("CARGO_TARGET_DIR");
    process::prepare(&mut again)?;
    let folder = place.path().join("out").join(&made.name);
    same_sums(
        &fs::read_to_string(made.folder.join("SHA256SUMS"))?,
        &fs::read_to_string(folder.join("SHA256SUMS"))?,
    )?;
    let archive = place.path().join("out").join(made.archive.file_name().context("no name")?);
    ensure!(fs::read(&made.archive)? == fs::read(archive)?, "the archives differ");
    Ok(())
}

/// Errors: names the files that differ.
fn same_sums(one: &str, other: &str) -> Result<()> {
    let differ: Vec<&str> =
        one.lines().filter(|line| !other.lines().any(|same| same == *line)).collect();
    if differ.is_empty() && one.lines().count() == other.lines().count() {
        return Ok(());
    }
    bail!("made elsewhere these are others:\n{}", differ.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_differs_or_is_more_is_named() {
        assert!(same_sums("1  a\n2  b\n", "1  a\n2  b\n").is_ok());
        let differs = same_sums("1  a\n2  b\n", "1  a\n3  b\n").unwrap_err().to_string();
        assert!(differs.ends_with("others:\n2  b"), "{differs}");
        assert!(same_sums("1  a\n", "1  a\n2  b\n").is_err());
    }
}
