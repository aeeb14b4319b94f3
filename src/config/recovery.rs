//! How a service fails over, what it promises, and who is told.

use crate::time::Millis;

/// How a service fails over and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failover {
    /// Whether it happens by itself.
    pub mode: FailoverMode,
    /// Percent of the clients at each stage of the way back, rising to 100.
    pub stages: Vec<u8>,
    /// How long each stage is watched.
    pub bake_ms: Millis,
    /// What makes another region the primary.
    pub promote: Option<Promote>,
}

/// Whether a failover happens by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailoverMode {
    /// It does.
    Automatic,
    /// A person decides.
    Manual,
}

/// A hook that promotes a standby.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promote {
    /// What is called.
    pub url: String,
    /// Most seconds that the standby may lag to be promoted.
    pub max_lag_s: u32,
    /// Name of the secret that authorises the call.
    pub secret: Option<String>,
}

/// The recovery targets that a service promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// Longest time from a fault to service elsewhere.
    pub rto_ms: Option<Millis>,
    /// Most seconds of writes that may be lost.
    pub rpo_s: Option<u32>,
    /// Requests that are answered, of 100,000.
    pub availability_of_100_000: Option<u32>,
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The way.
    pub kind: AlertKind,
    /// Name of the secret that holds the URL or the key.
    pub secret: String,
}

/// The ways to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertKind {
    /// Slack.
    Slack,
    /// `PagerDuty`.
    Pagerduty,
    /// Opsgenie.
    Opsgenie,
    /// Jira Service Management.
    Jsm,
    /// Any URL, signed.
    Webhook,
}
