//! DNS records: `/zones/{zone}/dns_records`.
use serde_json::{Value, json};

use super::envelope::{Failure, Reply, Row};
use super::fields::{self, Absent, Field, Kind, Problem};
use super::record_rules::{self, check, normalise};
use super::table::text;
use super::world::{World, now};

const RECORD: &[Field] = &[
    Field::read_only("id"),
    Field::read_only("created_on"),
    Field::read_only("modified_on"),
    Field::read_only("comment_modified_on"),
    Field::read_only("tags_modified_on"),
    Field::read_only("proxiable"),
    Field::read_only("meta"),
    Field::new("name", Kind::Text, Absent::Required),
    Field::new("type", Kind::OneOf(TYPES), Absent::Required),
    Field::new("content", Kind::Text, Absent::Omitted),
    Field::new("data", Kind::Any, Absent::Omitted),
    Field::new("priority", Kind::Int(0, 65535), Absent::Omitted),
    Field::new("ttl", Kind::Int(1, 86400), Absent::Int(1)),
    Field::new("proxied", Kind::Bool, Absent::Bool(false)),
    Field::nullable("comment", Kind::Text, Absent::Omitted),
    Field::new("tags", Kind::List(&Kind::Text), Absent::EmptyList),
    Field::new("settings", Kind::Object(SETTINGS), Absent::EmptyMap),
    Field::new("private_routing", Kind::Bool, Absent::Omitted),
];

const SETTINGS: &[Field] = &[
    Field::new("ipv4_only", Kind::Bool, Absent::Omitted),
    Field::new("ipv6_only", Kind::Bool, Absent::Omitted),
    Field::new("flatten_cname", Kind::Bool, Absent::Omitted),
];

const TYPES: &[&str] = &[
    "A",
    "AAAA",
    "CAA",
    "CERT",
    "CNAME",
    "DNSKEY",
    "DS",
    "HTTPS",
    "LOC",
    "MX",
    "NAPTR",
    "NS",
    "OPENPGPKEY",
    "PTR",
    "SMIMEA",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
    "TXT",
    "URI",
];

/// The refusal of an id that no record of the zone has.
pub(crate) fn missing() -> Failure {
    Failure::new(404, 81044, "Record does not exist.")
}

fn refuse(problems: Vec<Problem>) -> Failure {
    let mut failure = Failure { status: 400, errors: Vec::new() };
    for Problem { pointer, message } in problems {
        let code = match pointer.as_str() {
            "/name" => 9000,
            "/proxied" => 9003,
            "/ttl" => 9021,
            _ => 1004,
        };
        let message = format!("{} {message}", pointer.trim_start_matches('/'));
        failure.errors.extend(Failure::field(code, &pointer, message).errors);
    }
    failure
}

impl World {
    pub(crate) fn get_record(&self, zone: &str, id: &str) -> Result<Reply, Failure> {
        Ok(Reply::ok(self.shown_record(self.record_row(zone, id)?)))
    }

    pub(crate) fn create_record(&mut self, zone: &str, body: &Value) -> Result<Reply, Failure> {
        let row = fields::replace(RECORD, body).map_err(refuse)?;
        let owner = self.zone(zone)?;
        if owner.records.len() >= owner.plan.records_max() {
            return Err(Failure::new(400, 81045, "The record quota has been exceeded."));
        }
        let row = self.born(row);
        self.store_record(zone, row, None)
    }

    pub(crate) fn replace_record(
        &mut self,
        zone: &str,
        id: &str,
        body: &Value,
    ) -> Result<Reply, Failure> {
        let old = self.record_row(zone, id)?.clone();
        let row = fields::replace(RECORD, body).map_err(refuse)?;
        self.store_record(zone, World::reborn(row, &old), Some(&old))
    }

    pub(crate) fn patch_record(
        &mut self,
        zone: &str,
        id: &str,
        body: &Value,
    ) -> Result<Reply, Failure> {
        let old = self.record_row(zone, id)?.clone();
        let row = fields::patch(RECORD, &old, body).map_err(refuse)?;
        self.store_record(zone, World::reborn(row, &old), Some(&old))
    }

    pub(crate) fn delete_record(&mut self, zone: &str, id: &str) -> Result<Reply, Failure> {
        self.record_row(zone, id)?;
        self.zone_mut(zone)?.records.remove(id);
        Ok(Reply::ok(json!({"id": id})))
    }

    fn record_row(&self, zone: &str, id: &str) -> Result<&Row, Failure> {
        self.zone(zone)?.records.get(id).ok_or_else(missing)
    }

    fn store_record(
        &mut self,
        zone: &str,
        mut row: Row,
        old: Option<&Row>,
    ) -> Result<Reply, Failure> {
        let owner = self.zone(zone)?;
        normalise(&mut row, owner)?;
        check(&row, owner)?;
        record_rules::check_neighbours(&row, owner)?;
        stamp_comment(&mut row, old);
        let shown = self.shown_record(&row);
        self.zone_mut(zone)?.records.put(row);
        Ok(Reply::ok(shown))
    }

    pub(crate) fn shown_record(&self, row: &Row) -> Value {
        let mut row = row.clone();
        if self.quirks.absent_comment_is_null {
            row.entry("comment").or_insert(Value::Null);
        }
        Value::Object(row)
    }
}

fn stamp_comment(row: &mut Row, old: Option<&Row>) {
    let before = old.map(|old| text(old, "comment")).unwrap_or_default();
    if text(row, "comment").is_empty() {
        row.remove("comment_modified_on");
    } else if text(row, "comment") != before {
        row.insert("comment_modified_on".to_owned(), json!(now()));
    } else if let Some(time) = old.and_then(|old| old.get("comment_modified_on")) {
        row.insert("comment_modified_on".to_owned(), time.clone());
    }
}
