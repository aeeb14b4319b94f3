//! Rows in groups, each made of one part of the state: where that part is as it was when it was
//! last saved, its rows are too, and none of them is made.

use super::single::{Account, Alerts, Common, DrillTimes, LastConfig, LastEntry};
use super::writer::{Writer, named, numbered, order_id};
use super::{Key, Kind, Single};
use crate::hold::Hold;
use crate::state::{Episode, State};

/// Some rows, and the part of the state that they are made of.
#[derive(Debug)]
pub(super) struct Group {
    singles: &'static [Single],
    kinds: &'static [Kind],
    /// Whether that part is the same in two states.
    pub(super) is_same: fn(&State, &State) -> bool,
    /// Copies that part from one state to another.
    pub(super) copy: fn(&State, &mut State),
    pub(super) write: fn(&State, &mut Writer),
}

impl Group {
    /// Whether a row is one of these.
    pub(super) fn has(&self, (kind, id): &Key) -> bool {
        match kind {
            Kind::Single => self.singles.iter().any(|single| single.as_str() == id),
            kind => self.kinds.contains(kind),
        }
    }
}

/// A group of the rows that are made of one field.
macro_rules! field {
    ($field:ident, $singles:expr, $kinds:expr, $write:expr) => {
        Group {
            singles: $singles,
            kinds: $kinds,
            is_same: |a, b| a.$field == b.$field,
            copy: |from, to| to.$field.clone_from(&from.$field),
            write: $write,
        }
    };
}

/// All rows but those of targets.
pub(super) const GROUPS: &[Group] = &[
    Group {
        singles: &[Single::Controller],
        kinds: &[],
        is_same: |a, b| Common::of(a) == Common::of(b),
        copy: |from, to| Common::of(from).put(to),
        write: |state, rows| rows.single(Single::Controller, Some(&Common::of(state))),
    },
    field!(run, &[Single::Run], &[], |state, rows| rows.single(Single::Run, state.run.as_ref())),
    field!(refused, &[Single::Refused], &[], |state, rows| {
        rows.single(Single::Refused, state.refused.as_ref());
    }),
    field!(
        actuation,
        &[Single::Actuation],
        &[
            Kind::Hold,
            Kind::Claim,
            Kind::SlowMonitors,
            Kind::Intent,
            Kind::Zone,
            Kind::ZoneSeen,
            Kind::Owned,
            Kind::OtherOwner,
            Kind::TakeBack,
            Kind::Denied,
            Kind::MovedAt,
            Kind::Changes,
            Kind::ZoneChanges,
            Kind::Moved,
            Kind::Failure,
            Kind::Withheld,
            Kind::Applied,
        ],
        actuation
    ),
    field!(audit, &[Single::Audit], &[Kind::Audit], |state, rows| {
        rows.single(Single::Audit, LastEntry::of(&state.audit).as_ref());
        rows.all(Kind::Audit, state.audit.entries.iter().map(|entry| (order_id(entry.n), entry)));
    }),
    field!(configs, &[Single::Configs], &[Kind::Revision], |state, rows| {
        rows.single(Single::Configs, LastConfig::of(&state.configs).as_ref());
        let revisions = state.configs.revisions.iter();
        rows.all(Kind::Revision, revisions.map(|revision| (order_id(revision.number), revision)));
    }),
    Group {
        singles: &[Single::Alerts],
        kinds: &[Kind::Outbox, Kind::Receiver],
        is_same: |a, b| a.outbox == b.outbox && a.silent_since == b.silent_since,
        copy: |from, to| {
            to.outbox.clone_from(&from.outbox);
            to.silent_since = from.silent_since;
        },
        write: |state, rows| {
            rows.single(Single::Alerts, Alerts::of(state).as_ref());
            let outbox = &state.outbox;
            rows.all(Kind::Outbox, outbox.entries.iter().map(|entry| (order_id(entry.id), entry)));
            rows.all(Kind::Receiver, named(&outbox.receivers));
        },
    },
    field!(alerts, &[], &[Kind::Alert], |state, rows| {
        rows.all(Kind::Alert, named(&state.alerts.open));
    }),
    field!(orders, &[], &[Kind::Order], |state, rows| {
        rows.all(Kind::Order, state.orders.iter().map(|order| (order_id(order.id), order)));
    }),
    field!(incidents, &[], &[Kind::Incident], |state, rows| {
        rows.all(Kind::Incident, state.incidents.iter().map(|it| (it.id.clone(), it)));
    }),
    field!(remembered, &[], &[Kind::Remembered], |state, rows| {
        rows.all(Kind::Remembered, state.remembered.iter().map(|act| (act.row_id(), act)));
    }),
    field!(frozen, &[], &[Kind::Frozen], |state, rows| {
        rows.all(Kind::Frozen, named(&state.frozen));
    }),
    field!(recoveries, &[], &[Kind::Recovery], |state, rows| {
        rows.all(Kind::Recovery, named(&state.recoveries));
    }),
    Group {
        singles: &[Single::TrafficHeard],
        kinds: &[Kind::Traffic],
        // These are texts already, and a copy of what they are made of would be large.
        is_same: |_, _| false,
        copy: |_, _| (),
        write: |state, rows| {
            let traffic = state.traffic.rows();
            rows.texts(Kind::Traffic, traffic.map(|(id, row)| (id.to_string(), row.clone())));
            let heard = state.traffic.heard_row().map(str::to_owned);
            let heard_id = Single::TrafficHeard.as_str().to_owned();
            rows.texts(Kind::Single, heard.map(|row| (heard_id, row)).into_iter());
        },
    },
    field!(promises, &[], &[Kind::Promises], |state, rows| {
        rows.all(Kind::Promises, named(&state.promises));
    }),
    field!(drills, &[Single::Drills], &[Kind::Drill], |state, rows| {
        rows.single(Single::Drills, DrillTimes::of(&state.drills).as_ref());
        rows.all(Kind::Drill, state.drills.drills.iter().map(|it| (order_id(it.number), it)));
    }),
    field!(written, &[], &[Kind::Written], |state, rows| {
        rows.all(Kind::Written, named(&state.written));
    }),
    field!(history, &[], &[Kind::Episode], |state, rows| {
        for episode in &state.history {
            let Episode { since, service, region, health, because, .. } = episode;
            let (health, because) = (health.as_str(), because.as_str());
            let id = format!("{since} {service} {region} {health} {because}");
            rows.put(Kind::Episode, id, episode);
        }
    }),
];

fn actuation(state: &State, rows: &mut Writer) {
    let actuation = &state.actuation;
    rows.single(Single::Actuation, Some(&Account::of(actuation)));
    let hold_id = |hold: &Hold| format!("{}/{}/{}", hold.account, hold.pool, hold.address);
    rows.all(Kind::Hold, actuation.holds.iter().map(|hold| (hold_id(hold), hold)));
    rows.all(Kind::Claim, actuation.claims.iter().map(|claim| (hold_id(&claim.hold), claim)));
    rows.all(Kind::SlowMonitors, named(&actuation.slow_monitors));
    rows.all(Kind::Intent, actuation.intents.iter().map(|it| (it.what.clone(), it)));
    rows.all(Kind::Zone, named(&actuation.zone_ids));
    rows.all(Kind::ZoneSeen, named(&actuation.zones_seen));
    rows.all(Kind::Owned, named(&actuation.owned));
    rows.all(Kind::OtherOwner, named(&actuation.other_owners));
    rows.all(Kind::TakeBack, named(&actuation.take_backs));
    rows.all(Kind::Denied, named(&actuation.denied));
    rows.all(Kind::MovedAt, named(&actuation.moved_at));
    rows.all(Kind::Changes, named(&actuation.changes));
    rows.all(Kind::ZoneChanges, named(&actuation.zone_changes));
    rows.all(Kind::Moved, named(&actuation.moved));
    rows.all(Kind::Failure, numbered(&actuation.failures));
    rows.all(Kind::Withheld, numbered(&actuation.withheld));
    let mut before = None;
    let mut index = 0_usize;
    for applied in &actuation.applied {
        // Several changes may have been acknowledged in one millisecond.
        index = if before == Some(applied.at) { index.saturating_add(1) } else { 0 };
        before = Some(applied.at);
        rows.put(Kind::Applied, format!("{} {index:02}", applied.at), applied);
    }
}
