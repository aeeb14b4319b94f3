//! The API over an account in memory, as far as we use it: lists, single objects, merged patches,
//! and batches that are carried out whole or not at all.

use super::*;

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
}

/// One account with one zone. Ids are made of what is created, so that they are the same whenever
/// that happens.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Account {
    pub(crate) records: Vec<Value>,
    pub(crate) pools: Vec<Value>,
    pub(crate) monitors: Vec<Value>,
    pub(crate) balancers: Vec<Value>,
    /// The time, as the API writes it.
    pub(crate) time: String,
}

/// What the API says no to, with its status.
type No = (u16, String);

pub(crate) fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    row[key].as_str().unwrap_or_default()
}

impl Account {
    /// Answers a call as its fate has it.
    pub(crate) fn meet(&mut self, call: &Call, fate: Fate) -> Reply {
        match fate {
            Fate::LostBefore => return lost(),
            Fate::Broken => return answered(500, &json!("")),
            Fate::Answered | Fate::LostAfter | Fate::CutOff => {}
        }
        let reply = self.answer(call);
        match fate {
            Fate::LostAfter => lost(),
            Fate::CutOff => answered(200, &json!({"success": true})),
            _ => reply,
        }
    }

    /// A person disables an origin that is enabled. Returns whether there is one.
    pub(super) fn disable_by_hand(&mut self, pool: &str, origin: usize) -> Option<String> {
        let pool = self.pools.iter_mut().find(|row| text(row, "name") == pool)?;
        let origin = pool["origins"].as_array_mut()?.get_mut(origin)?;
        if origin["enabled"] == json!(false) {
            return None;
        }
        origin["enabled"] = json!(false);
        origin["disabled_at"] = json!(self.time);
        Some(text(origin, "address").to_owned())
    }

    fn answer(&mut self, call: &Call) -> Reply {
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let body = call.body.as_ref();
        let answered = match (call.method.as_str(), parts.as_slice()) {
            ("GET", ["zones"]) => Ok(zone()),
            ("GET", ["zones", "z1", "dns_records"]) => return self.page(query),
            ("POST", ["zones", "z1", "dns_records", "batch"]) => self.batch(body.unwrap()),
            (
                method,
                ["zones", "z1", kind @ ("dns_records" | "load_balancers"), id @ ..]
                | ["accounts", "acc", "load_balancers", kind @ ("pools" | "monitors"), id @ ..],
            ) => self.one(method, kind, id.first().copied(), body),
            _ => Err((404, call.path.clone())),
        };
        match answered {
            Ok(result) => ok(&result),
            Err((status, why)) => refused(status, &why),
        }
    }

    fn page(&self, query: &str) -> Reply {
        let page_number: usize = query.rsplit('=').next().unwrap().parse().unwrap();
        let rows: Vec<&Value> =
            self.records.iter().skip((page_number - 1) * 500).take(500).collect();
        page(&json!(rows), self.records.len())
    }

    fn rows(&mut self, kind: &str) -> &mut Vec<Value> {
        match kind {
            "dns_records" => &mut self.records,
            "pools" => &mut self.pools,
            "monitors" => &mut self.monitors,
            _ => &mut self.balancers,
        }
    }

    fn one(
        &mut self,
        method: &str,
        kind: &str,
        id: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, No> {
        let Some(id) = id else {
            return match method {
                "GET" => Ok(json!(self.rows(kind))),
                _ => self.create(kind, body.unwrap()),
            };
        };
        let index = self.rows(kind).iter().position(|row| text(row, "id") == id);
        let index = index.ok_or((404, format!("no {id}")))?;
        match method {
            "GET" => Ok(self.rows(kind)[index].clone()),
            "DELETE" => Ok(self.rows(kind).remove(index)),
            _ => {
                let mut row = self.rows(kind)[index].clone();
                let fields = body.unwrap().as_object().unwrap().clone();
                let before = row.clone();
                row.as_object_mut().unwrap().extend(fields);
                self.check(kind, body.unwrap())?;
                self.rows(kind)[index] = shaped(kind, row, &before, &self.time);
                self.check_records()?;
                Ok(self.rows(kind)[index].clone())
            }
        }
    }

    fn create(&mut self, kind: &str, body: &Value) -> Result<Value, No> {
        self.check(kind, body)?;
        let named = [text(body, "name"), text(body, "content")].concat();
        let named = if named.is_empty() { text(body, "description").to_owned() } else { named };
        let mut row = body.clone();
        row["id"] = json!(format!("id-{named}"));
        let mut row = shaped(kind, row, &Value::Null, &self.time);
        let rows = self.rows(kind);
        // Others may have moved the record that was made under this id.
        while kind == "dns_records" && rows.iter().any(|other| other["id"] == row["id"]) {
            row["id"] = json!(format!("{}+", text(&row, "id")));
        }
        if rows.iter().any(|other| other["id"] == row["id"]) {
            return Err((400, format!("{named} is there")));
        }
        rows.push(row.clone());
        self.check_records()?;
        Ok(row)
    }

    fn batch(&mut self, body: &Value) -> Result<Value, No> {
        let before = self.records.clone();
        let mut run = || {
            let list = |name: &str| body[name].as_array().cloned().unwrap_or_default();
            let mut shown = json!({});
            for (name, method) in [("deletes", "DELETE"), ("patches", "PATCH"), ("posts", "POST")] {
                let rows = list(name).into_iter().map(|row| {
                    let id = row["id"].as_str().map(str::to_owned);
                    self.one(method, "dns_records", id.as_deref(), Some(&row))
                });
                shown[name] = json!(rows.collect::<Result<Vec<_>, _>>()?);
            }
            Ok(shown)
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
            all.into_iter().any(|row| row["id"] == *id)
        };
        let lists = body["country_pools"].as_object().into_iter().flatten().map(|(_, list)| list);
        let named = lists.chain([&body["default_pools"]]).filter_map(Value::as_array).flatten();
        let single = [&body["fallback_pool"], &body["monitor"]].into_iter();
        if let Some(id) = named.chain(single.filter(|id| !id.is_null())).find(|id| !is_there(id)) {
            return Err((400, format!("{kind} names {id}, which is not there")));
        }
        let mut origins = body["origins"].as_array().into_iter().flatten();
        match origins.find(|origin| origin.get("disabled_at").is_some()) {
            Some(_) => Err((400, "`disabled_at` is read-only".to_owned())),
            None => Ok(()),
        }
    }

    /// No two records may be the same, and a CNAME stands alone.
    fn check_records(&self) -> Result<(), No> {
        let key =
            |row: &Value| [text(row, "name"), text(row, "type"), text(row, "content")].join(" ");
        let keys = Set::of(self.records.iter().map(key));
        if keys.len() == self.records.len() { Ok(()) } else { Err((400, "identical".to_owned())) }
    }
}

/// What the API makes of a row that was written.
fn shaped(kind: &str, mut row: Value, before: &Value, time: &str) -> Value {
    if kind == "dns_records" && row["proxied"] == json!(true) {
        row["ttl"] = json!(1);
    }
    if kind == "dns_records" && row["tags"].is_null() {
        row["tags"] = json!([]);
    }
    let was = before["origins"].as_array().cloned().unwrap_or_default();
    for origin in row["origins"].as_array_mut().into_iter().flatten() {
        let same = |other: &&Value| {
            other["address"] == origin["address"] && other["port"] == origin["port"]
        };
        let was = was.iter().find(same).cloned().unwrap_or_default();
        mark_disabled(origin, &was, time);
    }
    if kind == "pools" {
        mark_disabled(&mut row, before, time);
    }
    if row["origins"].is_null() {
        row.as_object_mut().unwrap().remove("origins");
    }
    row
}

/// Since when it is disabled: what was disabled before keeps its time.
fn mark_disabled(row: &mut Value, before: &Value, time: &str) {
    if row["enabled"] == json!(false) {
        let since = before.get("disabled_at").cloned();
        row["disabled_at"] = since.unwrap_or_else(|| json!(time));
    } else {
        row.as_object_mut().unwrap().remove("disabled_at");
    }
}
