//! Who is called, and who watches the watcher.

use crate::ids::{ReceiverId, ServiceId};
use crate::journal::{EventKind, Severity};
use crate::json::words;
use crate::ordered::Set;
use crate::time::Millis;

/// Slack's own hosts for incoming webhooks; the second is that of `GovSlack`. Source:
/// docs.slack.dev, "Sending messages using incoming webhooks" and "`GovSlack`".
pub(super) const SLACK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];
/// Hosts of monitors that watch for calls, each from its maker's documentation: Healthchecks.io,
/// Dead Man's Snitch, Better Stack, Cronitor, and `UptimeRobot`.
pub(super) const HEARTBEAT_HOSTS: [&str; 5] = [
    "hc-ping.com",
    "nosnch.in",
    "uptime.betterstack.com",
    "cronitor.link",
    "heartbeat.uptimerobot.com",
];

words! {
    /// The kinds of receivers.
    pub enum ReceiverKind {
        /// Slack, by an incoming webhook.
        Slack = "slack",
        /// `PagerDuty`, by its Events API v2.
        Pagerduty = "pagerduty",
        /// Jira Service Management, by its integration events.
        Jsm = "jsm",
        /// Any URL, signed as Standard Webhooks are.
        Webhook = "webhook",
    }
}

/// A receiver of alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Its identity.
    pub id: ReceiverId,
    /// Its kind.
    pub kind: ReceiverKind,
    /// Name of the secret that holds the URL; for Slack and webhooks.
    pub url_secret: Option<String>,
    /// Name of the secret that holds the key; for all but Slack.
    pub key_secret: Option<String>,
    /// Hosts that the URL may have, in lower case.
    pub allow_hosts: Vec<String>,
    /// Whether the account is in the EU service region.
    pub eu: bool,
    /// Only what is about these services, or about none; all if empty.
    pub services: Set<ServiceId>,
    /// The least severity that calls.
    pub min_severity: Severity,
    /// Only these events call; all if empty.
    pub events: Set<EventKind>,
    /// How long nobody has acknowledged before it is called; `None` for the first tier, which is
    /// called at once.
    pub escalate_after_ms: Option<Millis>,
    /// Longest wait for a message about the same alert.
    pub group_ms: Millis,
}

impl Receiver {
    /// Whether it wants to hear of a service; of what is about none, everybody does.
    #[must_use]
    pub fn hears_of(&self, service: Option<&ServiceId>) -> bool {
        service.is_none_or(|id| self.services.is_empty() || self.services.contains(id))
    }

    /// Whether such an event may call it.
    #[must_use]
    pub fn is_called_for(&self, kind: EventKind) -> bool {
        self.events.is_empty() || self.events.contains(&kind)
    }
}

/// Who notices that nobody probes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watchdog {
    /// Name of the secret that holds the URL which each run calls.
    pub heartbeat_secret: Option<String>,
    /// Hosts that this URL may have, in lower case.
    pub allow_hosts: Vec<String>,
    /// After how long without a run the Controller itself calls; `None` where there is nobody to
    /// call.
    pub silent_after_ms: Option<Millis>,
}
