//! Pools: `/accounts/{account}/load_balancers/pools`.
//!
//! A PATCH overwrites the properties that are sent, and `origins` is one property. One origin
//! cannot be changed alone, and there is no precondition header, so the last of two writers wins
//! and the other's change is lost. Source: Cloudflare's API reference ("overwriting the supplied
//! properties").
use serde_json::{Value, json};

use super::envelope::{Failure, Reply, Row};
use super::fields::{self, Absent, Field, Kind, Problem};
use super::paging::{Query, only, value_of};
use super::pool_fields::{POOL, check};
use super::table::{flag, text};
use super::world::{World, now};

/// The bulk PATCH accepts one field with one value.
const BULK: &[Field] = &[Field::new("notification_email", Kind::OneOf(&[""]), Absent::Required)];

/// Turns the problems of a body into a refusal.
pub(crate) fn refuse(problems: Vec<Problem>) -> Failure {
    let mut failure = Failure { status: 400, errors: Vec::new() };
    for Problem { pointer, message } in problems {
        let name = pointer.trim_start_matches('/').replace('/', ".");
        failure.errors.extend(Failure::invalid(&pointer, format!("{name} {message}")).errors);
    }
    failure
}

/// The refusal of an id that no object has.
pub(crate) fn unknown(kind: &str) -> Failure {
    Failure::new(404, 1001, format!("{kind} not found"))
}

/// The refusal to delete an object that others refer to.
pub(crate) fn referenced(kind: &str, by: &str) -> Failure {
    let message = format!("{kind} is referenced by {by}: resource is referenced by others");
    Failure::new(412, 1005, message)
}

impl World {
    pub(crate) fn list_pools(&self, query: &Query) -> Result<Reply, Failure> {
        only(query, &["monitor"])?;
        Ok(self.pools_with(value_of(query, "monitor")))
    }

    fn pools_with(&self, monitor: Option<&str>) -> Reply {
        let wanted = |row: &&Row| monitor.is_none_or(|id| text(row, "monitor") == id);
        let rows = self.pools.rows().filter(wanted).map(|row| self.shown_pool(row));
        Reply::list(&rows.collect::<Vec<_>>())
    }

    pub(crate) fn get_pool(&self, id: &str) -> Result<Reply, Failure> {
        Ok(Reply::ok(self.shown_pool(self.pool_row(id)?)))
    }

    pub(crate) fn create_pool(&mut self, body: &Value) -> Result<Reply, Failure> {
        let row = fields::replace(POOL, body).map_err(refuse)?;
        let most = self.objects_max;
        if self.pools.len() >= most {
            return Err(Failure::invalid("", format!("the limit of {most} pools is reached")));
        }
        let row = self.born(row);
        self.store_pool(row, None)
    }

    pub(crate) fn replace_pool(&mut self, id: &str, body: &Value) -> Result<Reply, Failure> {
        let old = self.pool_row(id)?.clone();
        let row = fields::replace(POOL, body).map_err(refuse)?;
        self.store_pool(World::reborn(row, &old), Some(&old))
    }

    pub(crate) fn patch_pool(&mut self, id: &str, body: &Value) -> Result<Reply, Failure> {
        let old = self.pool_row(id)?.clone();
        let row = fields::patch(POOL, &old, body).map_err(refuse)?;
        self.store_pool(World::reborn(row, &old), Some(&old))
    }

    /// The bulk PATCH, which can only clear the notification address of all pools.
    pub(crate) fn patch_all_pools(&mut self, body: &Value) -> Result<Reply, Failure> {
        fields::replace(BULK, body).map_err(refuse)?;
        let rows: Vec<Row> = self.pools.rows().cloned().collect();
        for old in rows {
            let mut row = World::reborn(old.clone(), &old);
            row.insert("notification_email".to_owned(), json!(""));
            self.pools.put(row);
        }
        Ok(self.pools_with(None))
    }

    pub(crate) fn delete_pool(&mut self, id: &str) -> Result<Reply, Failure> {
        self.pool_row(id)?;
        if let Some(user) = self.balancers_using(id).next() {
            return Err(referenced("pool", text(user, "name")));
        }
        self.pools.remove(id);
        self.health.remove(id);
        Ok(Reply::ok(json!({"id": id})))
    }

    pub(crate) fn pool_health(&self, id: &str) -> Result<Reply, Failure> {
        self.pool_row(id)?;
        let health = self.health.get(id).cloned().unwrap_or_else(|| json!({}));
        Ok(Reply::ok(json!({"pool_id": id, "pop_health": health})))
    }

    pub(crate) fn pool_references(&self, id: &str) -> Result<Reply, Failure> {
        let pool = self.pool_row(id)?;
        let mut found: Vec<Value> = self
            .balancers_using(id)
            .map(|row| reference("referrer", "load_balancer", text(row, "id"), text(row, "name")))
            .collect();
        let monitor = self.monitors.get(text(pool, "monitor"));
        found.extend(monitor.map(|row| {
            reference("referral", "monitor", text(row, "id"), text(row, "description"))
        }));
        Ok(Reply::list(&found))
    }

    fn pool_row(&self, id: &str) -> Result<&Row, Failure> {
        self.pools.get(id).ok_or_else(|| unknown("pool"))
    }

    fn store_pool(&mut self, mut row: Row, old: Option<&Row>) -> Result<Reply, Failure> {
        check(&row)?;
        let id = text(&row, "id").to_owned();
        if self.pools.find("name", text(&row, "name")).is_some_and(|r| text(r, "id") != id) {
            return Err(Failure::field(1003, "/name", "value not unique"));
        }
        let monitor = text(&row, "monitor");
        if monitor.is_empty() {
            row.remove("monitor");
        } else if self.monitors.get(monitor).is_none() {
            return Err(Failure::invalid("/monitor", "monitor not found"));
        }
        mark_disabled(&mut row, old);
        let shown = self.shown_pool(&row);
        self.pools.put(row);
        Ok(Reply::ok(shown))
    }

    /// A pool as the API shows it; with the quirk on, its origins are in another order.
    pub(crate) fn shown_pool(&self, row: &Row) -> Value {
        let mut row = row.clone();
        if self.quirks.origins_reordered
            && let Some(origins) = row.get_mut("origins").and_then(Value::as_array_mut)
        {
            origins.reverse();
        }
        Value::Object(row)
    }

    pub(crate) fn balancers_using<'a>(&'a self, pool: &'a str) -> impl Iterator<Item = &'a Row> {
        let balancers = self.zones.iter().flat_map(|zone| zone.load_balancers.rows());
        balancers.filter(move |row| {
            super::balancer_fields::pools_used(row).iter().any(|(_, id)| id == pool)
        })
    }
}

/// An entry of a `references` list.
pub(crate) fn reference(direction: &str, kind: &str, id: &str, name: &str) -> Value {
    json!({
        "reference_type": direction, "resource_type": kind,
        "resource_id": id, "resource_name": name,
    })
}

/// Sets or clears the read-only `disabled_at` of the pool and of each origin. What was disabled
/// before keeps its time. An origin is identified by name, address and port.
fn mark_disabled(row: &mut Row, old: Option<&Row>) {
    let time = now();
    let earlier = |disabled: Option<&Value>| disabled.cloned().unwrap_or_else(|| json!(time));
    let old_origins = old.and_then(|old| old.get("origins")).and_then(Value::as_array).cloned();
    for origin in row.get_mut("origins").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(origin) = origin.as_object_mut() else { continue };
        let same = |other: &&Value| {
            ["name", "address", "port"].iter().all(|key| other.get(*key) == origin.get(*key))
        };
        let before = old_origins.iter().flatten().find(same).and_then(|o| o.get("disabled_at"));
        if flag(origin, "enabled") {
            origin.remove("disabled_at");
        } else {
            origin.insert("disabled_at".to_owned(), earlier(before));
        }
    }
    if flag(row, "enabled") {
        row.remove("disabled_at");
    } else {
        let before = old.and_then(|old| old.get("disabled_at"));
        row.insert("disabled_at".to_owned(), earlier(before));
    }
}
