//! What others did to records of ours, in words: which record, both values, both times.
//!
//! Five facts are told apart: the marker is lost, the content is another one, the TTL is another
//! one, a record is gone, and a second record answers beside ours (`neighbours.rs`). Where it
//! happens again and again, two owners write to one record, and neither knows of the other.

use super::action::RecordOp;
use crate::cloudflare::desired::DesiredRecords;
use crate::cloudflare::marker;
use crate::cloudflare::owned::{is_of, lost_marker, other_ttl};
use crate::owned::{OwnedRecord, OwnedRecords, Theirs, UNDONE_KEPT_MS};
use crate::time::{MINUTE, Millis, Timestamp};

/// How often a record is set right within [`ATTEMPTS_WINDOW_MS`], unless a region is down or a rule
/// is broken.
pub(super) const ATTEMPTS_MAX: usize = 3;
/// The time in which attempts are counted.
pub(super) const ATTEMPTS_WINDOW_MS: Millis = 60 * MINUTE;
/// How long it is told that a record is gone, where nothing is missing without it.
const GONE_TOLD_MS: Millis = 24 * 60 * MINUTE;
/// From how many changes by others on we say that there are two owners.
const TWO_OWNERS: usize = 2;

/// The facts about one record set: by the id of the record, in words.
pub(super) fn facts(
    wanted: &DesiredRecords,
    owned: &OwnedRecords,
    now: Timestamp,
) -> Vec<(String, String)> {
    let notes = owned.iter().filter(|(_, note)| is_of(wanted, note));
    notes.filter_map(|(id, note)| Some((id.clone(), fact(id, note, now)?))).collect()
}

/// Whether some record that would be changed was set right too often.
pub(super) fn is_contested(ops: &[RecordOp], owned: &OwnedRecords, now: Timestamp) -> bool {
    let undone = |id: &String| {
        let note = owned.get(id).filter(|note| note.theirs.is_some());
        note.map_or(0, |note| note.undone_within(ATTEMPTS_WINDOW_MS, now))
    };
    ops.iter().any(|op| match op {
        RecordOp::Patch { id, .. } => undone(id) > ATTEMPTS_MAX,
        RecordOp::Create { .. } | RecordOp::Delete { .. } => false,
    })
}

fn fact(id: &str, note: &OwnedRecord, now: Timestamp) -> Option<String> {
    let OwnedRecord { ours, at, theirs, gone, .. } = note;
    if let Some(gone) = gone {
        let told = format!(
            "record `{id}` ({}) is gone, found at {}, ours since {at}",
            ours.content, gone.at
        );
        return (!gone.by_us && now.since(gone.at) < GONE_TOLD_MS).then_some(told);
    }
    let Theirs { value, at: found } = theirs.as_ref()?;
    let mut changes = Vec::new();
    if lost_marker(note, value) {
        let now = if value.comment.is_empty() { "no comment" } else { value.comment.as_str() };
        changes.push(format!("its marker is lost (`{now}` instead of `{}`)", ours.comment));
    }
    if value.content != ours.content {
        changes.push(format!("its content is `{}` instead of `{}`", value.content, ours.content));
    }
    if other_ttl(note, value) {
        changes.push(format!("its TTL is {} s instead of {} s", value.ttl_s, ours.ttl_s));
    }
    let times = note.undone_within(UNDONE_KEPT_MS, now);
    let since = note.undone.first().filter(|_| times >= TWO_OWNERS);
    let two_owners = since
        .map(|since| format!("; two owners: others changed it {times} times since {since}"))
        .unwrap_or_default();
    Some(format!(
        "record `{id}` was changed by others: {}, found at {found}, ours since {at}{two_owners}",
        changes.join(", ")
    ))
}

/// What a person can do about a record that we leave to others.
pub(super) fn how_to_settle(wanted: &DesiredRecords) -> String {
    let marker = marker::of(&wanted.service);
    format!("let the other tool ignore it and keep `{marker}` in its comment, or take it from us")
}
