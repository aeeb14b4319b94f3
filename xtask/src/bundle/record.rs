//! The recorded size of the wasm: what a build is compared with.
//!
//! The file is committed, so the main branch's own figure is at hand wherever its branch is,
//! without building it. A record that nobody renews would say nothing, so the checks of a change
//! hold it near the size.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::fence::Fence;
use crate::checkout::Checkout;
use crate::core_only::printed;
use crate::process;

/// The branches whose record is looked for, first the one that counts more.
const BRANCHES: [&str; 2] = ["main", "origin/main"];
/// How far the record may be off: small changes need no new one, which would meet another branch's
/// in every merge.
const OFF_BYTES_MAX: usize = 4 * 1024;

/// A recorded size.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Where it was recorded, for people.
    pub(super) place: &'static str,
    /// Bytes after `gzip -9`.
    pub(super) gzip_bytes: usize,
}

/// The main branch's record; where there is no such branch, as in an archive, the checkout's own.
pub(super) fn to_compare(checkout: &Checkout, fence: Fence) -> Option<Record> {
    let of_branch = |branch: &'static str| {
        let mut git = process::command("git", checkout.root());
        let file = format!("{branch}:{}", fence.record);
        let text = printed(git.args(["show", &file])).ok()?;
        Some(Record { place: branch, gzip_bytes: read(&text)? })
    };
    let own = || Some(Record { place: "recorded", gzip_bytes: own(checkout, fence).ok()? });
    BRANCHES.into_iter().find_map(of_branch).or_else(own)
}

/// Records a size.
pub(super) fn write(checkout: &Checkout, fence: Fence, gzip_bytes: usize) -> Result<()> {
    fs::write(path(checkout, fence), format!("{gzip_bytes}\n"))
        .with_context(|| format!("cannot write {}", fence.record))
}

/// Holds the checkout's own record against the size.
///
/// **Errors** when it is off by more than [`OFF_BYTES_MAX`], or there is none.
pub(super) fn check(checkout: &Checkout, fence: Fence, gzip_bytes: usize) -> Result<()> {
    is_near(fence.record, own(checkout, fence)?, gzip_bytes)
}

fn is_near(file: &str, recorded: usize, gzip_bytes: usize) -> Result<()> {
    ensure!(
        recorded.abs_diff(gzip_bytes) <= OFF_BYTES_MAX,
        "{file} says {recorded} bytes, and the wasm has {gzip_bytes}; if it should, renew the \
         record with `cargo xtask build --record`"
    );
    Ok(())
}

fn own(checkout: &Checkout, fence: Fence) -> Result<usize> {
    let file = fence.record;
    let text = fs::read_to_string(path(checkout, fence));
    let text = text.with_context(|| format!("cannot read {file}"))?;
    read(&text).with_context(|| format!("{file} has no number"))
}

fn read(text: &str) -> Option<usize> {
    text.trim_end().parse().ok()
}

fn path(checkout: &Checkout, fence: Fence) -> PathBuf {
    checkout.root().join(fence.record)
}

#[cfg(test)]
mod tests {
    use super::super::fence::{EDGE, WHOLE};
    use super::*;

    #[test]
    fn a_record_may_be_off_by_the_limit_and_by_no_byte_more() {
        for off in [0, OFF_BYTES_MAX - 1, OFF_BYTES_MAX] {
            assert!(is_near("a.txt", 300_000, 300_000 + off).is_ok(), "{off}");
            assert!(is_near("a.txt", 300_000 + off, 300_000).is_ok(), "{off}");
        }
        let error = is_near("a.txt", 300_000, 304_097).unwrap_err().to_string();
        assert!(error.starts_with("a.txt says 300000 bytes"), "{error}");
        assert!(is_near("a.txt", 304_097, 300_000).is_err());
    }

    #[test]
    fn the_checkout_has_a_record_of_each() {
        let checkout = Checkout::locate().unwrap();
        assert!([WHOLE, EDGE].iter().all(|fence| own(&checkout, *fence).unwrap() > 0));
    }

    #[test]
    fn what_is_no_number_is_no_record() {
        assert_eq!(read("123\n"), Some(123));
        assert_eq!(["", "12 KB\n", "-1\n"].map(read), [None; 3]);
    }
}
