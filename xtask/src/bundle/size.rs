//! What the wasm weighs, and the limit on that.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::fence::Fence;
use super::record::{self, Record};
use crate::checkout::Checkout;

/// Prints the size of the file at `wasm`, as it is and gzipped, and what changed.
///
/// **Errors** when it is above the limit.
pub(super) fn weigh(checkout: &Checkout, fence: Fence, wasm: &Path) -> Result<()> {
    let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let gzip_bytes = gzip_size(&bytes)?;
    let before = record::to_compare(checkout, fence);
    eprintln!("{}", told(bytes.len(), gzip_bytes, fence, before.as_ref()));
    within_limit(gzip_bytes, fence)
}

/// The bytes of the file at `wasm` when gzipped.
pub(super) fn gzip_bytes(wasm: &Path) -> Result<usize> {
    let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    gzip_size(&bytes)
}

fn told(bytes: usize, gzip_bytes: usize, fence: Fence, before: Option<&Record>) -> String {
    let change = match before {
        Some(before) => {
            let sign = if gzip_bytes < before.gzip_bytes { "-" } else { "+" };
            let change = grouped(gzip_bytes.abs_diff(before.gzip_bytes));
            format!("{} {}, {sign}{change}", before.place, grouped(before.gzip_bytes))
        }
        None => "no size is recorded".to_owned(),
    };
    let [bytes, gzip_bytes, most] = [bytes, gzip_bytes, fence.gzip_bytes_max].map(grouped);
    format!("wasm: {bytes} bytes, {gzip_bytes} gzipped (limit {most}; {change})")
}

/// The number with a comma before each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let comma = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    digits.chars().enumerate().fold(String::new(), |text, (at, digit)| {
        if comma(at) { format!("{text},{digit}") } else { format!("{text}{digit}") }
    })
}

fn within_limit(gzip_bytes: usize, Fence { gzip_bytes_max: most, .. }: Fence) -> Result<()> {
    ensure!(
        gzip_bytes <= most,
        "the wasm has {gzip_bytes} bytes gzipped, {} above the limit of {most}",
        gzip_bytes - most
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
    use super::super::fence::{EDGE, WHOLE};
    use super::*;

    #[test]
    fn a_wasm_of_exactly_the_limit_passes() {
        for fence in [WHOLE, EDGE] {
            assert!(within_limit(fence.gzip_bytes_max - 1, fence).is_ok());
            assert!(within_limit(fence.gzip_bytes_max, fence).is_ok());
        }
    }

    #[test]
    fn one_byte_above_the_limit_is_refused_with_the_numbers() {
        let error = within_limit(WHOLE.gzip_bytes_max + 1, WHOLE).unwrap_err().to_string();
        assert_eq!(error, "the wasm has 851969 bytes gzipped, 1 above the limit of 851968");
    }

    #[test]
    fn what_counts_is_the_gzipped_size() {
        assert!(gzip_size(&vec![0; 4 * WHOLE.gzip_bytes_max]).unwrap() < 4096);
    }

    #[test]
    fn a_size_is_told_beside_the_one_of_the_main_branch() {
        let before = |gzip_bytes| Record { place: "main", gzip_bytes };
        for (before, end) in [
            (Some(before(259_980)), "main 259,980, +143)"),
            (Some(before(260_123)), "main 260,123, +0)"),
            (Some(before(1_260_124)), "main 1,260,124, -1,000,001)"),
            (None, "no size is recorded)"),
        ] {
            let told = told(723_456, 260_123, WHOLE, before.as_ref());
            let begin = "wasm: 723,456 bytes, 260,123 gzipped (limit 851,968; ";
            assert_eq!(told, format!("{begin}{end}"));
        }
        assert_eq!([0, 999, 1_000].map(grouped), ["0", "999", "1,000"]);
    }
}
