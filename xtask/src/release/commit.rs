//! What git knows of the commit that is released.

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::core_only::printed;
use crate::process;

/// When the commit was made, in seconds since 1970: the time of every file.
pub(super) fn time_of(checkout: &Checkout) -> Result<u64> {
    let time = git(checkout, &["log", "-1", "--format=%ct"])?;
    time.trim().parse().context("git tells no time of the commit")
}

/// What git prints.
///
/// **Errors**: it fails.
pub(super) fn git(checkout: &Checkout, arguments: &[&str]) -> Result<String> {
    printed(process::command("git", checkout.root()).args(arguments))
}
