//! Rules and pins that are sound alone and permit nothing together.
//!
//! A request that both of them guard gets 451 for ever, whatever is up. A client of unknown country
//! is under every rule with a country at once; two laws that share no region refuse it, which is
//! meant. So conditions on the country count as holding together only if they name one in common.

use super::{AdviceCode, Adviser};
use crate::config::{Region, Service};
use crate::country::Country;
use crate::ids::{RegionId, ServiceId, TenantId};
use crate::ordered::Set;
use crate::residency::{Allow, CountrySet, Mode, Pattern, RegionSet, Rule, representatives};
use std::collections::BTreeMap;

/// Most of these warnings about one service. One law that is at odds with many others would say the
/// same again and again.
pub(super) const TOGETHER_MAX: usize = 20;
/// Most tenants that one warning names.
const TENANTS_SHOWN_MAX: usize = 3;

/// A strict rule over a service that permits some of its regions.
struct Bound<'c> {
    index: usize,
    rule: &'c Rule,
    permits: RegionSet,
}

/// The regions of a pin, and the tenants that have it, each with its turn.
type Pinned<'c> = (RegionSet, Vec<(usize, &'c TenantId)>);

impl<'c> Adviser<'c> {
    pub(super) fn together(&mut self) {
        for (id, service) in &self.config.services {
            let bound = self.bound(service);
            let names = service.names();
            let mut found: Vec<Vec<usize>> = Vec::new();
            for (at, first) in bound.iter().enumerate() {
                let later = bound.iter().enumerate().skip(at + 1);
                found.extend(
                    later
                        .filter(|(_, second)| are_apart(&[first, second]))
                        .filter(|(_, second)| can_meet(&[first.rule, second.rule], &names))
                        .map(|(other, _)| vec![at, other])
                        .take(TOGETHER_MAX),
                );
                if found.len() >= TOGETHER_MAX {
                    break;
                }
            }
            for several in several(&bound) {
                let is_known =
                    found.iter().any(|known| known.iter().all(|at| several.contains(at)));
                if !is_known {
                    found.push(several);
                }
            }
            for rules in found.into_iter().take(TOGETHER_MAX) {
                let rules: Vec<_> = rules.iter().filter_map(|at| bound.get(*at)).collect();
                self.rules_exclude(id, &rules);
            }
            self.pins_exclude(id, service, &bound);
        }
    }

    fn bound(&self, service: &'c Service) -> Vec<Bound<'c>> {
        let names = service.names();
        let regions: Vec<_> = self.regions(service).collect();
        let rules = self.config.residency.iter().enumerate();
        let over =
            rules.filter(|(_, rule)| rule.mode == Mode::Strict && rule.when.may_guard(&names));
        let bound = over.map(|(index, rule)| Bound {
            index,
            rule,
            permits: self.permitted(&rule.allow, &regions),
        });
        // W105 says of a rule alone that it permits nothing.
        bound.filter(|bound| !bound.permits.is_empty()).collect()
    }

    /// The regions of a service, by their indexes in it, that are permitted now.
    fn permitted(&self, allow: &Allow, regions: &[(&RegionId, &Region)]) -> RegionSet {
        let regions = regions.iter().enumerate();
        let permitted = regions.filter(|(_, (id, region))| self.permits(allow, id, region));
        permitted.map(|(at, _)| at).collect()
    }

    fn rules_exclude(&mut self, id: &ServiceId, rules: &[&Bound<'c>]) {
        let Some(last) = rules.last() else { return };
        let ids: Vec<&str> = rules.iter().map(|bound| bound.rule.id.as_str()).collect();
        let problem =
            format!("the rules `{}` together permit no region of `{id}`", ids.join("` and `"));
        let path = format!("residency[{}].allow", last.index);
        self.exclude(&path, problem);
    }

    /// One warning for each rule, whatever the number of tenants.
    fn pins_exclude(&mut self, id: &ServiceId, service: &'c Service, bound: &[Bound<'c>]) {
        if service.steering.tenancy.is_none() {
            return;
        }
        let regions: Vec<_> = self.regions(service).collect();
        // Many tenants have one pin. Each with its turn, so that they are named in their order.
        let mut pins: BTreeMap<Vec<usize>, Pinned<'_>> = BTreeMap::new();
        for (turn, (tenant, allow)) in self.config.tenants.iter().enumerate() {
            let pin = self.permitted(allow, &regions);
            let (_, tenants) =
                pins.entry(pin.iter().collect()).or_insert_with(|| (pin, Vec::new()));
            tenants.push((turn, tenant));
        }
        for Bound { index, rule, permits } in bound {
            let apart =
                pins.values().filter(|(pin, _)| !pin.is_empty() && pin.is_disjoint(permits));
            let apart = apart.flat_map(|(_, tenants)| tenants);
            let mut apart: Vec<_> =
                apart.filter(|(_, tenant)| rule.when.guards_tenant(Some(tenant))).collect();
            apart.sort_unstable();
            let apart: Vec<&TenantId> = apart.into_iter().map(|(_, tenant)| *tenant).collect();
            if !apart.is_empty() {
                let problem = format!(
                    "rule `{}` and {} together permit no region of `{id}`",
                    rule.id,
                    pins_of(&apart)
                );
                self.exclude(&format!("residency[{index}].allow"), problem);
            }
        }
    }

    fn exclude(&mut self, path: &str, problem: String) {
        let why = "a request that is under all of them gets 451 for ever";
        let hint = "add a region that all of them permit";
        self.advise_with(path, AdviceCode::W124, problem, why, Some(hint));
    }
}

fn pins_of(tenants: &[&TenantId]) -> String {
    let names: Vec<&str> = tenants.iter().map(|id| id.as_str()).take(TENANTS_SHOWN_MAX).collect();
    let names = names.join("`, `");
    match tenants.len().saturating_sub(TENANTS_SHOWN_MAX) {
        0 if tenants.len() == 1 => format!("the pin of `{names}`"),
        0 => format!("each of the pins of `{names}`"),
        more => format!("each of the pins of `{names}` and {more} more"),
    }
}

fn are_apart(rules: &[&Bound<'_>]) -> bool {
    let mut permits = rules.iter().map(|bound| &bound.permits);
    match (permits.next(), permits.next()) {
        (Some(first), Some(second)) if rules.len() == 2 => first.is_disjoint(second),
        (Some(first), Some(second)) => {
            let two = first.intersection(second);
            permits.fold(two, |all, one| all.intersection(one)).is_empty()
        }
        (first, _) => first.is_some_and(RegionSet::is_empty),
    }
}

/// Whether one request can be under all of these rules. Headers can always be there together.
fn can_meet(rules: &[&Rule], names: &[&str]) -> bool {
    let whens = || rules.iter().map(|rule| &rule.when);
    let countries = whens().filter_map(|when| when.countries);
    let countries = countries.fold(CountrySet::all(), CountrySet::intersection);
    let all_guard = |name: &&str| whens().all(|when| when.may_guard(&[name]));
    let mut tenants = whens().flat_map(|when| when.tenants.iter().flatten()).peekable();
    let has_tenant = tenants.peek().is_none()
        || tenants.any(|tenant| whens().all(|when| when.guards_tenant(Some(tenant))));
    !countries.is_empty()
        && (names.is_empty() || names.iter().any(all_guard))
        && has_tenant
        && share_a_method(rules)
        && share_a_path(rules)
}

fn share_a_method(rules: &[&Rule]) -> bool {
    let named = || rules.iter().filter_map(|rule| rule.when.methods.as_ref());
    // HEAD is under a rule about GET.
    let holds = |methods: &Vec<String>, method: &str| {
        methods.iter().any(|one| one == method || (one == "GET" && method == "HEAD"))
    };
    let mut candidates = named().flatten().map(String::as_str).chain(["HEAD"]);
    candidates.any(|method| named().all(|methods| holds(methods, method)))
}

fn share_a_path(rules: &[&Rule]) -> bool {
    let named = || rules.iter().filter_map(|rule| rule.when.paths.as_ref());
    let patterns: Vec<Pattern> = named().flatten().cloned().collect();
    let holds = |path: &str| named().all(|paths| paths.iter().any(|one| one.matches(path)));
    representatives(&patterns).iter().any(|path| holds(path))
}

/// Sets of three and more rules that look at the country alone and permit nothing together,
/// although each two of them do. Each is as small as can be.
fn several(bound: &[Bound<'_>]) -> Vec<Vec<usize>> {
    let plain = |rule: &Rule| {
        let when = &rule.when;
        when.tenants.is_none() && when.hosts.is_none() && !when.looks_at_request()
    };
    let mut found: Set<Vec<usize>> = Set::new();
    for country in Country::all() {
        let rules = bound.iter().enumerate();
        let mut rules: Vec<usize> = rules
            .filter(|(_, one)| plain(one.rule) && one.rule.when.guards_country(Some(country)))
            .map(|(at, _)| at)
            .collect();
        let apart = |rules: &[usize]| {
            are_apart(&rules.iter().filter_map(|at| bound.get(*at)).collect::<Vec<_>>())
        };
        if !apart(&rules) {
            continue;
        }
        for rule in rules.clone() {
            let without: Vec<usize> = rules.iter().copied().filter(|at| *at != rule).collect();
            if apart(&without) {
                rules = without;
            }
        }
        found.insert(rules);
    }
    found.into_iter().collect()
}
