//! The fewest changes that make a record set say something, each in place where that can be.
//!
//! A record that is deleted and made anew is a hole: resolvers that ask meanwhile keep "there is no
//! such name" for the whole minimum of the zone's SOA, half an hour at Cloudflare (RFC 2308). And
//! its words and tags are lost. So a record is changed where one can be, what must go is what says
//! the least, and what is made anew takes over the words and tags of the one that it replaces.

use super::action::RecordOp;
use crate::cloudflare::desired::DesiredRecords;
use crate::cloudflare::marker;
use crate::cloudflare::name::normal;
use crate::cloudflare::observed::Record;
use crate::cloudflare::owned::{lost_marker, value, was_marked};
use crate::ordered::Set;
use crate::owned::{OwnedRecord, OwnedRecords};

/// What a record set stands beside.
pub(super) struct Around<'a> {
    /// The contents of records of this name and type that are not ours.
    pub(super) taken: Set<String>,
    /// What is remembered of our records.
    pub(super) owned: &'a OwnedRecords,
}

/// Pairs records of unwanted content with missing contents, so that a failover changes one record
/// and the name always has an answer.
pub(super) fn record_ops(
    wanted: &DesiredRecords,
    contents: &Set<String>,
    ours: &[&Record],
    Around { taken, owned }: &Around<'_>,
) -> Vec<RecordOp> {
    // The API has no two records that are the same, so what a stranger says cannot be said twice.
    let missing = contents.iter().filter(|content| !taken.contains(content.as_str()));
    let mut missing: Vec<&String> = missing.collect();
    let mut spare: Vec<&Record> = Vec::new();
    let mut ops = Vec::new();
    for record in ours {
        let content = normal(&record.content);
        let before = missing.len();
        missing.retain(|other| **other != content);
        if missing.len() == before {
            spare.push(record);
        } else if settings(wanted, record) != (record.ttl, None) || is_robbed(record, owned) {
            ops.push(patch(wanted, record, content, owned));
        }
    }
    spare.sort_by_key(|record| std::cmp::Reverse(worth(wanted, record)));
    let mut spare = spare.into_iter();
    for content in missing {
        ops.push(match spare.next() {
            Some(record) => patch(wanted, record, content.clone(), owned),
            None => create(wanted, ours, content.clone(), owned),
        });
    }
    for record in spare {
        ops.push(RecordOp::Delete { id: record.id.clone(), was: normal(&record.content) });
    }
    ops
}

/// The desired TTL of a record, and `proxied` if that changes.
fn settings(wanted: &DesiredRecords, record: &Record) -> (u32, Option<bool>) {
    let proxied = wanted.proxied.unwrap_or(record.proxied);
    (wanted.ttl_s_where(proxied), (proxied != record.proxied).then_some(proxied))
}

/// How much is lost with a record: its tags, and words beside the marker.
fn worth(wanted: &DesiredRecords, record: &Record) -> usize {
    let words = record.comment.as_deref().unwrap_or_default().chars().count();
    let marker = marker::of(&wanted.service).chars().count();
    words.saturating_sub(marker).saturating_add(record.tags.as_ref().map_or(0, Vec::len))
}

/// Whether others took the marker from a record that we know by its id.
fn is_robbed(record: &Record, owned: &OwnedRecords) -> bool {
    owned.get(&record.id).is_some_and(|note| lost_marker(note, &value(record)))
}

fn patch(
    wanted: &DesiredRecords,
    record: &Record,
    content: String,
    owned: &OwnedRecords,
) -> RecordOp {
    let (ttl_s, proxied) = settings(wanted, record);
    let (id, was) = (record.id.clone(), normal(&record.content));
    let note = owned.get(&record.id).filter(|_| is_robbed(record, owned));
    let (comment, tags) = note.map(|note| robbed(note, record)).unwrap_or_default();
    RecordOp::Patch { id, was, content, ttl_s, proxied, comment, tags }
}

/// The comment that a record gets back, and its tags where all of them were lost: a `PUT` that
/// names neither drops both. Words that others wrote since stay behind the marker.
fn robbed(note: &OwnedRecord, record: &Record) -> (Option<String>, Option<Vec<String>>) {
    let words = record.comment.as_deref().unwrap_or_default();
    if !words.is_empty() {
        return (Some(marker::restored(&note.service, words)), None);
    }
    let has_tags = record.tags.as_ref().is_some_and(|tags| !tags.is_empty());
    let tags = (!has_tags && !note.ours.tags.is_empty()).then(|| note.ours.tags.clone());
    (Some(note.ours.comment.clone()), tags)
}

fn create(
    wanted: &DesiredRecords,
    ours: &[&Record],
    content: String,
    owned: &OwnedRecords,
) -> RecordOp {
    // Like its siblings: an unproxied record would reveal the origin's address.
    let as_siblings = ours.iter().any(|record| record.proxied);
    let proxied = wanted.proxied.unwrap_or(as_siblings);
    let ttl_s = wanted.ttl_s_where(proxied);
    let is_before = |note: &&OwnedRecord| {
        wanted.has(note) && note.gone.is_some() && note.ours.content == content
    };
    let before = owned.values().filter(is_before).find(|note| was_marked(note));
    let comment = before.map(|note| note.ours.comment.clone());
    let comment = comment.unwrap_or_else(|| marker::of(&wanted.service));
    let tags = before.map(|note| note.ours.tags.clone()).unwrap_or_default();
    RecordOp::Create { content, ttl_s, proxied, comment, tags }
}
