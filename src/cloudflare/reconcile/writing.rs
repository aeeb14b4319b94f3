//! The calls that change something, and the check that they did.

use crate::cloudflare::call::{Call, Method};
use crate::cloudflare::desired::Switch;
use crate::cloudflare::observed::{Observed, Pool, Record};
use crate::cloudflare::plan::{Action, RecordOp};
use crate::cloudflare::reply::{Failure, Reply, open};
use crate::config::RecordKind;
use crate::hold::Hold;
use crate::json::{self, Shape, fields};
use serde_json::Value;

const DNS_WRITE: &str = "DNS Write";
const POOLS_WRITE: &str = "Load Balancing: Monitors and Pools Write";

/// The holds that must be written down before an action.
pub(super) fn intents(action: &Action) -> Vec<Hold> {
    switched(action, Switch::Disable)
}

/// The holds that an action ends.
pub(super) fn held_by(action: &Action) -> Vec<Hold> {
    switched(action, Switch::Enable)
}

fn switched(action: &Action, which: Switch) -> Vec<Hold> {
    let Action::Pool { account, name, switches, .. } = action else { return Vec::new() };
    let hold = |address: &String| Hold {
        account: account.clone(),
        pool: name.clone(),
        address: address.clone(),
    };
    switches.iter().filter(|(_, switch)| **switch == which).map(|(a, _)| hold(a)).collect()
}

fn is_one_patch(ops: &[RecordOp]) -> bool {
    matches!(ops, [RecordOp::Patch { .. }])
}

/// One change is one call; several are one batch, which the API carries out as one transaction.
pub(super) fn records_call(action: &Action, observed: &Observed) -> Option<Call> {
    let Action::Records { zone, name, kind, ops, .. } = action else { return None };
    let base = format!("/zones/{}/dns_records", observed.zone_ids.get(zone)?);
    if let [RecordOp::Patch { id, content, ttl_s }] = ops.as_slice() {
        let body = json::object(says(name, *kind, content, *ttl_s));
        let path = format!("{base}/{id}");
        return Some(Call { method: Method::Patch, path, body: Some(body) });
    }
    let (mut deletes, mut patches, mut posts) = (Vec::new(), Vec::new(), Vec::new());
    for op in ops {
        match op {
            RecordOp::Delete { id } => deletes.push(json::object(vec![("id", id.write())])),
            RecordOp::Patch { id, content, ttl_s } => {
                let mut record = says(name, *kind, content, *ttl_s);
                record.push(("id", id.write()));
                patches.push(json::object(record));
            }
            RecordOp::Create { content, ttl_s, proxied, comment } => {
                let mut record = says(name, *kind, content, *ttl_s);
                record.push(("proxied", (*proxied).into()));
                record.push(("comment", comment.write()));
                posts.push(json::object(record));
            }
        }
    }
    let body = json::object(vec![
        ("deletes", deletes.into()),
        ("patches", patches.into()),
        ("posts", posts.into()),
    ]);
    Some(Call { method: Method::Post, path: format!("{base}/batch"), body: Some(body) })
}

/// What a record says, as it is written in every call.
fn says(name: &str, kind: RecordKind, content: &str, ttl_s: u32) -> Vec<(&'static str, Value)> {
    vec![
        ("name", name.into()),
        ("type", kind.write()),
        ("content", content.into()),
        ("ttl", ttl_s.into()),
    ]
}

struct Batch {
    patches: Option<Vec<Record>>,
    posts: Option<Vec<Record>>,
}

fields!(Batch { patches, posts });

/// Checks that the reply shows every content that was written. Errors: [`Failure`].
pub(super) fn check_records(action: &Action, reply: &Reply) -> Result<(), Failure> {
    let Action::Records { ops, .. } = action else { return Ok(()) };
    let written: Vec<Record> = if is_one_patch(ops) {
        vec![open(reply, DNS_WRITE)?]
    } else {
        let Batch { patches, posts } = open(reply, DNS_WRITE)?;
        patches.into_iter().chain(posts).flatten().collect()
    };
    for op in ops {
        let (RecordOp::Patch { content, .. } | RecordOp::Create { content, .. }) = op else {
            continue;
        };
        if !written.iter().any(|record| record.content.eq_ignore_ascii_case(content)) {
            return Err(Failure::Malformed(format!("it does not show `{content}`")));
        }
    }
    Ok(())
}

/// Where the pool of an action is.
pub(super) fn pool_path(action: &Action) -> Option<String> {
    match action {
        Action::Pool { account, id, .. } => {
            Some(format!("/accounts/{account}/load_balancers/pools/{id}"))
        }
        Action::Records { .. } => None,
    }
}

/// The pool's origins as the reply has them, every field kept, with only the switches of the action
/// changed. Errors: [`Failure`]; also where an origin of the action is no longer there.
pub(super) fn edited_origins(action: &Action, reply: &Reply) -> Result<Vec<Value>, Failure> {
    struct RawPool {
        origins: Vec<Value>,
    }
    fields!(RawPool { origins });
    let RawPool { mut origins } = open(reply, POOLS_WRITE)?;
    let Action::Pool { switches, .. } = action else { return Ok(origins) };
    for (address, switch) in switches {
        let at_address = origins.iter_mut().filter_map(Value::as_object_mut).filter(|origin| {
            origin.get("address").and_then(Value::as_str) == Some(address.as_str())
        });
        let mut found = false;
        for origin in at_address {
            origin.insert("enabled".to_owned(), Value::Bool(*switch == Switch::Enable));
            found = true;
        }
        if !found {
            return Err(Failure::NotFound(format!("the pool has lost its origin `{address}`")));
        }
    }
    for origin in origins.iter_mut().filter_map(Value::as_object_mut) {
        // Read-only: the API shows it and refuses it in a write.
        origin.remove("disabled_at");
    }
    Ok(origins)
}

/// The call that writes the origins back, all of them.
pub(super) fn pool_call(action: &Action, origins: &[Value]) -> Option<Call> {
    let body = Some(json::object(vec![("origins", origins.to_vec().into())]));
    Some(Call { method: Method::Patch, path: pool_path(action)?, body })
}

/// Checks that the reply shows every switch where it should be. Errors: [`Failure`].
pub(super) fn check_pool(action: &Action, reply: &Reply) -> Result<(), Failure> {
    let pool: Pool = open(reply, POOLS_WRITE)?;
    let Action::Pool { switches, .. } = action else { return Ok(()) };
    for (address, switch) in switches {
        let wanted = *switch == Switch::Enable;
        let mut shown = pool.origins.iter().filter(|o| o.address == *address).peekable();
        if shown.peek().is_none() || shown.any(|origin| origin.enabled != wanted) {
            return Err(Failure::Malformed(format!("it does not show the switch of `{address}`")));
        }
    }
    Ok(())
}
