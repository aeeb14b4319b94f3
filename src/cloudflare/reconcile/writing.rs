//! Calls that change something, and the checks of their replies.

use super::operation::Operation;
use super::step::{Ours, Step};
use super::{Reconcile, bodies, holds, monitors, operation, rows};
use crate::cloudflare::call::{Call, Method};
use crate::cloudflare::endpoint;
use crate::cloudflare::name::normal;
use crate::cloudflare::observed::{Pool, PoolOrigin, Record, renamed};
use crate::cloudflare::plan::{
    Action, Change, FieldChange, OriginEdit, Parent, RecordOp, WHOLE_POOL, units,
};
use crate::cloudflare::reply::{ApiFailure, Reply, open};
use crate::json::{self, Shape, fields};
use crate::ordered::Map;
use serde_json::{Map as Object, Value};

impl Reconcile {
    pub(super) fn write_call(&self, operation: &Operation) -> Result<Option<Call>, String> {
        match operation {
            Operation::WriteRecords(actions) => {
                let zone = actions.first().and_then(operation::zone);
                Ok(zone.and_then(|zone| self.observed.zone_ids.get(zone)).and_then(|id| {
                    bodies::records_call(&format!("/zones/{id}/dns_records"), actions)
                }))
            }
            Operation::ReadPool(action) => Ok(pool_path(action).map(Call::get)),
            Operation::WritePool { action, origins } => {
                let body = Some(json::object(vec![("origins", origins.clone().into())]));
                Ok(pool_path(action).map(|path| Call { method: Method::Patch, path, body }))
            }
            Operation::WriteFields(action) => self.fields_call(action),
            _ => Ok(None),
        }
    }

    /// Errors: a field refers to a pool or monitor that does not exist, for instance because
    /// creating it failed.
    fn fields_call(&self, action: &Action) -> Result<Option<Call>, String> {
        let Change::Fields { kind, parent, account, id, fields, .. } = &action.change else {
            return Ok(None);
        };
        let base = match parent {
            Parent::Account(account) => format!("/accounts/{account}/load_balancers/{kind}"),
            Parent::Zone(zone) => match self.observed.zone_ids.get(zone) {
                Some(id) => format!("/zones/{id}/{kind}"),
                None => return Ok(None),
            },
        };
        let mut body = Object::new();
        for FieldChange { name, to, .. } in fields {
            let missing = || format!("`{name}` names an object that does not exist yet");
            match renamed(name, to, &|name| self.id_of(account, name)) {
                Some(to) => drop(body.insert(name.clone(), to)),
                // Its own failure is reported already, and no pool waits for it.
                None if *kind == "pools" && name == "monitor" => {}
                None => return Err(missing()),
            }
        }
        if body.is_empty() {
            return Ok(None);
        }
        let (method, path) = match id {
            Some(id) => (Method::Patch, format!("{base}/{id}")),
            None => (Method::Post, base),
        };
        Ok(Some(Call { method, path, body: Some(Value::Object(body)) }))
    }

    /// The id of a pool or, by its marker, of a monitor.
    fn id_of(&self, account: &str, name: &str) -> Option<String> {
        let mut pools = self.observed.pools_of(account).iter();
        if let Some(pool) = pools.find(|pool| pool.name == name) {
            return Some(pool.id.clone());
        }
        let mut monitors = self.observed.monitors_of(account).iter();
        let marked = monitors.find(|monitor| monitor.description.as_deref() == Some(name))?;
        Some(marked.id.clone())
    }

    pub(super) fn take_write(
        &mut self,
        operation: Operation,
        ours: &mut Ours,
        (reply, needs): (&Reply, &'static str),
    ) -> Result<(), ApiFailure> {
        let subject = operation.subject();
        match operation {
            Operation::WriteRecords(actions) => match check_records(&actions, reply, needs) {
                Err(ApiFailure::Refused { .. }) if units(actions.clone()).len() > 1 => {
                    // The API rejects a batch as a whole. One by one, only the bad change fails.
                    // What happens together still does.
                    for unit in units(actions).into_iter().rev() {
                        let operation = Operation::WriteRecords(unit);
                        self.steps.push(Step::change(operation, Ours::default()));
                    }
                    self.close(&subject);
                }
                checked => {
                    let written = match checked {
                        // The record is gone already. Somebody else is changing this zone, so
                        // compare again soon.
                        Err(ApiFailure::NotFound(_)) if deletes_one(&actions) => {
                            self.report.is_partial = true;
                            Vec::new()
                        }
                        checked => checked?,
                    };
                    self.close(&subject);
                    self.note_written(&actions, &written);
                    self.see_records(&actions, &written);
                    for action in &actions {
                        self.done(action);
                    }
                }
            },
            Operation::ReadPool(action) => {
                let (write, idle) = read_just_before(action, reply, needs)?;
                // Somebody else disabled these after the list was read, so they are not ours to
                // enable.
                for hold in ours.takes.extract_if(.., |hold| idle.contains(&hold.address)) {
                    self.report.holds.dropped.insert(hold);
                }
                self.steps.push(Step::goes_on(write, ours));
            }
            Operation::WritePool { action, .. } => {
                let pool = check_pool(&action, reply, needs)?;
                if let Change::Origins { account, .. } = &action.change {
                    self.see_pool(account, pool);
                }
                self.finish_action(&action, ours);
            }
            Operation::WriteFields(action) => {
                let row: Value = match open(reply, needs) {
                    Err(ApiFailure::Refused { said, .. })
                        if monitors::is_too_fast(&action, &said) =>
                    {
                        self.write_slower(action, ours, &said);
                        return Ok(());
                    }
                    opened => opened?,
                };
                self.check_fields(&action, &row)?;
                self.finish_action(&action, ours);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish_action(&mut self, action: &Action, ours: &mut Ours) {
        self.close(&action.to_string());
        self.done(action);
        for hold in std::mem::take(ours).takes {
            self.holds.insert(hold.clone());
            self.report.holds.claim(hold);
        }
        for hold in holds::switched(action, true) {
            self.holds.remove(&hold);
            self.report.holds.release(hold);
        }
    }

    /// Writes a monitor with an interval that every plan of Cloudflare's allows, because the API
    /// refused a shorter one.
    fn write_slower(&mut self, mut action: Action, ours: &mut Ours, said: &str) {
        let told = monitors::slowed_action(&mut action, said);
        self.report.withheld.extend(told);
        if let Change::Fields { account, .. } = &action.change {
            self.report.slow_monitors.insert(account.clone());
        }
        self.steps.push(Step::goes_on(Operation::WriteFields(action), ours));
    }

    /// Checks that the reply shows what was written, and takes the object in: others refer to
    /// those that are new.
    fn check_fields(&mut self, action: &Action, row: &Value) -> Result<(), ApiFailure> {
        let Change::Fields { kind, account, fields, .. } = &action.change else {
            return Ok(());
        };
        let shown = rows::shown(kind, row, self.observed.pools_of(account))?;
        let told = ["name", "description", "origins"];
        for FieldChange { name, to, .. } in fields {
            // A pool's row has the id of its monitor, not the name.
            let to = match *kind {
                "pools" => renamed(name, to, &|name| self.id_of(account, name)),
                _ => Some(to.clone()),
            };
            let shown = shown.get(name).filter(|value| !value.is_null());
            if !told.contains(&name.as_str()) && shown != to.as_ref() {
                return Err(ApiFailure::Malformed(format!(
                    "it does not show `{name}` as it was written"
                )));
            }
        }
        self.see_row(action, row)
    }
}

/// Takes the pool as it is just before it is written. Returns the write, and what should be
/// disabled and is already. Errors: [`ApiFailure`].
fn read_just_before(
    action: Action,
    reply: &Reply,
    needs: &'static str,
) -> Result<(Operation, Vec<String>), ApiFailure> {
    if let Change::Fields { .. } = &action.change {
        let pool: Pool = open(reply, needs)?;
        let idle = if pool.enabled { Vec::new() } else { vec![WHOLE_POOL.to_owned()] };
        return Ok((Operation::WriteFields(action), idle));
    }
    let (origins, idle) = edited_origins(&action, reply, needs)?;
    Ok((Operation::WritePool { action, origins }, idle))
}

struct Batch {
    patches: Option<Vec<Record>>,
    posts: Option<Vec<Record>>,
}

fields!(Batch { patches, posts });

/// The records of the reply, which shows every written content and comment. Errors:
/// [`ApiFailure`].
fn check_records(
    actions: &[Action],
    reply: &Reply,
    needs: &'static str,
) -> Result<Vec<Record>, ApiFailure> {
    let ops = bodies::ops(actions);
    let written: Vec<Record> = match ops.as_slice() {
        [(_, _, RecordOp::Delete { .. })] => {
            return open::<Value>(reply, needs).map(|_| Vec::new());
        }
        [_] => vec![open(reply, needs)?],
        _ => {
            let Batch { patches, posts } = open(reply, needs)?;
            let mut written = patches.unwrap_or_default();
            written.extend(posts.unwrap_or_default());
            written
        }
    };
    for (name, _, op) in ops {
        let (content, comment) = match op {
            RecordOp::Patch { content, comment, .. } => (content, comment.as_ref()),
            RecordOp::Create { content, comment, .. } => (content, Some(comment)),
            RecordOp::Delete { .. } => continue,
        };
        let shows = |r: &&Record| normal(&r.name) == *name && normal(&r.content) == *content;
        let Some(row) = written.iter().find(shows) else {
            return Err(ApiFailure::Malformed(format!("it does not show `{content}`")));
        };
        if let Some(comment) = comment.filter(|comment| row.comment.as_ref() != Some(*comment)) {
            return Err(ApiFailure::Malformed(format!("it does not show the comment `{comment}`")));
        }
    }
    Ok(written)
}

fn deletes_one(actions: &[Action]) -> bool {
    let Some(Change::Records { ops, .. }) = actions.first().map(|action| &action.change) else {
        return false;
    };
    actions.len() == 1 && matches!(ops.as_slice(), [RecordOp::Delete { .. }])
}

/// The path of an action's pool.
fn pool_path(action: &Action) -> Option<String> {
    match &action.change {
        Change::Origins { account, id, .. }
        | Change::Fields { kind: "pools", account, id: Some(id), .. } => {
            Some(format!("/accounts/{account}/load_balancers/pools/{id}"))
        }
        Change::Records { .. } | Change::Fields { .. } => None,
    }
}

fn edits(action: &Action) -> impl Iterator<Item = (&String, &OriginEdit)> {
    let edits: Option<&Map<String, OriginEdit>> = match &action.change {
        Change::Origins { edits, .. } => Some(edits),
        Change::Records { .. } | Change::Fields { .. } => None,
    };
    edits.into_iter().flatten()
}

/// The pool's origins from the reply with only the action's edits applied, and the addresses of
/// those that should be disabled and already are. Errors: [`ApiFailure`], also if an origin of the
/// action is no longer in the pool.
fn edited_origins(
    action: &Action,
    reply: &Reply,
    needs: &'static str,
) -> Result<(Vec<Value>, Vec<String>), ApiFailure> {
    let mut idle = Vec::new();
    let mut pool: Value = open(reply, needs)?;
    let Some(Value::Array(origins)) = pool.get_mut("origins") else {
        return Err(ApiFailure::Malformed("`origins` is missing".to_owned()));
    };
    for (address, edit) in edits(action) {
        let mut found = false;
        for origin in origins.iter_mut().filter_map(Value::as_object_mut) {
            if written_in(origin) != *address {
                continue;
            }
            found = true;
            if edit.enabled == Some(false) && origin.get("enabled") == Some(&Value::Bool(false)) {
                idle.push(address.clone());
            }
            json::put_if_any(origin, "enabled", edit.enabled.write());
            json::put_if_any(origin, "weight", edit.weight.write());
            let header = |host: &String| json::object(vec![("Host", vec![host.write()].into())]);
            json::put_if_any(origin, "header", edit.host_header.as_ref().map(header).into());
        }
        if !found {
            return Err(ApiFailure::NotFound(format!(
                "origin `{address}` is no longer in the pool"
            )));
        }
    }
    Ok((origins.iter().map(writable).collect(), idle))
}

/// The name of an origin in edits and holds, from its row.
fn written_in(origin: &Object<String, Value>) -> String {
    let port = origin.get("port").and_then(Value::as_u64).and_then(|port| port.try_into().ok());
    let address = origin.get("address").and_then(Value::as_str).unwrap_or_default();
    endpoint::written(address, port.unwrap_or(0))
}

/// An origin without the fields that the API shows but rejects in a write.
fn writable(origin: &Value) -> Value {
    let Value::Object(fields) = origin else { return origin.clone() };
    let kept = fields.iter().filter(|(name, _)| *name != "disabled_at");
    json::object(kept.map(|(name, value)| (name.as_str(), value.clone())).collect())
}

/// The pool of the reply, which shows every edit. Errors: [`ApiFailure`].
fn check_pool(action: &Action, reply: &Reply, needs: &'static str) -> Result<Pool, ApiFailure> {
    let pool: Pool = open(reply, needs)?;
    for (address, edit) in edits(action) {
        let is_as_written = |origin: &PoolOrigin| {
            edit.enabled.is_none_or(|enabled| enabled == origin.enabled)
                && edit.weight.is_none_or(|weight| weight == origin.weight)
                && edit.host_header.as_deref().is_none_or(|host| origin.host_header() == Some(host))
        };
        let shown = || pool.origins.iter().filter(|origin| origin.written() == *address);
        if shown().next().is_none() || !shown().all(is_as_written) {
            return Err(ApiFailure::Malformed(format!(
                "it does not show the change to `{address}`"
            )));
        }
    }
    Ok(pool)
}
