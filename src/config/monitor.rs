//! The definition of a check: what is asked, how often, and which answer counts.

use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// How origins are probed, and how many probes change their health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    /// What is asked for, beginning with `/`.
    pub path: String,
    /// Time between probes of an origin whose health is settled.
    pub interval_ms: Millis,
    /// Longest wait for an answer and its body.
    pub timeout_ms: Millis,
    /// Passes in a row that make an origin Up.
    pub rise: u8,
    /// Failures within the window that make an origin Down.
    pub fall: u8,
    /// How long a failure counts.
    pub window_ms: Millis,
    /// Passes in a row that clear the failures of an origin that is Up.
    pub forgive: u8,
    /// Which answer counts as a pass.
    pub expect: Expect,
}

/// Which answer counts as a pass. Everything named must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expect {
    /// Statuses that pass; at least one range.
    pub status: Vec<StatusRange>,
    /// Text that must be in the first 10 KiB of the body; the case of ASCII letters does not
    /// matter.
    pub body_contains: Option<String>,
}

/// Statuses from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRange(u16, u16);

impl StatusRange {
    /// Reads `200` or `2xx`. `None` where the text is neither, or lies outside 100 to 599.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let range = match text.strip_suffix("xx") {
            Some(class) => {
                let first = class.parse::<u16>().ok()?.checked_mul(100)?;
                Self(first, first.checked_add(99)?)
            }
            None => text.parse::<u16>().ok().map(|status| Self(status, status))?,
        };
        (100..=599).contains(&range.0).then_some(range)
    }

    /// Whether `status` lies in the range.
    #[must_use]
    pub fn contains(self, status: u16) -> bool {
        (self.0..=self.1).contains(&status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_and_a_single_status_are_ranges() {
        let class = StatusRange::parse("2xx").unwrap();
        assert!(class.contains(200) && class.contains(299));
        assert!(!class.contains(199) && !class.contains(300));
        let one = StatusRange::parse("204").unwrap();
        assert!(one.contains(204) && !one.contains(203) && !one.contains(205));
    }

    #[test]
    fn what_is_no_status_is_refused() {
        for text in ["", "xx", "0xx", "6xx", "99", "600", "2x", "ok", "-200", "655xx", "700xx"] {
            assert_eq!(StatusRange::parse(text), None, "{text}");
        }
    }
}
