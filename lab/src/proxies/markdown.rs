//! The figures as tables for people.

use super::figures::{Spread, Window, median};
use super::json::{added_by_us, beside, processor_beside};
use super::soak::STEP;
use super::{Cell, DIRECT, Report, US, US_EDGE};
use std::fmt::Write as _;

/// All tables, the ratios first: they are what counts.
pub(super) fn page(report: &Report) -> String {
    let mut text = format!(
        "Requests per second of the Worker in parts of another's in the same round: median [least \
         to most] of {} rounds.\n",
        report.options.rounds
    );
    for us in [US, US_EDGE].into_iter().filter(|us| report.options.targets.has(us)) {
        let others = report.options.targets.names().filter(|name| *name != us);
        line(&mut text, format_args!(""));
        table(&mut text, &format!("`{us}` beside"), others, |name, cell| {
            beside(report, (us, name), cell).map(ratio)
        });
    }
    text.push_str("\nRequests per second · p50 ms · p99 ms, medians of the rounds.\n\n");
    let all = || report.options.targets.names();
    table(&mut text, "target", all(), |name, cell| speeds(report.windows.of(name, cell)));
    text.push_str("\nProcessor time of the process for each request, µs, medians.\n\n");
    let workers = || all().filter(|name| *name != DIRECT);
    table(&mut text, "target", workers(), |name, cell| {
        median(report.windows.of(name, cell), |window| window.processor_us)
            .map(|us| format!("{us:.0}"))
    });
    text.push_str(
        "\nThe processor time of the other in parts of the Worker's: below 1 ours works more.\n",
    );
    for us in [US, US_EDGE].into_iter().filter(|us| report.options.targets.has(us)) {
        let others = workers().filter(|name| *name != us);
        line(&mut text, format_args!(""));
        table(&mut text, &format!("`{us}` beside"), others, |name, cell| {
            processor_beside(report, (us, name), cell).map(ratio)
        });
    }
    text.push('\n');
    added(&mut text, report);
    if let Some(bytes) = report.options.wasm_gzip_bytes {
        line(&mut text, format_args!("- wasm: {bytes} bytes gzipped"));
    }
    memory(&mut text, report);
    // Marks of its own, since it can be measured and renewed alone.
    let cold = report.starts.markdown();
    line(&mut text, format_args!("\n<!-- cold: begin -->\n{cold}<!-- cold: end -->"));
    text
}

fn table<'n>(
    text: &mut String,
    title: &str,
    names: impl Iterator<Item = &'n String>,
    value: impl Fn(&str, Cell) -> Option<String>,
) {
    let row = |first: &str, cells: [String; Cell::ALL.len()]| {
        format!("| {first} | {} |", cells.join(" | "))
    };
    line(text, format_args!("{}", row(title, Cell::ALL.map(|cell| cell.name.to_owned()))));
    line(text, format_args!("{}", row("---", Cell::ALL.map(|_| "---:".to_owned()))));
    for name in names {
        let cells = Cell::ALL.map(|cell| value(name, cell).unwrap_or_default());
        line(text, format_args!("{}", row(&format!("`{name}`"), cells)));
    }
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{what}");
}

fn ratio(spread: Spread) -> String {
    let Spread { median, min, max } = spread;
    format!("{median:.2} [{min:.2} to {max:.2}]")
}

fn speeds(windows: &[Window]) -> Option<String> {
    let speed = median(windows, |window| window.requests_per_second)?;
    let p50_ms = median(windows, |window| window.p50_ms)?;
    let p99_ms = median(windows, |window| window.p99_ms)?;
    Some(format!("{speed:.0} · {p50_ms:.3} · {p99_ms:.3}"))
}

fn added(text: &mut String, report: &Report) {
    for cell in Cell::ALL.into_iter().filter(|cell| cell.connections == 1) {
        if let Some(Spread { median, min, max }) = added_by_us(report, cell) {
            let name = cell.name;
            line(
                text,
                format_args!(
                    "- p50 above `js_bare`, {name}: {median:.3} ms [{min:.3} to {max:.3}]"
                ),
            );
        }
    }
}

fn memory(text: &mut String, report: &Report) {
    for soak in &report.soaks {
        let Some(trend) = soak.trend() else { continue };
        let samples: Vec<String> =
            soak.samples_kib.iter().map(|kib| (kib / 1024).to_string()).collect();
        line(
            text,
            format_args!(
                "- memory of `{}`, MiB after each {STEP} requests: {}; the last half {}: \
             {:+.1} MiB, with a scatter of ±{:.1}",
                soak.name,
                samples.join(" "),
                if trend.is_flat() { "is flat" } else { "grows" },
                trend.growth_kib / 1024.0,
                trend.noise_kib / 1024.0,
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::tests::report;
    use super::*;

    #[test]
    fn the_page_has_a_row_for_each_target_and_a_line_for_each_other_figure() {
        let page = page(&report());
        for row in [
            "| `us` beside | c1_1k | c32_1k | c1_64k | c32_64k | c32_1k_new |",
            "| `us_edge` beside | c1_1k | c32_1k | c1_64k | c32_64k | c32_1k_new |",
            "| `js_equal` | 0.50 [0.50 to 0.50] | 0.50 [0.50 to 0.50] |",
            "| `us` | 500 · 2.000 · 2.000 |",
            "| `us` | 50 | 50 | 50 | 50 | 50 |",
            "- p50 above `js_bare`, c1_64k: 1.000 ms",
            "<!-- cold: begin -->\nFrom the start of the process to the first answer",
            "| `us` | 49.0 | 40.0 | 59.5 | 79.0 | 10.0 |\n<!-- cold: end -->",
            "- wasm: 200000 bytes gzipped",
            "- memory of `us`, MiB after each 20000 requests: 0 0 0",
        ] {
            assert!(page.contains(row), "{row}\n{page}");
        }
    }
}
