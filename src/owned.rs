//! What is remembered of DNS records that are ours, by their ids.
//!
//! A marker in a comment is lost with the first `PUT` of another tool, and what another tool wrote
//! looks like what we wrote. The id stays. So each record that is ours has a note by its id: what
//! it said when we left it, what others made of it since, and how often they did (ADR-0019).

use crate::ids::ServiceId;
use crate::json::fields;
use crate::ordered::Map;
use crate::time::{MINUTE, Millis, Timestamp};

/// Most records of which there is a note. The largest config has 1,000 origins, and most have a few
/// records; what is beyond is known by its marker alone.
pub const OWNED_MAX: usize = 5_000;
/// Most instants at which others changed one record that are kept, the last ones.
pub const UNDONE_MAX: usize = 10;
/// How long it counts that others changed a record: two owners that write once a night are found.
pub const UNDONE_KEPT_MS: Millis = 7 * 24 * 60 * MINUTE;
/// How long the note of a record that is gone is kept: for its words and tags, and because what we
/// deleted we may make anew.
pub const GONE_KEPT_MS: Millis = 7 * 24 * 60 * MINUTE;

/// What is remembered of all records that are ours, by id.
pub type OwnedRecords = Map<String, OwnedRecord>;

/// What is remembered of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedRecord {
    /// The zone's name.
    pub zone: String,
    /// The record's name.
    pub name: String,
    /// The record's type.
    pub kind: String,
    /// The service that it follows.
    pub service: ServiceId,
    /// What it said when we last wrote it, or when it became ours.
    pub ours: RecordValue,
    /// When that was.
    pub at: Timestamp,
    /// What others made of it since; absent while it is as we left it.
    pub theirs: Option<Theirs>,
    /// When others changed it, oldest first; at most [`UNDONE_MAX`].
    pub undone: Vec<Timestamp>,
    /// That it is gone; absent while it is there.
    pub gone: Option<Gone>,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordValue {
    /// Its content, in the form that is compared.
    pub content: String,
    /// Its TTL in seconds; 1 is automatic.
    pub ttl_s: u32,
    /// Whether Cloudflare proxies the name.
    pub proxied: bool,
    /// Its whole comment; empty if there is none.
    pub comment: String,
    /// Its tags.
    pub tags: Vec<String>,
}

/// What others made of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theirs {
    /// What it says now.
    pub value: RecordValue,
    /// When we found it so.
    pub at: Timestamp,
}

/// That a record is no longer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone {
    /// When it was deleted, or found missing.
    pub at: Timestamp,
    /// Whether we deleted it.
    pub by_us: bool,
}

fields!(OwnedRecord {
    zone,
    name,
    kind,
    service,
    ours,
    at,
    theirs,
    undone = Vec::new(),
    gone,
});
fields!(RecordValue {
    content,
    ttl_s,
    proxied = false,
    comment = String::new(),
    tags = Vec::new(),
});
fields!(Theirs { value, at });
fields!(Gone { at, by_us });

impl OwnedRecord {
    /// Notes that others changed it.
    pub fn undone_by(&mut self, value: RecordValue, now: Timestamp) {
        if self.theirs.as_ref().is_some_and(|theirs| theirs.value == value) {
            return;
        }
        self.theirs = Some(Theirs { value, at: now });
        self.count(now);
    }

    /// Notes that others deleted it.
    pub fn gone_by_others(&mut self, now: Timestamp) {
        self.gone = Some(Gone { at: now, by_us: false });
        self.theirs = None;
        self.count(now);
    }

    /// Whether it is not there as we left it: gone, or changed by others.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.gone.is_some() || self.theirs.is_some()
    }

    fn count(&mut self, now: Timestamp) {
        self.undone.push(now);
        let excess = self.undone.len().saturating_sub(UNDONE_MAX);
        self.undone.drain(..excess);
    }

    /// Makes it ours as it is now, with this comment: what others did no longer counts against
    /// setting it right.
    pub fn take_back(&mut self, value: RecordValue, comment: String) {
        self.ours = RecordValue { comment, tags: self.ours.tags.clone(), ..value };
        (self.theirs, self.gone) = (None, None);
        self.undone.clear();
    }

    /// Notes that it says what we want, by our hand if `is_written`.
    pub fn is_as(&mut self, value: RecordValue, is_written: bool, now: Timestamp) {
        if is_written || self.ours != value {
            self.at = now;
        }
        (self.ours, self.theirs, self.gone) = (value, None, None);
    }

    /// Counts what a clock that was wrong put ahead of `now` as of now.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let Self { at, theirs, undone, gone, .. } = self;
        let theirs = theirs.iter_mut().map(|theirs| &mut theirs.at);
        let gone = gone.iter_mut().map(|gone| &mut gone.at);
        for at in [at].into_iter().chain(undone).chain(theirs).chain(gone) {
            *at = at.unless_ahead(now);
        }
    }

    /// How often others changed it in this time.
    #[must_use]
    pub fn undone_within(&self, window_ms: Millis, now: Timestamp) -> usize {
        self.undone.iter().filter(|at| now.since(**at) < window_ms).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> OwnedRecord {
        OwnedRecord {
            zone: "example.com".to_owned(),
            name: "files.example.com".to_owned(),
            kind: "A".to_owned(),
            service: ServiceId::parse("files").unwrap(),
            ours: RecordValue { content: "192.0.2.1".to_owned(), ..RecordValue::default() },
            at: Timestamp::from_millis(1),
            theirs: None,
            undone: Vec::new(),
            gone: None,
        }
    }

    fn value(content: &str) -> RecordValue {
        RecordValue { content: content.to_owned(), ..RecordValue::default() }
    }

    #[test]
    fn one_change_by_others_counts_once_however_often_it_is_seen() {
        let mut note = note();
        for ms in [5, 6, 7] {
            note.undone_by(value("192.0.2.9"), Timestamp::from_millis(ms));
        }
        assert_eq!(note.undone, [Timestamp::from_millis(5)]);
        note.is_as(value("192.0.2.1"), true, Timestamp::from_millis(8));
        note.undone_by(value("192.0.2.9"), Timestamp::from_millis(9));
        assert_eq!(note.undone.len(), 2, "and once more after it was set right");
        assert_eq!(note.undone_within(4, Timestamp::from_millis(9)), 1);
        assert_eq!(note.undone_within(5, Timestamp::from_millis(9)), 2);
    }

    #[test]
    fn so_many_instants_are_kept_and_the_first_ones_go() {
        for (changes, kept) in [
            (UNDONE_MAX - 1, UNDONE_MAX - 1),
            (UNDONE_MAX, UNDONE_MAX),
            (UNDONE_MAX + 1, UNDONE_MAX),
        ] {
            let mut note = note();
            for change in 0..changes {
                let at = Timestamp::from_millis(u64::try_from(change).unwrap());
                note.undone_by(value(&change.to_string()), at);
            }
            assert_eq!(note.undone.len(), kept);
            let last = u64::try_from(changes - 1).unwrap();
            assert_eq!(note.undone.last(), Some(&Timestamp::from_millis(last)));
        }
    }
}
