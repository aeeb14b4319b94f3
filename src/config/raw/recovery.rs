//! Disaster recovery: failover, contracts, overrides and the observer.

use crate::ids::{OriginId, RegionId};
use crate::json::{MistakeKind, Reader, Shape, Within, shape, words};
use crate::time::Timestamp;
use serde_json::Value;

/// The controls of a config that names none: pages that are made to tell whether a device reaches
/// the internet, of two operators whose networks have nothing in common, and neither of them
/// Cloudflare. Sources: Android's `NetworkStackUtils.DEFAULT_CAPTIVE_PORTAL_HTTPS_URLS`;
/// support.apple.com/101555, "internet connectivity validation".
const CONTROLS_DEFAULT: [&str; 2] =
    ["https://www.google.com/generate_204", "https://captive.apple.com/hotspot-detect.html"];

shape! {
    /// How a service fails over and back.
    pub(in crate::config) struct RawFailover {
        /// Whether it is automatic.
        mode: RawFailoverMode = RawFailoverMode::Automatic,
        /// How traffic comes back.
        failback: RawFailback,
        /// The hook that promotes another region to primary.
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
        /// The URL that is called.
        url: String,
        /// The largest lag of a standby that may be promoted.
        max_lag_s: Within<0, 86_400> = Within(300),
        /// Name of the secret that authorises the call.
        secret: Option<String>,
    }

    /// The recovery targets that a service promises.
    pub(in crate::config) struct RawContract {
        /// Longest time from a fault until another region serves.
        rto_s: Option<Within<1, 86_400>>,
        /// Most seconds of writes that may be lost.
        rpo_s: Option<Within<0, 86_400>>,
        /// Percent of requests that must be answered.
        availability: Option<RawPercent>,
    }

    /// Health that an operator sets by hand.
    pub(in crate::config) struct RawOverride {
        /// The origin. Set either this or `region`.
        origin: Option<OriginId>,
        /// All origins of this region.
        region: Option<RegionId>,
        /// What it is set to.
        set: RawForced,
        /// Why.
        reason: String,
        /// Who did it.
        author: String,
        /// When it ends; every override has an end.
        until: Timestamp,
    }

    /// How to tell an outage from a failure of our own network.
    pub(in crate::config) struct RawObserver {
        /// Third-party URLs that respond as long as our own network works; by default two that are
        /// made for such questions. An empty list turns them off.
        controls: Vec<String> = CONTROLS_DEFAULT.map(str::to_owned).to_vec(),
    }
}

words! {
    /// Whether a failover is automatic.
    pub(in crate::config) enum RawFailoverMode {
        /// It is.
        Automatic = "automatic",
        /// A person decides.
        Manual = "manual",
    }

    /// What an operator can set an origin to.
    pub(in crate::config) enum RawForced {
        /// Healthy, whatever the probes say.
        Up = "up",
        /// Unhealthy, whatever the probes say.
        Down = "down",
        /// Takes no new clients, and is still probed.
        Drain = "drain",
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
