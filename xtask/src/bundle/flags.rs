//! The flags of the compiler, and that nobody can tell from the wasm where it was built.
//!
//! A message of a panic names its file, and that of a dependency lies in a person's home folder:
//! what is deployed would tell of the machine, and its size would depend on where the checkout is.
//! So the compiler writes other names for these folders. Cargo's own way, `trim-paths`, is not
//! stable yet.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Kind;
use crate::checkout::Checkout;
use crate::process;

/// Between two flags in the variable that cargo reads them from: paths may have spaces.
const SEPARATOR: &str = "\x1f";
/// Lets each part of the Worker panic where a test asks it to.
const PROVOKING: [&str; 2] = ["--cfg", "pointsman_provoke_panic"];
/// Leaves out what requests of clients do not need.
const EDGE: [&str; 2] = ["--cfg", "pointsman_edge"];

/// Folders of this machine, each with the name that the compiler writes in its place.
fn folders(checkout: &Checkout) -> Result<Vec<(PathBuf, String)>> {
    let sysroot = rustc(checkout, &["--print", "sysroot"])?;
    let library = Path::new(sysroot.trim_end()).join("lib/rustlib/src/rust");
    Ok(vec![
        (checkout.root().to_owned(), ".".to_owned()),
        (std::path::absolute(checkout.target())?, "target".to_owned()),
        (cargo_home()?, "/cargo".to_owned()),
        // As the compiler itself calls it where it has not the sources.
        (library, format!("/rustc/{}", commit(&rustc(checkout, &["-vV"])?))),
    ])
}

/// The commit of a compiler that introduces itself.
fn commit(version: &str) -> &str {
    version.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or("unknown")
}

/// What cargo is to hand to the compiler. A build for looking for a fault keeps the real paths, by
/// which debuggers find the sources.
///
/// **Errors** when the folders of this machine cannot be told.
pub(super) fn encoded(checkout: &Checkout, kind: Kind) -> Result<OsString> {
    if matches!(kind, Kind::Dev) {
        return Ok(OsString::new());
    }
    let mut flags = Vec::new();
    for (folder, name) in folders(checkout)? {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(folder);
        flag.push("=");
        flag.push(name);
        flags.push(flag);
    }
    let more: &[&str] = match kind {
        Kind::Dev | Kind::Release => &[],
        Kind::Provoking => &PROVOKING,
        Kind::Edge => &EDGE,
    };
    flags.extend(more.iter().map(OsString::from));
    Ok(flags.join(OsStr::new(SEPARATOR)))
}

/// Looks for the folders of this machine in what was built.
///
/// **Errors** when one is there.
pub(super) fn check(checkout: &Checkout, built: &Path) -> Result<()> {
    let bytes = fs::read(built).with_context(|| format!("cannot read {}", built.display()))?;
    let home = env::home_dir().filter(|home| home.parent().is_some());
    for folder in folders(checkout)?.into_iter().map(|(folder, _)| folder).chain(home) {
        if let Some(told) = path_in(&bytes, &folder) {
            bail!("{} tells where it was built: {told}", built.display());
        }
    }
    Ok(())
}

/// The first path below `folder` that stands in the bytes.
fn path_in(bytes: &[u8], folder: &Path) -> Option<String> {
    let folder = format!("{}/", folder.display());
    let at = bytes.windows(folder.len()).position(|window| window == folder.as_bytes())?;
    let is_text = |byte: &&u8| byte.is_ascii_graphic();
    let path: Vec<u8> = bytes.get(at..)?.iter().take_while(is_text).copied().collect();
    Some(String::from_utf8_lossy(&path).into_owned())
}

fn cargo_home() -> Result<PathBuf> {
    let set = env::var_os("CARGO_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    set.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).context("no home folder")
}

fn rustc(checkout: &Checkout, arguments: &[&str]) -> Result<String> {
    let mut command = process::command("rustc", checkout.root());
    crate::core_only::printed(command.args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_a_folder_is_found_with_its_rest() {
        let bytes = b"\0called /home/a/.cargo/x.rs\0/home/ab/y.rs";
        assert_eq!(path_in(bytes, Path::new("/home/a")).unwrap(), "/home/a/.cargo/x.rs");
        assert_eq!(path_in(bytes, Path::new("/home/b")), None);
    }

    #[test]
    fn each_folder_of_this_machine_gets_another_name() {
        let checkout = Checkout::locate().unwrap();
        let flags = encoded(&checkout, Kind::Release).unwrap().into_string().unwrap();
        let flags: Vec<&str> = flags.split(SEPARATOR).collect();
        let root = format!("--remap-path-prefix={}=.", checkout.root().display());
        assert_eq!((flags.len(), flags[0]), (4, root.as_str()));
        assert!(!flags.contains(&PROVOKING[1]) && !flags.contains(&EDGE[1]));
        assert_eq!(encoded(&checkout, Kind::Dev).unwrap(), "");
    }

    #[test]
    fn only_the_build_for_the_test_can_be_made_to_panic() {
        let checkout = Checkout::locate().unwrap();
        let flags = encoded(&checkout, Kind::Provoking).unwrap().into_string().unwrap();
        assert!(flags.ends_with("--cfg\x1fpointsman_provoke_panic"), "{flags}");
    }
}
