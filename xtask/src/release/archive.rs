//! One file of a folder, the same whenever and wherever it is made.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use tar::{Builder, Header};

use super::made::files;

/// Packs `folder` under `name`. Every file belongs to nobody and has the same time.
///
/// **Errors**: something cannot be read or written.
pub(super) fn pack(folder: &Path, name: &str, time_s: u64, archive: &Path) -> Result<()> {
    let file =
        File::create(archive).with_context(|| format!("cannot make {}", archive.display()))?;
    // Neither a name nor a time in the head of the file.
    let packed = GzBuilder::new().write(BufWriter::new(file), Compression::best());
    let mut tar = Builder::new(packed);
    for path in files(folder)? {
        let inside = folder.join(&path);
        let bytes = fs::read(&inside)?;
        let is_program = fs::metadata(&inside)?.permissions().mode() & 0o100 != 0;
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(if is_program { 0o755 } else { 0o644 });
        header.set_mtime(time_s);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, format!("{name}/{path}"), bytes.as_slice())?;
    }
    tar.into_inner()?.finish()?.flush().context("the archive")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_of_the_same_files_is_the_same() {
        let pack = || {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("x")).unwrap();
            for (file, text) in [("x/b", "2"), ("a", "1")] {
                fs::write(folder.path().join(file), text).unwrap();
            }
            let archive = tempfile::NamedTempFile::new().unwrap();
            super::pack(folder.path(), "name", 1_700_000_000, archive.path()).unwrap();
            fs::read(archive.path()).unwrap()
        };
        let (one, other) = (pack(), pack());
        assert_eq!(one, other);
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(one.as_slice()));
        let paths: Vec<_> = tar
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().into_owned())
            .collect();
        assert_eq!(paths, [Path::new("name/a"), Path::new("name/x/b")]);
    }
}
