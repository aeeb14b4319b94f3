//! One message to one receiver.

use crate::ids::{RegionId, ServiceId};
use crate::journal::{Event, EventKind, Severity};
use crate::json::{fields, words};
use crate::time::Timestamp;

words! {
    /// What a message does to the alert that it is about.
    pub enum AlertAction {
        /// It begins, or is worse than before.
        Trigger = "trigger",
        /// Something happened meanwhile.
        Update = "update",
        /// A person looks after it.
        Acknowledge = "acknowledge",
        /// It is over.
        Resolve = "resolve",
        /// It is about one event that does not last.
        Note = "note",
        /// It is a test.
        Test = "test",
    }
}

/// What is said, whatever the receiver makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it does to its alert.
    pub action: AlertAction,
    /// The key of its alert: the id of an incident, or what is wrong, such as `config`.
    pub key: String,
    /// Whether the key is the id of an incident.
    pub is_incident: bool,
    /// When its alert began. With the key it is the alert's identity.
    pub since: Timestamp,
    /// When it was made.
    pub at: Timestamp,
    /// How bad its alert is.
    pub severity: Severity,
    /// The worst that happened.
    pub kind: EventKind,
    /// The service, if it is about one.
    pub service: Option<ServiceId>,
    /// The region, if it is about one.
    pub region: Option<RegionId>,
    /// In a few words, for a phone.
    pub title: String,
    /// What happened since the last message about this alert.
    pub lines: Vec<String>,
}

fields!(Message {
    action,
    key,
    is_incident = false,
    since,
    at,
    severity,
    kind,
    service if any,
    region if any,
    title,
    lines = Vec::new(),
});

/// Longest identity of an alert. Source: `PagerDuty`'s Events API v2, `dedup_key`.
const IDENTITY_BYTES_MAX: usize = 255;

/// Longest line, in bytes.
const LINE_BYTES_MAX: usize = 400;
/// Longest title, in bytes.
const TITLE_BYTES_MAX: usize = 300;
/// Most lines of a message: the last ones.
pub const LINES_MAX: usize = 20;
/// Ends the title of a message that tells more than one thing.
const AND_MORE: &str = " (and more)";

impl Message {
    /// About one event that does not last.
    #[must_use]
    pub fn about(event: &Event) -> Self {
        let subject = event.subject.clone();
        Self {
            action: AlertAction::Note,
            key: event.kind.as_str().to_owned(),
            is_incident: false,
            since: event.at,
            at: event.at,
            severity: event.severity(),
            kind: event.kind,
            service: subject.service,
            region: subject.region,
            title: title(event),
            lines: vec![line(event)],
        }
    }

    /// Whether another message can be told with this one: both are notes of one kind.
    pub(super) fn takes(&self, other: &Self) -> bool {
        let are_notes = self.action == AlertAction::Note && other.action == AlertAction::Note;
        are_notes && self.kind == other.kind && self.severity == other.severity
    }

    /// Tells another message with this one. Of many lines the last are kept.
    pub(super) fn join(&mut self, other: Self) {
        if !self.title.ends_with(AND_MORE) {
            self.title = shortened(&self.title, TITLE_BYTES_MAX) + AND_MORE;
        }
        self.service = self.service.take().filter(|it| other.service.as_ref() == Some(it));
        self.region = self.region.take().filter(|it| other.region.as_ref() == Some(it));
        self.lines.extend(other.lines);
        let excess = self.lines.len().saturating_sub(LINES_MAX);
        self.lines.drain(..excess);
    }

    /// The identity of its alert, the same for all messages about it, and no other alert's: two
    /// deployments may share a receiver.
    #[must_use]
    pub fn identity(&self) -> String {
        let since = self.since.millis();
        let room = IDENTITY_BYTES_MAX.saturating_sub(32);
        let key = cut(&self.key, room);
        format!("pointsman:{key}:{since}")
    }

    /// What a person can run to see more.
    #[must_use]
    pub fn how_to_look(&self) -> String {
        if self.is_incident {
            format!("pointsman incidents {}", self.key)
        } else {
            "pointsman status".to_owned()
        }
    }
}

/// The beginning of a text that has at most so many bytes.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

/// The same, with `…` where something was cut off.
pub(super) fn shortened(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let kept = cut(text, bytes_max.saturating_sub('…'.len_utf8()));
    format!("{kept}…")
}

/// One line about an event.
pub(super) fn line(event: &Event) -> String {
    let Event { at, kind, text, why, .. } = event;
    let why = why.as_ref().map(|why| format!("; why: {why}")).unwrap_or_default();
    shortened(&format!("{at} {}: {text}{why}", kind.as_str()), LINE_BYTES_MAX)
}

/// A few words about an event.
pub(super) fn title(event: &Event) -> String {
    let subject = &event.subject;
    let about = match (&subject.service, &subject.region) {
        (Some(service), Some(region)) => format!("{service}/{region}: "),
        (Some(service), None) => format!("{service}: "),
        (None, Some(region)) => format!("{region}: "),
        (None, None) => String::new(),
    };
    shortened(&format!("{about}{}: {}", event.kind.as_str(), event.text), TITLE_BYTES_MAX)
}
