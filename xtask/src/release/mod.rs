//! Makes a folder that deploys with Node.js alone, and its archive.
//!
//! Whoever deploys needs no Rust: the bundle is built, `wrangler.toml` has no build step, and the
//! tool is one static program. Made twice, the archive is the same byte for byte: nothing in it
//! knows the machine, the folder or the time, and each file has the time of the commit. Only the C
//! compiler is the machine's own.

mod account;
mod archive;
mod commit;
mod folder;
mod links;
mod made;
mod native;
mod npm;
mod owned;
mod page;
mod sbom;
mod stranger;
mod twice;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::checkout::Checkout;
use crate::setup;

/// The options of `cargo xtask release`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where the folder and its archive go [default: `release` in cargo's target folder]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Makes it once more, from a clone at another place, and compares byte for byte
    #[arg(long)]
    twice: bool,
    /// Then does what docs/getting-started.md says, with the archive, Node.js and curl alone
    #[arg(long = "try")]
    is_tried: bool,
}

/// Makes the release, and checks it as far as it is asked to.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let tools = setup::run(checkout)?;
    let out = options.out.clone().unwrap_or_else(|| checkout.target().join("release-folder"));
    let made = folder::make(checkout, &tools, &std::path::absolute(out)?)?;
    println!("{}\n{}  {}", made.folder.display(), made.archive.display(), made.sha256);
    if options.twice {
        twice::check(checkout, &made)?;
        println!("made twice, at two places: the same byte for byte");
    }
    if options.is_tried {
        stranger::play(checkout, &made)?;
    }
    Ok(())
}
