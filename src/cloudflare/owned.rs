//! Our records as they are observed, against what is remembered of them.
//!
//! Others write to the same records. What they did is found here once, before the plan is made, so
//! that plan and report speak of the same facts: a marker that is lost, a content or a TTL that is
//! not the one we left, a record that is gone.

use super::desired::{DesiredRecords, Switch};
use super::marker::{self, Owner};
use super::name::normal;
use super::observed::{Observed, RECORDS_MAX, Record};
use crate::config::DnsMode;
use crate::ids::ServiceId;
use crate::owned::{
    GONE_KEPT_MS, Gone, OWNED_MAX, OwnedRecord, OwnedRecords, RecordValue, UNDONE_KEPT_MS,
};
use crate::time::Timestamp;

/// What is known before the account was read.
pub(super) struct Known<'k> {
    pub(super) owned: &'k OwnedRecords,
    /// Changes that were begun and that no reply has confirmed, in words.
    pub(super) open: &'k [String],
    pub(super) now: Timestamp,
}

/// What is remembered once the account was read. What could not be read stays as it was known, and
/// what is no longer published is forgotten.
pub(super) fn seen(
    desired: &[DesiredRecords],
    observed: &Observed,
    known: &Known<'_>,
) -> OwnedRecords {
    let mut owned = OwnedRecords::new();
    for wanted in desired {
        let before = known.owned.iter().filter(|(_, note)| is_of(wanted, note));
        let listed = observed.records.get(&wanted.name).filter(|all| all.len() < RECORDS_MAX);
        let Some(listed) = listed else {
            owned.extend(before.map(|(id, note)| (id.clone(), note.clone())));
            continue;
        };
        let set = SeenSet { wanted, listed, now: known.now, is_unsure: is_unsure(wanted, known) };
        owned.extend(before.filter_map(|(id, note)| Some((id.clone(), set.after(id, note)?))));
        let new: Vec<_> = set.found(known.owned).collect();
        owned.extend(new);
    }
    bounded(owned, known.owned)
}

/// What a record says, as it is remembered.
pub(super) fn value(record: &Record) -> RecordValue {
    RecordValue {
        content: normal(&record.content),
        ttl_s: record.ttl,
        proxied: record.proxied,
        comment: record.comment.clone().unwrap_or_default(),
        tags: record.tags.clone().unwrap_or_default(),
    }
}

/// A note of a record that says what we want.
pub(super) fn note(wanted: &SetName<'_>, value: RecordValue, now: Timestamp) -> OwnedRecord {
    OwnedRecord {
        zone: wanted.zone.to_owned(),
        name: wanted.name.to_owned(),
        kind: wanted.kind.to_owned(),
        service: wanted.service.clone(),
        ours: value,
        at: now,
        theirs: None,
        undone: Vec::new(),
        gone: None,
    }
}

/// Whose record set it is.
pub(super) struct SetName<'s> {
    pub(super) zone: &'s str,
    pub(super) name: &'s str,
    pub(super) kind: &'s str,
    pub(super) service: &'s ServiceId,
}

/// Whether a note is about a record of this set.
pub(super) fn is_of(wanted: &DesiredRecords, note: &OwnedRecord) -> bool {
    note.name == wanted.name
        && note.zone == wanted.zone
        && note.kind == wanted.kind.as_str()
        && note.service == wanted.service
}

/// Whether a note says that the record carried our marker. One that is only adopted never does.
pub(super) fn was_marked(note: &OwnedRecord) -> bool {
    marker::owner(Some(&note.ours.comment), &note.service) == Owner::Ours
}

/// Whether a record no longer carries the marker that its note knows.
pub(super) fn lost_marker(note: &OwnedRecord, value: &RecordValue) -> bool {
    was_marked(note) && marker::owner(Some(&value.comment), &note.service) != Owner::Ours
}

/// Whether the TTL is another one. Cloudflare sets that of a proxied record.
pub(super) fn other_ttl(note: &OwnedRecord, value: &RecordValue) -> bool {
    !value.proxied && !note.ours.proxied && note.ours.ttl_s != value.ttl_s
}

/// Whether a change to this set was begun of which nobody heard: then a difference may be our own.
fn is_unsure(wanted: &DesiredRecords, known: &Known<'_>) -> bool {
    let subject = format!("{} {}: ", wanted.name, wanted.kind);
    known.open.iter().any(|what| what.contains(&subject))
}

/// Keeps what was known before what is new.
fn bounded(mut owned: OwnedRecords, before: &OwnedRecords) -> OwnedRecords {
    let mut room = OWNED_MAX
        .saturating_sub(owned.keys().filter(|id| before.contains_key(id.as_str())).count());
    owned.retain(|id, _| {
        let is_new = !before.contains_key(id.as_str());
        let is_kept = !is_new || room > 0;
        room = room.saturating_sub(usize::from(is_new));
        is_kept
    });
    owned
}

/// One record set as it was read.
struct SeenSet<'s> {
    wanted: &'s DesiredRecords,
    listed: &'s [Record],
    now: Timestamp,
    is_unsure: bool,
}

impl SeenSet<'_> {
    fn of_kind(&self) -> impl Iterator<Item = &Record> {
        self.listed.iter().filter(|record| record.kind == self.wanted.kind.as_str())
    }

    fn is_ours(&self, record: &Record) -> bool {
        match marker::owner(record.comment.as_deref(), &self.wanted.service) {
            Owner::Ours => true,
            Owner::Other(_) => false,
            Owner::Unmarked => self.wanted.adopt,
        }
    }

    /// Notes of records that are ours and were not known.
    fn found(&self, before: &OwnedRecords) -> impl Iterator<Item = (String, OwnedRecord)> {
        let is_new = |record: &&Record| {
            let known = before.get(&record.id);
            self.is_ours(record) && known.is_none_or(|known| !is_of(self.wanted, known))
        };
        let name = SetName {
            zone: &self.wanted.zone,
            name: &self.wanted.name,
            kind: self.wanted.kind.as_str(),
            service: &self.wanted.service,
        };
        self.of_kind()
            .filter(is_new)
            .map(move |record| (record.id.clone(), note(&name, value(record), self.now)))
    }

    /// What is known of a record after this look; `None` if it is no longer of interest.
    fn after(&self, id: &str, before: &OwnedRecord) -> Option<OwnedRecord> {
        let mut note = before.clone();
        note.undone.retain(|at| self.now.since(*at) < UNDONE_KEPT_MS);
        let Some(record) = self.of_kind().find(|record| record.id == id) else {
            return self.after_gone(note);
        };
        if let Owner::Other(_) = marker::owner(record.comment.as_deref(), &self.wanted.service) {
            // Somebody marked it for another owner, which is how to take it from us.
            return None;
        }
        let value = value(record);
        if lost_marker(&note, &value) || (self.is_changed(&note, &value) && !self.may_be(&value)) {
            note.gone = None;
            note.undone_by(value, self.now);
        } else {
            note.is_as(value, false, self.now);
        }
        Some(note)
    }

    fn after_gone(&self, mut note: OwnedRecord) -> Option<OwnedRecord> {
        let gone = note.gone.unwrap_or(Gone { at: self.now, by_us: self.is_unsure });
        note.gone = Some(gone);
        let is_replaced = self
            .of_kind()
            .any(|record| self.is_ours(record) && normal(&record.content) == note.ours.content);
        (!is_replaced && self.now.since(gone.at) < GONE_KEPT_MS).then_some(note)
    }

    /// Whether it is not as we left it. Where a person moves the answer, its content is theirs.
    fn is_changed(&self, note: &OwnedRecord, value: &RecordValue) -> bool {
        let is_moved = note.ours.content != value.content && !self.wanted.manual;
        is_moved || other_ttl(note, value)
    }

    /// Whether it may be our own doing, or is what we want anyway.
    fn may_be(&self, value: &RecordValue) -> bool {
        let wanted = self.wanted;
        let answer = wanted.answer.as_ref().filter(|_| wanted.mode == DnsMode::Failover);
        let is_wanted = match answer {
            Some((_, contents)) => contents.contains(value.content.as_str()),
            None => wanted.permitted.get(&value.content).is_some_and(|member| {
                wanted.mode == DnsMode::Members && member.switch == Switch::Enable
            }),
        };
        let ttl_s = wanted.ttl_s_where(value.proxied);
        self.is_unsure || (is_wanted && value.ttl_s == ttl_s)
    }
}
