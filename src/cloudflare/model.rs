//! The API over an account in memory, as far as we use it: lists, single objects, merged patches,
//! and batches that are carried out whole or not at all.
//!
//! Tests play passes against it, and `pointsman simulate` whole days. On the host only.

use super::{Call, Reply};
use crate::ordered::{Map, Set};
use serde_json::{Map as Object, Value, json};

/// What the API does with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered,
    /// It is carried out, and nobody hears of it.
    LostAfter,
    /// It never arrives.
    LostBefore,
    /// It is not carried out, and the API says that it is in trouble.
    Broken,
    /// It is carried out, and the reply is cut off.
    CutOff,
    /// It is not carried out, and the API asks for no calls for a while.
    Limited,
}

/// The zones and the pools of one owner. Ids are made of what is created, so that they are the same
/// whenever that happens. Pools are kept by name alone, whichever account a call names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Account {
    /// The names of the zones, by their ids.
    pub(crate) zones: Map<String, String>,
    pub(crate) records: Vec<Value>,
    pub(crate) pools: Vec<Value>,
    pub(crate) monitors: Vec<Value>,
    pub(crate) balancers: Vec<Value>,
    /// The time, as the API writes it.
    pub(crate) time: String,
}

/// What the API says no to, with its status.
type No = (u16, String);

/// What it asks for when it answers 429.
const RETRY_AFTER_S: u64 = 20;
/// Rows of one page of a list.
const PAGE_ROWS: usize = 500;

pub(crate) fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl Default for Account {
    fn default() -> Self {
        Self {
            zones: Map::from([("z1".to_owned(), "example.com".to_owned())]),
            records: Vec::new(),
            pools: Vec::new(),
            monitors: Vec::new(),
            balancers: Vec::new(),
            time: String::new(),
        }
    }
}

impl Account {
    /// Answers a call as its fate has it.
    pub(crate) fn meet(&mut self, call: &Call, fate: Fate) -> Reply {
        match fate {
            Fate::LostBefore => return lost(),
            Fate::Broken => return answered(500, &json!("")),
            Fate::Limited => return limited(),
            Fate::Answered | Fate::LostAfter | Fate::CutOff => {}
        }
        let reply = self.answer(call);
        match fate {
            Fate::LostAfter => lost(),
            Fate::CutOff => answered(200, &json!({"success": true})),
            _ => reply,
        }
    }

    fn answer(&mut self, call: &Call) -> Reply {
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let body = call.body.as_ref();
        let answered = match (call.method.as_str(), parts.as_slice()) {
            ("GET", ["zones"]) => Ok(self.zones_named(query)),
            ("GET", ["zones", zone, "dns_records"]) => return self.page(zone, query),
            ("POST", ["zones", zone, "dns_records", "batch"]) if self.has(zone) => self.batch(body),
            (method, ["zones", zone, kind @ ("dns_records" | "load_balancers"), id @ ..])
                if self.has(zone) =>
            {
                self.one(method, kind, Some(*zone).filter(|_| id.is_empty()), (id, body))
            }
            (method, ["accounts", _, "load_balancers", kind @ ("pools" | "monitors"), id @ ..]) => {
                self.one(method, kind, None, (id, body))
            }
            _ => Err((404, call.path.clone())),
        };
        match answered {
            Ok(result) => ok(&result),
            Err((status, why)) => refused(status, &why),
        }
    }

    fn has(&self, zone: &str) -> bool {
        self.zones.contains_key(zone)
    }

    fn zones_named(&self, query: &str) -> Value {
        let named = query.strip_prefix("name=").unwrap_or(query);
        let named = named.split('&').next().unwrap_or_default();
        let zones = self.zones.iter().filter(|(_, name)| *name == named);
        zones.map(|(id, name)| json!({"id": id, "name": name, "status": "active"})).collect()
    }

    /// Whether a row is of this zone. What is below no zone is of the first one.
    fn is_in(&self, zone: &str, row: &Value) -> bool {
        let name = text(row, "name");
        let is_below = |zone: &str| {
            name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let of = self.zones.iter().filter(|(_, zone)| is_below(zone));
        let of = of.max_by_key(|(_, zone)| zone.len()).or_else(|| self.zones.iter().next());
        of.is_some_and(|(id, _)| id == zone)
    }

    fn page(&self, zone: &str, query: &str) -> Reply {
        let number = query.rsplit('=').next().and_then(|number| number.parse::<usize>().ok());
        let before = number.unwrap_or(1).saturating_sub(1).saturating_mul(PAGE_ROWS);
        let rows: Vec<&Value> = self.records.iter().filter(|row| self.is_in(zone, row)).collect();
        let shown: Vec<&Value> = rows.iter().skip(before).take(PAGE_ROWS).copied().collect();
        let info = json!({"total_count": rows.len()});
        answered(200, &json!({"success": true, "result": shown, "result_info": info}))
    }

    fn rows(&mut self, kind: &str) -> &mut Vec<Value> {
        match kind {
            "dns_records" => &mut self.records,
            "pools" => &mut self.pools,
            "monitors" => &mut self.monitors,
            _ => &mut self.balancers,
        }
    }

    fn row(&mut self, kind: &str, id: &str) -> Result<&mut Value, No> {
        let row = self.rows(kind).iter_mut().find(|row| text(row, "id") == id);
        row.ok_or_else(|| (404, format!("no {id}")))
    }

    fn one(
        &mut self,
        method: &str,
        kind: &str,
        zone: Option<&str>,
        (id, body): (&[&str], Option<&Value>),
    ) -> Result<Value, No> {
        let Some(id) = id.first() else {
            return match (method, zone.map(str::to_owned)) {
                ("GET", Some(zone)) => {
                    let rows = self.rows(kind).clone();
                    Ok(rows.into_iter().filter(|row| self.is_in(&zone, row)).collect())
                }
                ("GET", None) => Ok(json!(self.rows(kind))),
                _ => self.create(kind, body.ok_or_else(no_body)?),
            };
        };
        match method {
            "GET" => Ok(self.row(kind, id)?.clone()),
            "DELETE" => {
                let row = self.row(kind, id)?.clone();
                self.rows(kind).retain(|other| text(other, "id") != *id);
                Ok(row)
            }
            _ => self.patch(kind, id, body.ok_or_else(no_body)?),
        }
    }

    fn patch(&mut self, kind: &str, id: &str, body: &Value) -> Result<Value, No> {
        let before = self.row(kind, id)?.clone();
        self.check(kind, body)?;
        let mut row = before.clone();
        if let (Some(row), Some(fields)) = (row.as_object_mut(), body.as_object()) {
            row.extend(fields.clone());
        }
        let row = shaped(kind, row, &before, &self.time);
        *self.row(kind, id)? = row.clone();
        self.check_records()?;
        Ok(row)
    }

    fn create(&mut self, kind: &str, body: &Value) -> Result<Value, No> {
        self.check(kind, body)?;
        let named = [text(body, "name"), text(body, "content")].concat();
        let named = if named.is_empty() { text(body, "description").to_owned() } else { named };
        let mut id = format!("id-{named}");
        let rows = self.rows(kind);
        let is_there = |rows: &[Value], id: &str| rows.iter().any(|row| text(row, "id") == id);
        // Others may have moved the record that was made under this id.
        while kind == "dns_records" && is_there(rows, &id) {
            id.push('+');
        }
        if is_there(rows, &id) {
            return Err((400, format!("{named} is there")));
        }
        let mut row = body.clone();
        put(&mut row, "id", json!(id));
        let row = shaped(kind, row, &Value::Null, &self.time);
        self.rows(kind).push(row.clone());
        self.check_records()?;
        Ok(row)
    }

    fn batch(&mut self, body: Option<&Value>) -> Result<Value, No> {
        let body = body.ok_or_else(no_body)?;
        let before = self.records.clone();
        let mut run = || {
            let mut shown = Object::new();
            for (name, method) in [("deletes", "DELETE"), ("patches", "PATCH"), ("posts", "POST")] {
                let list = body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
                let rows = list.into_iter().map(|row| {
                    let id: Vec<&str> = row.get("id").and_then(Value::as_str).into_iter().collect();
                    self.one(method, "dns_records", None, (&id, Some(&row)))
                });
                shown.insert(name.to_owned(), json!(rows.collect::<Result<Vec<_>, _>>()?));
            }
            Ok(Value::Object(shown))
        };
        let result = run();
        if result.is_err() {
            self.records = before;
        }
        result
    }

    /// Whether everything that is named is there, and nothing is sent that may only be read.
    fn check(&self, kind: &str, body: &Value) -> Result<(), No> {
        let is_there = |id: &Value| {
            let all = self.pools.iter().chain(&self.monitors);
            all.into_iter().any(|row| row.get("id") == Some(id))
        };
        let lists = body.get("country_pools").and_then(Value::as_object).into_iter().flatten();
        let lists = lists.map(|(_, list)| list).chain(body.get("default_pools"));
        let named = lists.filter_map(Value::as_array).flatten();
        let single = [body.get("fallback_pool"), body.get("monitor")].into_iter().flatten();
        if let Some(id) = named.chain(single.filter(|id| !id.is_null())).find(|id| !is_there(id)) {
            return Err((400, format!("{kind} names {id}, which is not there")));
        }
        if origins(body).any(|origin| origin.get("disabled_at").is_some()) {
            return Err((400, "`disabled_at` is read-only".to_owned()));
        }
        Ok(())
    }

    /// No two records may be the same, and a CNAME stands alone.
    fn check_records(&self) -> Result<(), No> {
        let key =
            |row: &Value| [text(row, "name"), text(row, "type"), text(row, "content")].join(" ");
        let keys = Set::of(self.records.iter().map(key));
        if keys.len() == self.records.len() { Ok(()) } else { Err((400, "identical".to_owned())) }
    }
}

fn no_body() -> No {
    (400, "there is no body".to_owned())
}

fn origins(row: &Value) -> impl Iterator<Item = &Value> {
    row.get("origins").and_then(Value::as_array).into_iter().flatten()
}

fn put(row: &mut Value, key: &str, value: Value) {
    if let Some(row) = row.as_object_mut() {
        row.insert(key.to_owned(), value);
    }
}

fn take(row: &mut Value, key: &str) {
    if let Some(row) = row.as_object_mut() {
        row.remove(key);
    }
}

fn is(row: &Value, key: &str, flag: bool) -> bool {
    row.get(key).and_then(Value::as_bool) == Some(flag)
}

/// What the API makes of a row that was written.
fn shaped(kind: &str, mut row: Value, before: &Value, time: &str) -> Value {
    if kind == "dns_records" && is(&row, "proxied", true) {
        put(&mut row, "ttl", json!(1));
    }
    if kind == "dns_records" && row.get("tags").is_none_or(Value::is_null) {
        put(&mut row, "tags", json!([]));
    }
    if let Some(origins_now) = row.get_mut("origins").and_then(Value::as_array_mut) {
        for origin in origins_now {
            let same = |other: &&Value| {
                ["address", "port"].iter().all(|key| other.get(key) == origin.get(key))
            };
            let was = origins(before).find(same).cloned().unwrap_or_default();
            mark_disabled(origin, &was, time);
        }
    }
    if kind == "pools" {
        mark_disabled(&mut row, before, time);
    }
    if row.get("origins").is_some_and(Value::is_null) {
        take(&mut row, "origins");
    }
    row
}

/// Since when it is disabled: what was disabled before keeps its time.
fn mark_disabled(row: &mut Value, before: &Value, time: &str) {
    if is(row, "enabled", false) {
        let since = before.get("disabled_at").cloned();
        put(row, "disabled_at", since.unwrap_or_else(|| json!(time)));
    } else {
        take(row, "disabled_at");
    }
}

fn answered(status: u16, body: &Value) -> Reply {
    Reply::Answered { status, retry_after_s: None, body: body.to_string() }
}

fn ok(result: &Value) -> Reply {
    answered(200, &json!({"success": true, "errors": [], "messages": [], "result": result}))
}

fn refused(status: u16, message: &str) -> Reply {
    let errors = json!([{"code": 1000, "message": message}]);
    answered(status, &json!({"success": false, "errors": errors, "result": null}))
}

fn limited() -> Reply {
    let Reply::Answered { status, body, .. } = refused(429, "rate limited") else { return lost() };
    Reply::Answered { status, retry_after_s: Some(RETRY_AFTER_S), body }
}

fn lost() -> Reply {
    Reply::Lost("none".to_owned())
}
