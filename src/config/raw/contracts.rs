//! What the parts of a service promise, and when live traffic speaks against a region.

use super::texts::Pointer;
use crate::config::contract::{BoundRole, ComponentKind, Scope, TriggerAct};
use crate::ids::MonitorId;
use crate::json::{Reader, Shape, Within, shape};
use crate::ordered::Map;
use serde_json::{Number, Value};

shape! {
    /// What a part of a service promises.
    pub(in crate::config) struct RawComponent {
        /// What it is.
        kind: ComponentKind,
        /// How it is probed; as the service if absent.
        monitor: Option<MonitorId>,
        /// Which regions have to keep it.
        at: Option<Scope>,
        /// What its health document has to say, at each JSON pointer.
        bounds: Map<Pointer, RawFieldBound> = Map::new(),
        /// Longest time from a fault until another region serves.
        rto_s: Option<Within<1, 86_400>>,
        /// Most seconds of data that may be lost.
        rpo_s: Option<Within<0, 864_000>>,
    }

    /// Bounds of one field.
    pub(in crate::config) struct RawFieldBounds {
        /// The least that keeps the contract; 0 where only `max` is set.
        min: Option<Number>,
        /// The most that keeps it.
        max: Option<Number>,
        /// The field is an instant, as RFC 3339 text with an offset or as seconds since 1970, and
        /// lies at most so long back.
        max_age_s: Option<Within<1, 31_536_000>>,
        /// What the field tells.
        is: Option<BoundRole>,
    }

    /// When the errors of live traffic count against a region.
    pub(in crate::config) struct RawTrigger {
        /// Percent of the tries in the window that fail.
        error_rate_percent: Within<1, 100> = Within(50),
        /// The window.
        window_s: Within<60, 3_600> = Within(300),
        /// Fewest tries in the window that say anything.
        min_samples: Within<10, 1_000_000> = Within(100),
        /// What happens.
        act: TriggerAct = TriggerAct::Alert,
        /// With `act = "fail_over"`: for how long clients are led elsewhere.
        for_s: Within<60, 86_400> = Within(600),
        /// When a region also counts as failing that fails more than its peers do.
        peers: Option<RawPeers>,
    }

    /// When a region fails more than its peers.
    pub(in crate::config) struct RawPeers {
        /// How many more of 100 tries fail than in the middle one of its peers.
        excess_percent: Within<1, 100> = Within(10),
        /// Fewest peers that have enough tries.
        min_peers: Within<2, 100> = Within(2),
        /// Most regions of the service that are led away from at once, in percent.
        max_ejected_percent: Within<1, 50> = Within(34),
    }
}

/// What a field has to be: a value, or within bounds.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::config) enum RawFieldBound {
    Is(Value),
    Within(RawFieldBounds),
}

impl Shape for RawFieldBound {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        match value {
            Value::Object(_) => RawFieldBounds::read(value, reader).map(Self::Within),
            Value::Array(_) | Value::Null => {
                let allowed = "a string, a number, `true`, `false`, or a table with `min`, `max` \
                               or `max_age_s`";
                reader.wrong_type(value, allowed);
                None
            }
            scalar => Some(Self::Is(scalar.clone())),
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Is(value) => value.clone(),
            Self::Within(bounds) => bounds.write(),
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut crate::json::schema::Definitions) -> Value {
        let bounds = RawFieldBounds::schema(definitions);
        serde_json::json!({"anyOf": [{"type": ["string", "number", "boolean"]}, bounds]})
    }
}
