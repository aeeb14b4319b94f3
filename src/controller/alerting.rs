//! Alerts: who is called for what, and what became of it.

use super::Controller;
use super::standing_in::BY_ITSELF;
use crate::alert::{
    AlertAction, AlertsStatus, Delivery, HeartbeatStatus, Lost, Message, ReceiverState,
    ReceiverStatus, Rules,
};
use crate::config::{Receiver, ReceiverKind, Watchdog};
use crate::ids::ReceiverId;
use crate::journal::{Event, EventKind};
use crate::order::{ActRefusal, Acted, RefusalCode, is_muted};
use crate::ordered::Map;
use crate::outgoing::Outcome;
use crate::state::State;
use crate::tick::RoundRequest;
use crate::time::{SECOND, Timestamp};

/// What of alerts a restart may forget.
#[derive(Debug, Default)]
pub(super) struct Calling {
    /// Whether a run has come of which the monitor outside was not told.
    pub(super) is_beat_due: bool,
    heartbeat: HeartbeatStatus,
    /// How tests ended, by their numbers; `None` while one is on its way.
    tests: Map<u64, (ReceiverId, Option<String>)>,
}

/// A call that an external monitor watches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// Name of the secret that holds the URL.
    pub secret: String,
    /// The hosts that it may have.
    pub allow_hosts: Vec<String>,
}

impl Controller {
    /// Notes an event, if somebody may have to be called. That a message was lost is told at once,
    /// to others.
    pub(super) fn alert(&mut self, event: &Event) {
        let has_receivers = self.config.as_ref().is_some_and(|config| !config.alerts.is_empty());
        if !has_receivers || event.kind == EventKind::AlertLost || self.state.alerts.hear(event) {
            return;
        }
        if event.kind == EventKind::Observed {
            // It is told with the incident that it belongs to, and calls nobody by itself.
            return;
        }
        self.tell_each(event, None);
    }

    /// Tells everybody who wants to hear of such an event, but one.
    fn tell_each(&mut self, event: &Event, but: Option<&ReceiverId>) {
        let Some(config) = &self.config else { return };
        let (subject, severity) = (&event.subject, event.severity());
        let (service, region) = (subject.service.as_ref(), subject.region.as_ref());
        let wants = |receiver: &&Receiver| {
            Some(&receiver.id) != but
                && receiver.escalate_after_ms.is_none()
                && severity >= receiver.min_severity
                && receiver.hears_of(service)
                && receiver.is_called_for(event.kind)
        };
        let is_about_traffic = service.is_some() || region.is_some();
        if is_about_traffic && is_muted(&self.state.orders, service, region, event.at) {
            return;
        }
        let receivers: Vec<ReceiverId> =
            config.alerts.iter().filter(wants).map(|receiver| receiver.id.clone()).collect();
        // Each is an alert of its own: of two at one instant neither is the other.
        let key = format!("{}-{}", event.kind.as_str(), self.state.outbox.made.saturating_add(1));
        let message = Message { key, ..Message::about(event) };
        for receiver in receivers {
            self.put(&receiver, message.clone(), event.at);
        }
    }

    /// Puts what is to be told into the outbox, and says what is lost.
    pub(super) fn follow_alerts(&mut self, now: Timestamp) {
        let Self { config: Some(config), state, .. } = self else { return };
        let over = [
            ("withheld", state.actuation.withheld.is_empty()),
            ("failed", state.actuation.failures.is_empty()),
            ("config", state.refused.is_none()),
            ("doubt", state.doubted_since.is_none()),
            ("silent", state.silent_since.is_none()),
        ];
        let State { alerts, outbox, orders, .. } = state;
        for (key, _) in over.into_iter().filter(|(_, is_over)| *is_over) {
            alerts.is_over(key, now);
        }
        let is_known = |id: &ReceiverId| config.alerts.iter().any(|receiver| receiver.id == *id);
        let lost = outbox.expire(is_known, now);
        let messages = alerts.follow(Rules { receivers: &config.alerts, orders, now });
        for lost in lost {
            self.say_lost(&lost, now);
        }
        for (receiver, message) in messages {
            self.put(&receiver, message, now);
        }
    }

    fn put(&mut self, receiver: &ReceiverId, message: Message, now: Timestamp) -> u64 {
        let (id, lost) = self.state.outbox.put(receiver, message);
        if let Some(lost) = lost {
            // Messages about it would need room, too.
            self.lost(&lost, now);
        }
        id
    }

    /// Says that a message was given up: to the log, and to the other receivers.
    fn say_lost(&mut self, lost: &Lost, now: Timestamp) {
        let event = self.lost(lost, now);
        if lost.is_worth_telling() {
            self.tell_each(&event, Some(&lost.entry.receiver));
        }
    }

    fn lost(&mut self, lost: &Lost, now: Timestamp) -> Event {
        let message = &lost.entry.message;
        let mut event = Event::new(EventKind::AlertLost, lost.text(), now).urgent();
        event = event.about(message.service.as_ref(), message.region.as_ref());
        event.subject.incident = message.is_incident.then(|| message.key.clone());
        if let Some((_, end)) = self.calling.tests.get_mut(&lost.entry.id) {
            *end = Some(format!("given up: {}", lost.why));
        }
        self.news.tell(event.clone());
        event
    }

    /// Tells when cron falls silent, and when it is heard again.
    pub(super) fn notice_silence(&mut self, now: Timestamp) {
        let Some(run) = &self.state.run else { return };
        let (began, stands_in) = (run.of_cron().began, run.cron.is_some());
        let after_ms = self.config.as_ref().and_then(|config| config.watchdog.silent_after_ms);
        let is_silent = after_ms.is_some_and(|after_ms| began.plus(after_ms) <= now);
        match self.state.silent_since {
            None if is_silent => {
                self.state.silent_since = Some(began);
                let who = if stands_in { BY_ITSELF } else { "so nobody probes" };
                let text = format!("cron has begun no run since {began}; {who}");
                self.news.tell(Event::new(EventKind::Silent, text, now).urgent());
            }
            Some(since) if !is_silent => {
                self.state.silent_since = None;
                let text = format!("cron runs again after {} s", began.since(since) / SECOND);
                self.news.tell(Event::new(EventKind::Heard, text, now));
            }
            _ => {}
        }
    }

    /// When cron is silent if no run of it comes; `None` where nobody watches, or it was told.
    pub(super) fn silent_at(&self) -> Option<Timestamp> {
        let after_ms = self.config.as_ref()?.watchdog.silent_after_ms?;
        let run = self.state.run.as_ref().filter(|_| self.state.silent_since.is_none())?;
        Some(run.of_cron().began.plus(after_ms))
    }

    /// When an alert is due: a try, an escalation, or more to tell.
    pub(super) fn next_alert(&self, now: Timestamp) -> Option<Timestamp> {
        let config = self.config.as_ref()?;
        let State { alerts, outbox, orders, .. } = &self.state;
        let more = alerts.next(Rules { receivers: &config.alerts, orders, now });
        more.into_iter().chain(outbox.next_try()).min()
    }

    /// Whatever was being sent is not any more: the work ended without a word. To be asked before
    /// the first of [`Controller::begin_deliveries`] of a turn.
    pub fn recover_deliveries(&mut self) {
        self.state.outbox.recover();
    }

    /// Notes how a try ended.
    pub fn end_delivery(&mut self, delivery: &Delivery, outcome: &Outcome, now: Timestamp) {
        let (id, tries) = (delivery.entry.id, delivery.entry.tries);
        let lost = self.state.outbox.end(id, tries, outcome, now);
        let is_there = self.state.outbox.entries.iter().any(|entry| entry.id == id);
        if let (false, None, Some((_, end))) = (is_there, &lost, self.calling.tests.get_mut(&id)) {
            *end = Some("it took the test".to_owned());
        }
        if let Some(lost) = lost {
            self.say_lost(&lost, now);
        }
        self.settle(now);
    }

    /// Puts a test into the outbox.
    pub(super) fn test_alert(
        &mut self,
        receiver: Option<&str>,
        is_dry: bool,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        let no_config = || ActRefusal::new(RefusalCode::NoConfig, "there is no config yet");
        let config = self.config.as_ref().ok_or_else(no_config)?;
        let is_meant = |it: &&Receiver| receiver.is_none_or(|id| it.id.as_str() == id);
        let receivers: Vec<Receiver> = config.alerts.iter().filter(is_meant).cloned().collect();
        if receivers.is_empty() {
            let ids: Vec<&str> = config.alerts.iter().map(|it| it.id.as_str()).collect();
            let problem = match ids.as_slice() {
                [] => "the config has no receiver (`[[alerts]]`)".to_owned(),
                ids => {
                    let asked = receiver.unwrap_or_default();
                    format!("there is no receiver `{asked}`; there are {}", ids.join(", "))
                }
            };
            return Err(ActRefusal::not_found(problem));
        }
        let ids = receivers.iter().map(|it| it.id.as_str()).collect::<Vec<_>>().join(", ");
        let acted =
            Acted { changes: vec![format!("a test goes to {ids}")], is_dry, ..Acted::default() };
        if is_dry {
            return Ok(acted);
        }
        self.calling.tests = Map::new();
        let text = "a test of Pointsman: nothing is wrong".to_owned();
        let event = Event::new(EventKind::Acted, text, now);
        for receiver in receivers {
            let key = format!("test-{}", self.state.outbox.made.saturating_add(1));
            let trial = Message { action: AlertAction::Test, key, ..Message::about(&event) };
            let resolve = Message { action: AlertAction::Resolve, ..trial.clone() };
            let id = self.put(&receiver.id, trial, now);
            self.calling.tests.insert(id, (receiver.id.clone(), None));
            if matches!(receiver.kind, ReceiverKind::Pagerduty | ReceiverKind::Jsm) {
                // These keep an alert until it is resolved.
                self.put(&receiver.id, resolve, now);
            }
        }
        Ok(acted)
    }

    /// How the last tests ended, a line each.
    #[must_use]
    pub fn how_tests_ended(&self) -> Vec<String> {
        let tests = self.calling.tests.values();
        let line = |(id, end): &(ReceiverId, Option<String>)| {
            let state = self.state.outbox.receivers.get(id);
            let why = state.and_then(|state| state.last_failure.as_deref());
            let on_its_way = || match why {
                Some(why) => format!("not yet, it is tried again: {why}"),
                None => "on its way".to_owned(),
            };
            format!("{id}: {}", end.clone().unwrap_or_else(on_its_way))
        };
        tests.map(line).collect()
    }

    /// A run of cron has come, of which the monitor outside is to be told. Only such a run does
    /// that: a call without them would hide that cron is silent.
    pub(super) fn beat(&mut self, request: &RoundRequest) {
        if request.round == 0 && !request.stands_in {
            self.calling.is_beat_due = true;
        }
    }

    /// The call that is due; it counts as made.
    pub(super) fn due_heartbeat(&mut self) -> Option<Heartbeat> {
        let Watchdog { heartbeat_secret, allow_hosts, .. } = &self.config.as_ref()?.watchdog;
        let secret = heartbeat_secret.clone()?;
        let is_due = std::mem::take(&mut self.calling.is_beat_due);
        is_due.then(|| Heartbeat { secret, allow_hosts: allow_hosts.clone() })
    }

    /// Notes how that call ended. The next run makes the next one.
    pub fn end_heartbeat(&mut self, failure: Option<String>, now: Timestamp) {
        let heartbeat = &mut self.calling.heartbeat;
        if failure.is_none() {
            heartbeat.taken_at = Some(now);
        }
        heartbeat.last_failure = failure;
    }

    pub(super) fn alerts_status(&self) -> AlertsStatus {
        let Some(config) = &self.config else { return AlertsStatus::default() };
        let outbox = &self.state.outbox;
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let nothing = ReceiverState::default();
        let receivers = config.alerts.iter().map(|Receiver { id, kind, .. }| {
            let state = outbox.receivers.get(id).unwrap_or(&nothing).clone();
            let status = ReceiverStatus {
                kind: *kind,
                undelivered: count(outbox.undelivered(id).count()),
                oldest_at: outbox.undelivered(id).map(|entry| entry.message.at).min(),
                delivered: state.delivered,
                delivered_at: state.delivered_at,
                given_up: state.given_up,
                failing_since: state.failing_since,
                last_failure: state.last_failure,
            };
            (id.clone(), status)
        });
        let has_heartbeat = config.watchdog.heartbeat_secret.is_some();
        AlertsStatus {
            open: self.state.alerts.open.keys().cloned().collect(),
            undelivered: count(outbox.entries.len()),
            dropped: outbox.dropped,
            receivers: Map::of(receivers),
            heartbeat: has_heartbeat.then(|| self.calling.heartbeat.clone()),
        }
    }
}
