//! The files that the rules are about.

use std::fs;
use std::path::Path;
use walkdir::{DirEntry, WalkDir};

/// What is walked; folders of these names inside are not ours.
const FOLDERS: [&str; 8] =
    ["src", "bench", "lab", "xtask", "tests", "docs", "examples", "findings"];
const NOT_OURS: [&str; 2] = ["node_modules", "target"];

/// A file of ours; `path` is relative to the checkout.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|ending| ending == "rs")
    }

    /// Whether it only tests others.
    pub(crate) fn is_test(&self) -> bool {
        let parts = || self.path.split('/');
        self.path.ends_with("/tests.rs") || parts().any(|part| part == "tests")
    }
}

/// Every text file of ours, in the order of their paths.
pub(crate) fn all() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = |entry: &DirEntry| !NOT_OURS.iter().any(|name| entry.file_name() == *name);
    let walk = |from: &str, depth| {
        let walk = WalkDir::new(root.join(from)).max_depth(depth);
        walk.sort_by_file_name().into_iter().filter_entry(ours)
    };
    // Beside the folders lie the pages that are read first.
    let beside = walk("", 1);
    let entries = FOLDERS.into_iter().flat_map(|folder| walk(folder, usize::MAX)).chain(beside);
    let file = |entry: DirEntry| {
        let path = entry.path().strip_prefix(root).ok()?.to_str()?.to_owned();
        Some(File { path, text: fs::read_to_string(entry.path()).ok()? })
    };
    let entries = entries.map(|entry| entry.expect("a folder of the checkout can be read"));
    entries.filter(|entry| entry.file_type().is_file()).filter_map(file).collect()
}

/// The files in Rust.
pub(crate) fn rust() -> Vec<File> {
    all().into_iter().filter(File::is_rust).collect()
}

/// The files in Rust that are built into something, without their unit tests: tests may look up,
/// and may hold the code against other arithmetic.
pub(crate) fn built() -> Vec<File> {
    let without_tests = |file: File| {
        let text = file.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        File { text: text.to_owned(), path: file.path }
    };
    rust().into_iter().filter(|file| !file.is_test()).map(without_tests).collect()
}
