//! Incidents: what belongs together, from the first bad probe to the last return.
//!
//! **One incident for a region**, with the services that it hurts. A region that fails is one
//! fault, and one person looks after it; an incident for each service would call people many times
//! for the same thing. What the observer does to itself, a doubt, is an incident without a region.

use super::actor::Actor;
use super::event::{Event, EventKind};
use super::phases::{Phase, Phases};
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId};
use crate::json::{fields, words};
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// How long all must be well before an incident is over. What fails again within it goes on in the
/// same incident.
pub const QUIET_MS: Millis = 10 * MINUTE;
/// How long an incident waits for its traffic once the region is up: a failback that only a person
/// makes may never come.
pub const BACK_PATIENCE_MS: Millis = 24 * 60 * MINUTE;
/// Incidents that are over and kept.
pub const INCIDENTS_MAX: usize = 50;
/// For how long one that is over is kept.
pub const INCIDENT_AGE_MS: Millis = 90 * 24 * 60 * MINUTE;
/// Events that one incident keeps; of more it keeps the first and the last.
pub const INCIDENT_EVENTS_MAX: usize = 60;
/// Longest text of an event in an incident, in bytes.
pub const INCIDENT_TEXT_BYTES_MAX: usize = 400;
/// A region that loses one origin, and the others within this time, has one fault and not two.
const ESCALATES_MS: Millis = MINUTE;

words! {
    /// What is wrong; the worse the later.
    pub enum Trouble {
        /// The observer reaches nothing and doubts itself.
        Doubt = "doubt",
        /// An origin is down, and others of its region serve.
        Degraded = "degraded",
        /// The region takes no new clients.
        Drained = "drained",
        /// The region is down.
        Down = "down",
    }
}

/// What an incident began with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// The origin.
    pub origin: Option<OriginId>,
    /// The monitor that saw it; absent if an operator said so.
    pub monitor: Option<MonitorId>,
    /// Why, in words.
    pub reason: String,
    /// The same as a code, such as `http_timeout`.
    pub code: Option<String>,
    /// The status that said so.
    pub status: Option<u16>,
    /// The beginning of the body that came with it, where the monitor allows that.
    pub excerpt: Option<String>,
}

/// A service that an incident hurts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// The service; absent of what is about none.
    pub service: Option<ServiceId>,
    /// What is wrong, or was last.
    pub trouble: Trouble,
    /// Since when.
    pub since: Timestamp,
    /// Until when; absent while it is so.
    pub until: Option<Timestamp>,
}

/// Who looks after an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Who.
    pub who: Actor,
    /// Since when.
    pub at: Timestamp,
    /// What they said.
    pub reason: String,
}

/// An event as an incident keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// What happened, in words.
    pub text: String,
    /// Why.
    pub why: Option<String>,
    /// Who did it.
    pub who: Actor,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its id, such as `2026-11-29t1519-eu-west-7`. It sorts by time and never repeats: the number
    /// at its end counts all incidents there were.
    pub id: String,
    /// That number.
    pub number: u64,
    /// The region; absent if it is the observer's own.
    pub region: Option<RegionId>,
    /// How far it has come.
    pub phases: Phases,
    /// What is wrong now; absent once all is well.
    pub trouble: Option<Trouble>,
    /// The worst that was wrong.
    pub worst: Trouble,
    /// Whom it hurts.
    pub affected: Vec<Affected>,
    /// What it began with.
    pub cause: Cause,
    /// How often it was well for a while and failed again.
    pub flaps: u32,
    /// Changes that were acknowledged at Cloudflare.
    pub changes: u32,
    /// Changes that are withheld now.
    pub withheld: u32,
    /// Who looks after it.
    pub acknowledged: Option<Acknowledged>,
    /// Whether proxies have been told how the region stands now.
    pub is_told: bool,
    /// When the last change of the return was acknowledged.
    pub returned_at: Option<Timestamp>,
    /// Questions to the public name since the last change.
    pub checks: u32,
    /// When the last one was asked.
    pub checked_at: Option<Timestamp>,
    /// Why it is not verified.
    pub unverified: Option<String>,
    /// When it was over.
    pub closed_at: Option<Timestamp>,
    /// What happened, in order; at most [`INCIDENT_EVENTS_MAX`].
    pub events: Vec<Note>,
    /// How many were left out in the middle.
    pub events_left_out: u32,
}

fields!(Cause { origin, monitor, reason, code, status, excerpt });
fields!(Affected { service, trouble, since, until });
fields!(Acknowledged { who, at, reason });
fields!(Note { at, kind, text, why if any, who });
fields!(Incident {
    id,
    number,
    region,
    phases,
    trouble,
    worst,
    affected,
    cause,
    flaps = 0,
    changes = 0,
    withheld = 0,
    acknowledged,
    is_told = false,
    returned_at,
    checks = 0,
    checked_at,
    unverified,
    closed_at,
    events = Vec::new(),
    events_left_out = 0,
});

/// How a service stands in the region of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The service; absent of what is about none.
    pub service: Option<ServiceId>,
    /// What is wrong.
    pub trouble: Option<Trouble>,
    /// Whether all is well. Where nothing is known, neither holds.
    pub is_well: bool,
    /// When the fault was first seen.
    pub seen: Timestamp,
    /// What it is.
    pub cause: Cause,
    /// Why, in words.
    pub why: Option<String>,
}

impl Incident {
    /// Opens an incident about these standings. `number` is one more than that of the last one.
    #[must_use]
    pub fn open(
        number: u64,
        region: Option<&RegionId>,
        standings: &[Standing],
        now: Timestamp,
    ) -> Option<(Self, Event)> {
        let worst = standings.iter().filter(|it| it.trouble.is_some()).max_by_key(|it| it.trouble);
        let (worst, trouble) = worst.and_then(|it| Some((it, it.trouble?)))?;
        let seen = seen(standings, trouble).unwrap_or(now);
        let phases = Phases::begin(seen, now);
        let place = region.map_or("observer", RegionId::as_str);
        let incident = Self {
            id: id(phases.at(Phase::Seen).unwrap_or(now), place, number),
            number,
            region: region.cloned(),
            phases,
            trouble: None,
            worst: trouble,
            affected: Vec::new(),
            cause: worst.cause.clone(),
            flaps: 0,
            changes: 0,
            withheld: 0,
            acknowledged: None,
            is_told: false,
            returned_at: None,
            checks: 0,
            checked_at: None,
            unverified: None,
            closed_at: None,
            events: Vec::new(),
            events_left_out: 0,
        };
        let text = format!("an incident begins: {}", incident.cause.in_words());
        let event = incident.event(EventKind::Opened, text, now);
        Some((incident, event))
    }

    /// The services that it hurts, or has hurt.
    pub fn services(&self) -> impl Iterator<Item = &ServiceId> {
        self.affected.iter().filter_map(|affected| affected.service.as_ref())
    }

    /// Whether it goes on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }

    /// An event about it.
    #[must_use]
    pub fn event(&self, kind: EventKind, text: String, now: Timestamp) -> Event {
        let mut event = Event::new(kind, text, now).about(None, self.region.as_ref());
        event.subject.incident = Some(self.id.clone());
        event
    }

    /// Lets it say what these standings say. Returns what a person should know.
    pub fn follow(&mut self, standings: &[Standing], now: Timestamp) -> Vec<Event> {
        let mut told = Vec::new();
        for standing in standings {
            told.extend(self.follow_one(standing, now));
        }
        let is_gone = |it: &Affected| !standings.iter().any(|other| other.service == it.service);
        for affected in self.affected.iter_mut().filter(|it| it.until.is_none()) {
            if is_gone(affected) {
                affected.until = Some(now);
            }
        }
        let troubles = self.affected.iter().filter(|it| it.until.is_none()).map(|it| it.trouble);
        let trouble = troubles.max();
        if trouble > self.trouble {
            self.grow_worse(trouble, standings, now);
        }
        if trouble.is_none() && self.trouble.is_some() {
            self.phases.reach(Phase::Up, now);
            (self.is_told, self.returned_at) = (false, None);
        }
        self.trouble = trouble;
        told
    }

    fn grow_worse(&mut self, trouble: Option<Trouble>, standings: &[Standing], now: Timestamp) {
        let Some(trouble) = trouble else { return };
        let is_again = self.phases.has(Phase::Up);
        let is_worst = trouble > self.worst;
        if is_again || (self.trouble.is_some() && !is_worst) {
            self.flaps = self.flaps.saturating_add(1);
        }
        if is_worst {
            // The fault that counts from now on is another one, unless both are the same.
            let before = self.phases.at(Phase::Seen).unwrap_or(now);
            let anew = seen(standings, trouble).unwrap_or(now);
            let is_same = anew.since(before) <= ESCALATES_MS;
            self.phases = Phases::begin(if is_same { before } else { anew }, now);
            let of_worst = standings.iter().find(|it| it.trouble == Some(trouble));
            self.cause = of_worst.map_or_else(|| self.cause.clone(), |it| it.cause.clone());
        }
        self.worst = self.worst.max(trouble);
        self.phases.forget(Phase::Up);
        self.phases.forget(Phase::Back);
        (self.is_told, self.returned_at) = (false, None);
    }

    fn follow_one(&mut self, standing: &Standing, now: Timestamp) -> Option<Event> {
        let Standing { service, trouble, is_well, why, .. } = standing;
        let known = self.affected.iter_mut().find(|it| it.service == *service);
        let was = known.as_ref().filter(|it| it.until.is_none()).map(|it| it.trouble);
        let since = known.as_ref().map_or(now, |it| it.since);
        match (known, *trouble) {
            (_, is) if is == was => return None,
            (Some(known), Some(trouble)) => {
                (known.trouble, known.since, known.until) = (trouble, now, None);
            }
            (None, Some(trouble)) => {
                let service = service.clone();
                self.affected.push(Affected { service, trouble, since: now, until: None });
            }
            (Some(known), None) if *is_well => known.until = Some(now),
            _ => return None,
        }
        let why = why.as_ref().filter(|_| trouble.is_some());
        self.turned(service.as_ref(), (was, *trouble), (why, since), now)
    }

    /// What to say when a service turned from one trouble to another.
    fn turned(
        &self,
        service: Option<&ServiceId>,
        (was, is): (Option<Trouble>, Option<Trouble>),
        (why, since): (Option<&String>, Timestamp),
        now: Timestamp,
    ) -> Option<Event> {
        let is_out = |trouble: Option<Trouble>| trouble >= Some(Trouble::Drained);
        let (service_id, region) = (service?, self.region.as_ref()?);
        let (kind, text) = match is.filter(|_| is_out(is)) {
            Some(is) => (EventKind::Down, format!("{service_id} is {} in {region}", is.as_str())),
            None if is_out(was) => {
                let lasted = lasted(now.since(since));
                (EventKind::Up, format!("{service_id} is up again in {region} after {lasted}"))
            }
            _ => return None,
        };
        let mut event = self.event(kind, text, now).about(service, Some(region));
        event.is_urgent = is == Some(Trouble::Down);
        event.why = why.cloned();
        Some(event)
    }

    /// Notes that its traffic is back.
    pub fn return_at(&mut self, at: Timestamp) {
        let at = self.returned_at.map_or(at, |returned| returned.min(at));
        self.phases.reach(Phase::Back, at);
    }

    /// Closes it, if it is over. Returns what a person should know.
    pub fn close_if_over(&mut self, now: Timestamp) -> Option<Event> {
        let up = self.phases.at(Phase::Up).filter(|_| self.is_open() && self.trouble.is_none())?;
        let is_back = self.phases.has(Phase::Back) || now.since(up) >= BACK_PATIENCE_MS;
        if now.since(up) < QUIET_MS || !is_back {
            return None;
        }
        self.closed_at = Some(now);
        let text = format!("the incident is over: {}", self.told(now));
        Some(self.event(EventKind::Closed, text, now))
    }

    /// Notes what happened in it.
    pub fn note(&mut self, event: &Event) {
        match event.kind {
            EventKind::Applied => self.changed(event.at),
            EventKind::Withheld => self.withheld = self.withheld.saturating_add(1),
            EventKind::Released => self.withheld = self.withheld.saturating_sub(1),
            // What a person does at once with an incident is to take it.
            EventKind::Acted => {
                let reason = event.why.clone().unwrap_or_default();
                let who = event.who.clone();
                self.acknowledged = Some(Acknowledged { who, at: event.at, reason });
            }
            _ => {}
        }
        let Event { at, kind, text, why, who, .. } = event;
        let why = why.as_deref().map(bounded);
        let note = Note { at: *at, kind: *kind, text: bounded(text), why, who: who.clone() };
        if self.events.len() >= INCIDENT_EVENTS_MAX {
            self.events.remove(INCIDENT_EVENTS_MAX / 2);
            self.events_left_out = self.events_left_out.saturating_add(1);
        }
        self.events.push(note);
    }

    fn changed(&mut self, at: Timestamp) {
        self.changes = self.changes.saturating_add(1);
        self.acknowledged_change(at);
    }

    /// Notes that a change was acknowledged: one that leaves the region, or one that returns.
    pub fn acknowledged_change(&mut self, at: Timestamp) {
        if self.phases.at(Phase::Up).is_some_and(|up| up <= at) {
            self.returned_at = Some(self.returned_at.map_or(at, |before| before.max(at)));
            return;
        }
        if !self.phases.has(Phase::FirstChange) {
            self.phases.reach(Phase::FirstChange, at);
        }
        self.phases.reach(Phase::LastChange, at);
        (self.checks, self.checked_at, self.unverified) = (0, None, None);
    }

    /// One line that tells it: `open · api eu-west down 3 min · HTTP 503 · 2 changes`.
    #[must_use]
    pub fn summary(&self, now: Timestamp) -> String {
        let state = match (self.closed_at, self.trouble) {
            (Some(_), _) => "closed",
            (None, Some(_)) => "open",
            (None, None) => "returned",
        };
        format!("{state} · {}", self.told(now))
    }

    fn told(&self, now: Timestamp) -> String {
        let services: Vec<&str> = self.services().map(ServiceId::as_str).collect();
        let what = match &self.region {
            Some(region) => format!("{} {region} {}", services.join(", "), self.worst.as_str()),
            None => format!("observer in {}", self.worst.as_str()),
        };
        let begun = self.phases.at(Phase::Seen).unwrap_or(now);
        let ended = self.phases.at(Phase::Up).unwrap_or(now);
        // It was well between, so it was not down for all of that time.
        let how = if self.flaps > 0 { " on and off for" } else { "" };
        let what = format!("{}{how} {}", what.trim_start(), lasted(ended.since(begun)));
        let mut words = vec![what];
        words.push(self.cause.in_short());
        let some = |count: u32, one: &str, more: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {more}")),
        };
        words.extend(some(self.changes, "change", "changes"));
        words.extend(some(self.withheld, "withheld", "withheld"));
        words.extend(some(self.flaps, "flap", "flaps"));
        words.extend(self.acknowledged.as_ref().map(|it| format!("taken by {}", it.who)));
        words.join(" · ")
    }

    /// Counts what a clock that was wrong put ahead of `now` as of now.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        self.phases.forget_the_future(now);
        for affected in &mut self.affected {
            affected.since = affected.since.unless_ahead(now);
            affected.until = affected.until.map(|at| at.unless_ahead(now).max(affected.since));
        }
        let notes = self.events.iter_mut().map(|note| &mut note.at);
        let by = self.acknowledged.iter_mut().map(|it| &mut it.at);
        let others = [&mut self.returned_at, &mut self.checked_at, &mut self.closed_at];
        for at in notes.chain(by).chain(others.into_iter().flatten()) {
            *at = at.unless_ahead(now);
        }
    }
}

impl Cause {
    /// For a line of its own.
    #[must_use]
    pub fn in_words(&self) -> String {
        let origin = self.origin.as_ref().map(|id| format!("{id}: ")).unwrap_or_default();
        let monitor = self.monitor.as_ref().map(|id| format!(", seen by monitor `{id}`"));
        format!("{origin}{}{}", self.reason, monitor.unwrap_or_default())
    }

    fn in_short(&self) -> String {
        self.status.map_or_else(|| self.reason.clone(), |status| format!("HTTP {status}"))
    }
}

/// When the fault of such a trouble was first seen.
fn seen(standings: &[Standing], trouble: Trouble) -> Option<Timestamp> {
    standings.iter().filter(|it| it.trouble == Some(trouble)).map(|it| it.seen).min()
}

/// An id that sorts by time.
fn id(seen: Timestamp, place: &str, number: u64) -> String {
    let minute: String = seen.to_string().chars().take(16).filter(|c| *c != ':').collect();
    format!("{}-{place}-{number}", minute.to_ascii_lowercase())
}

fn bounded(text: &str) -> String {
    if text.len() <= INCIDENT_TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(INCIDENT_TEXT_BYTES_MAX);
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// A time for people: `45 s`, `3 min`, `2 h 5 min`.
#[must_use]
pub fn lasted(ms: Millis) -> String {
    let (minutes, hours) = (ms / MINUTE, ms / (60 * MINUTE));
    match (minutes, hours) {
        (0, _) => format!("{} s", ms / SECOND),
        (_, 0) => format!("{minutes} min"),
        _ => format!("{hours} h {} min", minutes % 60),
    }
}

#[cfg(test)]
mod tests;
