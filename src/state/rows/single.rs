//! The rows of which there is one, as groups of figures.

use crate::drill::{DrillBook, ScheduleMemory};
use crate::fingerprint::Fingerprint;
use crate::ids::{DrillId, ServiceId};
use crate::journal::{AuditHead, AuditLog};
use crate::json::fields;
use crate::ordered::Map;
use crate::state::configs::{Configs, Pushed};
use crate::state::{Actuation, Left, RetryWhy, Spent, State};
use crate::tally::Tally;
use crate::time::Timestamp;

/// What is of the Controller itself.
#[derive(PartialEq)]
pub(super) struct Common {
    pub(super) version: u32,
    generation: u64,
    doubted_since: Option<Timestamp>,
    orders_given: u64,
    incidents_opened: u64,
    substance: Option<Fingerprint>,
    routes_written_at: Option<Timestamp>,
    spent: Spent,
}

fields!(Common {
    version,
    generation,
    doubted_since,
    orders_given = 0,
    incidents_opened = 0,
    substance,
    routes_written_at,
    spent = Spent::default(),
});

impl Common {
    pub(super) fn of(state: &State) -> Self {
        let &State { version, generation, doubted_since, orders_given, substance, .. } = state;
        let &State { incidents_opened, routes_written_at, spent, .. } = state;
        Self {
            version,
            generation,
            doubted_since,
            orders_given,
            incidents_opened,
            substance,
            routes_written_at,
            spent,
        }
    }

    pub(super) fn put(self, state: &mut State) {
        let Self { version, generation, doubted_since, orders_given, substance, .. } = self;
        (state.version, state.generation) = (version, generation);
        (state.doubted_since, state.substance) = (doubted_since, substance);
        state.orders_given = orders_given;
        state.incidents_opened = self.incidents_opened;
        (state.routes_written_at, state.spent) = (self.routes_written_at, self.spent);
    }
}

/// How many alerts were sent, and whether runs are silent.
#[derive(PartialEq, Eq, Default)]
pub(super) struct Alerts {
    made: u64,
    dropped: u64,
    silent_since: Option<Timestamp>,
}

fields!(Alerts { made = 0, dropped = 0, silent_since });

impl Alerts {
    /// `None` where no alert was ever sent.
    pub(super) fn of(state: &State) -> Option<Self> {
        let (made, dropped) = (state.outbox.made, state.outbox.dropped);
        let alerts = Self { made, dropped, silent_since: state.silent_since };
        (alerts != Self::default()).then_some(alerts)
    }

    pub(super) fn put(self, state: &mut State) {
        let Self { made, dropped, silent_since } = self;
        (state.outbox.made, state.outbox.dropped) = (made, dropped);
        state.silent_since = silent_since;
    }
}

/// How far the account is.
pub(super) struct Account {
    calls: Tally,
    upkeep_after: Option<Timestamp>,
    settled: Option<Fingerprint>,
    compared_at: Option<Timestamp>,
    attempted: Option<Fingerprint>,
    blocked_until: Option<Timestamp>,
    attempts: u32,
    left: Option<Left>,
    retry_at: Option<Timestamp>,
    retry_why: Option<RetryWhy>,
}

fields!(Account {
    calls = Tally::default(),
    upkeep_after,
    settled,
    compared_at,
    attempted,
    blocked_until,
    attempts = 0,
    left,
    retry_at,
    retry_why,
});

impl Account {
    pub(super) fn of(actuation: &Actuation) -> Self {
        Self {
            calls: actuation.calls.clone(),
            upkeep_after: actuation.upkeep_after,
            settled: actuation.settled,
            compared_at: actuation.compared_at,
            attempted: actuation.attempted,
            blocked_until: actuation.blocked_until,
            attempts: actuation.attempts,
            left: actuation.left,
            retry_at: actuation.retry_at,
            retry_why: actuation.retry_why,
        }
    }

    pub(super) fn put(self, actuation: &mut Actuation) {
        let before = std::mem::take(actuation);
        let Self { calls, upkeep_after, settled, compared_at, attempted, .. } = self;
        let Self { blocked_until, attempts, left, retry_at, retry_why, .. } = self;
        *actuation = Actuation {
            calls,
            upkeep_after,
            settled,
            compared_at,
            attempted,
            blocked_until,
            attempts,
            left,
            retry_at,
            retry_why,
            ..before
        };
    }
}

/// Where the audit chain ends; absent where it has not begun.
pub(super) struct LastEntry {
    head: AuditHead,
    kept_to: u64,
}

fields!(LastEntry { head, kept_to = 0 });

impl LastEntry {
    pub(super) fn of(audit: &AuditLog) -> Option<Self> {
        let &AuditLog { head, kept_to, entries: _ } = audit;
        (head.n > 0).then_some(Self { head, kept_to })
    }

    pub(super) fn put(self, audit: &mut AuditLog) {
        (audit.head, audit.kept_to) = (self.head, self.kept_to);
    }
}

/// The last config that was put into force here; absent where none ever was.
pub(super) struct LastConfig {
    last: u64,
    pushed: Option<Pushed>,
}

fields!(LastConfig { last, pushed if any });

impl LastConfig {
    pub(super) fn of(configs: &Configs) -> Option<Self> {
        let Configs { last, pushed, revisions: _ } = configs;
        (*last > 0).then(|| Self { last: *last, pushed: pushed.clone() })
    }

    pub(super) fn put(self, configs: &mut Configs) {
        (configs.last, configs.pushed) = (self.last, self.pushed);
    }
}

/// How many drills there were, and when which is due; absent where there is nothing to say.
pub(super) struct DrillTimes {
    given: u64,
    schedules: Map<DrillId, ScheduleMemory>,
    succeeded: Map<ServiceId, Timestamp>,
}

fields!(DrillTimes { given, schedules = Map::new(), succeeded = Map::new() });

impl DrillTimes {
    pub(super) fn of(book: &DrillBook) -> Option<Self> {
        let DrillBook { given, schedules, succeeded, drills: _ } = book.clone();
        let is_empty = given == 0 && schedules.is_empty() && succeeded.is_empty();
        (!is_empty).then_some(Self { given, schedules, succeeded })
    }

    pub(super) fn put(self, book: &mut DrillBook) {
        (book.given, book.schedules, book.succeeded) = (self.given, self.schedules, self.succeeded);
    }
}
