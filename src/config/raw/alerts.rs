//! Who is called, and who watches the watcher.

use crate::ids::{ReceiverId, ServiceId};
use crate::journal::{EventKind, Severity};
use crate::json::{Within, shape, words};

/// How long an alert of the first tier may go without an acknowledgement.
const ESCALATE_AFTER_S: u32 = 900;

shape! {
    /// A receiver of alerts.
    pub(in crate::config) struct RawAlert {
        /// Its id; by default the word of its kind.
        id: Option<ReceiverId>,
        /// The kind of receiver.
        kind: RawAlertKind,
        /// Name of the secret that holds the URL; for `slack` and `webhook`.
        url_secret: Option<String>,
        /// Name of the secret that holds the key; for `pagerduty` and `jsm`, and for `webhook` the
        /// secret that signs.
        key_secret: Option<String>,
        /// The hosts that the URL may have; by default Slack's own for `slack`.
        allow_hosts: Vec<String> = Vec::new(),
        /// Whether the account is in `PagerDuty`'s service region of the EU; for `pagerduty`.
        eu: bool = false,
        /// Only what is about these services; all if empty. What is about no service is for all.
        services: Vec<ServiceId> = Vec::new(),
        /// The least severity that calls.
        min_severity: Severity = Severity::Warning,
        /// Only these events call; all if empty.
        events: Vec<EventKind> = Vec::new(),
        /// 1 is called at once, 2 if nobody has acknowledged.
        tier: Within<1, 2> = Within(1),
        /// How long nobody has acknowledged before tier 2 is called.
        escalate_after_s: Within<60, 86_400> = Within(ESCALATE_AFTER_S),
        /// Longest wait for a message about the same alert, and how long something must be over
        /// that comes and goes.
        group_s: Within<0, 86_400> = Within(300),
    }

    /// Who notices that nobody probes.
    pub(in crate::config) struct RawWatchdog {
        /// Name of the secret that holds a URL, which each run calls. An external monitor watches
        /// for these calls.
        heartbeat_secret: Option<String>,
        /// The hosts that this URL may have, beside those of well-known monitors.
        allow_hosts: Vec<String> = Vec::new(),
        /// After how long without a run the Controller itself calls.
        silent_after_s: Within<30, 86_400> = Within(300),
    }
}

words! {
    /// The kinds of receivers.
    pub(in crate::config) enum RawAlertKind {
        /// Slack.
        Slack = "slack",
        /// `PagerDuty`.
        Pagerduty = "pagerduty",
        /// Opsgenie, which is refused: it ends.
        Opsgenie = "opsgenie",
        /// Jira Service Management.
        Jsm = "jsm",
        /// Any URL, signed as Standard Webhooks are.
        Webhook = "webhook",
    }
}
