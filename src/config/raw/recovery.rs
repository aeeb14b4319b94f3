//! Disaster recovery: how a service fails over, what it promises, who is told, what is set by hand.

use crate::ids::{OriginId, RegionId};
use crate::json::{MistakeKind, Reader, Shape, Within, shape, words};
use crate::time::Timestamp;
use serde_json::Value;

shape! {
    /// How a service fails over and back.
    pub(in crate::config) struct RawFailover {
        /// Whether it happens by itself.
        mode: RawFailoverMode = RawFailoverMode::Automatic,
        /// How traffic comes back.
        failback: RawFailback,
        /// What makes another region the primary.
        promote: Option<RawPromote>,
    }

    /// How traffic comes back to a region that has recovered.
    pub(in crate::config) struct RawFailback {
        /// Percent of the clients at each stage, rising to 100.
        stages: Vec<Within<1, 100>> = [10, 25, 50, 100].map(Within).to_vec(),
        /// How long each stage is watched.
        bake_s: Within<0, 86_400> = Within(300),
    }

    /// A hook that promotes a standby.
    pub(in crate::config) struct RawPromote {
        /// What is called.
        url: String,
        /// Most seconds that the standby may lag to be promoted.
        max_lag_s: Within<0, 86_400> = Within(300),
        /// Name of the secret that authorises the call.
        secret: Option<String>,
    }

    /// The recovery targets that a service promises.
    pub(in crate::config) struct RawContract {
        /// Longest time from a fault to service elsewhere.
        rto_s: Option<Within<1, 86_400>>,
        /// Most seconds of writes that may be lost.
        rpo_s: Option<Within<0, 86_400>>,
        /// Percent of requests that are answered.
        availability: Option<RawPercent>,
    }

    /// Health that an operator sets by hand.
    pub(in crate::config) struct RawOverride {
        /// The origin; or else `region`.
        origin: Option<OriginId>,
        /// All origins of this region.
        region: Option<RegionId>,
        /// What it is set to.
        set: RawForced,
        /// Why.
        reason: String,
        /// Who did it.
        author: String,
        /// Until when; there is no override for ever.
        until: Timestamp,
    }

    /// What tells an observer that is cut off from one that sees an outage.
    pub(in crate::config) struct RawObserver {
        /// URLs outside of all regions that answer as long as the observer's network is there.
        controls: Vec<String> = Vec::new(),
    }

    /// Who is told.
    pub(in crate::config) struct RawAlert {
        /// The way.
        kind: RawAlertKind,
        /// Name of the secret that holds the URL.
        url_secret: Option<String>,
        /// Name of the secret that holds the key.
        key_secret: Option<String>,
    }
}

words! {
    /// Whether a failover happens by itself.
    pub(in crate::config) enum RawFailoverMode {
        /// It does.
        Automatic = "automatic",
        /// A person decides.
        Manual = "manual",
    }

    /// What an operator can set an origin to.
    pub(in crate::config) enum RawForced {
        /// Fit for traffic, whatever the probes say.
        Up = "up",
        /// Not fit.
        Down = "down",
        /// No new clients, and still probed.
        Drain = "drain",
    }

    /// The ways to tell.
    pub(in crate::config) enum RawAlertKind {
        /// Slack.
        Slack = "slack",
        /// `PagerDuty`.
        Pagerduty = "pagerduty",
        /// Opsgenie.
        Opsgenie = "opsgenie",
        /// Jira Service Management.
        Jsm = "jsm",
        /// Any URL, signed as Standard Webhooks are.
        Webhook = "webhook",
    }
}

/// A percentage that may have a fraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) struct RawPercent(pub(in crate::config) f64);

impl Shape for RawPercent {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let percent = f64::read(value, reader)?;
        if !(0.0..=100.0).contains(&percent) {
            let which = if percent > 100.0 { "large" } else { "small" };
            reader.report(MistakeKind::Range, format!("{value} is too {which}"), "0 to 100");
            return None;
        }
        Some(Self(percent))
    }

    fn write(&self) -> Value {
        self.0.into()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(_: &mut crate::json::schema::Definitions) -> Value {
        serde_json::json!({"type": "number", "minimum": 0, "maximum": 100})
    }
}
