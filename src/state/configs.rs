//! Which configs were in use, and what KV may still show of them.

use crate::fingerprint::Fingerprint;
use crate::journal::Actor;
use crate::json::fields;
use crate::time::{MINUTE, Millis, Timestamp};

/// Revisions that are remembered; of the last [`TEXTS_MAX`] also the texts, within
/// [`TEXTS_BYTES_MAX`].
pub const REVISIONS_MAX: usize = 50;
/// Revisions whose texts are kept, so that one can go back to them.
pub const TEXTS_MAX: usize = 10;
/// Most bytes of all kept texts together; the one in use is kept in any case.
pub const TEXTS_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How long after a pushed config has arrived in KV an older one that KV shows is taken for a late
/// view. KV says "up to 60 seconds or more" (developers.cloudflare.com/kv/concepts/how-kv-works).
/// After that, whoever put the older one there meant it.
pub const LATE_VIEW_MS: Millis = 10 * MINUTE;

/// The configs that were in use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configs {
    /// The number of the last revision.
    pub last: u64,
    /// The last revisions, the one in use at the end.
    pub revisions: Vec<Revision>,
    /// The config that was put into force here, until KV can show no older one any more.
    pub pushed: Option<Pushed>,
}

/// A config that came into use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its number; numbers grow.
    pub number: u64,
    /// Which config it is.
    pub fingerprint: Fingerprint,
    /// When it came into use.
    pub at: Timestamp,
    /// Who put it there.
    pub who: Actor,
    /// Why; absent where KV was edited.
    pub why: Option<String>,
    /// The bytes of its text.
    pub bytes: usize,
}

/// A config on its way to KV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Which config it is.
    pub fingerprint: Fingerprint,
    /// When it was put into force.
    pub at: Timestamp,
    /// When it arrived in KV.
    pub arrived: Option<Timestamp>,
    /// The refused config that KV had before.
    pub refused: Option<Fingerprint>,
}

fields!(Configs { last = 0, revisions = Vec::new(), pushed if any });
fields!(Revision { number, fingerprint, at, who, why if any, bytes });
fields!(Pushed { fingerprint, at, arrived, refused });

impl Configs {
    /// The revision in use.
    #[must_use]
    pub fn in_use(&self) -> Option<&Revision> {
        self.revisions.last()
    }

    /// The revision of this number.
    #[must_use]
    pub fn revision(&self, number: u64) -> Option<&Revision> {
        self.revisions.iter().find(|revision| revision.number == number)
    }

    /// Adds a revision, which gets the next number. Returns that.
    pub fn add(&mut self, revision: Revision) -> u64 {
        self.last = self.last.saturating_add(1);
        self.revisions.push(Revision { number: self.last, ..revision });
        let surplus = self.revisions.len().saturating_sub(REVISIONS_MAX);
        self.revisions.drain(..surplus);
        self.last
    }

    /// Whether what KV shows may be a late view of what it had before a push: it is an older
    /// revision, or what was refused then, and it is not [`LATE_VIEW_MS`] since the pushed one
    /// arrived. That KV has shown the pushed one says nothing: the next answer may come from
    /// another cache.
    #[must_use]
    pub fn is_late_view(&self, shown: Fingerprint, now: Timestamp) -> bool {
        let Some(pushed) = &self.pushed else { return false };
        let is_old = shown != pushed.fingerprint
            && (pushed.refused == Some(shown)
                || self.revisions.iter().any(|revision| revision.fingerprint == shown));
        is_old && pushed.arrived.is_none_or(|at| now.since(at) < LATE_VIEW_MS)
    }

    /// Notes that KV shows the config in use. The pushed one is remembered until no older one can
    /// be shown any more. Returns whether it still is.
    pub fn show_in_use(&mut self, now: Timestamp) -> bool {
        let Some(pushed) = &mut self.pushed else { return false };
        let arrived = *pushed.arrived.get_or_insert(now);
        if now.since(arrived) >= LATE_VIEW_MS {
            self.pushed = None;
        }
        self.pushed.is_some()
    }

    /// Corrects what lies ahead of `now`. Until the late view ends nothing waits longer than it
    /// does from `now` on.
    pub(super) fn forget_the_future(&mut self, now: Timestamp) {
        let Self { last: _, revisions, pushed } = self;
        for Revision { number: _, fingerprint: _, at, who: _, why: _, bytes: _ } in revisions {
            *at = at.unless_ahead(now);
        }
        if let Some(Pushed { fingerprint: _, at, arrived, refused: _ }) = pushed {
            for at in [at].into_iter().chain(arrived) {
                *at = at.unless_ahead(now);
            }
        }
    }
}
