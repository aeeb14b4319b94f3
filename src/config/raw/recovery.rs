//! Disaster recovery: failover, contracts, overrides and the observer.

use super::contracts::{RawComponent, RawTrigger};
use super::monitors::RawBody;
use super::texts::Pointer;
use crate::config::follow::Manager;
use crate::config::recovery::{
    Approval, FailbackMode, FewSamples, STAGES_DEFAULT, StepWhen, UnknownLoss,
};
use crate::ids::{ComponentId, MonitorId, OriginId, RegionId};
use crate::json::{MistakeKind, Reader, Shape, Within, shape, words};
use crate::ordered::Map;
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
        /// Who has to agree where a plan waits for a person.
        approval: Approval = Approval::Operator,
        /// The operator's own steps, in their order.
        steps: Vec<RawStep> = Vec::new(),
        /// How traffic comes back; all at once if absent.
        failback: Option<RawFailback>,
        /// The hook that promotes another region to primary.
        promote: Option<RawPromote>,
        /// When the errors of live traffic count against a region.
        trigger: Option<RawTrigger>,
        /// The failover manager that promotes, whose word is followed.
        follow: Option<RawFollow>,
    }

    /// How traffic comes back to a region that has recovered.
    pub(in crate::config) struct RawFailback {
        /// Whether clients begin to return by themselves.
        mode: FailbackMode = FailbackMode::Automatic,
        /// How long a region has to be up again before the first stage.
        after_s: Within<0, 86_400> = Within(60),
        /// Percent of the clients at each stage, rising to 100.
        stages: Vec<Within<1, 100>> = STAGES_DEFAULT.map(u32::from).map(Within).to_vec(),
        /// How long each stage is watched.
        bake_s: Within<0, 86_400> = Within(300),
        /// What a stage is compared by.
        analysis: RawAnalysis,
    }

    /// What a stage of a failback is compared by.
    pub(in crate::config) struct RawAnalysis {
        /// Requests of a stage below which nothing is concluded from them.
        min_samples: Within<1, 1_000_000> = Within(100),
        /// Whether a stage with fewer requests waits for more, or goes on by time.
        few_samples: FewSamples = FewSamples::Hold,
        /// How many more of 100 requests may fail than in the other regions.
        max_success_drop_percent: RawPercent = RawPercent(1.0),
        /// How many times slower it may be than the other regions, or than it was before.
        max_latency_ratio: RawRatio = RawRatio(2.0),
    }

    /// A hook that promotes a standby.
    pub(in crate::config) struct RawPromote {
        /// The URL that is called.
        url: String,
        /// The largest lag of a standby that may be promoted.
        max_lag_s: Within<0, 86_400> = Within(300),
        /// Name of the secret that signs the call.
        secret: Option<String>,
        /// Longest time until the hook has to have answered that it is done.
        timeout_s: Within<1, 3_600> = Within(60),
        /// Where the health document of a standby has its lag, in seconds.
        lag_pointer: Option<Pointer>,
        /// Where it has the seconds since it last heard from the primary.
        contact_age_pointer: Option<Pointer>,
        /// The most that this may be while the primary is up.
        max_contact_age_s: Within<1, 86_400> = Within(60),
        /// Where it has the position that its data have reached.
        position_pointer: Option<Pointer>,
        /// What happens where the loss is not known.
        unknown: UnknownLoss = UnknownLoss::Refuse,
        /// The hook that makes sure that the old primary takes no writes.
        fence: Option<RawHook>,
        /// Why the old primary needs none.
        no_fence: Option<String>,
    }

    /// A failover manager, which promotes by itself.
    pub(in crate::config) struct RawFollow {
        /// Which one.
        manager: Manager,
        /// The monitor whose answers say which region is the primary.
        monitor: MonitorId,
        /// What the primary says of itself at each JSON pointer; what this manager says, if absent.
        primary: Map<Pointer, RawBody> = Map::new(),
    }

    /// A step of the operator's.
    pub(in crate::config) struct RawStep {
        /// Its name; the hook is told it.
        name: String,
        /// Where it comes.
        when: StepWhen = StepWhen::Before,
        /// The URL that is called.
        url: String,
        /// Name of the secret that signs the call.
        secret: Option<String>,
        /// Longest time until the hook has to have answered that it is done.
        timeout_s: Within<1, 3_600> = Within(60),
        /// Whether it is begun together with the step behind it.
        parallel_with_next: bool = false,
    }

    /// An endpoint of the operator's.
    pub(in crate::config) struct RawHook {
        /// The URL that is called.
        url: String,
        /// Name of the secret that signs the call.
        secret: Option<String>,
        /// Longest time until it has to have answered that it is done.
        timeout_s: Within<1, 3_600> = Within(60),
    }

    /// The recovery targets that a service promises.
    pub(in crate::config) struct RawContract {
        /// Longest time from a fault until another region serves.
        rto_s: Option<Within<1, 86_400>>,
        /// Most seconds of writes that may be lost.
        rpo_s: Option<Within<0, 86_400>>,
        /// Percent of requests that must be answered, over 30 days.
        availability: Option<RawPercent>,
        /// Longest time since the last drill that moved clients and succeeded.
        drill_every_days: Option<Within<1, 3_660>>,
        /// What its parts promise, by a name of your own.
        components: Map<ComponentId, RawComponent> = Map::new(),
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
        /// A plan is begun, and waits until a person agrees.
        Approve = "approve",
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

/// How many times something may be of something else; it may have a fraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) struct RawRatio(pub(in crate::config) f64);

impl Shape for RawRatio {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let ratio = f64::read(value, reader)?;
        if !(1.0..=100.0).contains(&ratio) {
            let which = if ratio > 100.0 { "large" } else { "small" };
            reader.report(MistakeKind::Range, format!("{value} is too {which}"), "1 to 100");
            return None;
        }
        Some(Self(ratio))
    }

    fn write(&self) -> Value {
        self.0.into()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(_: &mut crate::json::schema::Definitions) -> Value {
        serde_json::json!({"type": "number", "minimum": 1, "maximum": 100})
    }
}
