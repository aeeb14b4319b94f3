//! Overrides: what an operator says overrules what was observed.
//!
//! Observed health is kept beside the override, and both are shown. When an override ends, the
//! observed health applies again as if there had been no override. Every override has an end,
//! because a forgotten override makes the next incident longer.

use super::hysteresis::Health;
use crate::config::{Override, OverrideTo};
use crate::time::Timestamp;

/// The override, if it is still in force. It ends at `until`, exclusive.
#[must_use]
pub fn active(set: Option<&Override>, now: Timestamp) -> Option<&Override> {
    set.filter(|it| now < it.until)
}

/// The health that steering uses, and whether the origin is drained, which means that it takes no
/// new traffic even if it is healthy.
#[must_use]
pub fn effective(observed: Health, set: Option<OverrideTo>) -> (Health, bool) {
    match set {
        None => (observed, false),
        Some(OverrideTo::Up) => (Health::Up, false),
        Some(OverrideTo::Down) => (Health::Down, false),
        Some(OverrideTo::Drain) => (observed, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Health; 3] = [Health::Up, Health::Unknown, Health::Down];

    fn until(ms: u64, set: OverrideTo) -> Override {
        let (reason, author) = ("why".to_owned(), "who".to_owned());
        Override { set, reason, author, until: Timestamp::from_millis(ms) }
    }

    #[test]
    fn it_counts_until_its_end_and_then_is_as_good_as_absent() {
        let down = until(1_000, OverrideTo::Down);
        let at = |ms| {
            let set = active(Some(&down), Timestamp::from_millis(ms)).map(|it| it.set);
            effective(Health::Up, set)
        };
        assert_eq!(at(999), (Health::Down, false));
        for late in [1_000, 1_001] {
            assert_eq!(at(late), effective(Health::Up, None));
        }
    }

    #[test]
    fn up_and_down_are_said_whatever_is_observed() {
        for observed in ALL {
            for (set, told) in [(OverrideTo::Up, Health::Up), (OverrideTo::Down, Health::Down)] {
                assert_eq!(effective(observed, Some(set)), (told, false));
            }
        }
    }

    #[test]
    fn a_drained_origin_is_as_healthy_as_it_is() {
        for observed in ALL {
            assert_eq!(effective(observed, Some(OverrideTo::Drain)), (observed, true));
        }
    }
}
