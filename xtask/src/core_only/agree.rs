//! Holds wasm against the host: both play the same random worlds, and what comes out must be the
//! same to the last bit.

use anyhow::{Result, bail, ensure};

use super::{Builds, printed};

/// Blocks of a hundred decisions each, and as many steps of health, averages and distances.
const BLOCKS: usize = 1_000;
/// The first number of the worlds.
const SEED: &str = "2026";

/// Plays on both.
///
/// **Errors** with the first block that differs.
pub(crate) fn run(builds: &Builds) -> Result<()> {
    let words = ["vectors", SEED, &BLOCKS.to_string()];
    let host = printed(builds.on_host().args(words))?;
    let wasm = printed(builds.on_wasm().args(words))?;
    compare(&host, &wasm, BLOCKS)?;
    println!("host and wasm agree on {BLOCKS} blocks, {} decisions", BLOCKS * 100);
    Ok(())
}

fn compare(host: &str, wasm: &str, blocks: usize) -> Result<()> {
    for (host, wasm) in host.lines().zip(wasm.lines()) {
        if host != wasm {
            bail!("a block differs: `{host}` on the host, `{wasm}` as wasm");
        }
    }
    let counts = (host.lines().count(), wasm.lines().count());
    ensure!(counts == (blocks, blocks), "{counts:?} blocks were played, and not {blocks}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_agrees() {
        assert!(compare("0 a\n1 b\n", "0 a\n1 b\n", 2).is_ok());
    }

    #[test]
    fn the_first_block_that_differs_is_told() {
        let error = compare("0 a\n1 b\n", "0 a\n1 c\n", 2).unwrap_err().to_string();
        assert_eq!(error, "a block differs: `1 b` on the host, `1 c` as wasm");
    }

    #[test]
    fn a_side_that_stopped_early_does_not_agree() {
        assert!(compare("0 a\n1 b\n", "0 a\n", 2).is_err());
        assert!(compare("", "", 2).is_err());
    }
}
