//! What can hold back a change at Cloudflare.

use crate::json::{Within, shape};

shape! {
    /// Guards. They can only hold a change back, and never one that ends a breach of a residency
    /// rule.
    pub(in crate::config) struct RawGuards {
        /// Holds back every change.
        halted: bool = false,
        /// How long traffic stays where it was moved to, unless that region is down.
        hold_down_s: Within<0, 86_400> = Within(60),
        /// Most changes of one service per hour; upkeep may use half of them.
        changes_per_hour: Within<1, 10_000> = Within(30),
        /// Most regions that traffic may be moved away from at once.
        regions_away: Option<Within<1, 100>>,
        /// Most percent of a zone's records that one plan may change. Does not apply to zones with
        /// fewer than ten records, or to records that name a region that is down.
        zone_percent: Within<1, 100> = Within(30),
    }
}
