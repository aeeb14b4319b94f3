//! Monitors: `/accounts/{account}/load_balancers/monitors`.
use serde_json::{Value, json};

use super::envelope::{Failure, Reply, Row};
use super::fields::{self, Absent, Field, Kind};
use super::plan::INTERVAL_S;
use super::pools::{reference, referenced, refuse, unknown};
use super::table::text;
use super::world::World;

const MONITOR: &[Field] = &[
    Field::read_only("id"),
    Field::read_only("created_on"),
    Field::read_only("modified_on"),
    Field::new("type", Kind::OneOf(TYPES), Absent::Text("http")),
    Field::new("description", Kind::Text, Absent::Text("")),
    Field::new("method", Kind::Text, Absent::Omitted),
    Field::new("path", Kind::Rule(path), Absent::Text("/")),
    Field::nullable("port", Kind::Int(0, 65535), Absent::Int(0)),
    Field::new("interval", Kind::Int(INTERVAL_S.0, INTERVAL_S.1), Absent::Int(60)),
    Field::new("timeout", Kind::Int(1, 60), Absent::Int(5)),
    Field::new("retries", Kind::Int(0, 5), Absent::Int(2)),
    Field::new("consecutive_up", Kind::Int(0, 100), Absent::Int(0)),
    Field::new("consecutive_down", Kind::Int(0, 100), Absent::Int(0)),
    Field::new("expected_codes", Kind::Rule(expected_codes), Absent::Omitted),
    Field::new("expected_body", Kind::Text, Absent::Text("")),
    Field::new("header", Kind::Map(&Kind::List(&Kind::Text)), Absent::EmptyMap),
    Field::new("follow_redirects", Kind::Bool, Absent::Bool(false)),
    Field::new("allow_insecure", Kind::Bool, Absent::Bool(false)),
    Field::new("probe_zone", Kind::Text, Absent::Text("")),
];

const TYPES: &[&str] = &["http", "https", "tcp", "udp_icmp", "icmp_ping", "smtp"];

fn path(path: &str) -> Result<(), &'static str> {
    if path.starts_with('/') { Ok(()) } else { Err("must start with /") }
}

/// A list of codes such as `200`, classes such as `2xx`, separated by commas.
fn expected_codes(codes: &str) -> Result<(), &'static str> {
    let code = |code: &str| {
        let mut chars = code.trim().chars();
        chars.next().is_some_and(|c| ('1'..='5').contains(&c))
            && chars.clone().count() == 2
            && chars.all(|c| c.is_ascii_digit() || c == 'x')
    };
    if codes.is_empty() || codes.split(',').all(code) {
        Ok(())
    } else {
        Err("must be status codes or classes separated by commas")
    }
}

/// Fills in defaults that depend on the type, and checks rules that do.
fn finish(row: &mut Row) -> Result<(), Failure> {
    let kind = text(row, "type").to_owned();
    let http = matches!(kind.as_str(), "http" | "https");
    let method = match kind.as_str() {
        "http" | "https" => "GET",
        "tcp" => "connection_established",
        _ => "",
    };
    row.entry("method").or_insert_with(|| json!(method));
    row.entry("expected_codes").or_insert_with(|| json!(if http { "200" } else { "" }));
    let port = row.get("port").and_then(Value::as_i64).unwrap_or(0);
    if port == 0 && matches!(kind.as_str(), "tcp" | "udp_icmp" | "smtp") {
        return Err(Failure::invalid("/port", format!("port is required for {kind}")));
    }
    let header = row.get("header").and_then(Value::as_object);
    if header.is_some_and(|h| h.keys().any(|name| name.eq_ignore_ascii_case("user-agent"))) {
        return Err(Failure::invalid("/header", "User-Agent cannot be overridden"));
    }
    Ok(())
}

impl World {
    pub(crate) fn list_monitors(&self) -> Reply {
        Reply::list(&self.monitors.values())
    }

    pub(crate) fn get_monitor(&self, id: &str) -> Result<Reply, Failure> {
        Ok(Reply::ok(self.monitor_row(id)?.clone()))
    }

    pub(crate) fn create_monitor(&mut self, body: &Value) -> Result<Reply, Failure> {
        let row = fields::replace(MONITOR, body).map_err(refuse)?;
        let row = self.born(row);
        self.store_monitor(row)
    }

    pub(crate) fn replace_monitor(&mut self, id: &str, body: &Value) -> Result<Reply, Failure> {
        let old = self.monitor_row(id)?.clone();
        let row = fields::replace(MONITOR, body).map_err(refuse)?;
        self.store_monitor(World::reborn(row, &old))
    }

    pub(crate) fn patch_monitor(&mut self, id: &str, body: &Value) -> Result<Reply, Failure> {
        let old = self.monitor_row(id)?.clone();
        let row = fields::patch(MONITOR, &old, body).map_err(refuse)?;
        self.store_monitor(World::reborn(row, &old))
    }

    pub(crate) fn delete_monitor(&mut self, id: &str) -> Result<Reply, Failure> {
        self.monitor_row(id)?;
        if let Some(pool) = self.pools.find("monitor", id) {
            return Err(referenced("monitor", text(pool, "name")));
        }
        self.monitors.remove(id);
        Ok(Reply::ok(json!({"id": id})))
    }

    pub(crate) fn monitor_references(&self, id: &str) -> Result<Reply, Failure> {
        self.monitor_row(id)?;
        let pools = self.pools.rows().filter(|row| text(row, "monitor") == id);
        let pools =
            pools.map(|row| reference("referrer", "pool", text(row, "id"), text(row, "name")));
        Ok(Reply::list(&pools.collect::<Vec<_>>()))
    }

    fn monitor_row(&self, id: &str) -> Result<&Row, Failure> {
        self.monitors.get(id).ok_or_else(|| unknown("monitor"))
    }

    fn store_monitor(&mut self, mut row: Row) -> Result<Reply, Failure> {
        finish(&mut row)?;
        let least = self.monitor_interval_s_min;
        if row.get("interval").and_then(Value::as_i64).is_some_and(|interval| interval < least) {
            let message = format!("interval must be in range [{least}, {}]", INTERVAL_S.1);
            return Err(Failure::invalid("/interval", message));
        }
        self.monitors.put(row.clone());
        Ok(Reply::ok(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_codes_are_codes_and_classes() {
        assert!(["200", "2xx", "200,301, 3xx", ""].iter().all(|c| expected_codes(c).is_ok()));
        assert!(["20", "2000", "6xx", "ok", "200,"].iter().all(|c| expected_codes(c).is_err()));
    }
}
