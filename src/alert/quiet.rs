//! Whether announced work explains an alert. This is the one place that asks.

use crate::ids::{RegionId, ServiceId};
use crate::order::{Act, Order};
use crate::time::Timestamp;

/// Whether an order for maintenance is in force that covers this service and region. An alert about
/// no service is explained only by work on all of them, and so with regions.
#[must_use]
pub fn is_quiet(
    orders: &[Order],
    service: Option<&ServiceId>,
    region: Option<&RegionId>,
    now: Timestamp,
) -> bool {
    orders.iter().filter(|order| order.is_in_force(now)).any(|order| match &order.act {
        Act::Maintenance { service: at_service, region: at_region } => {
            let covers_service = at_service.is_none() || at_service.as_ref() == service;
            let covers_region = at_region.is_none() || at_region.as_ref() == region;
            covers_service && covers_region
        }
        _ => false,
    })
}

/// When the maintenance that is in force or to come changes next.
pub(super) fn next_change(orders: &[Order], now: Timestamp) -> Option<Timestamp> {
    let works = orders.iter().filter(|order| matches!(order.act, Act::Maintenance { .. }));
    let ends = works.filter_map(|order| order.until);
    ends.filter(|at| now < *at).min()
}
