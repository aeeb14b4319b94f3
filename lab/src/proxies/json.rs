//! The figures as one JSON document: targets by name, in each the cells by name.

use super::figures::{Spread, Window, added_p50_ms, median, processor_ratio, ratio};
use super::{Cell, DIRECT, JS_BARE, Options, Report, US};
use serde_json::{Map, Value, json};

/// Everything that was measured.
pub(super) fn document(report: &Report) -> Value {
    let Options { rounds, seconds, wasm_gzip_bytes, .. } = &report.options;
    let ratios = |of: fn(Spread) -> f64| {
        let others = report.options.targets.names().filter(|name| *name != US);
        table(others, |name, cell| beside(report, (US, name), cell).map(of))
    };
    let medians = |of: fn(&Window) -> f64| {
        table(report.options.targets.names(), |name, cell| {
            median(report.windows.of(name, cell), of)
        })
    };
    let is_other = |name: &&String| ![US, DIRECT].contains(&name.as_str());
    let workers = report.options.targets.names().filter(is_other);
    let mut document = json!({
        "rounds": rounds,
        "seconds": seconds,
        "ratios": ratios(|spread| spread.median),
        "min": ratios(|spread| spread.min),
        "max": ratios(|spread| spread.max),
        "processor_ratios": table(workers, |name, cell| {
            processor_beside(report, (US, name), cell).map(|spread| spread.median)
        }),
        "requests_per_second": medians(|window| window.requests_per_second),
        "p50_ms": medians(|window| window.p50_ms),
        "p99_ms": medians(|window| window.p99_ms),
        "processor_us": medians(|window| window.processor_us),
        "added_p50_ms_c1": added(report, |spread| spread.median),
        "added_p50_ms_c1_min": added(report, |spread| spread.min),
        "added_p50_ms_c1_max": added(report, |spread| spread.max),
        "memory_kib": memory(report),
        "wasm_gzip_bytes": wasm_gzip_bytes,
        "headers_sent": report.headers,
    });
    if let Some(fields) = document.as_object_mut() {
        fields.extend(report.starts.json());
    }
    document
}

/// Requests per second of one of our Workers beside another target.
pub(super) fn beside(report: &Report, (us, other): (&str, &str), cell: Cell) -> Option<Spread> {
    ratio(report.windows.of(us, cell), report.windows.of(other, cell))
}

/// The same by the processor time of a request.
pub(super) fn processor_beside(
    report: &Report,
    (us, other): (&str, &str),
    cell: Cell,
) -> Option<Spread> {
    processor_ratio(report.windows.of(us, cell), report.windows.of(other, cell))
}

/// What the Worker adds to the median time of the least Worker, for one connection.
pub(super) fn added_by_us(report: &Report, cell: Cell) -> Option<Spread> {
    added_p50_ms(report.windows.of(US, cell), report.windows.of(JS_BARE, cell))
}

fn table<'n>(
    names: impl Iterator<Item = &'n String>,
    value: impl Fn(&str, Cell) -> Option<f64>,
) -> Value {
    let cells = |name: &String| {
        let value = |cell: Cell| Some((cell.name.to_owned(), rounded(value(name, cell)?)));
        Cell::ALL.into_iter().filter_map(value).collect::<Map<_, _>>()
    };
    names.map(|name| (name.clone(), Value::Object(cells(name)))).collect()
}

fn added(report: &Report, of: fn(Spread) -> f64) -> Value {
    let alone = Cell::ALL.into_iter().filter(|cell| cell.connections == 1);
    let value = |cell: Cell| Some((cell.name.to_owned(), rounded(of(added_by_us(report, cell)?))));
    Value::Object(alone.filter_map(value).collect())
}

fn memory(report: &Report) -> Value {
    let target = |soak: &super::soak::Soak| {
        let trend = soak.trend();
        let value = json!({
            "samples": soak.samples_kib,
            "growth_of_last_half": trend.map(|trend| rounded(trend.growth_kib)),
            "noise": trend.map(|trend| rounded(trend.noise_kib)),
            "flat": trend.map(super::soak::Trend::is_flat),
        });
        (soak.name.clone(), value)
    };
    Value::Object(report.soaks.iter().map(target).collect())
}

/// To a thousandth; the rest is noise.
fn rounded(value: f64) -> Value {
    json!((value * 1e3).round() / 1e3)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::soak::Soak;
    use super::super::{TARGETS, Targets, Windows, cold};
    use super::*;
    use std::time::Duration;

    /// Two rounds in which the Worker is half as fast as all others.
    pub(in super::super) fn report() -> Report {
        let mut windows = Windows::default();
        for name in TARGETS {
            for cell in Cell::ALL {
                let ms = if name == US { 2 } else { 1 };
                let window = Window::of(vec![Duration::from_millis(ms)], Duration::from_millis(ms));
                let window = window.unwrap().with_processor_time(Duration::from_micros(50));
                windows.0.insert((name.to_owned(), cell.name), vec![window; 2]);
            }
        }
        Report {
            options: Options {
                targets: Targets {
                    workers: "workers".into(),
                    only: TARGETS.map(str::to_owned).into(),
                    also: Vec::new(),
                },
                cells: Cell::ALL.map(|cell| cell.name.to_owned()).into(),
                rounds: 2,
                seconds: 1.0,
                soak: true,
                wasm_gzip_bytes: Some(200_000),
                json: None,
            },
            windows,
            headers: [(US.to_owned(), vec!["host".to_owned()])].into(),
            starts: cold::tests::starts(&[US, JS_BARE], 10.0),
            soaks: vec![Soak { name: US.to_owned(), samples_kib: vec![1_000; 11] }],
        }
    }

    #[test]
    fn the_document_has_each_ratio_and_each_figure_by_target_and_cell() {
        let document = document(&report());
        for other in TARGETS.into_iter().filter(|name| *name != US) {
            for cell in Cell::ALL {
                for part in ["ratios", "min", "max"] {
                    assert_eq!(document[part][other][cell.name], 0.5, "{part} {other}");
                }
            }
        }
        assert_eq!(document["ratios"][US], Value::Null);
        assert_eq!(document["processor_ratios"]["js_equal"]["c1_1k"], 1.0);
        assert_eq!(document["processor_ratios"][DIRECT], Value::Null);
        for part in ["requests_per_second", "p50_ms", "p99_ms", "processor_us"] {
            assert!(document[part][US]["c32_64k"].is_f64(), "{part}");
        }
        assert_eq!(document["added_p50_ms_c1"], json!({"c1_1k": 1.0, "c1_64k": 1.0}));
        assert_eq!(document["cold_start_added_ms"][US], 10.0);
        assert_eq!(document["memory_kib"][US]["flat"], true);
        assert_eq!(document["wasm_gzip_bytes"], 200_000);
    }

    #[test]
    fn what_was_not_measured_is_not_there() {
        let mut report = report();
        report.options.targets.only = vec![US.to_owned()];
        report.windows.0.retain(|(name, _), _| name == US);
        report.starts = cold::Starts::default();
        let document = document(&report);
        assert_eq!(document["ratios"], json!({}));
        assert_eq!(document["added_p50_ms_c1"], json!({}));
        assert_eq!(document["cold_start_added_ms"], json!({}));
    }
}
