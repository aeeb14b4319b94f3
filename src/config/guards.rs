//! What may withhold a change at Cloudflare.

use crate::time::{MINUTE, Millis};

/// The numbers that guards go by. A guard can only withhold; see `cloudflare`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Guards {
    /// Whether nothing is changed at all.
    pub halted: bool,
    /// For how long traffic stays where it was moved to, unless that is down.
    pub hold_down_ms: Millis,
    /// Most changes of one service in an hour.
    pub changes_per_hour: u32,
    /// Most regions that traffic is taken away from at once.
    pub regions_away: Option<u32>,
    /// Most percent of a zone's records that one plan changes.
    pub zone_percent: u32,
}

impl Default for Guards {
    /// As where the config says nothing.
    fn default() -> Self {
        Self {
            halted: false,
            hold_down_ms: MINUTE,
            changes_per_hour: 30,
            regions_away: None,
            zone_percent: 30,
        }
    }
}
