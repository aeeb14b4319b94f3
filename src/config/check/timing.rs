//! How long it takes until an origin that times out is down.
//!
//! A monitor's window must be at least this long, and a contract's worst case contains it.

use crate::config::{Monitor, RECHECK_MS, RUN_MS};
use crate::time::{MINUTE, Millis, SECOND};

/// From the end of one cron run to the first round of the next, which starts a second late.
pub(super) const RUN_GAP_MS: Millis = MINUTE - RUN_MS + SECOND;

/// From the first failure of an origin that times out to the one that makes it down, without the
/// gap between two runs.
pub(super) fn failing_ms(monitor: &Monitor) -> Millis {
    u64::from(monitor.fall).saturating_sub(1) * (RECHECK_MS + monitor.timeout_ms)
}
