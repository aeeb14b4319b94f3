//! Which origin of the config an origin of a pool is.
//!
//! The address and the port say so. A pool may have the host of an origin or one of its addresses.
//! A pool that has the address with another port has the same server all the same, if neither the
//! config nor the pool knows a second one there; the plan then reports the port.

use crate::cloudflare::desired::{DesiredPool, PoolMember};
use crate::cloudflare::observed::{Pool, PoolOrigin};

/// A member of a desired pool, by its key.
pub(super) type Member<'w> = (&'w String, &'w PoolMember);

/// The members that an origin of a pool is; several if they share its address and port.
pub(super) fn members<'w>(
    wanted: &'w DesiredPool,
    pool: &Pool,
    origin: &PoolOrigin,
) -> Vec<Member<'w>> {
    let found = members_at(wanted, &origin.address, origin.port);
    let is_other_port = found.iter().any(|(_, member)| !is_at(member, origin));
    let twins = |member: &PoolMember| {
        let here = pool.origins.iter().filter(|o| member.endpoint.has_address(&o.address));
        here.count()
    };
    if is_other_port && found.iter().any(|(_, member)| twins(member) > 1) {
        return Vec::new();
    }
    found
}

/// The member that an origin of a pool is. If several share its address and port, the one that is
/// up counts.
pub(super) fn member<'w>(
    wanted: &'w DesiredPool,
    pool: &Pool,
    origin: &PoolOrigin,
) -> Option<&'w PoolMember> {
    members(wanted, pool, origin).into_iter().map(|(_, member)| member).min()
}

/// Whether an origin of a pool has the member's port.
pub(super) fn is_at(member: &PoolMember, origin: &PoolOrigin) -> bool {
    member.endpoint.is_at(&origin.address, origin.port)
}

/// The members at an address and port; if there is none, the only member at the address.
pub(super) fn members_at<'w>(wanted: &'w DesiredPool, address: &str, port: u16) -> Vec<Member<'w>> {
    let all = || wanted.origins.iter();
    let exact: Vec<_> = all().filter(|(_, member)| member.endpoint.is_at(address, port)).collect();
    if !exact.is_empty() {
        return exact;
    }
    let here: Vec<_> = all().filter(|(_, member)| member.endpoint.has_address(address)).collect();
    if here.len() == 1 { here } else { Vec::new() }
}
