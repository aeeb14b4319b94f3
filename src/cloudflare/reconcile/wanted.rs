//! What a pass has to read, in which order, and for what.

use super::operation::Operation;
use super::readings::Unit;
use crate::cloudflare::desired::{Desired, Switch};
use crate::cloudflare::observed::Observed;
use crate::ordered::{Map, Set};
use crate::time::Timestamp;

/// Records per page.
pub(super) const PER_PAGE: usize = 500;
/// A zone of at most so many pages is read whole. In a larger one names are read one by one, unless
/// they are more than its pages.
pub(super) const PAGES_MAX: usize = 4;

/// What says beside the desired state what to read.
pub(super) struct Beside<'a> {
    /// Known zones whose status is to be looked at again.
    pub(super) zones_due: &'a Set<String>,
    /// Accounts in which we hold something, whether or not the config still has them.
    pub(super) accounts: Set<String>,
    /// Grants that were refused a moment ago.
    pub(super) sighted: &'a Set<String>,
}

/// The reads that a plan needs and that nobody has made, the first one last. `observed` has what
/// was handed on, and `carried` when that was read.
pub(super) fn reads(
    desired: &Desired,
    observed: &Observed,
    carried: &Map<Unit, Timestamp>,
    beside: &Beside<'_>,
) -> Vec<Operation> {
    let mut wanted = records(desired, observed, carried);
    let is_unread = |unit: &Unit| !carried.contains_key(unit);
    let pools = desired.pools.iter().map(|pool| &pool.account);
    for account in Set::of(pools.chain(beside.accounts.iter())).iter() {
        if is_unread(&Unit::Pools((*account).clone())) {
            wanted.push(Operation::ListPools { account: (*account).clone() });
        }
    }
    for account in Set::of(desired.monitors.iter().map(|monitor| &monitor.account)).iter() {
        if is_unread(&Unit::Monitors((*account).clone())) {
            wanted.push(Operation::ListMonitors { account: (*account).clone() });
        }
    }
    let balanced = desired.balancers.iter().map(|lb| (lb.zone.clone(), lb.account.clone()));
    for (zone, account) in Set::of(balanced) {
        if is_unread(&Unit::Balancers(zone.clone())) {
            wanted.push(Operation::ListBalancers { zone, account });
        }
    }
    let zones = wanted.iter().filter(|operation| operation.is_of_zone());
    let unknown = zones.map(|operation| operation.scope().to_owned());
    let is_known =
        |zone: &String| observed.zone_ids.contains_key(zone) && !beside.zones_due.contains(zone);
    let unknown = Set::of(unknown.filter(|zone| !is_known(zone)));
    let mut operations: Vec<Operation> =
        unknown.into_iter().map(|zone| Operation::FindZone { zone }).collect();
    operations.extend(wanted);
    let mut operations = denied_last(operations, beside.sighted);
    operations.push(Operation::Plan);
    operations.reverse();
    operations
}

fn records(
    desired: &Desired,
    observed: &Observed,
    carried: &Map<Unit, Timestamp>,
) -> Vec<Operation> {
    let mut names: Map<String, Set<String>> = Map::new();
    for records in &desired.records {
        let (zone, name) = (records.zone.clone(), records.name.clone());
        if !carried.contains_key(&Unit::Name { zone: zone.clone(), name: name.clone() }) {
            add(&mut names, zone, name);
        }
    }
    let mut operations = Vec::new();
    for (zone, names) in names {
        operations.extend(of_names(&zone, names, observed.records_total.get(&zone).copied()));
    }
    operations
}

/// Adds a name to those of its zone.
pub(super) fn add(names: &mut Map<String, Set<String>>, zone: String, name: String) {
    match names.get_mut(&zone) {
        Some(names) => {
            names.insert(name);
        }
        None => {
            names.insert(zone, [name].into());
        }
    }
}

/// The reads of some names of a zone: one by one, or the whole zone if that takes fewer calls. How
/// many records the zone has is known once one page of it was read.
pub(super) fn of_names(zone: &str, names: Set<String>, total: Option<usize>) -> Vec<Operation> {
    if total.is_some_and(|total| names.len() < pages(total)) {
        let one = |name| Operation::ListName { zone: zone.to_owned(), name };
        return names.into_iter().map(one).collect();
    }
    vec![Operation::ListRecords { zone: zone.to_owned(), page: 1 }]
}

/// Whether the names of a zone are read one by one, now that its first page is read: the zone is
/// large, and its other pages would take more calls than its names, or more than there are.
pub(super) fn is_by_name(total: usize, names: usize, calls_left: usize) -> bool {
    let more = pages(total).saturating_sub(1);
    pages(total) > PAGES_MAX && (more > names || more > calls_left)
}

pub(super) fn pages(total: usize) -> usize {
    total.div_ceil(PER_PAGE).max(1)
}

/// What was refused a moment ago comes last. If the API accepts the token for what comes first, a
/// refusal concerns one object, and need not end the pass.
fn denied_last(operations: Vec<Operation>, sighted: &Set<String>) -> Vec<Operation> {
    let denied = operations.iter().filter(|operation| sighted.contains(&operation.grant()));
    let denied = Set::of(denied.map(|operation| operation.scope().to_owned()));
    // A list of load balancers needs the pools of its account.
    let is_denied = |operation: &Operation| {
        denied.contains(operation.scope())
            || operation.account().is_some_and(|it| denied.contains(it))
    };
    let (last, mut first): (Vec<_>, Vec<_>) = operations.into_iter().partition(is_denied);
    first.extend(last);
    first
}

/// Whether something of a zone or account is down or under the law, so that to read it may be to
/// find a failover or a breach.
pub(super) fn is_urgent(desired: &Desired, scope: &str) -> bool {
    let records = desired.records.iter().filter(|records| records.zone == scope);
    let mut members = records.clone().flat_map(|records| records.permitted.values());
    let mut pools = desired.pools.iter().filter(|pool| pool.account == scope);
    let mut balancers = desired.balancers.iter().filter(|balancer| balancer.zone == scope);
    records.clone().any(|records| records.is_guarded)
        || members.any(|member| member.switch == Switch::Disable)
        || pools.any(|pool| pool.origins.values().any(|it| it.switch == Switch::Disable))
        || balancers.any(|balancer| balancer.is_guarded || !balancer.down.is_empty())
}

/// The same of anything.
pub(super) fn is_anything_urgent(desired: &Desired) -> bool {
    let zones = desired.records.iter().map(|records| &records.zone);
    let accounts = desired.pools.iter().map(|pool| &pool.account);
    let balanced = desired.balancers.iter().map(|balancer| &balancer.zone);
    zones.chain(accounts).chain(balanced).any(|scope| is_urgent(desired, scope))
}
