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
use crate::ordered::Map;
use crate::owned::{
    GONE_KEPT_MS, Gone, OWNED_MAX, OwnedRecord, OwnedRecords, RecordValue, UNDONE_KEPT_MS,
};
use crate::time::Timestamp;

/// What is known before the account was read.
pub(super) struct Known<'k> {
    pub(super) owned: &'k OwnedRecords,
    /// Changes that were begun and that no reply has confirmed, in words.
    pub(super) open: &'k [String],
    /// Record sets that a person takes back, such as `files.example.com A`.
    pub(super) take_backs: &'k Map<String, Timestamp>,
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
        let before = known.owned.iter().filter(|(_, note)| wanted.has(note));
        let listed = observed.records.get(&wanted.name).filter(|all| all.len() < RECORDS_MAX);
        let Some(listed) = listed else {
            owned.extend(before.map(|(id, note)| (id.clone(), note.clone())));
            continue;
        };
        let set = SeenSet { wanted, listed, now: known.now, is_unsure: is_unsure(wanted, known) };
        owned.extend(before.filter_map(|(id, note)| Some((id.clone(), set.after(id, note)?))));
        let new: Vec<_> = set.found(known.owned).collect();
        owned.extend(new);
        if known.take_backs.contains_key(&wanted.set()) {
            set.take_back(&mut owned);
        }
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
            self.is_ours(record) && known.is_none_or(|known| !self.wanted.has(known))
        };
        let name = self.name();
        self.of_kind()
            .filter(is_new)
            .map(move |record| (record.id.clone(), note(&name, value(record), self.now)))
    }

    fn name(&self) -> SetName<'_> {
        SetName {
            zone: &self.wanted.zone,
            name: &self.wanted.name,
            kind: self.wanted.kind.as_str(),
            service: &self.wanted.service,
        }
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
        let gone = match note.gone {
            Some(gone) => gone,
            None if self.is_unsure => Gone { at: self.now, by_us: true },
            None => {
                note.gone_by_others(self.now);
                Gone { at: self.now, by_us: false }
            }
        };
        note.gone = Some(gone);
        let is_replaced = self
            .of_kind()
            .any(|record| self.is_ours(record) && normal(&record.content) == note.ours.content);
        (!is_replaced && self.now.since(gone.at) < GONE_KEPT_MS).then_some(note)
    }

    /// Makes ours what a person takes back: the records that we know by their ids, and where there
    /// is none of them, the only one without a marker. Of several such records nobody knows which
    /// is meant; what is marked for another owner is another's.
    fn take_back(&self, owned: &mut OwnedRecords) {
        let is_free = |record: &&Record| {
            let marked = marker::owner(record.comment.as_deref(), &self.wanted.service);
            !matches!(marked, Owner::Other(_))
        };
        let free: Vec<&Record> = self.of_kind().filter(is_free).collect();
        let is_known =
            |record: &&&Record| owned.get(&record.id).is_some_and(|note| self.wanted.has(note));
        let known: Vec<&Record> = free.iter().filter(is_known).copied().collect();
        let taken = match (known.as_slice(), free.as_slice()) {
            ([], [only]) => vec![*only],
            _ => known,
        };
        for record in taken {
            let value = value(record);
            let new = || note(&self.name(), value.clone(), self.now);
            let mut note = owned.remove(&record.id).unwrap_or_else(new);
            let comment = self.comment_of(&note, &value);
            note.take_back(value, comment);
            owned.insert(record.id.clone(), note);
        }
        let is_gone = |note: &&mut OwnedRecord| self.wanted.has(note) && note.gone.is_some();
        for note in owned.values_mut().filter(is_gone) {
            // As if we had deleted it: then it may be made anew.
            let at = note.gone.map_or(self.now, |gone| gone.at);
            note.gone = Some(Gone { at, by_us: true });
            note.undone.clear();
        }
    }

    /// The comment that a record should have once it is taken back. What is adopted needs none.
    fn comment_of(&self, note: &OwnedRecord, value: &RecordValue) -> String {
        let is_marked = marker::owner(Some(&value.comment), &note.service) == Owner::Ours;
        if self.wanted.adopt || is_marked {
            value.comment.clone()
        } else if value.comment.is_empty() && was_marked(note) {
            note.ours.comment.clone()
        } else {
            marker::restored(&note.service, &value.comment)
        }
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
