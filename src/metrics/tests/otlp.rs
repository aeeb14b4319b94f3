//! What is pushed, read by the schema package of OpenTelemetry and held field by field against the
//! text that Prometheus reads.

use super::{Family, GROUPS, Group, Json, at, everything, largest, series, told, world};
use crate::controller::Controller;
use crate::metrics::{BYTES_MAX, otlp};
use crate::time::{MINUTE, Timestamp};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, NumberDataPoint, metric, number_data_point,
};
use std::collections::BTreeMap;

const SINCE: u64 = MINUTE / 2;
const NOW: u64 = 2 * MINUTE;
const NANOS: u64 = 1_000_000;

fn pushed(controller: &Controller, now: Timestamp) -> String {
    controller.with_sources(now, |sources| otlp(&GROUPS, sources, at(SINCE)))
}

fn decoded(text: &str) -> ExportMetricsServiceRequest {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn text_of(attribute: &KeyValue) -> &str {
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text,
        other => panic!("{}: {other:?}", attribute.key),
    }
}

/// The labels as Prometheus writes them, and one more.
fn labels(attributes: &[KeyValue], le: Option<&str>) -> String {
    let all = attributes.iter().map(|it| (it.key.as_str(), text_of(it)));
    let all = all.chain(le.map(|le| ("le", le)));
    let all: Vec<String> = all
        .map(|(key, text)| {
            assert!(!text.is_empty(), "{key}: an empty label is as good as none");
            format!("{key}=\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        })
        .collect();
    if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
}

/// A small whole number, as its text says it.
fn float(whole: &impl ToString) -> f64 {
    whole.to_string().parse().unwrap()
}

fn number(name: &str, point: &NumberDataPoint) -> (String, f64) {
    assert_eq!(point.time_unix_nano, NOW * NANOS, "{name}");
    assert_eq!((point.exemplars.len(), point.flags), (0, 0), "{name}");
    let value = match point.value {
        Some(number_data_point::Value::AsInt(whole)) => float(&whole),
        Some(number_data_point::Value::AsDouble(value)) => value,
        None => panic!("{name}: no value"),
    };
    (format!("{name}{}", labels(&point.attributes, None)), value)
}

/// The series of a metric, by the names of Prometheus.
fn series_of(metric: &Metric) -> Vec<(String, f64)> {
    let name = metric.name.as_str();
    match metric.data.as_ref().unwrap_or_else(|| panic!("{name}: no data")) {
        metric::Data::Gauge(gauge) => {
            assert!(gauge.data_points.iter().all(|it| it.start_time_unix_nano == 0), "{name}");
            gauge.data_points.iter().map(|point| number(name, point)).collect()
        }
        metric::Data::Sum(sum) => {
            assert!(sum.is_monotonic, "{name}");
            assert_eq!(sum.aggregation_temporality, AggregationTemporality::Cumulative as i32);
            let began = sum.data_points.iter().all(|it| it.start_time_unix_nano == SINCE * NANOS);
            assert!(began, "{name}");
            sum.data_points.iter().map(|point| number(name, point)).collect()
        }
        metric::Data::Histogram(histogram) => {
            let temporality = AggregationTemporality::Cumulative as i32;
            assert_eq!(histogram.aggregation_temporality, temporality, "{name}");
            let mut all = Vec::new();
            for point in &histogram.data_points {
                assert_eq!(point.time_unix_nano, NOW * NANOS, "{name}");
                assert_eq!(point.start_time_unix_nano, SINCE * NANOS, "{name}");
                assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1, "{name}");
                assert_eq!((point.min, point.max, point.flags), (None, None, 0), "{name}");
                let bounds = point.explicit_bounds.iter().map(f64::to_string);
                let mut sum = 0;
                for (le, count) in bounds.chain(["+Inf".to_owned()]).zip(&point.bucket_counts) {
                    sum += count;
                    let labels = labels(&point.attributes, Some(&le));
                    all.push((format!("{name}_bucket{labels}"), float(&sum)));
                }
                assert_eq!(sum, point.count, "{name}");
                let labels = labels(&point.attributes, None);
                all.push((format!("{name}_sum{labels}"), point.sum.unwrap()));
                all.push((format!("{name}_count{labels}"), float(&point.count)));
            }
            all
        }
        other => panic!("{name}: {other:?}"),
    }
}

/// Holds what is pushed against what is told.
fn assert_same(controller: &mut Controller) {
    let request = decoded(&pushed(controller, at(NOW)));
    let [resource] = request.resource_metrics.as_slice() else { panic!("{request:?}") };
    let about: Vec<_> = resource.resource.as_ref().unwrap().attributes.iter().collect();
    let about: Vec<_> = about.iter().map(|it| (it.key.as_str(), text_of(it))).collect();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(about, [("service.name", "pointsman"), ("service.version", version)]);
    let [scope] = resource.scope_metrics.as_slice() else { panic!("{resource:?}") };
    let named = scope.scope.as_ref().unwrap();
    assert_eq!((named.name.as_str(), named.version.as_str()), ("pointsman", version));

    let told: BTreeMap<String, String> = series(&told(controller, NOW)).into_iter().collect();
    let mut pushed = BTreeMap::new();
    for metric in &scope.metrics {
        let all = series_of(metric);
        assert!(!all.is_empty(), "{}: no samples", metric.name);
        for (series, value) in all {
            assert!(pushed.insert(series.clone(), value).is_none(), "{series} is there twice");
        }
    }
    let told: BTreeMap<String, f64> =
        told.into_iter().map(|(series, value)| (series, value.parse().unwrap())).collect();
    assert_eq!(pushed, told);
}

#[test]
fn what_is_pushed_is_what_prometheus_is_told_field_by_field() {
    assert_same(&mut Controller::default());
    assert_same(&mut world(&everything()));
}

#[test]
fn a_metric_has_its_sentence_and_the_unit_of_its_name() {
    let request = decoded(&pushed(&world(&everything()), at(NOW)));
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    let families: BTreeMap<String, Family> = GROUPS
        .iter()
        .flat_map(Group::families)
        .map(|family| (family.name.clone(), family))
        .collect();
    for metric in metrics.iter().filter(|it| it.name != "pointsman_metrics_left_out") {
        assert_eq!(metric.description, families[&metric.name].help, "{}", metric.name);
        let unit = ["_seconds", "_ratio"].into_iter().find(|end| metric.name.ends_with(end));
        let unit = unit.map_or("", |end| if end == "_seconds" { "s" } else { "1" });
        assert_eq!(metric.unit, unit, "{}", metric.name);
    }
}

#[test]
fn enums_are_numbers_and_nothing_is_null() {
    let document: Json = serde_json::from_str(&pushed(&world(&everything()), at(NOW))).unwrap();
    let mut values = vec![&document];
    let mut seen = 0;
    while let Some(value) = values.pop() {
        match value {
            Json::Null => panic!("something is null"),
            Json::Array(items) => values.extend(items),
            Json::Object(entries) => {
                for (key, value) in entries {
                    let is_as_written = match key.as_str() {
                        "aggregationTemporality" => value.as_u64() == Some(2),
                        "timeUnixNano" | "startTimeUnixNano" | "count" | "asInt" => {
                            value.as_str().is_some_and(|text| text.parse::<i64>().is_ok())
                        }
                        "bucketCounts" => value.as_array().unwrap().iter().all(Json::is_string),
                        "explicitBounds" => value.as_array().unwrap().iter().all(Json::is_number),
                        "sum" if !value.is_object() => value.is_number(),
                        _ => {
                            values.push(value);
                            continue;
                        }
                    };
                    assert!(is_as_written, "{key}: {value}");
                    seen += 1;
                }
            }
            _ => {}
        }
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn what_has_no_room_is_left_out_by_whole_families() {
    let config = largest(30, 10);
    let text = pushed(&world(&config), at(NOW));
    assert!(text.len() <= BYTES_MAX, "{}", text.len());
    let request = decoded(&text);
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    let last = series_of(metrics.last().unwrap());
    assert_eq!(last[0].0, "pointsman_metrics_left_out");
    assert!(last[0].1 >= 1.0, "{} bytes: {last:?}", text.len());
}
