//! From rows to a state, and what becomes of those that do not read.

use super::single::{Account, Alerts, Common, DrillTimes, LastConfig, LastEntry};
use super::{DOCUMENT_ENTRY, Kept, Kind, Row, RowChange, Single, UNREADABLE_MAX};
use crate::ids::{ReceiverId, ServiceId};
use crate::json::{self, BadJson, Shape};
use crate::state::{State, VERSION};
use crate::target::Target;

/// What was remembered.
#[derive(Debug, Default)]
pub struct Restored {
    /// The state, of all rows that read.
    pub state: State,
    /// What storage holds.
    pub kept: Kept,
    /// What has to be done so that no row which did not read is lost or stands in the way.
    pub changes: Vec<RowChange>,
    /// What did not read, for people.
    pub notes: Vec<String>,
    put_aside: usize,
}

/// Why a row is put aside.
#[derive(Debug, thiserror::Error)]
enum BadRow {
    /// Not this document.
    #[error("{0}")]
    Value(#[from] BadJson),
    /// Not the id of such a row.
    #[error("its id is none")]
    Id,
    /// A version of another build.
    #[error("the state has version {0}, this build reads {VERSION}")]
    Version(u32),
}

/// Reads the rows. What does not read is put aside, and what was put aside and reads now is taken
/// back. Rows of a kind that this build does not know are left where they are.
#[must_use]
pub fn restore(mut rows: Vec<Row>) -> Restored {
    // What is worth most comes first.
    rows.sort_by_cached_key(|row| (Kind::parse(&row.kind), row.id.clone()));
    let mut restored = Restored::default();
    if let Some(version) = other_version(&rows) {
        let why = BadRow::Version(version);
        rows.retain(|row| Kind::parse(&row.kind).is_some_and(|kind| kind != Kind::Unreadable));
        restored.notes.push(format!("{} rows are put aside: {why}", rows.len()));
        for row in &rows {
            restored.put_aside(row);
        }
        restored.say_what_is_lost();
        return restored;
    }
    let (aside, rows): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| row.kind == Kind::Unreadable.as_str());
    for row in rows {
        restored.take(row);
    }
    for row in &aside {
        restored.take_back(row);
    }
    restored.say_what_is_lost();
    // Rows lie in the order of their ids.
    restored.state.incidents.sort_by_key(|incident| incident.number);
    restored.state.actuation.intents.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
    restored.state.remembered.sort_by_key(|act| act.at);
    restored
}

/// Reads the one text that held the whole state in builds before rows.
#[must_use]
pub fn restore_document(text: &str) -> Restored {
    let mut restored = Restored::default();
    match State::parse(text) {
        Ok(state) => restored.state = state,
        Err(error) => {
            restored.notes.push(format!("the saved state is put aside: {error}"));
            let (kind, id) = (Kind::Unreadable.as_str().to_owned(), DOCUMENT_ENTRY.to_owned());
            restored.changes.push(RowChange::PutRow(Row { kind, id, value: text.to_owned() }));
        }
    }
    restored.changes.push(RowChange::DeleteEntry { key: DOCUMENT_ENTRY });
    restored
}

fn other_version(rows: &[Row]) -> Option<u32> {
    let (kind, id) = (Kind::Single.as_str(), Single::Controller.as_str());
    let row = rows.iter().find(|row| row.kind == kind && row.id == id)?;
    let common: Common = json::read(&row.value).ok()?;
    Some(common.version).filter(|version| *version != VERSION)
}

impl Restored {
    fn take(&mut self, row: Row) {
        // The build that wrote it may come back.
        let Some(kind) = Kind::parse(&row.kind) else { return };
        if kind == Kind::Single && Single::parse(&row.id).is_none() {
            return;
        }
        if let Err(why) = read(&mut self.state, kind, &row.id, &row.value) {
            self.notes.push(format!("the row `{} {}` is put aside: {why}", row.kind, row.id));
            self.put_aside(&row);
        } else if kind == Kind::Target {
            let known = Target::parse(&row.id).and_then(|target| {
                let known = self.state.targets.get(&target)?.clone();
                Some((target, known))
            });
            self.kept.targets.extend(known);
        } else {
            self.kept.rows.insert((kind, row.id), row.value);
        }
    }

    fn put_aside(&mut self, row: &Row) {
        let Some(kind) = Kind::parse(&row.kind) else { return };
        self.changes.push(RowChange::delete(kind, row.id.clone()));
        self.put_aside = self.put_aside.saturating_add(1);
        if self.put_aside <= UNREADABLE_MAX {
            let (kind, value) = (Kind::Unreadable.as_str().to_owned(), row.value.clone());
            let id = format!("{} {}", row.kind, row.id);
            self.changes.push(RowChange::PutRow(Row { kind, id, value }));
        }
    }

    fn say_what_is_lost(&mut self) {
        let lost = self.put_aside.saturating_sub(UNREADABLE_MAX);
        if lost > 0 {
            self.notes.push(format!("{lost} rows that do not read are lost: too many do not"));
        }
    }

    /// Takes back what another build could not read, unless there is a newer row about the same.
    fn take_back(&mut self, aside: &Row) {
        let Some((kind, id)) = aside.id.split_once(' ') else { return };
        let Some(kind) = Kind::parse(kind).filter(|kind| *kind != Kind::Single) else { return };
        let is_there = match kind {
            Kind::Target => Target::parse(id).is_some_and(|t| self.kept.targets.contains_key(&t)),
            _ => self.kept.rows.contains_key(&(kind, id.to_owned())),
        };
        if !is_there && read(&mut self.state, kind, id, &aside.value).is_ok() {
            self.notes.push(format!("the row `{}` reads again", aside.id));
            self.changes.push(RowChange::delete(Kind::Unreadable, aside.id.clone()));
        }
    }
}

/// Puts one row into the state.
fn read(state: &mut State, kind: Kind, id: &str, value: &str) -> Result<(), BadRow> {
    let actuation = &mut state.actuation;
    let name = || id.to_owned();
    match kind {
        Kind::Single => return single(state, id, value),
        Kind::Hold => drop(actuation.holds.insert(text(value)?)),
        Kind::Claim => {
            actuation.claims.push(text(value)?);
            actuation.claims.sort_by(|a, b| a.hold.cmp(&b.hold));
        }
        Kind::SlowMonitors => drop(actuation.slow_monitors.insert(name(), text(value)?)),
        Kind::Intent => actuation.intents.push(text(value)?),
        Kind::Zone => drop(actuation.zone_ids.insert(name(), text(value)?)),
        Kind::ZoneSeen => drop(actuation.zones_seen.insert(name(), text(value)?)),
        Kind::Owned => drop(actuation.owned.insert(name(), text(value)?)),
        Kind::OtherOwner => drop(actuation.other_owners.insert(name(), text(value)?)),
        Kind::TakeBack => drop(actuation.take_backs.insert(name(), text(value)?)),
        Kind::Denied => drop(actuation.denied.insert(name(), text(value)?)),
        Kind::MovedAt => drop(actuation.moved_at.insert(service(id)?, text(value)?)),
        Kind::Changes => drop(actuation.changes.insert(service(id)?, text(value)?)),
        Kind::ZoneChanges => drop(actuation.zone_changes.insert(name(), text(value)?)),
        Kind::Moved => drop(actuation.moved.insert(name(), text(value)?)),
        Kind::Order => state.orders.push(text(value)?),
        Kind::Incident => state.incidents.push(text(value)?),
        Kind::Audit => state.audit.entries.push(text(value)?),
        Kind::Revision => state.configs.revisions.push(text(value)?),
        Kind::Outbox => state.outbox.entries.push(text(value)?),
        Kind::Alert => drop(state.alerts.open.insert(name(), text(value)?)),
        Kind::Receiver => {
            let receiver = ReceiverId::parse(id).map_err(|_| BadRow::Id)?;
            state.outbox.receivers.insert(receiver, text(value)?);
        }
        Kind::Remembered => state.remembered.push(text(value)?),
        Kind::Frozen => drop(state.frozen.insert(service(id)?, text(value)?)),
        Kind::Recovery => drop(state.recoveries.insert(service(id)?, text(value)?)),
        Kind::Traffic => state.traffic.restore(service(id)?, value)?,
        Kind::Promises => drop(state.promises.insert(service(id)?, text(value)?)),
        Kind::Drill => state.drills.drills.push(text(value)?),
        Kind::Written => drop(state.written.insert(name(), text(value)?)),
        Kind::Failure => actuation.failures.push(text(value)?),
        Kind::Withheld => actuation.withheld.push(text(value)?),
        Kind::Applied => actuation.applied.push(text(value)?),
        Kind::Episode => state.history.push(text(value)?),
        Kind::Target => {
            let target = Target::parse(id).ok_or(BadRow::Id)?;
            state.targets.insert(target, text(value)?);
        }
        Kind::ConfigText | Kind::Unreadable => {}
    }
    Ok(())
}

fn single(state: &mut State, id: &str, value: &str) -> Result<(), BadRow> {
    match Single::parse(id).ok_or(BadRow::Id)? {
        Single::Controller => text::<Common>(value)?.put(state),
        Single::Run => state.run = Some(text(value)?),
        Single::Refused => state.refused = Some(text(value)?),
        Single::Actuation => text::<Account>(value)?.put(&mut state.actuation),
        Single::Audit => text::<LastEntry>(value)?.put(&mut state.audit),
        Single::Configs => text::<LastConfig>(value)?.put(&mut state.configs),
        Single::Alerts => text::<Alerts>(value)?.put(state),
        Single::TrafficHeard => state.traffic.restore_heard(value)?,
        Single::Drills => text::<DrillTimes>(value)?.put(&mut state.drills),
    }
    Ok(())
}

fn service(id: &str) -> Result<ServiceId, BadRow> {
    ServiceId::parse(id).map_err(|_| BadRow::Id)
}

fn text<T: Shape>(value: &str) -> Result<T, BadRow> {
    Ok(json::read(value)?)
}
