//! Filters and order of `GET /zones/{zone}/dns_records`.
//!
//! Parameters that the lab does not emulate are refused. If a filter were ignored, a client would
//! get more records than it asked for.
use serde_json::Value;

use super::envelope::{Failure, Reply, Row};
use super::paging::{Paging, Query, not_emulated, value_of};
use super::table::{flag, text};
use super::world::World;

/// One condition on a record.
enum Filter<'a> {
    Exact(&'a str, &'a str),
    Contains(&'a str, &'a str),
    StartsWith(&'a str, &'a str),
    EndsWith(&'a str, &'a str),
    Present(&'a str),
    Absent(&'a str),
    Proxied(bool),
}

impl Filter<'_> {
    fn accepts(&self, row: &Row) -> bool {
        let holds = |field: &str, value: &str, test: fn(&str, &str) -> bool| {
            test(&text(row, field).to_lowercase(), &value.to_lowercase())
        };
        match self {
            Self::Exact(field, value) => holds(field, value, |a, b| a == b),
            Self::Contains(field, value) => holds(field, value, |a, b| a.contains(b)),
            Self::StartsWith(field, value) => holds(field, value, |a, b| a.starts_with(b)),
            Self::EndsWith(field, value) => holds(field, value, |a, b| a.ends_with(b)),
            Self::Present(field) => !text(row, field).is_empty(),
            Self::Absent(field) => text(row, field).is_empty(),
            Self::Proxied(wanted) => flag(row, "proxied") == *wanted,
        }
    }
}

fn filter<'a>(name: &'a str, value: &'a str) -> Result<Option<Filter<'a>>, Failure> {
    if matches!(name, "page" | "per_page" | "order" | "direction" | "match") {
        return Ok(None);
    }
    if name == "proxied" {
        return Ok(Some(Filter::Proxied(value == "true")));
    }
    let (field, test) = name.split_once('.').unwrap_or((name, "exact"));
    let filter = match (field, test) {
        ("name" | "content" | "comment" | "type", "exact") => Filter::Exact(field, value),
        ("name" | "content" | "comment", "contains") => Filter::Contains(field, value),
        ("name" | "content" | "comment", "startswith") => Filter::StartsWith(field, value),
        ("name" | "content" | "comment", "endswith") => Filter::EndsWith(field, value),
        ("comment", "present") => Filter::Present(field),
        ("comment", "absent") => Filter::Absent(field),
        _ => return Err(not_emulated(name)),
    };
    Ok(Some(filter))
}

fn one_of<'a>(query: &'a Query, name: &str, allowed: &[&'a str]) -> Result<&'a str, Failure> {
    let value = value_of(query, name).unwrap_or(allowed[0]);
    if allowed.contains(&value) {
        return Ok(value);
    }
    let message = format!("{name} must be one of {}", allowed.join(", "));
    Err(Failure::new(400, 1004, message))
}

impl World {
    pub(crate) fn list_records(&self, zone: &str, query: &Query) -> Result<Reply, Failure> {
        let paging = Paging::read(query, 100, 1..=5_000_000)?;
        let order = one_of(query, "order", &["type", "name", "content", "ttl", "proxied"])?;
        let direction = one_of(query, "direction", &["asc", "desc"])?;
        let matching = one_of(query, "match", &["all", "any"])?;
        let mut filters = Vec::new();
        for (name, value) in query {
            filters.extend(filter(name, value)?);
        }
        let accepted = |row: &&Row| match matching {
            "any" => filters.is_empty() || filters.iter().any(|f| f.accepts(row)),
            _ => filters.iter().all(|f| f.accepts(row)),
        };
        let mut rows: Vec<&Row> = self.zone(zone)?.records.rows().filter(accepted).collect();
        rows.sort_by_key(|row| sort_key(row, order));
        if direction == "desc" {
            rows.reverse();
        }
        Ok(paging.reply(rows.into_iter().map(|row| self.shown_record(row)).collect()))
    }
}

/// Sorts numbers before text; ties keep the order of creation.
fn sort_key(row: &Row, field: &str) -> (i64, String) {
    match row.get(field) {
        Some(Value::Number(number)) => (number.as_i64().unwrap_or_default(), String::new()),
        Some(Value::Bool(value)) => (i64::from(*value), String::new()),
        Some(Value::String(text)) => (0, text.clone()),
        _ => (0, String::new()),
    }
}
