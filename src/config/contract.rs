//! What the parts of a service promise, and when live traffic speaks against a region.

use crate::ids::{ComponentId, MonitorId};
use crate::json::words;
use crate::ordered::Map;
use crate::time::{MINUTE, Millis};
use serde_json::{Number, Value};

/// Most components of one service.
pub const COMPONENTS_MAX: usize = 16;
/// Most bounds of one component.
pub const BOUNDS_MAX: usize = 8;
/// The time over which availability is promised and counted.
pub const AVAILABILITY_MS: Millis = 30 * 24 * 60 * MINUTE;

/// The contracts of the parts of a service, by name.
pub type Components = Map<ComponentId, Component>;

/// What a part of a service promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// What it is.
    pub kind: ComponentKind,
    /// How it is probed; the service's monitor where the config names none.
    pub monitor: MonitorId,
    /// Which regions have to keep it.
    pub at: Scope,
    /// What its health document has to say, by JSON pointer.
    pub bounds: Vec<(String, FieldBound)>,
    /// Longest time from a fault until another region serves.
    pub rto_ms: Option<Millis>,
    /// Most seconds of data that may be lost.
    pub rpo_s: Option<u32>,
}

/// What one field has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldBound {
    /// The condition.
    pub must: Must,
    /// What the field tells, where the config says so.
    pub role: Option<BoundRole>,
}

/// A condition on a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Must {
    /// It is this text, number or truth value.
    Be(Value),
    /// It is a number within these bounds, both included.
    Lie {
        /// The least. Where the config has only `max`, it is 0: an age or a lag below that is one
        /// that nobody knows.
        min: Option<Number>,
        /// The most.
        max: Option<Number>,
    },
    /// It is an instant that lies at most so many seconds back.
    BeOfLast(u32),
}

words! {
    /// What a part of a service is.
    pub enum ComponentKind {
        /// What clients call.
        Api = "api",
        /// A database with replicas.
        Database = "database",
        /// A stream of messages with mirrors.
        Stream = "stream",
        /// A store of secrets.
        Secrets = "secrets",
        /// Backups.
        Backup = "backup",
    }

    /// Which regions have to keep a contract.
    pub enum Scope {
        /// Each region of the service.
        All = "all",
        /// The region that takes writes.
        Primary = "primary",
        /// Each of the others.
        Standbys = "standbys",
        /// One region, whichever it is.
        Any = "any",
    }

    /// What a field tells.
    pub enum BoundRole {
        /// When the last run ended well.
        LastRun = "last_run",
        /// When something was last proved: a check, a restore.
        LastProof = "last_proof",
        /// How much there is.
        Size = "size",
        /// How far a replica is behind.
        Lag = "lag",
    }

    /// What happens when live traffic speaks against a region.
    pub enum TriggerAct {
        /// Somebody is called.
        Alert = "alert",
        /// Its clients are led elsewhere for a while, and somebody is called.
        FailOver = "fail_over",
    }
}

impl ComponentKind {
    /// Which regions keep it, where the config says nothing. A primary has no lag.
    #[must_use]
    pub fn scope(self, has_primary: bool) -> Scope {
        match self {
            Self::Database | Self::Stream if has_primary => Scope::Standbys,
            Self::Backup => Scope::Any,
            _ => Scope::All,
        }
    }
}

impl Component {
    /// The bound of a field that tells this.
    #[must_use]
    pub fn bound_of(&self, role: BoundRole) -> Option<(&String, &FieldBound)> {
        let of = self.bounds.iter().find(|(_, bound)| bound.role == Some(role));
        of.map(|(pointer, bound)| (pointer, bound))
    }
}

impl FieldBound {
    /// The most seconds that the field may say, or lie back; `None` without such a limit.
    #[must_use]
    pub fn most_s(&self) -> Option<u64> {
        match &self.must {
            Must::BeOfLast(age_s) => Some(u64::from(*age_s)),
            Must::Lie { max, .. } => max.as_ref().and_then(whole_s),
            Must::Be(_) => None,
        }
    }
}

/// Seconds, rounded up.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and the value is not negative"
)]
fn whole_s(number: &Number) -> Option<u64> {
    let fraction = || number.as_f64().filter(|s| *s >= 0.0).map(|s| s.ceil() as u64);
    number.as_u64().or_else(fraction)
}

/// When the errors of live traffic count against a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// Percent of the tries in the window that fail.
    pub error_rate_percent: u8,
    /// The window.
    pub window_ms: Millis,
    /// Fewest tries in the window that say anything.
    pub min_samples: u32,
    /// What happens.
    pub act: TriggerAct,
    /// For how long clients are led elsewhere.
    pub for_ms: Millis,
    /// When a region also fails that fails more than its peers; absent where it is not compared.
    pub peers: Option<AgainstPeers>,
}

/// When a region fails more than its peers do: a gray failure, too small for a rate of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgainstPeers {
    /// How many more of 100 tries fail than in the middle one of its peers.
    pub excess_percent: u8,
    /// Fewest peers that have enough tries; at least 2: of two that differ nobody knows which one
    /// is ill.
    pub min_peers: u8,
    /// Most regions of the service that are led away from at once, in percent of all.
    pub max_ejected_percent: u8,
}
