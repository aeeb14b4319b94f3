//! `POST /zones/{zone}/dns_records/batch`.
//!
//! The four lists are applied in a fixed order, whatever their order in the body: deletes, patches,
//! puts, posts. So one call can replace a CNAME by an A record. A batch is one transaction: it is
//! applied to a copy of the world, which replaces the world only if nothing failed.
use serde_json::{Map, Value, json};

use super::envelope::{Failure, Reply};
use super::fields::{self, Absent, Field, Kind};
use super::pools::refuse;
use super::table::text;
use super::world::World;

const BATCH: &[Field] = &[
    Field::nullable("deletes", Kind::List(&Kind::Any), Absent::EmptyList),
    Field::nullable("patches", Kind::List(&Kind::Any), Absent::EmptyList),
    Field::nullable("puts", Kind::List(&Kind::Any), Absent::EmptyList),
    Field::nullable("posts", Kind::List(&Kind::Any), Absent::EmptyList),
];

impl World {
    pub(crate) fn batch_records(&mut self, zone: &str, body: &Value) -> Result<Reply, Failure> {
        let lists = fields::replace(BATCH, body).map_err(refuse)?;
        let changes: usize = lists.values().filter_map(Value::as_array).map(Vec::len).sum();
        let limit = self.zone(zone)?.plan.records_max();
        if !(1..=limit).contains(&changes) {
            let message = format!("a batch holds from 1 to {limit} changes, this one {changes}");
            return Err(Failure::new(400, 1004, message));
        }
        let mut trial = self.clone();
        let mut result = Map::new();
        for list in ["deletes", "patches", "puts", "posts"] {
            let mut done = Vec::new();
            for (i, item) in lists[list].as_array().into_iter().flatten().enumerate() {
                let reply = trial.change_record(zone, list, item);
                let reply = reply.map_err(|failure| inside(failure, &format!("/{list}/{i}")))?;
                done.push(reply.body["result"].clone());
            }
            result.insert(list.to_owned(), json!(done));
        }
        *self = trial;
        Ok(Reply::ok(result))
    }

    fn change_record(&mut self, zone: &str, list: &str, item: &Value) -> Result<Reply, Failure> {
        let mut body = item.as_object().cloned().unwrap_or_default();
        if list == "posts" {
            return self.create_record(zone, item);
        }
        let id = text(&body, "id").to_owned();
        body.remove("id");
        match list {
            "patches" => self.patch_record(zone, &id, &Value::Object(body)),
            "puts" => self.replace_record(zone, &id, &Value::Object(body)),
            _ => {
                let deleted = self.get_record(zone, &id)?;
                self.delete_record(zone, &id)?;
                Ok(deleted)
            }
        }
    }
}

/// Adds the change of the batch to the pointers of a refusal.
fn inside(mut failure: Failure, change: &str) -> Failure {
    for error in &mut failure.errors {
        let field = error.pointer.take().unwrap_or_default();
        error.pointer = Some(format!("{change}{field}"));
    }
    failure
}
