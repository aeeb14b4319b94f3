//! The fields of a pool, and the rules that span several of them.
use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::envelope::{Failure, Row};
use super::fields::{Absent, Field, Kind};
use super::plan::OBJECTS_MAX;
use super::table::{strings, text};

const REGIONS: &[&str] = &[
    "WNAM",
    "ENAM",
    "WEU",
    "EEU",
    "NSAM",
    "SSAM",
    "OC",
    "ME",
    "NAF",
    "SAF",
    "SAS",
    "SEAS",
    "NEAS",
    "CHINA",
    "ALL_REGIONS",
];

pub(crate) const POOL: &[Field] = &[
    Field::read_only("id"),
    Field::read_only("created_on"),
    Field::read_only("modified_on"),
    Field::read_only("disabled_at"),
    Field::new("name", Kind::Rule(pool_name), Absent::Required),
    Field::new("origins", Kind::List(&Kind::Object(ORIGIN)), Absent::Required),
    Field::new("description", Kind::Text, Absent::Text("")),
    Field::new("enabled", Kind::Bool, Absent::Bool(true)),
    Field::new("minimum_origins", Kind::Int(0, 20), Absent::Int(1)),
    Field::nullable("monitor", Kind::Text, Absent::Omitted),
    Field::nullable("monitor_group", Kind::Text, Absent::Omitted),
    Field::nullable("check_regions", Kind::List(&Kind::OneOf(REGIONS)), Absent::Null),
    Field::nullable(
        "health_sources",
        Kind::List(&Kind::OneOf(&["local", "regional", "global"])),
        Absent::Null,
    ),
    Field::nullable("latitude", Kind::Number(-90.0, 90.0), Absent::Omitted),
    Field::nullable("longitude", Kind::Number(-180.0, 180.0), Absent::Omitted),
    Field::nullable("load_shedding", Kind::Object(LOAD_SHEDDING), Absent::Defaults),
    Field::nullable("origin_steering", Kind::Object(ORIGIN_STEERING), Absent::Defaults),
    Field::nullable("notification_filter", Kind::Object(NOTIFICATION_FILTER), Absent::Null),
    Field::new("notification_email", Kind::Text, Absent::Text("")),
    Field::new("networks", Kind::List(&Kind::Text), Absent::Omitted),
];

const ORIGIN: &[Field] = &[
    Field::read_only("disabled_at"),
    Field::new("name", Kind::Text, Absent::Text("")),
    Field::new("address", Kind::Rule(address), Absent::Required),
    Field::new("enabled", Kind::Bool, Absent::Bool(true)),
    Field::new("weight", Kind::Number(0.0, 1.0), Absent::Int(1)),
    Field::new("port", Kind::Int(0, 65535), Absent::Int(0)),
    Field::new("header", Kind::Object(ORIGIN_HEADER), Absent::Omitted),
    Field::new("virtual_network_id", Kind::Text, Absent::Omitted),
    Field::new("flatten_cname", Kind::Bool, Absent::Bool(true)),
];

const ORIGIN_HEADER: &[Field] = &[Field::new("Host", Kind::List(&Kind::Text), Absent::Omitted)];

const LOAD_SHEDDING: &[Field] = &[
    Field::new("default_percent", Kind::Number(0.0, 100.0), Absent::Int(0)),
    Field::new("default_policy", Kind::OneOf(&["random", "hash"]), Absent::Text("random")),
    Field::new("session_percent", Kind::Number(0.0, 100.0), Absent::Int(0)),
    Field::new("session_policy", Kind::OneOf(&["hash"]), Absent::Text("hash")),
];

const ORIGIN_STEERING: &[Field] = &[Field::new(
    "policy",
    Kind::OneOf(&["random", "hash", "least_outstanding_requests", "least_connections"]),
    Absent::Text("random"),
)];

const NOTIFICATION_FILTER: &[Field] = &[
    Field::nullable("origin", Kind::Object(FILTER), Absent::Omitted),
    Field::nullable("pool", Kind::Object(FILTER), Absent::Omitted),
];

const FILTER: &[Field] = &[
    Field::new("disable", Kind::Bool, Absent::Bool(false)),
    Field::nullable("healthy", Kind::Bool, Absent::Null),
];

fn pool_name(name: &str) -> Result<(), &'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(fits) {
        Ok(())
    } else {
        Err("must be one or more letters, digits, `_` or `-`")
    }
}

fn address(address: &str) -> Result<(), &'static str> {
    if address.parse::<IpAddr>().is_ok() || is_hostname(address) {
        Ok(())
    } else {
        Err("must be an IP address or a hostname")
    }
}

/// Whether a text is a hostname of two or more labels. The last label must not be a number, so that
/// `300.1.1.1` is not a name.
pub(crate) fn is_hostname(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
    let numeric = labels.last().is_none_or(|last| last.chars().all(|c| c.is_ascii_digit()));
    name.len() <= 255 && labels.len() >= 2 && !numeric && labels.iter().all(|l| label(l))
}

/// Checks rules that span several fields.
pub(crate) fn check(row: &Row) -> Result<(), Failure> {
    let empty = Vec::new();
    let origins = row.get("origins").and_then(Value::as_array).unwrap_or(&empty);
    if !(1..=OBJECTS_MAX).contains(&origins.len()) {
        let message = format!("the origin list length must be in range [1, {OBJECTS_MAX}]");
        return Err(Failure::invalid("/origins", message));
    }
    check_origins(origins)?;
    if row.contains_key("latitude") != row.contains_key("longitude") {
        return Err(Failure::invalid("/latitude", "latitude and longitude go together"));
    }
    let sources = row.get("health_sources").filter(|sources| !sources.is_null());
    if sources.is_some_and(|sources| *sources != json!(["regional", "global"])) {
        return Err(Failure::invalid("/health_sources", "must be null or [regional, global]"));
    }
    if sources.is_some() && strings(row, "check_regions").is_empty() {
        return Err(Failure::invalid("/health_sources", "needs at least one of check_regions"));
    }
    Ok(())
}

fn check_origins(origins: &[Value]) -> Result<(), Failure> {
    let mut names = BTreeSet::new();
    for (i, origin) in origins.iter().filter_map(Value::as_object).enumerate() {
        let name = text(origin, "name");
        if !name.is_empty() && !names.insert(name) {
            let pointer = format!("/origins/{i}/name");
            return Err(Failure::invalid(&pointer, format!("origin name {name} is not unique")));
        }
        let weight = origin.get("weight").and_then(Value::as_f64).unwrap_or(1.0);
        if !is_multiple_of_a_hundredth(weight) {
            let pointer = format!("/origins/{i}/weight");
            return Err(Failure::invalid(&pointer, "weight must be a multiple of 0.01"));
        }
        let hosts = origin.get("header").and_then(|header| header.get("Host"));
        if hosts.and_then(Value::as_array).is_some_and(|hosts| hosts.len() > 1) {
            let pointer = format!("/origins/{i}/header/Host");
            return Err(Failure::invalid(&pointer, "only one Host is allowed"));
        }
    }
    Ok(())
}

/// Decimal fractions are not exact in binary: 0.07 × 100 is 7.000000000000001.
fn is_multiple_of_a_hundredth(weight: f64) -> bool {
    let hundredths = weight * 100.0;
    (hundredths - hundredths.round()).abs() < 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_dots_is_not_a_hostname() {
        assert!(is_hostname("eu1.origin.example.com"));
        assert!(!is_hostname("300.1.1.1"));
        assert!(!is_hostname("localhost"));
        assert!(!is_hostname("a..example.com"));
    }

    #[test]
    fn hundredths_are_told_apart_from_finer_weights_despite_binary_fractions() {
        assert!([0.07, 0.29, 0.57, 0.0, 1.0].into_iter().all(is_multiple_of_a_hundredth));
        assert!(!is_multiple_of_a_hundredth(0.005));
    }
}
