//! The rules for DNS records that span several fields.
//!
//! Codes and texts are those that clients have reported. `envelope.rs` says why not to branch on
//! them.
use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use super::envelope::{Failure, Row};
use super::plan::Plan;
use super::pool_fields::is_hostname;
use super::table::{flag, strings, text};
use super::world::Zone;

/// The TTL of a record whose TTL Cloudflare chooses ("auto").
const TTL_AUTO: i64 = 1;

/// Converts a record to the stored form: full lower-case name, TTL auto if proxied.
pub(crate) fn normalise(row: &mut Row, zone: &Zone) -> Result<(), Failure> {
    let given = text(row, "name").trim_end_matches('.').to_ascii_lowercase();
    let name = match given.as_str() {
        "" => return Err(Failure::field(9000, "/name", "DNS name is invalid.")),
        "@" => zone.name.clone(),
        inside if zone.contains(inside) => given,
        relative => format!("{relative}.{}", zone.name),
    };
    if !name.is_ascii() || name.len() > 255 || name.contains([' ', '/']) {
        return Err(Failure::field(9000, "/name", "DNS name is invalid."));
    }
    let kind = text(row, "type").to_owned();
    if kind == "CNAME" {
        let target = text(row, "content").trim_end_matches('.').to_ascii_lowercase();
        row.insert("content".to_owned(), json!(target));
    }
    if flag(row, "proxied") {
        row.insert("ttl".to_owned(), json!(TTL_AUTO));
    }
    row.insert("name".to_owned(), json!(name));
    row.insert("proxiable".to_owned(), json!(is_proxiable(&kind)));
    row.entry("meta").or_insert_with(|| json!({}));
    Ok(())
}

fn is_proxiable(kind: &str) -> bool {
    matches!(kind, "A" | "AAAA" | "CNAME")
}

/// Checks a normalised record by itself.
pub(crate) fn check(row: &Row, zone: &Zone) -> Result<(), Failure> {
    check_content(row)?;
    let ttl = row.get("ttl").and_then(Value::as_i64).unwrap_or(TTL_AUTO);
    let min = zone.plan.ttl_s_min();
    if ttl != TTL_AUTO && ttl < min {
        let message =
            format!("Invalid TTL. Must be between {min} and 86400 seconds, or 1 for Automatic.");
        return Err(Failure::field(9021, "/ttl", message));
    }
    if flag(row, "proxied") && !is_proxiable(text(row, "type")) {
        let message = "This record type cannot be proxied.";
        return Err(Failure::field(9004, "/proxied", message));
    }
    let limit = zone.plan.comment_chars_max();
    if text(row, "comment").chars().count() > limit {
        let message = format!("Comment must not be longer than {limit} characters.");
        return Err(Failure::field(1004, "/comment", message));
    }
    if zone.plan == Plan::Free && !strings(row, "tags").is_empty() {
        return Err(Failure::field(1004, "/tags", "Tags are not available on this plan."));
    }
    Ok(())
}

fn check_content(row: &Row) -> Result<(), Failure> {
    let content = text(row, "content");
    let invalid = |code, wanted: &str| {
        let message = format!("Content for {} record is invalid. {wanted}", text(row, "type"));
        Err(Failure::field(code, "/content", message))
    };
    match text(row, "type") {
        "A" if content.parse::<Ipv4Addr>().is_err() => {
            invalid(9005, "Must be a valid IPv4 address")
        }
        "AAAA" if content.parse::<Ipv6Addr>().is_err() => {
            invalid(9006, "Must be a valid IPv6 address")
        }
        "CNAME" if !is_hostname(content) => invalid(9007, "Must be a valid hostname"),
        "CNAME" if content == text(row, "name") => {
            invalid(9039, "CNAME content cannot reference itself.")
        }
        _ if content.is_empty() && !row.contains_key("data") => {
            invalid(1004, "Content is required")
        }
        _ => Ok(()),
    }
}

/// Checks a record against others of its name: no identical records, and no CNAME beside addresses.
pub(crate) fn check_neighbours(row: &Row, zone: &Zone) -> Result<(), Failure> {
    let same_name = |other: &&Row| {
        text(other, "name") == text(row, "name") && text(other, "id") != text(row, "id")
    };
    let kind = text(row, "type");
    for other in zone.records.rows().filter(same_name) {
        let other_kind = text(other, "type");
        let same_data =
            ["content", "data", "priority"].iter().all(|f| other.get(*f) == row.get(*f));
        if other_kind == kind && same_data {
            return Err(Failure::new(400, 81058, "An identical record already exists."));
        }
        if kind == "CNAME" && is_proxiable(other_kind) {
            let message = "An A, AAAA, or CNAME record with that host already exists.";
            return Err(Failure::new(400, 81053, message));
        }
        if other_kind == "CNAME" && is_proxiable(kind) {
            let message = "A CNAME record with that host already exists.";
            return Err(Failure::new(400, 81054, message));
        }
    }
    Ok(())
}
