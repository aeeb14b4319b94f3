//! The form that OTLP/HTTP takes: an `ExportMetricsServiceRequest` of version 1 as JSON.
//!
//! Enums are numbers, 64-bit integers are texts of digits, and nothing is `null`: where one of them
//! is otherwise, readers drop the samples of a metric, and some do so without an error. Source:
//! opentelemetry.io, "OTLP Specification", "JSON Protobuf Encoding", and `metrics.proto`.

use super::family::{Decimal, Family, Group, Sample, Value, whole};
use super::fit::{LEFT_OUT, LEFT_OUT_HELP, fit};
use super::sources::Sources;
use crate::time::Timestamp;
use crate::traffic::LATENCY_BOUNDS_MS;
use std::fmt::{self, Display, Write};

/// What the text is.
pub const OTLP_CONTENT_TYPE: &str = "application/json";
/// Who tells all that: `service.name` of the resource, and the name of the scope.
const TELLER: &str = "pointsman";
/// `AGGREGATION_TEMPORALITY_CUMULATIVE`: counters are told as they stand, since they began.
const CUMULATIVE: u8 = 2;
/// What follows the last metric.
const END: &str = "]}]}]}";

/// The samples of all these families as one request, of counters that began at `since`. What does
/// not fit is left out, family by family.
#[must_use]
pub fn otlp(groups: &[Group], sources: &Sources<'_>, since: Timestamp) -> String {
    let mut text = String::new();
    // A text takes whatever is written to it.
    let _ = begin(&mut text);
    let times = Times { since, now: sources.now };
    let left_out = fit((groups, sources), &mut text, &|text, family| {
        let _ = metric(text, family, times);
        text.push(',');
        family.samples.len()
    });
    let count = i64::try_from(left_out.len()).unwrap_or(i64::MAX);
    let _ = metric(&mut text, &Family::gauge(LEFT_OUT, LEFT_OUT_HELP, count), times);
    text.push_str(END);
    text
}

#[derive(Debug, Clone, Copy)]
struct Times {
    since: Timestamp,
    now: Timestamp,
}

fn begin(text: &mut String) -> fmt::Result {
    let version = env!("CARGO_PKG_VERSION");
    text.push_str(r#"{"resourceMetrics":[{"resource":{"attributes":["#);
    let about = [("service.name", TELLER), ("service.version", version)];
    attributes(text, about.into_iter())?;
    write!(text, r#"]}},"scopeMetrics":[{{"scope":{{"name":"{TELLER}","version":"{version}"}}"#)?;
    text.write_str(r#","metrics":["#)
}

fn metric(text: &mut String, family: &Family, times: Times) -> fmt::Result {
    let Family { kind, name, help, .. } = family;
    let unit = unit(name);
    let help = Quoted(help);
    write!(text, r#"{{"name":"{name}","unit":"{unit}","description":{help},"#)?;
    let (data, is_monotonic) = match *kind {
        "counter" => ("sum", r#""isMonotonic":true,"#),
        kind => (kind, ""),
    };
    write!(text, r#""{data}":{{{is_monotonic}"#)?;
    if is_cumulative(family) {
        write!(text, r#""aggregationTemporality":{CUMULATIVE},"#)?;
    }
    text.push_str(r#""dataPoints":["#);
    for (index, sample) in family.samples.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        point(text, (family, sample), times)?;
    }
    text.write_str("]}}")
}

fn point(text: &mut String, (family, sample): (&Family, &Sample), times: Times) -> fmt::Result {
    text.push_str(r#"{"attributes":["#);
    let labels = family.labels().zip(sample.labels.iter().map(String::as_str));
    attributes(text, labels.filter(|(_, label)| !label.is_empty()))?;
    write!(text, r#"],"timeUnixNano":"{}","#, Nanos(times.now))?;
    if is_cumulative(family) {
        write!(text, r#""startTimeUnixNano":"{}","#, Nanos(times.since))?;
    }
    match &sample.value {
        Value::Decimal(whole, 0) => write!(text, r#""asInt":"{whole}"}}"#),
        Value::Decimal(units, digits) => {
            write!(text, r#""asDouble":{}}}"#, Decimal(*units, *digits))
        }
        Value::Times { latencies, sum_ms } => {
            let sum = Decimal(whole(*sum_ms), 3);
            write!(text, r#""count":"{}","sum":{sum},"#, latencies.total())?;
            let counts = latencies.counts().map(|count| format!(r#""{count}""#));
            let bounds = LATENCY_BOUNDS_MS.iter().map(|ms| Decimal(whole(*ms), 3).to_string());
            let (counts, bounds) = (counts.collect::<Vec<_>>(), bounds.collect::<Vec<_>>());
            let (counts, bounds) = (counts.join(","), bounds.join(","));
            write!(text, r#""bucketCounts":[{counts}],"explicitBounds":[{bounds}]}}"#)
        }
    }
}

fn is_cumulative(family: &Family) -> bool {
    family.kind != "gauge"
}

fn attributes<'k, 'v>(
    text: &mut String,
    all: impl Iterator<Item = (&'k str, &'v str)>,
) -> fmt::Result {
    for (index, (key, value)) in all.enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let value = Quoted(value);
        write!(text, r#"{comma}{{"key":"{key}","value":{{"stringValue":{value}}}}}"#)?;
    }
    Ok(())
}

/// The unit that the end of a name says, as UCUM writes it. A name that ends so gets no further
/// ending where OTLP is turned into the names of Prometheus.
fn unit(name: &str) -> &'static str {
    let name = name.strip_suffix("_total").unwrap_or(name);
    match name.rsplit('_').next() {
        Some("seconds") => "s",
        Some("bytes") => "By",
        Some("ratio") => "1",
        _ => "",
    }
}

/// A text of JSON.
struct Quoted<'t>(&'t str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::Value::from(self.0).to_string())
    }
}

/// An instant in nanoseconds, which are whole milliseconds here.
struct Nanos(Timestamp);

impl Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.millis() {
            0 => f.write_str("0"),
            ms => write!(f, "{ms}000000"),
        }
    }
}
