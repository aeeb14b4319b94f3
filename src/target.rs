//! What is probed: one origin with one monitor.
//!
//! Services that share an origin and a monitor share its probes. Two monitors of one origin are
//! judged separately.

use crate::ids::{MonitorId, OriginId};
use crate::json::{Key, Reader, text_shape};
use std::fmt;

/// The form of a target, for error messages.
const ALLOWED: &str = "`origin/monitor`";

/// One origin with one monitor, written `origin/monitor`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The origin.
    pub origin: OriginId,
    /// The monitor.
    pub monitor: MonitorId,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.origin, self.monitor)
    }
}

impl Target {
    /// Reads `origin/monitor`; `None` if the text is not a target.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (origin, monitor) = text.split_once('/')?;
        let (origin, monitor) = (OriginId::parse(origin).ok()?, MonitorId::parse(monitor).ok()?);
        Some(Self { origin, monitor })
    }
}

text_shape!(Target, |text| Target::parse(text).ok_or(()), ALLOWED, {"type": "string"});

impl Key for Target {
    fn read_key(text: &str, reader: &mut Reader) -> Option<Self> {
        let target = Self::parse(text);
        if target.is_none() {
            reader.wrong_key(text, ALLOWED);
        }
        target
    }

    fn key(&self) -> String {
        self.to_string()
    }
}
