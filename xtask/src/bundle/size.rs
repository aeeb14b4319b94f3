//! The limit on the size of the wasm.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;

/// The most that the wasm may weigh after `gzip -9`. Far below the platform's own limit of 3 MB:
/// start-up time grows with size, and one careless dependency costs a third of it (`url`) or more
/// than all of it (`regex`).
const WASM_GZIP_BYTES_MAX: usize = 250 * 1024;

/// Prints the size of the file at `wasm`, as it is and gzipped.
///
/// **Errors** when it is above the limit.
pub(super) fn weigh(wasm: &Path) -> Result<()> {
    let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let gzip_bytes = gzip_size(&bytes)?;
    eprintln!(
        "wasm: {} bytes, {gzip_bytes} bytes gzipped (limit {WASM_GZIP_BYTES_MAX})",
        bytes.len()
    );
    within_limit(gzip_bytes)
}

/// The bytes of the file at `wasm` when gzipped.
pub(super) fn gzip_bytes(wasm: &Path) -> Result<usize> {
    let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    gzip_size(&bytes)
}

fn within_limit(gzip_bytes: usize) -> Result<()> {
    ensure!(
        gzip_bytes <= WASM_GZIP_BYTES_MAX,
        "the wasm has {gzip_bytes} bytes gzipped, {} above the limit of {WASM_GZIP_BYTES_MAX}",
        gzip_bytes - WASM_GZIP_BYTES_MAX
    );
    Ok(())
}

fn gzip_size(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wasm_of_exactly_the_limit_passes() {
        assert!(within_limit(WASM_GZIP_BYTES_MAX).is_ok());
    }

    #[test]
    fn one_byte_above_the_limit_is_refused_with_the_numbers() {
        let error = within_limit(WASM_GZIP_BYTES_MAX + 1).unwrap_err().to_string();
        assert_eq!(error, "the wasm has 256001 bytes gzipped, 1 above the limit of 256000");
    }

    #[test]
    fn what_counts_is_the_gzipped_size() {
        assert!(gzip_size(&vec![0; 4 * WASM_GZIP_BYTES_MAX]).unwrap() < 2048);
    }
}
