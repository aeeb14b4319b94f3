//! What others did to records of ours, in words: which record, both values, both times.
//!
//! Five facts are told apart: the marker is lost, the content is another one, the TTL is another
//! one, a record is gone, and a second record answers beside ours (`neighbours.rs`). Where it
//! happens again and again, two owners write to one record, and neither knows of the other.

use super::action::RecordOp;
use crate::cloudflare::desired::DesiredRecords;
use crate::cloudflare::marker;
use crate::cloudflare::owned::{lost_marker, other_ttl};
use crate::other_owner::{ForeignFact, FoundFact};
use crate::owned::{OwnedRecord, OwnedRecords, RecordValue, Theirs, UNDONE_KEPT_MS};
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
    let notes = owned.iter().filter(|(_, note)| wanted.has(note));
    notes.filter_map(|(id, note)| Some((id.clone(), fact(id, note, now)?))).collect()
}

/// The same facts as values, but a second record, which is no fact about a record of ours.
/// `has_ours`: some record of the set is ours.
pub(super) fn found(
    wanted: &DesiredRecords,
    owned: &OwnedRecords,
    has_ours: bool,
    now: Timestamp,
) -> Vec<FoundFact> {
    let mut all = Vec::new();
    for (id, note) in owned.iter().filter(|(_, note)| wanted.has(note)) {
        let found = |(fact, ours, theirs), at| FoundFact {
            fact,
            record: wanted.set(),
            id: id.clone(),
            service: wanted.service.clone(),
            ours,
            ours_at: note.at,
            theirs,
            at,
            is_stopped: false,
        };
        match (&note.gone, &note.theirs) {
            (Some(gone), _) if gone.by_us => {}
            (Some(gone), _) if has_ours && now.since(gone.at) >= GONE_TOLD_MS => {}
            (Some(gone), _) => {
                let values = (note.ours.content.clone(), "no record".to_owned());
                all.push(found((ForeignFact::Gone, values.0, values.1), gone.at));
            }
            (None, Some(theirs)) => {
                let differences = differences(note, &theirs.value);
                all.extend(differences.into_iter().map(|it| found(it, theirs.at)));
            }
            (None, None) => {}
        }
    }
    all
}

/// Whether some record that would be changed was set right too often. What is made anew counts by
/// the record that it takes the place of.
pub(super) fn is_contested(
    wanted: &DesiredRecords,
    ops: &[RecordOp],
    owned: &OwnedRecords,
    now: Timestamp,
) -> bool {
    let undone = |note: &OwnedRecord| note.undone_within(ATTEMPTS_WINDOW_MS, now);
    let changed = |id: &String| owned.get(id).filter(|note| note.theirs.is_some()).map(undone);
    let lost = |content: &String| {
        let is_it = |note: &&OwnedRecord| is_its_lost(wanted, note, content);
        owned.values().filter(is_it).map(undone).max()
    };
    let most = ops.iter().filter_map(|op| match op {
        RecordOp::Patch { id, .. } | RecordOp::Delete { id, .. } => changed(id),
        RecordOp::Create { content, .. } => lost(content),
    });
    most.max().is_some_and(|undone| undone > ATTEMPTS_MAX)
}

/// Whether a note is of a record of this set and content that is lost: it is gone, or others made
/// another one of it.
fn is_its_lost(wanted: &DesiredRecords, note: &OwnedRecord, content: &str) -> bool {
    wanted.has(note) && note.is_lost() && note.ours.content == *content
}

/// What differs, what we had left, and what is there.
fn differences(note: &OwnedRecord, value: &RecordValue) -> Vec<(ForeignFact, String, String)> {
    let ours = &note.ours;
    let mut all = Vec::new();
    if lost_marker(note, value) {
        let now = if value.comment.is_empty() { "no comment" } else { value.comment.as_str() };
        all.push((ForeignFact::MarkerLost, ours.comment.clone(), now.to_owned()));
    }
    if value.content != ours.content {
        all.push((ForeignFact::ContentMoved, ours.content.clone(), value.content.clone()));
    }
    if other_ttl(note, value) {
        let seconds = |ttl_s: u32| format!("{ttl_s} s");
        all.push((ForeignFact::TtlChanged, seconds(ours.ttl_s), seconds(value.ttl_s)));
    }
    all
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
    let changes = differences(note, value).into_iter().map(|(fact, ours, theirs)| match fact {
        ForeignFact::MarkerLost => format!("its marker is lost (`{theirs}` instead of `{ours}`)"),
        ForeignFact::TtlChanged => format!("its TTL is {theirs} instead of {ours}"),
        _ => format!("its content is `{theirs}` instead of `{ours}`"),
    });
    let changes: Vec<String> = changes.collect();
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
    let record = wanted.set();
    format!(
        "let the other tool ignore it and keep `{marker}` in its comment, or take it from us; \
         `pointsman take-back {record}` sets it right at once"
    )
}
