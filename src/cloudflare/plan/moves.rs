//! What a change of records takes away and brings in, and whether that counts as a change of the
//! zone.
//!
//! The guard of a zone's share is for a slip: a config that would rewrite a zone. Health is no
//! slip, so neither a failover counts nor the way back from it. What a failover took away is
//! remembered, by record set, until it is back.

use super::action::{Action, Change, RecordOp, Urgency};
use crate::ordered::{Map, Set};

/// Contents that failovers took away, by record set, as [`Action::what`] names it.
pub type Moved = Map<String, Set<String>>;

/// The contents that an action takes away.
pub(in crate::cloudflare) fn taken_away(action: &Action) -> Set<String> {
    let stays = brought_or_kept(action);
    let was = ops(action).iter().filter_map(|op| match op {
        RecordOp::Patch { was, .. } | RecordOp::Delete { was, .. } => Some(was.clone()),
        RecordOp::Create { .. } => None,
    });
    was.filter(|content| !stays.contains(content)).collect()
}

/// The contents that an action brings in.
pub(in crate::cloudflare) fn brought_in(action: &Action) -> Set<String> {
    let contents = ops(action).iter().filter_map(|op| match op {
        RecordOp::Patch { was, content, .. } if was == content => None,
        RecordOp::Patch { content, .. } | RecordOp::Create { content, .. } => Some(content.clone()),
        RecordOp::Delete { .. } => None,
    });
    contents.collect()
}

/// How many records of a zone an action changes without a failure behind it: none if it is a
/// failover, the way back from one, or changes nothing but the time to live.
pub(in crate::cloudflare) fn counted(action: &Action, moved: &Moved) -> usize {
    let is_by_health = action.urgency < Urgency::Restore || is_return(action, moved);
    if is_by_health { 0 } else { ops(action).iter().filter(|op| !is_ttl_alone(op)).count() }
}

/// Whether an action brings back what failovers took away, and nothing else.
pub(in crate::cloudflare) fn is_return(action: &Action, moved: &Moved) -> bool {
    let brought = brought_in(action);
    let Some(taken) = moved.get(&action.what()).filter(|_| !brought.is_empty()) else {
        return false;
    };
    action.urgency == Urgency::Restore && brought.iter().all(|content| taken.contains(content))
}

fn ops(action: &Action) -> &[RecordOp] {
    match &action.change {
        Change::Records { ops, .. } => ops,
        Change::Origins { .. } | Change::Fields { .. } => &[],
    }
}

fn brought_or_kept(action: &Action) -> Set<String> {
    let contents = ops(action).iter().filter_map(|op| match op {
        RecordOp::Patch { content, .. } | RecordOp::Create { content, .. } => Some(content.clone()),
        RecordOp::Delete { .. } => None,
    });
    contents.collect()
}

/// It changes what resolvers remember, not what they are told.
fn is_ttl_alone(op: &RecordOp) -> bool {
    matches!(op, RecordOp::Patch { was, content, proxied: None, .. } if was == content)
}
