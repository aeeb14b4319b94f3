//! Bodies of calls that change records.

use crate::cloudflare::call::{Call, Method};
use crate::cloudflare::plan::{Action, Change, RecordOp};
use crate::config::RecordKind;
use crate::json::{self, Shape};
use serde_json::Value;

/// One field of a record's body.
type BodyField = (&'static str, Value);

/// One change to one record, with the record's name and type.
pub(super) type Op<'a> = (&'a str, RecordKind, &'a RecordOp);

/// All record changes of the actions.
pub(super) fn ops(actions: &[Action]) -> Vec<Op<'_>> {
    let mut all = Vec::new();
    for action in actions {
        if let Change::Records { name, kind, ops, .. } = &action.change {
            all.extend(ops.iter().map(|op| (name.as_str(), *kind, op)));
        }
    }
    all
}

/// One change is one call; several are a batch, which the API applies as one transaction.
pub(super) fn records_call(base: &str, actions: &[Action]) -> Option<Call> {
    match ops(actions).as_slice() {
        [] => None,
        [(name, kind, op)] => Some(one(base, name, *kind, op)),
        several => Some(batch(base, several)),
    }
}

fn one(base: &str, name: &str, kind: RecordKind, op: &RecordOp) -> Call {
    let (method, path) = match op {
        RecordOp::Patch { id, .. } => (Method::Patch, format!("{base}/{id}")),
        RecordOp::Delete { id, .. } => (Method::Delete, format!("{base}/{id}")),
        RecordOp::Create { .. } => (Method::Post, base.to_owned()),
    };
    let body = says(name, kind, op);
    Call { method, path, body: (!body.is_empty()).then(|| json::object(body)) }
}

fn batch(base: &str, ops: &[Op<'_>]) -> Call {
    let (mut deletes, mut patches, mut posts) = (Vec::new(), Vec::new(), Vec::new());
    for (name, kind, op) in ops {
        let mut body = says(name, *kind, op);
        let list = match op {
            RecordOp::Delete { id, .. } => {
                body.push(("id", id.write()));
                &mut deletes
            }
            RecordOp::Patch { id, .. } => {
                body.push(("id", id.write()));
                &mut patches
            }
            RecordOp::Create { .. } => &mut posts,
        };
        list.push(json::object(body));
    }
    let lists = [("deletes", deletes), ("patches", patches), ("posts", posts)];
    let filled = lists.into_iter().filter(|(_, list)| !list.is_empty());
    let body = json::object(filled.map(|(name, list)| (name, list.into())).collect());
    Call { method: Method::Post, path: format!("{base}/batch"), body: Some(body) }
}

/// The new fields of a record.
fn says(name: &str, kind: RecordKind, op: &RecordOp) -> Vec<BodyField> {
    let record = |content: &str, ttl_s: u32| -> Vec<BodyField> {
        vec![
            ("name", name.into()),
            ("type", kind.write()),
            ("content", content.into()),
            ("ttl", ttl_s.into()),
        ]
    };
    match op {
        RecordOp::Delete { .. } => Vec::new(),
        RecordOp::Patch { content, ttl_s, proxied, comment, tags, .. } => {
            let mut entries = record(content, *ttl_s);
            entries.extend(proxied.map(|proxied| ("proxied", proxied.into())));
            entries.extend(comment.iter().map(|comment| ("comment", comment.write())));
            entries.extend(tags.iter().map(|tags| ("tags", tags.write())));
            entries
        }
        RecordOp::Create { content, ttl_s, proxied, comment, tags } => {
            let mut entries = record(content, *ttl_s);
            entries.push(("proxied", (*proxied).into()));
            entries.push(("comment", comment.write()));
            if !tags.is_empty() {
                entries.push(("tags", tags.write()));
            }
            entries
        }
    }
}
