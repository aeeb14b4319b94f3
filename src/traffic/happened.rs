//! What happens to requests beside how they end, as counts.

use crate::ids::{ID_BYTES_MAX, ServiceId};
use crate::json::{fields, words};

/// Most times that one thing has happened since an isolate told last.
const COUNT_MAX: u64 = 100_000_000;

words! {
    /// What happens to a request beside how it ends.
    pub enum What {
        /// It was sent on for the first time; `of` is how its region was chosen.
        Decided = "decided",
        /// It got a refusal of ours; `of` is the code.
        Refused = "refused",
        /// A strict rule guarded a request that no region was permitted for; `of` is the rule. It
        /// is told without the service: rules have no service.
        RuledOut = "ruled_out",
        /// It was sent again after a try that failed.
        Retried = "retried",
        /// It was sent to another region beside a try that was late.
        Hedged = "hedged",
        /// The retry budget did not grant a further try.
        OverBudget = "over_budget",
        /// It was sent on by a table that was stale.
        Stale = "stale",
        /// The body of an answer did not come to its end; `of` is the region.
        BodyLost = "body_lost",
        /// It opened a breaker; `of` is the region.
        BreakerOpened = "breaker_opened",
    }
}

/// How often something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// What.
    pub what: What,
    /// The service; absent where it is of none.
    pub service: Option<ServiceId>,
    /// To what, or how; absent where there is nothing to tell apart.
    pub of: Option<String>,
    /// How often.
    pub count: u64,
}

fields!(Happened { what, service if any, of if any, count });

impl Happened {
    /// Whether it can be true.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_short = self.of.as_ref().is_none_or(|of| of.len() <= ID_BYTES_MAX);
        is_short && (1..=COUNT_MAX).contains(&self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_has_a_short_name_and_happened_at_least_once() {
        let told = |of: usize, count| Happened {
            what: What::RuledOut,
            service: None,
            of: Some("r".repeat(of)),
            count,
        };
        for (told, is_sound) in [
            (told(ID_BYTES_MAX, 1), true),
            (told(ID_BYTES_MAX + 1, 1), false),
            (told(1, 0), false),
            (told(1, COUNT_MAX), true),
            (told(1, COUNT_MAX + 1), false),
        ] {
            assert_eq!(told.is_sound(), is_sound, "{told:?}");
        }
    }
}
