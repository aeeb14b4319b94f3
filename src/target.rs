//! What is probed: one origin by one monitor.
//!
//! Two services that share an origin and a monitor share the probe; two monitors of one origin are
//! two opinions.

use crate::ids::{MonitorId, OriginId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One origin by one monitor. Written `origin/monitor`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target {
    /// The origin.
    pub origin: OriginId,
    /// The monitor.
    pub monitor: MonitorId,
}

/// A text that names no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not `origin/monitor`")]
pub struct BadTarget(String);

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.origin, self.monitor)
    }
}

impl TryFrom<String> for Target {
    type Error = BadTarget;
    fn try_from(text: String) -> Result<Self, BadTarget> {
        let parsed = text.split_once('/').and_then(|(origin, monitor)| {
            Some(Self {
                origin: OriginId::parse(origin).ok()?,
                monitor: MonitorId::parse(monitor).ok()?,
            })
        });
        parsed.ok_or(BadTarget(text))
    }
}

impl From<Target> for String {
    fn from(target: Target) -> String {
        target.to_string()
    }
}
