//! What the examples measure beside us or run on: packages of Debian and `PyPI`, in a folder.

use crate::deployment::root;
use anyhow::{Result, ensure};
use std::path::PathBuf;
use std::process::Command;

/// What `install.sh` ends with where the packages cannot be had.
const CANNOT_BE_HAD: i32 = 77;
/// Longest installation, in seconds.
const INSTALL_S_MAX: &str = "540";

/// Fetches what is missing of the packages of an example, and of what else is named. Returns their
/// folder, which is kept: `POINTSMAN_<EXAMPLE>_DIR`, or one for temporary files. `None`: they
/// cannot be had, and it is said why.
pub fn fetch(example: &str, with: &[&str]) -> Result<Option<PathBuf>> {
    let named = std::env::var_os(format!("POINTSMAN_{}_DIR", example.to_uppercase()));
    // Not in a home folder, where the users of some programs may not look.
    let folder = std::env::temp_dir().join(format!("pointsman-{example}"));
    let folder = named.map_or(folder, PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let mut install = Command::new("timeout");
    install.args([INSTALL_S_MAX, "bash"]).arg(root().join("lab/install.sh"));
    let done = install.arg(example).args(with).env("DIR", &folder).output()?;
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if done.status.code() == Some(CANNOT_BE_HAD) {
        eprintln!("skipped: {}", said.lines().last().unwrap_or_default());
        return Ok(None);
    }
    ensure!(done.status.success(), "the packages could not be fetched:\n{said}");
    Ok(Some(folder))
}
