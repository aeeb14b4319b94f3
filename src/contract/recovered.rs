//! Whether a recovery took as long and lost as much as is promised.

use crate::ids::ComponentId;
use crate::time::{Millis, SECOND};

/// One promise about a recovery, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asserted {
    /// Which promise: of the service as a whole, or of one of its parts.
    pub component: Option<ComponentId>,
    /// What was promised and what was measured, in words.
    pub words: String,
    /// Whether it was kept.
    pub is_kept: bool,
}

/// Holds the time of a recovery against what is promised. `is_over` is whether it has ended: one
/// that goes on keeps its promise until the time is over.
#[must_use]
pub fn rto(
    component: Option<&ComponentId>,
    promised_ms: Millis,
    took_ms: Millis,
    is_over: bool,
) -> Asserted {
    let is_kept = took_ms <= promised_ms;
    let took = if is_over { "recovery took" } else { "no recovery after" };
    let words = format!(
        "RTO {} s, {took} {} s",
        promised_ms / SECOND,
        if is_kept { took_ms / SECOND } else { took_ms.div_ceil(SECOND) }
    );
    Asserted { component: component.cloned(), words, is_kept }
}

/// Holds the bound of a loss against what is promised. `None`: nobody knows what was lost.
#[must_use]
pub fn rpo(component: Option<&ComponentId>, promised_s: u32, bound_s: Option<u64>) -> Asserted {
    let (words, is_kept) = match bound_s {
        Some(bound_s) => {
            let words = format!("RPO {promised_s} s, at most {bound_s} s are lost");
            (words, bound_s <= u64::from(promised_s))
        }
        None => (format!("RPO {promised_s} s, and nobody knows how much is lost"), false),
    };
    Asserted { component: component.cloned(), words, is_kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_kept_up_to_the_last_millisecond() {
        for (took_ms, is_kept) in [(299_999, true), (300_000, true), (300_001, false)] {
            assert_eq!(rto(None, 300_000, took_ms, true).is_kept, is_kept, "{took_ms}");
        }
        assert_eq!(rto(None, 300_000, 300_001, true).words, "RTO 300 s, recovery took 301 s");
        let goes_on = rto(None, 300_000, 400_000, false);
        assert_eq!(goes_on.words, "RTO 300 s, no recovery after 400 s");
    }

    #[test]
    fn a_loss_that_nobody_knows_is_more_than_is_promised() {
        for (bound_s, is_kept) in
            [(Some(0), true), (Some(5), true), (Some(6), false), (None, false)]
        {
            assert_eq!(rpo(None, 5, bound_s).is_kept, is_kept, "{bound_s:?}");
        }
    }
}
