//! What the plan leaves alone and people should know of: origins of others in our pools, origins of
//! the config that no pool has, ports that differ, and balancers of others over our pools.
//!
//! None of it is an action. Each is reported with the names and with what a person can do.

use super::Planner;
use super::action::WithheldReason;
use super::balancers::lists;
use super::members::{is_at, member, members};
use super::pools::{MatchedPool, WHOLE_POOL, held};
use crate::cloudflare::desired::DesiredBalancer;
use crate::cloudflare::name::normal;
use crate::cloudflare::observed::{Balancer, PoolOrigin};
use crate::ids::ServiceId;
use crate::ordered::Set;

impl Planner<'_> {
    /// Reports origins that are in the pools of a service or in the config, and not in both.
    pub(super) fn tell_of_strays(&mut self, service: &ServiceId, found: &[MatchedPool<'_>]) {
        for matched in found {
            self.tell_of_strangers(*matched);
            self.tell_of_ports(*matched);
            let (wanted, pool) = matched;
            if let Some(because) = &wanted.unmonitored {
                let what = format!("pool {}: attach a monitor", pool.name);
                self.withhold(what, WithheldReason::Unclear, because.as_str());
            }
        }
        self.tell_of_missing(service, found);
    }

    fn tell_of_strangers(&mut self, (wanted, pool): MatchedPool<'_>) {
        let is_strange = |origin: &&PoolOrigin| member(wanted, pool, origin).is_none();
        let strange = pool.origins.iter().filter(is_strange).map(PoolOrigin::written);
        if let Some(names) = quoted(strange) {
            let because = format!(
                "the config has no such origin in the regions of this pool: {names}; whatever its \
                 health, Pointsman leaves it as it is. Add it to the config, or take it out of the \
                 pool"
            );
            self.withhold(format!("pool {}", pool.name), WithheldReason::Foreign, because);
        }
    }

    fn tell_of_ports(&mut self, (wanted, pool): MatchedPool<'_>) {
        for origin in &pool.origins {
            let Some(known) = member(wanted, pool, origin).filter(|known| !is_at(known, origin))
            else {
                continue;
            };
            let here = match origin.port {
                0 => "the port of its protocol".to_owned(),
                port => format!("port {port}"),
            };
            let because = format!(
                "visitors are sent to {here} of `{}`, and probes to port {} as the config says, so \
                 its health may be that of another server. Set the port in the pool, or in the \
                 `url`",
                origin.address,
                known.endpoint.real_port()
            );
            self.withhold(format!("pool {}", pool.name), WithheldReason::Unclear, because);
        }
    }

    /// An origin is missing in a pool that should have all of its own, and otherwise where no pool
    /// of the service has it.
    fn tell_of_missing(&mut self, service: &ServiceId, found: &[MatchedPool<'_>]) {
        let all = self.desired.pools.iter().filter(|pool| pool.service == *service).count();
        let mut nowhere: Set<String> = Set::new();
        let somewhere = Set::of(found.iter().flat_map(present));
        for (wanted, pool) in found {
            let here = Set::of(present(&(*wanted, *pool)));
            let absent = wanted.origins.keys().filter(|key| !here.contains(*key));
            if wanted.is_whole {
                if let Some(names) = quoted(absent.cloned()) {
                    let because = format!(
                        "it has no origin {names}, which the config has in its regions, so no \
                         visitor is sent there. Add it to the pool"
                    );
                    self.withhold(format!("pool {}", pool.name), WithheldReason::Missing, because);
                }
            } else {
                nowhere.extend(absent.filter(|key| !somewhere.contains(*key)).cloned());
            }
        }
        // What a pool has that was not found or not read, nobody knows.
        if let Some(names) = quoted(nowhere.into_iter()).filter(|_| found.len() == all) {
            let because = format!(
                "none of them has the origin {names} of the config, so no visitor is sent there. \
                 Add it to a pool, or say with `regions` what each pool has"
            );
            self.withhold(format!("pools of `{service}`"), WithheldReason::Missing, because);
        }
    }

    /// Reports what we disabled and the config no longer has. It is not enabled: nobody probes it
    /// any more, its region may be gone for good, and a rule may forbid it by now.
    pub(super) fn tell_of_left(&mut self) {
        for hold in self.holds.iter() {
            let mut pools = self.desired.pools.iter();
            let pool = pools.find(|pool| pool.account == hold.account && pool.name == hold.pool);
            let what = match hold.address.as_str() {
                WHOLE_POOL => format!("pool {}: enable it", hold.pool),
                address => format!("pool {}: enable {address}", hold.pool),
            };
            let left = match pool {
                None => "this pool",
                Some(pool) if held(pool, hold).is_empty() => "this origin in the pool's regions",
                Some(_) => continue,
            };
            let because = format!(
                "Pointsman disabled it, and the config no longer has {left}, so it stays disabled. \
                 Enable it in the dashboard, or put it back into the config"
            );
            self.withhold(what, WithheldReason::LeftConfig, because);
        }
    }

    /// Reports balancers that the config does not have, or that are marked for others, and that use
    /// our pools.
    pub(super) fn tell_of_other_balancers(&mut self) {
        let observed = self.observed;
        for (zone, balancers) in &observed.balancers {
            for balancer in balancers {
                let name = normal(&balancer.name);
                let is_ours =
                    |wanted: &DesiredBalancer| wanted.zone == *zone && wanted.name == name;
                if balancer.enabled && !self.desired.balancers.iter().any(is_ours) {
                    self.tell_of_balancer(balancer);
                }
            }
        }
    }

    fn tell_of_balancer(&mut self, balancer: &Balancer) {
        let ours = Set::of(self.desired.pools.iter().map(|pool| pool.name.as_str()));
        let lists = lists(&balancer.fields).into_iter().flatten();
        let used = lists.chain(&balancer.fields.fallback_pool).filter(|p| ours.contains(&***p));
        let Some(names) = quoted(Set::of(used.cloned()).into_iter()) else { return };
        let because = format!(
            "it is not in the config and sends visitors to {names} as well. What Pointsman \
             disables there is disabled for them too, and no residency rule is checked for them. \
             Publish it, or give it pools of its own"
        );
        self.withhold(format!("load balancer {}", balancer.name), WithheldReason::Foreign, because);
    }
}

/// The keys of the members that a pool has.
fn present((wanted, pool): &MatchedPool<'_>) -> Vec<String> {
    let origins = pool.origins.iter().flat_map(|origin| members(wanted, pool, origin));
    origins.map(|(key, _)| key.clone()).collect()
}

/// Names between backticks, in order; `None` if there are none.
fn quoted(names: impl Iterator<Item = String>) -> Option<String> {
    let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.sort();
    names.dedup();
    (!names.is_empty()).then(|| names.join(", "))
}
