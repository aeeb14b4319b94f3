//! The state as rows, and what has to be written so that storage holds them.
//!
//! A row is a kind, an id and a JSON text: one for each target, hold, intent and so on, and one for
//! each group of figures that there is one of. [`Kept`] knows what storage holds, so only what
//! differs is written. A row that does not read loses only itself: it is put aside as
//! `unreadable`, and tried again by the next build (ADR-0013).
//!
//! When and how fast a target last answered is in motion with every probe. A row of which nothing
//! else has changed is written every [`RENEW_MS`] only: Cloudflare counts rows, and an instant that
//! is some minutes old makes a target due earlier, never later.

mod groups;
mod read;
mod single;
mod write;
mod writer;

#[cfg(test)]
mod tests;

pub use read::{Restored, restore, restore_document};
pub use write::Saving;

use crate::json::words;
use crate::ordered::{Map, Set};
use crate::state::{State, TargetState};
use crate::target::Target;
use crate::time::{MINUTE, Millis};

/// Largest value of a row. Source: developers.cloudflare.com/durable-objects/platform/limits, "2
/// MB" for a row; half of it leaves room for the key.
pub const ROW_BYTES_MAX: usize = 1_000_000;
/// Most rows. The largest config has 10,000 targets: it must have a probe a run for each, and a run
/// has no more. As many records can be remembered. What is beyond this many rows begins anew after
/// a restart.
pub const ROWS_MAX: usize = 50_000;
/// Most rows that are put aside; of more the last by kind and id are lost, and said to be.
pub const UNREADABLE_MAX: usize = 1_000;
/// How old the saved instants and latencies of a target may be. Half of the time after which a
/// belief is no belief.
pub const RENEW_MS: Millis = 5 * MINUTE;

/// The entry that held the whole state as one text, in builds before rows.
pub const DOCUMENT_ENTRY: &str = "state";

words! {
    /// What a row is about. Where there are more rows than [`ROWS_MAX`], those of the first kinds
    /// are kept.
    pub enum Kind {
        /// Figures of which there is one group each; see [`Single`].
        Single = "single",
        /// An origin that we disabled, by account, pool and address.
        Hold = "hold",
        /// An origin that we may have disabled, by account, pool and address.
        Claim = "claim",
        /// A change that was begun, by what it is.
        Intent = "intent",
        /// The id of a zone, by the zone's name.
        Zone = "zone",
        /// When a zone was last seen to be active, by the zone's name.
        ZoneSeen = "zone_seen",
        /// What is remembered of a record of ours, by its id.
        Owned = "owned",
        /// What another owner did to a record of ours, by record set, fact and record.
        OtherOwner = "other_owner",
        /// Since when a person takes a record set back, by the set.
        TakeBack = "take_back",
        /// When an account refused a monitor's interval, by the account.
        SlowMonitors = "slow_monitors",
        /// A permission that the token lacks, by name.
        Denied = "denied",
        /// When traffic of a service was last moved, by the service.
        MovedAt = "moved_at",
        /// How many changes a service had, by the service.
        Changes = "changes",
        /// How many records of a zone changed without a failure behind it, by the zone.
        ZoneChanges = "zone_changes",
        /// What failovers took away from a record set, by the set.
        Moved = "moved",
        /// What a person ordered, by its number.
        Order = "order",
        /// What belongs together, by its id.
        Incident = "incident",
        /// An entry of the audit chain, by its number.
        Audit = "audit",
        /// A config that was in use, by its number.
        Revision = "revision",
        /// The text of one, by the same number. It is no part of the state: it is large.
        ConfigText = "config_text",
        /// A message on its way to a receiver of alerts, by its number.
        Outbox = "outbox",
        /// An alert that is not over, by its key.
        Alert = "alert",
        /// What is remembered of a receiver of alerts, by its id.
        Receiver = "receiver",
        /// An act that was done under a key, by who did it and the key.
        Remembered = "remembered",
        /// How the regions of a service stood when corruption was declared, by the service.
        Frozen = "frozen",
        /// How a service recovers, by the service.
        Recovery = "recovery",
        /// What became of the requests of a service's clients, by the service.
        Traffic = "traffic",
        /// How a service keeps what it promises, by the service.
        Promises = "promises",
        /// A drill, by its number.
        Drill = "drill",
        /// The fingerprint of what KV holds, by key.
        Written = "written",
        /// What stands in the way at Cloudflare, by its index in the list.
        Failure = "failure",
        /// What was deliberately not done, by its index in the list.
        Withheld = "withheld",
        /// A change that was made, by its instant.
        Applied = "applied",
        /// A time in which a region was not simply up, by when it began and by what it is about.
        Episode = "episode",
        /// A target, by `origin/monitor`.
        Target = "target",
        /// A row that this build does not read, by its kind and id.
        Unreadable = "unreadable",
    }
}

words! {
    /// The rows of [`Kind::Single`], by id.
    pub enum Single {
        /// Version, generation and what else is of the Controller itself.
        Controller = "controller",
        /// The cron run.
        Run = "run",
        /// The refused config.
        Refused = "refused",
        /// How far the account is.
        Actuation = "actuation",
        /// Where the audit chain ends.
        Audit = "audit",
        /// The last config that was put into force here.
        Configs = "configs",
        /// How many alerts were sent, and whether runs are silent.
        Alerts = "alerts",
        /// Which reports of isolates the rows of [`Kind::Traffic`] hold.
        TrafficHeard = "traffic_heard",
        /// How many drills there were, and when which is due.
        Drills = "drills",
    }
}

/// A row as storage has it. Its kind may be one that only another build knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// One of [`Kind`], or not.
    pub kind: String,
    /// What it is about.
    pub id: String,
    /// JSON.
    pub value: String,
}

/// One thing to do to storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowChange {
    /// Write a row, whether there is one or not.
    PutRow(Row),
    /// Delete a row, if there is one.
    DeleteRow {
        /// Its kind.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// Write an entry beside the rows.
    PutEntry {
        /// Its key.
        key: &'static str,
        /// Its text.
        value: String,
    },
    /// Delete an entry, if there is one.
    DeleteEntry {
        /// Its key.
        key: &'static str,
    },
}

impl RowChange {
    pub(crate) fn delete(kind: Kind, id: String) -> Self {
        Self::DeleteRow { kind: kind.as_str(), id }
    }
}

#[cfg(test)]
thread_local! {
    /// How many rows were made in this thread, but those of targets.
    pub(crate) static MADE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A kind and an id.
type Key = (Kind, String);

/// What storage holds, as far as this build reads it.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The texts of all rows but those of targets.
    rows: Map<Key, String>,
    /// The targets, as they were when their rows were written.
    targets: Map<Target, TargetState>,
    /// Rows that cannot be kept and were said to be so.
    left_out: Set<Key>,
    /// What `rows` are made of; absent where nothing was saved since the start.
    seen: Option<Box<State>>,
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        // What storage holds, whether or not it is known what that was made of.
        self.rows == other.rows && self.targets == other.targets && self.left_out == other.left_out
    }
}
