//! What is done at Cloudflare and what stands in the way, for people.

use super::Controller;
use super::actuation::CALLS_WINDOW_MS;
use crate::documents::{ApiStatus, CloudflareStatus};
use crate::order::Orders;
use crate::other_owner::OtherOwner;
use crate::time::Timestamp;

impl Controller {
    pub(super) fn cloudflare_status(&self, now: Timestamp) -> CloudflareStatus {
        let (actuation, config) = (&self.state.actuation, self.config.as_ref());
        let by_order = Orders::new(&self.state.orders, now).halt(None).is_some();
        let disabled_by_us =
            actuation.holds.iter().map(|h| format!("{}/{}", h.pool, h.address)).collect();
        let api = ApiStatus {
            calls_in_5_min: actuation.calls.within(CALLS_WINDOW_MS, now),
            calls_in_5_min_max: config.map_or(0, |config| config.api_calls_per_5_min),
            blocked_until: actuation.blocked_until.filter(|at| now < *at),
            upkeep_after: actuation.upkeep_after.filter(|at| now < *at),
            compared_at: actuation.compared_at,
        };
        CloudflareStatus {
            halted: by_order || config.is_some_and(|config| config.guards.halted),
            failures: actuation.failures.clone(),
            withheld: actuation.withheld.clone(),
            other_owners: actuation.other_owners.values().map(OtherOwner::status).collect(),
            disabled_by_us,
            in_flight: actuation.intents.clone(),
            denied: actuation.denied.clone(),
            api,
            applied: actuation.applied.clone(),
        }
    }
}
