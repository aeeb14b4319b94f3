//! When announced work begins or ends, and so what it explains.

use crate::order::{Act, Order};
use crate::time::Timestamp;

/// When the maintenance that is in force or to come changes next.
pub(super) fn next_change(orders: &[Order], now: Timestamp) -> Option<Timestamp> {
    let works = orders.iter().filter(|order| matches!(order.act, Act::Maintenance { .. }));
    let ends = works.filter_map(|order| order.until);
    ends.filter(|at| now < *at).min()
}
