//! The record table as a source of DNS answers. A change takes effect with the reply to its call.
//!
//! Load balancers are not resolved. A real one would answer for its name and hide its plain
//! records; the lab resolves only records.
use serde_json::Value;

use super::envelope::Row;
use super::shared::SharedWorld;
use super::table::{flag, text};
use crate::dns::{DnsRecord, RecordSource};

impl RecordSource for SharedWorld {
    fn zones(&self) -> Vec<String> {
        let world = self.lock();
        world.zones.iter().filter(|zone| zone.answers()).map(|zone| zone.name.clone()).collect()
    }

    fn records(&self, name: &str) -> Vec<DnsRecord> {
        let world = self.lock();
        let zones = world.zones.iter().filter(|zone| zone.answers());
        let rows = zones.flat_map(|zone| zone.records.rows());
        rows.filter(|row| text(row, "name") == name).map(dns_record).collect()
    }
}

fn dns_record(row: &Row) -> DnsRecord {
    let number = |field: &str| row.get(field).and_then(Value::as_u64);
    let content = text(row, "content").to_owned();
    let kind = text(row, "type").to_owned();
    let content = match number("priority") {
        Some(priority) if kind == "MX" => format!("{priority} {content}"),
        _ => content,
    };
    DnsRecord {
        name: text(row, "name").to_owned(),
        content,
        kind,
        ttl_s: number("ttl").and_then(|ttl| u32::try_from(ttl).ok()).unwrap_or(1),
        proxied: flag(row, "proxied"),
    }
}
