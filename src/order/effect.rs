//! What the orders that are in force say. Nothing here looks at health or at the law.
//!
//! Of two orders that say different things about the same, the one that was given last counts.

use super::act::{Act, Order};
use crate::config::OverrideTo;
use crate::ids::{OriginId, RegionId, ServiceId};
use crate::time::Timestamp;

/// The orders that are in force at one instant.
#[derive(Debug, Clone, Copy)]
pub struct Orders<'a> {
    orders: &'a [Order],
    now: Timestamp,
}

impl<'a> Orders<'a> {
    /// Those of `orders` that are in force at `now`.
    #[must_use]
    pub fn new(orders: &'a [Order], now: Timestamp) -> Self {
        Self { orders, now }
    }

    /// The one given last for which `says` says something, and that.
    fn last<T>(self, says: impl Fn(&'a Act) -> Option<T>) -> Option<(&'a Order, T)> {
        let mut in_force = self.orders.iter().rev().filter(|order| order.is_in_force(self.now));
        in_force.find_map(|order| Some((order, says(&order.act)?)))
    }

    fn find(self, is_it: impl Fn(&'a Act) -> bool) -> Option<&'a Order> {
        self.last(|act| is_it(act).then_some(())).map(|(order, ())| order)
    }

    /// The order by which a region is out.
    #[must_use]
    pub fn outage(self, region: &RegionId) -> Option<&'a Order> {
        self.find(|act| matches!(act, Act::Outage { region: out } if out == region))
    }

    /// The order by which a region takes no new clients of a service. Without a service only those
    /// count that are for all services.
    #[must_use]
    pub fn drain(self, service: Option<&ServiceId>, region: &RegionId) -> Option<&'a Order> {
        self.find(|act| match act {
            Act::Drain { region: drained, service: only } => {
                drained == region && covers(only.as_ref(), service)
            }
            _ => false,
        })
    }

    /// What an order sets an origin of a region to.
    #[must_use]
    pub fn override_of(
        self,
        region: &RegionId,
        origin: &OriginId,
    ) -> Option<(&'a Order, OverrideTo)> {
        self.last(|act| match act {
            Act::Override { origin: one, region: all, set } => {
                let names = one.as_ref() == Some(origin) || all.as_ref() == Some(region);
                names.then_some(*set)
            }
            _ => None,
        })
    }

    /// The region that a service prefers to all others.
    #[must_use]
    pub fn switch(self, service: &ServiceId) -> Option<(&'a Order, &'a RegionId)> {
        self.last(|act| match act {
            Act::Switch { service: switched, to } if switched == service => Some(to),
            _ => None,
        })
    }

    /// The order by which nothing of a service is changed at Cloudflare; without a service, nothing
    /// at all. Corruption halts too.
    #[must_use]
    pub fn halt(self, service: Option<&ServiceId>) -> Option<&'a Order> {
        let halted = self.find(|act| match act {
            Act::Halt { service: only } => covers(only.as_ref(), service),
            _ => false,
        });
        self.corruption(service).or(halted)
    }

    /// The order by which nothing of a service moves any more.
    #[must_use]
    pub fn corruption(self, service: Option<&ServiceId>) -> Option<&'a Order> {
        self.find(|act| match act {
            Act::Corruption { service: only } => covers(only.as_ref(), service),
            _ => false,
        })
    }

    /// The order by which nobody is called for what happens to a service and a region. What is
    /// about all services, or all regions, is not explained by work on one.
    #[must_use]
    pub fn mute(self, service: Option<&ServiceId>, region: Option<&RegionId>) -> Option<&'a Order> {
        self.find(|act| match act {
            Act::Maintenance { service: one, region: at } => {
                covers(one.as_ref(), service) && covers(at.as_ref(), region)
            }
            _ => false,
        })
    }
}

/// Whether what is said of `only`, or of all if absent, covers this one.
fn covers<T: PartialEq>(only: Option<&T>, this: Option<&T>) -> bool {
    only.is_none_or(|only| this == Some(only))
}

/// Whether nobody is to be called for what happens to this service and region.
#[must_use]
pub fn is_muted(
    orders: &[Order],
    service: Option<&ServiceId>,
    region: Option<&RegionId>,
    now: Timestamp,
) -> bool {
    Orders::new(orders, now).mute(service, region).is_some()
}

#[cfg(test)]
mod tests;
