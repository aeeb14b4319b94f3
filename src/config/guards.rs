//! What can hold back a change at Cloudflare.

use crate::time::{MINUTE, Millis};

/// The limits of the guards. A guard can only hold a change back; see `cloudflare`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Guards {
    /// Holds back every change.
    pub halted: bool,
    /// How long traffic stays where it was moved to, unless that region is down.
    pub hold_down_ms: Millis,
    /// Most changes of one service per hour.
    pub changes_per_hour: u32,
    /// Most regions that traffic may be moved away from at once; `None`: no limit.
    pub regions_away: Option<u32>,
    /// Most percent of a zone's records that one plan may change.
    pub zone_percent: u32,
}

impl Default for Guards {
    /// The defaults of the config.
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
