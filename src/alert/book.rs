//! Alerts that are not over, what is to be told about them, and to whom.
//!
//! An alert is an incident, or something that is wrong for a while, such as a refused config. What
//! happens is only noted; [`Book::follow`] compares that with what each receiver was told, and says
//! what is missing. So a receiver that is added, a maintenance that ends and an escalation need no
//! rule of their own.

use super::message::{AlertAction, LINES_MAX, Message, line, title};
use super::quiet::next_change;
use crate::config::{Receiver, ReceiverKind};
use crate::ids::{ReceiverId, RegionId, ServiceId};
use crate::journal::{Event, EventKind, Severity};
use crate::json::fields;
use crate::order::{Order, is_muted};
use crate::ordered::Map;
use crate::time::Timestamp;

/// Most alerts that are not over; of more the oldest is forgotten.
pub const OPEN_MAX: usize = 100;
/// Most causes that are kept of an alert: enough for each service.
const CAUSES_MAX: usize = 200;

/// An alert that is not over, or of whose end not everybody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAlert {
    /// When it began.
    pub since: Timestamp,
    /// Whether its key is the id of an incident.
    pub is_incident: bool,
    /// How bad it was at worst.
    pub severity: Severity,
    /// What happened then.
    pub kind: EventKind,
    /// That in words.
    pub title: String,
    /// All kinds of events so far, each with its worst severity.
    pub causes: Vec<Cause>,
    /// The service that it is about.
    pub service: Option<ServiceId>,
    /// The region that it is about.
    pub region: Option<RegionId>,
    /// What happened, the last [`LINES_MAX`].
    pub lines: Vec<String>,
    /// How many lines there were in all.
    pub lines_total: u64,
    /// When somebody was first called.
    pub called_at: Option<Timestamp>,
    /// Whether a person looks after it.
    pub is_acknowledged: bool,
    /// Since when it is over.
    pub over_at: Option<Timestamp>,
    /// What receivers were told, until they were told that it is over.
    pub told: Map<ReceiverId, Told>,
}

/// A kind of event about a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The kind.
    pub kind: EventKind,
    /// The worst severity of such an event.
    pub severity: Severity,
    /// The service; an incident may be about several.
    pub service: Option<ServiceId>,
}

/// What a receiver was told of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// When it was last told something.
    pub at: Timestamp,
    /// How bad it was then.
    pub severity: Severity,
    /// How many of its lines.
    pub lines: u64,
    /// Whether it was told that a person looks after it.
    pub is_acknowledged: bool,
}

fields!(Book { open = Map::new() });

/// Alerts by their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// The alerts.
    pub open: Map<String, OpenAlert>,
}

fields!(OpenAlert {
    since,
    is_incident = false,
    severity,
    kind,
    title,
    causes,
    service if any,
    region if any,
    lines = Vec::new(),
    lines_total = 0,
    called_at,
    is_acknowledged = false,
    over_at,
    told = Map::new(),
});
fields!(Cause { kind, severity, service if any });
fields!(Told { at, severity, lines = 0, is_acknowledged = false });

/// By what it is decided who is told.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'r> {
    /// Who may be told.
    pub receivers: &'r [Receiver],
    /// What people ordered.
    pub orders: &'r [Order],
    /// The time.
    pub now: Timestamp,
}

/// What an event does to the alert that it belongs to.
enum Effect {
    Begins,
    Happens,
    IsAcknowledged,
    Ends,
}

/// The key of what an event is about, if that lasts: the incident, or what is wrong.
fn key(event: &Event) -> Option<String> {
    if let Some(incident) = &event.subject.incident {
        return Some(incident.clone());
    }
    let word = match event.kind {
        EventKind::Withheld | EventKind::Released => "withheld",
        EventKind::Failed => "failed",
        EventKind::Doubt | EventKind::DoubtOver => "doubt",
        EventKind::ConfigRefused | EventKind::ConfigTaken => "config",
        EventKind::Silent | EventKind::Heard => "silent",
        EventKind::Down | EventKind::Up => return Some(place(event)),
        EventKind::NotReady | EventKind::Ready => {
            return Some(format!("not_ready/{}", place(event)));
        }
        EventKind::ContractBroken | EventKind::ContractKept => {
            return Some(format!("contract/{}", place(event)));
        }
        EventKind::Burn | EventKind::BurnOver => return Some(format!("burn/{}", place(event))),
        EventKind::Errors | EventKind::ErrorsOver => {
            return Some(format!("errors/{}", place(event)));
        }
        _ => return None,
    };
    Some(word.to_owned())
}

/// The service and the region that an event is about.
fn place(event: &Event) -> String {
    let name = |id: Option<&str>| id.unwrap_or("all").to_owned();
    let service = name(event.subject.service.as_ref().map(ServiceId::as_str));
    let region = name(event.subject.region.as_ref().map(RegionId::as_str));
    format!("{service}/{region}")
}

fn effect(event: &Event) -> Effect {
    let is_incident = event.subject.incident.is_some();
    match event.kind {
        EventKind::Closed => Effect::Ends,
        EventKind::Up
        | EventKind::DoubtOver
        | EventKind::ConfigTaken
        | EventKind::Heard
        | EventKind::Ready
        | EventKind::ContractKept
        | EventKind::BurnOver
        | EventKind::ErrorsOver
            if !is_incident =>
        {
            Effect::Ends
        }
        EventKind::Acted => Effect::IsAcknowledged,
        EventKind::Opened
        | EventKind::Down
        | EventKind::Withheld
        | EventKind::Failed
        | EventKind::Doubt
        | EventKind::ConfigRefused
        | EventKind::NotReady
        | EventKind::ContractBroken
        | EventKind::Burn
        | EventKind::Errors
        | EventKind::Silent => Effect::Begins,
        _ => Effect::Happens,
    }
}

impl Book {
    /// Notes an event. Returns whether it belongs to an alert; what does not is told by itself.
    pub fn hear(&mut self, event: &Event) -> bool {
        let Some(key) = key(event) else { return false };
        let effect = effect(event);
        if let Some(alert) = self.open.get_mut(&key) {
            // What is over for good does not begin again by what comes late.
            alert.note(event);
            match effect {
                Effect::Begins if !alert.is_incident => alert.over_at = None,
                Effect::IsAcknowledged => alert.is_acknowledged = true,
                Effect::Ends => {
                    alert.over_at.get_or_insert(event.at);
                }
                Effect::Begins | Effect::Happens => {}
            }
            return true;
        }
        if !matches!(effect, Effect::Begins) {
            return false;
        }
        if self.open.len() >= OPEN_MAX {
            let oldest = self.open.iter().min_by_key(|(_, alert)| alert.since);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.open.remove(&key);
            }
        }
        self.open.insert(key, OpenAlert::begun_by(event));
        true
    }

    /// Notes that something is no longer wrong, if it was.
    pub fn is_over(&mut self, key: &str, now: Timestamp) {
        if let Some(alert) = self.open.get_mut(key) {
            alert.over_at.get_or_insert(now);
        }
    }

    /// What is to be told now, and to whom. It counts as told from then on.
    pub fn follow(&mut self, rules: Rules<'_>) -> Vec<(ReceiverId, Message)> {
        let mut messages = Vec::new();
        for (key, alert) in self.open.iter_mut() {
            alert.told.retain(|id, _| rules.receivers.iter().any(|it| it.id == *id));
            let called_at = alert.called_at;
            for receiver in rules.receivers {
                if let Some(action) = alert.is_due(receiver, called_at, rules) {
                    messages.push((receiver.id.clone(), alert.tell(key, receiver, action, rules)));
                }
            }
        }
        self.open.retain(|_, alert| alert.over_at.is_none() || !alert.told.is_empty());
        messages
    }

    /// When there may be more to tell.
    #[must_use]
    pub fn next(&self, rules: Rules<'_>) -> Option<Timestamp> {
        let alerts = self.open.values();
        alerts.filter_map(|alert| alert.next(rules)).min()
    }

    /// Corrects what lies ahead of `now` and cannot.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        for alert in self.open.values_mut() {
            let OpenAlert { since, called_at, over_at, told, .. } = alert;
            *since = since.unless_ahead(now);
            for at in [called_at, over_at].into_iter().flatten() {
                *at = at.unless_ahead(now);
            }
            told.values_mut().for_each(|told| told.at = told.at.unless_ahead(now));
        }
    }
}

/// Whether a receiver shows a message for each thing that happens. The others have one alert with a
/// state.
fn is_told_of_all(kind: ReceiverKind) -> bool {
    matches!(kind, ReceiverKind::Slack | ReceiverKind::Webhook)
}

impl OpenAlert {
    fn begun_by(event: &Event) -> Self {
        let mut alert = Self {
            since: event.at,
            is_incident: event.subject.incident.is_some(),
            severity: event.severity(),
            kind: event.kind,
            title: title(event),
            causes: Vec::new(),
            service: event.subject.service.clone(),
            region: event.subject.region.clone(),
            lines: Vec::new(),
            lines_total: 0,
            called_at: None,
            is_acknowledged: false,
            over_at: None,
            told: Map::new(),
        };
        alert.note(event);
        alert
    }

    fn note(&mut self, event: &Event) {
        let (kind, severity) = (event.kind, event.severity());
        let service = &event.subject.service;
        let has_room = self.causes.len() < CAUSES_MAX;
        match self.causes.iter_mut().find(|it| it.kind == kind && it.service == *service) {
            Some(cause) => cause.severity = cause.severity.max(severity),
            None if has_room => {
                self.causes.push(Cause { kind, severity, service: service.clone() });
            }
            None => {}
        }
        // What is wrong now counts, and not what was wrong first, where both are one alert. An
        // incident keeps the name under which people know it.
        let is_news = !self.is_incident && kind == self.kind && severity == self.severity;
        if severity > self.severity || is_news {
            (self.severity, self.kind, self.title) = (severity, kind, title(event));
            self.service.clone_from(service);
        }
        self.region = self.region.take().or_else(|| event.subject.region.clone());
        self.lines.push(line(event));
        self.lines_total = self.lines_total.saturating_add(1);
        let excess = self.lines.len().saturating_sub(LINES_MAX);
        self.lines.drain(..excess);
    }

    /// What this receiver is to be called for.
    fn causes<'a>(&'a self, receiver: &'a Receiver) -> impl Iterator<Item = &'a Cause> {
        self.causes.iter().filter(|it| {
            it.severity >= receiver.min_severity
                && receiver.is_called_for(it.kind)
                && receiver.hears_of(it.service.as_ref())
        })
    }

    /// Whether announced work explains a cause. No work explains a refused config or silence.
    fn is_quiet(&self, cause: &Cause, rules: Rules<'_>) -> bool {
        !matches!(cause.kind, EventKind::ConfigRefused | EventKind::Silent)
            && is_muted(rules.orders, cause.service.as_ref(), self.region.as_ref(), rules.now)
    }

    fn calls(&self, receiver: &Receiver, rules: Rules<'_>) -> bool {
        self.causes(receiver).any(|cause| !self.is_quiet(cause, rules))
    }

    /// When this receiver's turn comes, if nobody acknowledges before.
    fn turn(&self, receiver: &Receiver, called_at: Option<Timestamp>) -> Timestamp {
        let base = called_at.unwrap_or(self.since);
        receiver.escalate_after_ms.map_or(self.since, |after_ms| base.plus(after_ms))
    }

    fn is_due(
        &self,
        receiver: &Receiver,
        called_at: Option<Timestamp>,
        rules: Rules<'_>,
    ) -> Option<AlertAction> {
        let Some(told) = self.told.get(&receiver.id) else {
            let is_theirs = self.over_at.is_none() && self.calls(receiver, rules);
            let is_turn = receiver.escalate_after_ms.is_none() || !self.is_acknowledged;
            let is_now = self.turn(receiver, called_at) <= rules.now;
            let is_called = is_theirs && is_turn && is_now;
            return is_called.then_some(AlertAction::Trigger);
        };
        if self.resolved_at(receiver).is_some_and(|at| at <= rules.now) {
            return Some(AlertAction::Resolve);
        }
        if self.is_acknowledged && !told.is_acknowledged {
            return Some(AlertAction::Acknowledge);
        }
        if self.over_at.is_none() && told.severity < self.severity {
            return Some(AlertAction::Trigger);
        }
        let is_news = told.lines < self.lines_total && is_told_of_all(receiver.kind);
        let is_time = told.at.plus(receiver.group_ms) <= rules.now;
        (self.over_at.is_none() && is_news && is_time).then_some(AlertAction::Update)
    }

    /// When a receiver is told that it is over. An incident is over for good; anything else may
    /// come back soon, and then was never away.
    fn resolved_at(&self, receiver: &Receiver) -> Option<Timestamp> {
        let over_at = self.over_at?;
        Some(if self.is_incident { over_at } else { over_at.plus(receiver.group_ms) })
    }

    fn tell(
        &mut self,
        key: &str,
        receiver: &Receiver,
        action: AlertAction,
        rules: Rules<'_>,
    ) -> Message {
        let seen = self.told.get(&receiver.id).map_or(0, |told| told.lines);
        let new = usize::try_from(self.lines_total.saturating_sub(seen)).unwrap_or(usize::MAX);
        let skipped = self.lines.len().saturating_sub(new);
        let message = Message {
            action,
            key: key.to_owned(),
            is_incident: self.is_incident,
            since: self.since,
            at: rules.now,
            severity: self.severity,
            kind: self.kind,
            service: self.service.clone(),
            region: self.region.clone(),
            title: self.title.clone(),
            lines: self.lines.iter().skip(skipped).cloned().collect(),
        };
        self.called_at.get_or_insert(rules.now);
        if action == AlertAction::Resolve {
            self.told.remove(&receiver.id);
        } else {
            let told = Told {
                at: rules.now,
                severity: self.severity,
                lines: self.lines_total,
                is_acknowledged: self.is_acknowledged,
            };
            self.told.insert(receiver.id.clone(), told);
        }
        message
    }

    fn next(&self, rules: Rules<'_>) -> Option<Timestamp> {
        let now = rules.now;
        let each = rules.receivers.iter().filter_map(|receiver| {
            if self.is_due(receiver, self.called_at, rules).is_some() {
                return Some(now);
            }
            let Some(told) = self.told.get(&receiver.id) else {
                if self.over_at.is_some() || self.causes(receiver).next().is_none() {
                    return None;
                }
                let turn = self.turn(receiver, self.called_at);
                return if self.calls(receiver, rules) {
                    (now < turn && !self.is_acknowledged).then_some(turn)
                } else {
                    next_change(rules.orders, now)
                };
            };
            if let Some(at) = self.resolved_at(receiver) {
                return Some(at);
            }
            let is_news = told.lines < self.lines_total && is_told_of_all(receiver.kind);
            is_news.then(|| told.at.plus(receiver.group_ms))
        });
        each.min()
    }
}

#[cfg(test)]
mod tests;
