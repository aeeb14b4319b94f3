//! The table of a measurement, as Markdown, and its place in a page.

use std::fmt::Write as _;

use anyhow::{Context, Result};

/// What was measured of one size.
#[derive(Debug)]
pub(super) struct Row {
    /// Regions, rules, tenants.
    pub(super) size: [u32; 3],
    /// Nanoseconds on the host.
    pub(super) host_ns: u64,
    /// Nanoseconds as wasm.
    pub(super) wasm_ns: u64,
    /// Instructions on the host, where they were counted.
    pub(super) instructions: Option<u64>,
}

/// The rows as a table; ratios are to the first row.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| regions | rules | tenants | instructions | × | host µs | × | wasm µs | × |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let Some(first) = rows.first() else { return text };
    for row in rows {
        let [regions, rules, tenants] = row.size;
        let instructions = row.instructions.map_or("not counted".to_owned(), |n| n.to_string());
        let by_count = row.instructions.zip(first.instructions);
        let by_count = by_count.map(|(count, base)| ratio(count, base)).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {regions} | {rules} | {tenants} | {instructions} | {by_count} | {} | {} | {} | {} |",
            micros(row.host_ns),
            ratio(row.host_ns, first.host_ns),
            micros(row.wasm_ns),
            ratio(row.wasm_ns, first.wasm_ns),
        );
    }
    text
}

fn micros(ns: u64) -> String {
    format!("{}.{:02}", ns / 1_000, ns % 1_000 / 10)
}

fn ratio(value: u64, base: u64) -> String {
    let hundredths = value * 100 / base.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// The page with what stands between the marks of `name` replaced.
pub(super) fn replace(page: &str, name: &str, text: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = page.split_once(&begin).with_context(|| format!("no `{begin}`"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("no `{end}`"))?;
    Ok(format!("{before}{begin}{text}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_ratios_to_the_first() {
        let row = |instructions, host_ns, wasm_ns| Row {
            size: [10, 10, 0],
            host_ns,
            wasm_ns,
            instructions,
        };
        let table = markdown(&[row(Some(4_000), 1_500, 3_000), row(Some(6_000), 3_000, 4_500)]);
        let last = table.lines().last();
        assert_eq!(last, Some("| 10 | 10 | 0 | 6000 | 1.50 | 3.00 | 2.00 | 4.50 | 1.50 |"));
    }

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n";
        let replaced = replace(page, "x", "new\n").unwrap();
        assert_eq!(replaced, "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n");
        assert!(replace("nothing", "x", "new").is_err());
    }
}
