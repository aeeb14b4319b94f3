//! Load balancers: they need pools, and one that may serve every client.
//!
//! A balancer falls back to one pool for all clients, and clients of unknown country get that pool
//! too. So there must be a pool whose regions are permitted by all rules over the name and by all
//! pins. If there is none, the config is refused.

use super::bonds::all_permit;
use super::known::Publisher;
use super::{Checker, under};
use crate::config::diagnostic::Code;
use crate::config::publish::{LoadBalancerTarget, SessionAffinity};
use crate::config::raw::{RawLoadBalancer, RawPool};
use crate::ids::RegionId;
use crate::json::Within;

/// Cloudflare's limits on the TTL of session affinity, by header and by cookie. Source: API schema
/// `load-balancing_session_affinity_ttl`.
const HEADER_TTL_S: std::ops::RangeInclusive<u32> = 30..=3_600;
const COOKIE_TTL_S: std::ops::RangeInclusive<u32> = 1_800..=604_800;

impl Checker<'_> {
    pub(super) fn balancer(
        &mut self,
        path: &str,
        raw: &RawLoadBalancer,
        service: &Publisher<'_>,
    ) -> Option<LoadBalancerTarget> {
        let (name, zone) = self.name_in_zone(path, &raw.name, &raw.zone)?;
        self.balancer_has_pools(path, service);
        self.balancer_can_fall_back(path, &name, service);
        self.balancer_settings(path, raw);
        Some(LoadBalancerTarget {
            zone,
            name,
            countries_by: raw.countries_by,
            proxied: raw.proxied,
            ttl_s: raw.ttl_s.map(Within::get),
            session_affinity: raw.session_affinity,
            session_affinity_ttl_s: raw.session_affinity_ttl_s.map(Within::get),
            manage: raw.manage,
        })
    }

    fn balancer_has_pools(&mut self, path: &str, service: &Publisher<'_>) {
        let mut accounts: Vec<&String> = Vec::new();
        for RawPool { account, .. } in pools(service) {
            if !accounts.contains(&account) {
                accounts.push(account);
            }
        }
        if accounts.len() != 1 && !self.has_mistake(path) {
            let problem = match accounts.len() {
                0 => "the service publishes no pool".to_owned(),
                several => format!("the service's pools are in {several} accounts"),
            };
            self.report(path, Code::E014, problem, "pools in the same service, all of one account");
        }
    }

    fn balancer_can_fall_back(&mut self, path: &str, name: &str, service: &Publisher<'_>) {
        if !self.tenants_are_known(path, (name, "serves"), service) {
            return;
        }
        let Some((allows, bound)) = self.bonds(name, service) else { return };
        let permitted = |id: &RegionId| {
            let region = service.known.regions.get(id);
            region.is_none_or(|region| all_permit(&allows, region.place(id)))
        };
        let all = |pool: &RawPool| {
            pool.regions.as_deref().unwrap_or(service.regions).iter().all(permitted)
        };
        if pools(service).next().is_some() && !pools(service).any(all) && self.broken.is_empty() {
            let problem = format!(
                "`{name}` falls back to one pool for every client, and no pool has only regions \
                 that are permitted by all of {bound}"
            );
            let allowed = "a pool whose `regions` all of them permit, or the name among the \
                           service's `hosts`, where each client gets its own answer";
            self.report(path, Code::E020, problem, allowed);
        }
    }

    fn balancer_settings(&mut self, path: &str, raw: &RawLoadBalancer) {
        let mut excludes = |key: &str, problem: String, allowed: &str| {
            self.report(under(path, key), Code::E014, problem, allowed);
        };
        if raw.proxied == Some(true) && raw.ttl_s.is_some() {
            let problem = "Cloudflare sets the TTL of a proxied load balancer".to_owned();
            excludes("ttl_s", problem, "no `ttl_s`, or `proxied = false`");
        }
        let Some(ttl_s) = raw.session_affinity_ttl_s.map(Within::get) else { return };
        let bounds = match raw.session_affinity {
            Some(SessionAffinity::Header) => HEADER_TTL_S,
            Some(SessionAffinity::Cookie | SessionAffinity::IpCookie) => COOKIE_TTL_S,
            Some(SessionAffinity::None) | None => {
                let problem = "it has no effect without session affinity".to_owned();
                return excludes("session_affinity_ttl_s", problem, "only with `session_affinity`");
            }
        };
        if !bounds.contains(&ttl_s) {
            let (low, high) = bounds.into_inner();
            let allowed = format!("{low} to {high} with this `session_affinity`");
            excludes("session_affinity_ttl_s", format!("{ttl_s} s is out of range"), &allowed);
        }
    }
}

fn pools<'p>(service: &Publisher<'p>) -> impl Iterator<Item = &'p RawPool> + use<'p> {
    service.raw.publish.iter().filter_map(|publish| publish.pool.as_ref())
}
