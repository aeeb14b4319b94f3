//! What a release consists of, and its checksums.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// A release that is made.
#[derive(Debug)]
pub(super) struct Made {
    /// Its name, such as `pointsman-0.1.0-linux-x64`.
    pub(super) name: String,
    /// Its folder, which has this name.
    pub(super) folder: PathBuf,
    /// The same as one file.
    pub(super) archive: PathBuf,
    /// The checksum of the archive.
    pub(super) sha256: String,
}

/// The files of a folder with their paths inside it, in order.
pub(super) fn files(folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
        if entry.file_type().is_file() {
            let inside = entry.path().strip_prefix(folder)?;
            files.push(inside.to_str().context("a name is no text")?.to_owned());
        }
    }
    files.sort();
    Ok(files)
}

/// Lines as `sha256sum --check` takes them.
pub(super) fn sums(folder: &Path) -> Result<String> {
    let line = |file: String| Ok(format!("{}  {file}\n", sha256(&folder.join(&file))?));
    files(folder)?.into_iter().map(line).collect()
}

/// The checksum of a file.
pub(super) fn sha256(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let hash = Sha256::digest(bytes);
    Ok(hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_in_the_order_of_the_names_and_in_the_form_of_sha256sum() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        fs::write(folder.path().join("b/c"), "").unwrap();
        fs::write(folder.path().join("a"), "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n\
                        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b/c\n";
        assert_eq!(sums(folder.path()).unwrap(), expected);
    }
}
