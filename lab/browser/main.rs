//! `cargo run --example browser`: the dashboard in a real browser.
//!
//! Chromium looks at each page of a running deployment, in light and dark, with and without
//! JavaScript; axe-core says what is wrong for those who cannot see or use a mouse. Acts are done
//! by the keyboard, and what comes of them is read where it has to arrive: in KV, at the API, in
//! DNS.
//! `--pictures DIR` keeps a picture of each page.
//!
//! `lab/install.sh` fetches Chromium from Debian; `POINTSMAN_BROWSER_DIR` names its folder, which
//! is kept. The Worker has to be built: `cargo xtask build`.
#![expect(clippy::print_stdout, reason = "a program that prints a table")]
#![expect(clippy::indexing_slicing, reason = "JSON answers null for what it does not have")]

mod chromium;
mod story;

use anyhow::{Result, bail};
use clap::Parser;
use pointsman_lab::packages;
use std::path::PathBuf;

#[derive(Parser)]
struct Arguments {
    /// Keeps a picture of each page in this folder
    #[arg(long)]
    pictures: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let Some(programs) = packages::fetch("browser", &[])? else { return Ok(()) };
    // Whatever is running ends with the world and the browser, which are dropped in either case.
    tokio::select! {
        played = story::play(&programs, arguments.pictures.as_deref()) => played,
        signal = tokio::signal::ctrl_c() => { signal?; bail!("interrupted") }
    }
}
