//! Monitors: single ones, which probe, and composite ones, which combine others.
//!
//! Defaults follow Cloudflare's monitor vocabulary where it has the word (interval, timeout,
//! expected codes).

use super::texts::{HeaderName, Pointer, ProbePath};
use crate::config::monitor::StatusRange;
use crate::config::{MonitorKind, ProbeMethod, ProbeScheme, REDIRECTS_MAX, RETRIES_MAX};
use crate::ids::MonitorId;
use crate::json::{OneOrMany, Reader, Shape, Within, shape, words};
use crate::ordered::Map;
use serde_json::{Number, Value};

shape! {
    /// How origins are probed, and how many probes change their health.
    pub(in crate::config) struct RawMonitor {
        /// What a probe does: `http` sends a request, `tcp` only opens a connection.
        kind as "type": MonitorKind = MonitorKind::Http,
        /// The method.
        method: ProbeMethod = ProbeMethod::Get,
        /// Request headers: a text, or the name of a secret that holds the value.
        headers: Map<HeaderName, RawRequestHeader> = Map::new(),
        /// The host that probes tell an origin, in place of what clients' requests tell it.
        host_header: Option<String>,
        /// The scheme, if it is not that of the origin's URL.
        scheme: Option<ProbeScheme>,
        /// The port, if it is not that of the origin's URL.
        port: Option<Within<1, 65_535>>,
        /// How many redirects to the same host are followed.
        follow_redirects: Within<0, REDIRECTS_MAX> = Within(0),
        /// How often a failed probe is repeated at once, within the timeout.
        retries: Within<0, RETRIES_MAX> = Within(0),
        /// The path that is requested.
        path: ProbePath = ProbePath("/".to_owned()),
        /// Time between probes of an origin whose health is settled.
        interval_s: Within<5, 3_600> = Within(60),
        /// The interval once an origin has been down for five minutes; twice `interval_s` if
        /// absent.
        down_interval_s: Option<Within<5, 3_600>>,
        /// Longest wait for a response and its body, redirects and repeats included.
        timeout_ms: Within<100, 10_000> = Within(5_000),
        /// Passes in a row that make an origin up.
        rise: Within<1, 10> = Within(2),
        /// Failures within the window that make it down.
        fall: Within<1, 10> = Within(3),
        /// How long a failure counts.
        window_s: Within<10, 3_600> = Within(120),
        /// Passes in a row that clear the failures of an origin that is up.
        forgive: Within<1, 10> = Within(3),
        /// How many areas must agree that it fails: `any`, `majority`, `all` or a number.
        quorum: RawQuorum = RawQuorum::Majority,
        /// Which response counts as a pass.
        expect: RawExpect,
        /// Fails an origin that became much slower while its peers did not.
        slower_than_peers: Option<RawSlower>,
        /// Holds back an origin that keeps going down and up; half-life of 15 minutes if absent.
        damping: Option<RawDamping>,
        /// Lets incidents quote the beginning of a failure's body, which may hold personal data.
        excerpt: bool = false,
        /// Makes this a composite monitor: up if all of these are.
        all: Option<Vec<MonitorId>>,
        /// Makes this a composite monitor: up if any of these is.
        any: Option<Vec<MonitorId>>,
        /// Makes this a composite monitor: up if enough of these are.
        at_least: Option<RawComposite>,
        /// Members of a composite monitor that must be up in any case.
        must_pass: Vec<MonitorId> = Vec::new(),
    }

    /// How many of which monitors must be up.
    pub(in crate::config) struct RawComposite {
        /// How many.
        count: Within<1, 16>,
        /// Of which.
        of: Vec<MonitorId>,
    }

    /// Which response counts as a pass. All of these must hold.
    pub(in crate::config) struct RawExpect {
        /// Statuses such as `200`, `2xx` or `200-299`.
        status: OneOrMany<StatusRange> = OneOrMany::one(StatusRange::OK),
        /// Text in the first 10 KiB of the body; ASCII case is ignored.
        body_contains: Option<String>,
        /// The value at each JSON pointer of a JSON body.
        json: Map<Pointer, RawBody> = Map::new(),
        /// The value of each response header; `true` for any value.
        headers: Map<HeaderName, RawHeader> = Map::new(),
    }

    /// The value of a request header that nobody may read in the config.
    pub(in crate::config) struct RawSecretHeader {
        /// Name of the secret that holds the whole value.
        secret: String,
    }

    /// Bounds of a number or of a time.
    pub(in crate::config) struct RawBounds {
        /// The least that passes.
        min: Option<Number>,
        /// The most that passes.
        max: Option<Number>,
        /// How far it may be behind the greatest one of the service's other origins.
        behind_max: Option<Within<0, { u32::MAX }>>,
        /// The value is an instant, as RFC 3339 text with an offset or as seconds since 1970, and
        /// lies at most so long back.
        max_age_s: Option<Within<1, 31_536_000>>,
    }

    /// When an origin counts as slow.
    pub(in crate::config) struct RawSlower {
        /// How many times the slow-down of its peers.
        times: Within<2, 20> = Within(3),
        /// And at least this much slower than at its best.
        and_ms: Within<10, 60_000> = Within(200),
    }

    /// How long flapping is remembered.
    pub(in crate::config) struct RawDamping {
        /// Time in which the penalty halves; 0 disables damping.
        half_life_s: Within<0, 86_400> = Within(900),
    }
}

words! {
    /// The quorums that have a name.
    pub(in crate::config) enum QuorumWord {
        /// One area is enough.
        Any = "any",
        /// More than half.
        Majority = "majority",
        /// Every one.
        All = "all",
    }
}

/// How many areas must agree that an origin fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum RawQuorum {
    Any,
    Majority,
    All,
    AtLeast(u8),
}

impl Shape for RawQuorum {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        if value.is_number() {
            let least = reader.number(value, 1, 9)?;
            return u8::try_from(least).ok().map(Self::AtLeast);
        }
        Some(match QuorumWord::read(value, reader)? {
            QuorumWord::Any => Self::Any,
            QuorumWord::Majority => Self::Majority,
            QuorumWord::All => Self::All,
        })
    }

    fn write(&self) -> Value {
        match self {
            Self::Any => QuorumWord::Any.write(),
            Self::Majority => QuorumWord::Majority.write(),
            Self::All => QuorumWord::All.write(),
            Self::AtLeast(least) => (*least).into(),
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut crate::json::schema::Definitions) -> Value {
        let words = QuorumWord::schema(definitions);
        serde_json::json!({"anyOf": [words, {"type": "integer", "minimum": 1, "maximum": 9}]})
    }
}

/// What is expected at a JSON pointer: a value, or bounds.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::config) enum RawBody {
    Equals(Value),
    Bounds(RawBounds),
}

impl Shape for RawBody {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        match value {
            Value::Object(_) => RawBounds::read(value, reader).map(Self::Bounds),
            Value::Array(_) => {
                let allowed = "a string, a number, `true`, `false`, or a table with `min`, `max`, \
                               `behind_max` or `max_age_s`";
                reader.wrong_type(value, allowed);
                None
            }
            scalar => Some(Self::Equals(scalar.clone())),
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Equals(value) => value.clone(),
            Self::Bounds(bounds) => bounds.write(),
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut crate::json::schema::Definitions) -> Value {
        let bounds = RawBounds::schema(definitions);
        serde_json::json!({"anyOf": [{"type": ["string", "number", "boolean"]}, bounds]})
    }
}

/// What is expected of a header: one of some values, or any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) enum RawHeader {
    Present,
    OneOf(Vec<String>),
}

impl Shape for RawHeader {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        match value {
            Value::Bool(true) => Some(Self::Present),
            Value::String(_) | Value::Array(_) => {
                OneOrMany::read(value, reader).map(|texts| Self::OneOf(texts.all))
            }
            other => {
                const ALLOWED: &str = "a string, a list of strings, or `true` for any value";
                reader.unfit(other, &|_| other.is_number(), ALLOWED);
                None
            }
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Present => true.into(),
            Self::OneOf(texts) => texts.write(),
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut crate::json::schema::Definitions) -> Value {
        let texts = OneOrMany::<String>::schema(definitions);
        serde_json::json!({"anyOf": [{"const": true}, texts]})
    }
}

/// The value of a request header: a text, or a secret.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::config) enum RawRequestHeader {
    Text(String),
    Secret(RawSecretHeader),
}

impl Shape for RawRequestHeader {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Object(_) => RawSecretHeader::read(value, reader).map(Self::Secret),
            other => {
                const ALLOWED: &str = "a string, or `{ secret = \"NAME\" }`";
                reader.unfit(other, &|_| other.is_number(), ALLOWED);
                None
            }
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Secret(secret) => secret.write(),
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut crate::json::schema::Definitions) -> Value {
        let secret = RawSecretHeader::schema(definitions);
        serde_json::json!({"anyOf": [{"type": "string"}, secret]})
    }
}
