//! What may withhold a change at Cloudflare.

use crate::json::{Within, shape};

shape! {
    /// Guards. Each can only withhold, and none of them keeps an answer that a rule forbids.
    pub(in crate::config) struct RawGuards {
        /// Whether nothing is changed at all.
        halted: bool = false,
        /// For how long traffic stays where it was moved to, unless that is down.
        hold_down_s: Within<0, 86_400> = Within(60),
        /// Most changes of one service in an hour; upkeep may use half of them.
        changes_per_hour: Within<1, 10_000> = Within(30),
        /// Most regions that traffic is taken away from at once.
        regions_away: Option<Within<1, 100>>,
        /// Most percent of a zone's records that one plan changes, where it has ten or more and
        /// what they name is not down.
        zone_percent: Within<1, 100> = Within(30),
    }
}
