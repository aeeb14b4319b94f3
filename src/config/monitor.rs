//! Monitors: what is probed, how often, which response counts as a pass, and how several monitors,
//! areas and operators are combined.

use super::Asking;
use crate::ids::MonitorId;
use crate::json::{fields, text_shape, variants, words};
use crate::latency::STALE_AFTER;
use crate::time::{MINUTE, Millis, Timestamp};
use serde_json::{Number, Value};
use std::fmt;

/// Where a replica reports its lag in seconds, as a JSON pointer.
pub const LAG_POINTER: &str = "/replication_lag_s";
/// How often an origin that stays down is probed, by default.
pub const DOWN_INTERVAL_MS_DEFAULT: Millis = MINUTE;
/// The default half-life of the penalty for a flap. Source: RFC 2439 §4.2,
/// `decay-half-life-reachable`, in the form that BGP speakers ship.
pub const DAMPING_HALF_LIFE_MS_DEFAULT: Millis = 15 * MINUTE;
/// The most that a probe reads of a body, in bytes. Text beyond it is never found.
pub const BODY_BYTES_MAX: usize = 10 * 1024;
/// Fewest failures without a sign of life that make an origin Down, whatever `fall` says.
pub const UNREACHED_FALL_MIN: u8 = 2;
/// How deep composites may be nested.
pub const COMPOSITE_DEPTH_MAX: u8 = 4;

/// How origins are probed, and how many probes change their health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    /// How its probes ask.
    pub asking: Asking,
    /// The path that is requested, starting with `/`.
    pub path: String,
    /// Time between probes of an origin whose health is settled.
    pub interval_ms: Millis,
    /// Time between probes of an origin that has been Down for a while; not less than the interval.
    pub down_interval_ms: Millis,
    /// Longest wait for a response and its body, redirects and repeats included.
    pub timeout_ms: Millis,
    /// Passes in a row that make an origin Up.
    pub rise: u8,
    /// Failures within the window that make an origin Down.
    pub fall: u8,
    /// How long a failure counts.
    pub window_ms: Millis,
    /// Passes in a row that clear the failures of an origin that is Up.
    pub forgive: u8,
    /// Which response counts as a pass.
    pub expect: ExpectedResponse,
    /// The JSON pointer to the replication lag in seconds; `None` if it reports none.
    pub lag_pointer: Option<String>,
    /// When a response that passes still counts as too slow.
    pub slower_than_peers: Option<SlowerThanPeers>,
    /// How many areas must see a failure.
    pub quorum: Quorum,
    /// The half-life of the penalty for a flap; `None`: no damping.
    pub damping_half_life_ms: Option<Millis>,
    /// Whether an incident may quote the beginning of the body of a failure.
    pub excerpt: bool,
}

impl Monitor {
    /// Failures within the window that make an origin Down if none of them had a sign of life: at
    /// least two, because the observer may have been cut off for one ([`UNREACHED_FALL_MIN`]).
    #[must_use]
    pub fn unreached_fall(&self) -> u8 {
        self.fall.max(UNREACHED_FALL_MIN)
    }

    /// How long a verdict counts without a new one.
    #[must_use]
    pub fn patience_ms(&self) -> Millis {
        self.longest_interval_ms().saturating_mul(3).max(STALE_AFTER)
    }

    /// The longest planned time between two probes of one origin.
    #[must_use]
    pub fn longest_interval_ms(&self) -> Millis {
        self.interval_ms.max(self.down_interval_ms)
    }
}

/// Which response counts as a pass. All of these must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExpectedResponse {
    /// Statuses that pass; at least one range.
    pub status: Vec<StatusRange>,
    /// Text that must be in the first 10 KiB of the body; ASCII case is ignored.
    pub body_contains: Option<String>,
    /// What a JSON body must contain: RFC 6901 pointers, each with what is expected there.
    pub json: Vec<(String, ExpectedJson)>,
    /// Headers that must be present: name in lower case, and the values that pass; any value if
    /// there are none.
    pub headers: Vec<(String, Vec<String>)>,
}

fields!(ExpectedResponse { status, body_contains, json = Vec::new(), headers = Vec::new() });

variants!(ExpectedJson {
    Equals = "equals" (value),
    Bounds = "bounds" { min, max, behind_max if any },
    Recent = "recent" { max_age_s },
});

impl ExpectedResponse {
    /// Whether the body must be read.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        self.body_contains.is_some() || !self.json.is_empty()
    }

    /// Where the lag is reported: at [`LAG_POINTER`], if the monitor expects something there. Where
    /// a service is promoted, it is where its gate reads the lag.
    #[must_use]
    pub fn default_lag_pointer(&self) -> Option<String> {
        let named = self.json.iter().any(|(pointer, _)| pointer == LAG_POINTER);
        named.then(|| LAG_POINTER.to_owned())
    }

    /// The pointers whose numbers are compared with those of other origins, each with how far it
    /// may be behind.
    pub fn beside_peers(&self) -> impl Iterator<Item = (&String, u32)> {
        self.json.iter().filter_map(|(pointer, expected)| match expected {
            ExpectedJson::Bounds { behind_max, .. } => Some((pointer, (*behind_max)?)),
            _ => None,
        })
    }
}

/// What is expected of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedJson {
    /// This string, number, boolean or null.
    Equals(Value),
    /// A number within these bounds, both included.
    Bounds {
        /// The least that passes.
        min: Option<Number>,
        /// The most that passes.
        max: Option<Number>,
        /// How far it may be behind the same number of another origin. One answer cannot show it.
        behind_max: Option<u32>,
    },
    /// An instant that lies at most so many seconds back: RFC 3339 with an offset, or seconds since
    /// 1970.
    Recent {
        /// The most seconds.
        max_age_s: u32,
    },
}

impl ExpectedJson {
    /// The same, of the value at this pointer. A lag and an age are at least 0: below that, many
    /// systems say that they do not know.
    #[must_use]
    pub fn of(self, pointer: &str) -> Self {
        match self {
            Self::Bounds { min: None, max, behind_max } if is_time_behind(pointer) => {
                Self::Bounds { min: Some(0.into()), max, behind_max }
            }
            other => other,
        }
    }
}

/// Whether a pointer leads to a lag or an age, by the words in its last part: `lag`, `age`,
/// `behind` or `delay`, as in `/replication_lag_s`, `/db/backupAge` and `/Seconds_Behind_Master`.
fn is_time_behind(pointer: &str) -> bool {
    is_named(pointer, &["lag", "age", "behind", "delay"])
}

/// Whether the last part of a pointer has one of these words.
pub(super) fn is_named(pointer: &str, any: &[&str]) -> bool {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let mut words = String::new();
    let mut was_small = false;
    for letter in name.chars() {
        if !letter.is_ascii_alphanumeric() || (was_small && letter.is_ascii_uppercase()) {
            words.push(' ');
        }
        was_small = letter.is_ascii_lowercase();
        words.push(letter.to_ascii_lowercase());
    }
    let mut words = words.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.any(|word| any.contains(&word))
}

/// Statuses from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRange(u16, u16);

impl StatusRange {
    /// 200 alone.
    pub(super) const OK: Self = Self(200, 200);

    /// Reads `200`, `2xx` or `200-299`. `None` if the text is none of these, is backwards, or is
    /// outside 100 to 599.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = match (text.strip_suffix("xx"), text.split_once('-')) {
            (Some(class), _) => {
                let first = class.parse::<u16>().ok()?.checked_mul(100)?;
                (first, first.checked_add(99)?)
            }
            (None, Some((first, last))) => (first.parse().ok()?, last.parse().ok()?),
            (None, None) => text.parse().ok().map(|status: u16| (status, status))?,
        };
        (first >= 100 && first <= last && last <= 599).then_some(Self(first, last))
    }

    /// The first and the last status.
    #[must_use]
    pub fn bounds(self) -> (u16, u16) {
        (self.0, self.1)
    }

    /// Whether `status` lies in the range.
    #[must_use]
    pub fn contains(self, status: u16) -> bool {
        (self.0..=self.1).contains(&status)
    }
}

impl fmt::Display for StatusRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(first, last) = self;
        if first == last { write!(f, "{first}") } else { write!(f, "{first}-{last}") }
    }
}

text_shape!(
    StatusRange,
    |text: &str| StatusRange::parse(text).ok_or(()),
    "a status such as `200`, a class such as `2xx`, or a range such as `200-299`",
    {"type": "string", "pattern": "^([1-5]xx|[1-5][0-9]{2}(-[1-5][0-9]{2})?)$"}
);

/// When a response that passes still counts as too slow. Both limits must be exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowerThanPeers {
    /// Percent of the median of its peers' excess.
    pub times_percent: u32,
    /// Excess in milliseconds.
    pub and_ms: Millis,
}

/// How many of the areas with a conclusive verdict must see a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Quorum {
    /// One.
    Any,
    /// More than half.
    #[default]
    Majority,
    /// Each of them.
    All,
    /// As many as this; 1 to the number of areas.
    AtLeast(u8),
}

impl Quorum {
    /// How many of so many areas are enough to say that a target fails: as many as must agree, and
    /// more than half.
    #[must_use]
    pub fn needs(self, areas: usize) -> usize {
        let most = (areas / 2).saturating_add(1);
        match self {
            Self::Any | Self::Majority => most,
            Self::All => areas,
            Self::AtLeast(least) => most.max(usize::from(least)).min(areas),
        }
    }

    /// The same, limited to this number of vantage points.
    #[must_use]
    pub fn among(self, vantage_points: u8) -> Self {
        match self {
            Self::AtLeast(least) => Self::AtLeast(least.min(vantage_points)),
            other => other,
        }
    }
}

/// Several monitors combined into one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composite {
    /// How many of `of` must be Up.
    pub rule: CompositeRule,
    /// The monitors or composites that it combines; at least one.
    pub of: Vec<MonitorId>,
    /// Monitors or composites that must all be Up in addition.
    pub must_pass: Vec<MonitorId>,
}

/// How many members must be Up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompositeRule {
    /// Each of them.
    All,
    /// One.
    Any,
    /// As many as this; 1 to the number of members.
    AtLeast(u8),
}

/// A third-party URL that is probed only to check the observer's own network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Its name.
    pub id: String,
    /// What is fetched.
    pub url: String,
}

/// Health that an operator has set for an origin, until an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// What it counts as.
    pub set: OverrideTo,
    /// Why.
    pub reason: String,
    /// Who set it.
    pub author: String,
    /// When it ends, exclusive.
    pub until: Timestamp,
}

fields!(Control { id, url });
fields!(Override { set, reason, author, until });

words! {
    /// What an operator can set an origin to.
    pub enum OverrideTo {
        /// Healthy, whatever the probes say.
        Up = "up",
        /// Unhealthy, whatever the probes say.
        Down = "down",
        /// Takes no new traffic; its health is as observed.
        Drain = "drain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_a_single_status_and_two_ends_are_ranges() {
        let class = StatusRange::parse("2xx").unwrap();
        assert!(class.contains(200) && class.contains(299));
        assert!(!class.contains(199) && !class.contains(300));
        assert_eq!(StatusRange::parse("200-299"), Some(class));
        let one = StatusRange::parse("204").unwrap();
        assert!(one.contains(204) && !one.contains(203) && !one.contains(205));
        assert_eq!(StatusRange::parse("204-204"), Some(one));
        assert!(StatusRange::parse("100-599").is_some());
    }

    #[test]
    fn what_is_no_status_is_refused() {
        for text in [
            "",
            "xx",
            "0xx",
            "6xx",
            "99",
            "600",
            "2x",
            "ok",
            "-200",
            "655xx",
            "700xx",
            "-",
            "200-",
            "299-200",
            "99-200",
            "200-600",
            "200-299-300",
            "2xx-3xx",
        ] {
            assert_eq!(StatusRange::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_bound_on_a_lag_or_an_age_begins_at_zero_unless_the_config_says_where() {
        let bounds = |pointer: &str, min: Option<i64>| {
            let max = Some(Number::from(300));
            let expected =
                ExpectedJson::Bounds { min: min.map(Number::from), max, behind_max: None };
            match expected.of(pointer) {
                ExpectedJson::Bounds { min, .. } => min,
                ExpectedJson::Equals(_) | ExpectedJson::Recent { .. } => panic!(),
            }
        };
        for pointer in [
            "/replication_lag_s",
            "/db/lag",
            "/backupAge",
            "/Seconds_Behind_Master",
            "/contact-age-s",
            "/replay_delay",
        ] {
            assert_eq!(bounds(pointer, None), Some(0.into()), "{pointer}");
            assert_eq!(bounds(pointer, Some(-5)), Some((-5).into()), "{pointer}");
        }
        for pointer in ["/storage", "/average", "/flag", "/lag/temperature", "/delta", ""] {
            assert_eq!(bounds(pointer, None), None, "{pointer}");
        }
    }

    #[test]
    fn the_lag_is_read_where_something_is_expected_of_it() {
        let mut expect = ExpectedResponse::default();
        assert_eq!(expect.default_lag_pointer(), None);
        expect.json.push(("/status".to_owned(), ExpectedJson::Equals("ok".into())));
        assert_eq!(expect.default_lag_pointer(), None);
        let any = ExpectedJson::Bounds { min: None, max: None, behind_max: None };
        expect.json.push((LAG_POINTER.to_owned(), any));
        assert_eq!(expect.default_lag_pointer().as_deref(), Some(LAG_POINTER));
    }
}
