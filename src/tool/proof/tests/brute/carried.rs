//! Tables that carry one thing otherwise than the config has it, by chance: what
//! [`super::super::random::changed`] leaves alone.

use super::super::random::{COUNTRIES, PATTERNS, RULE_HOSTS, Random, TENANTS, gain, lose};
use super::super::*;
use crate::ids::TenantId;
use crate::residency::Pattern;
use crate::routes::{HeaderEntry, RuleEntry, ServiceEntry, TenancyEntry, WhenEntry};
use crate::time::{MINUTE, Millis};

const DAY: Millis = 24 * 60 * MINUTE;

/// One change. Where it finds nothing to change, the table stays as it is.
pub(super) fn otherwise(random: &mut Random, mut routes: Routes) -> Routes {
    match random.below(12) {
        0 | 1 => change_a_set(random, &mut routes),
        2 => {
            let region = random.below(routes.regions.len());
            routes.regions[region].country = any_country(random);
        }
        3 => change_the_tenants(random, &mut routes),
        4..=6 => {
            let at = random.below(routes.rules.len().max(1));
            if let Some(rule) = routes.rules.get_mut(at) {
                change_a_rule(random, rule);
            }
        }
        7 if !routes.rules.is_empty() => {
            let [one, other] = [(); 2].map(|()| random.below(routes.rules.len()));
            routes.rules.swap(one, other);
        }
        8 | 9 => change_the_ends(random, &mut routes),
        _ => routes.services.values_mut().for_each(|service| change_a_service(random, service)),
    }
    routes
}

fn any_country(random: &mut Random) -> Country {
    Country::parse(random.one(&COUNTRIES)).unwrap()
}

/// What a pin in KV may name.
fn change_a_set(random: &mut Random, routes: &mut Routes) {
    let ids: Vec<RegionId> = routes.regions.iter().map(|region| region.id.clone()).collect();
    let at = random.below(routes.sets.len().max(1));
    let name = routes.sets.keys().nth(at).cloned();
    match random.below(4) {
        0 => lose(random, name.and_then(|name| routes.sets.get_mut(&name))),
        1 => gain(name.and_then(|name| routes.sets.get_mut(&name)), random.one(&ids)),
        2 => {
            routes.sets.insert("nobodys".to_owned(), vec![random.one(&ids)]);
        }
        _ => routes.sets.retain(|known, _| Some(known) != name.as_ref()),
    }
}

fn change_the_tenants(random: &mut Random, routes: &mut Routes) {
    let tenant = TenantId::parse(random.one(&TENANTS)).unwrap();
    match random.below(4) {
        0 => lose(random, routes.tenants.get_mut(&tenant)),
        1 => routes.tenants.retain(|known, _| *known != tenant),
        2 => {
            let region = routes.regions[random.below(routes.regions.len())].id.clone();
            routes.tenants.insert(tenant, vec![region]);
        }
        _ => {
            routes.tenant_countries.insert(tenant, any_country(random));
        }
    }
}

/// What holds when the first membership has ended, and when that is.
fn change_the_ends(random: &mut Random, routes: &mut Routes) {
    let ids: Vec<RegionId> = routes.regions.iter().map(|region| region.id.clone()).collect();
    let tenant = TenantId::parse(random.one(&TENANTS)).unwrap();
    let change = random.below(6);
    match (&mut routes.lasting, change) {
        (_, 0) => routes.law_until = None,
        (_, 1) => routes.law_until = routes.law_until.map(|until| until.plus(DAY)),
        (_, 2) => routes.law_until = routes.law_until.map(|until| until.minus(DAY)),
        (Some(lasting), 3) => gain(lasting.rules.first_mut(), random.one(&ids)),
        (Some(lasting), 4) => gain(lasting.tenants.get_mut(&tenant), random.one(&ids)),
        (Some(lasting), _) => gain(lasting.sets.get_mut("home"), random.one(&ids)),
        (None, _) => {}
    }
}

/// A condition more or less, or a region less.
fn change_a_rule(random: &mut Random, rule: &mut RuleEntry) {
    let RuleEntry { when, permits, .. } = rule;
    match random.below(8) {
        0 => lose(random, Some(permits)),
        1 => toggle(&mut when.countries, any_country(random)),
        2 => toggle(&mut when.hosts, random.one(&RULE_HOSTS).to_owned()),
        3 | 4 => toggle(&mut when.paths, Pattern::parse(random.one(&PATTERNS)).unwrap()),
        5 => toggle(&mut when.methods, random.one(&["GET", "HEAD", "POST", "PURGE"]).to_owned()),
        6 => toggle(&mut when.tenants, TenantId::parse(random.one(&TENANTS)).unwrap()),
        _ => change_the_headers(random, when),
    }
}

fn toggle<T>(condition: &mut Option<Vec<T>>, one: T) {
    *condition = if condition.is_some() { None } else { Some(vec![one]) };
}

fn change_the_headers(random: &mut Random, when: &mut WhenEntry) {
    if !when.headers.is_empty() && random.percent(50) {
        return when.headers.clear();
    }
    let texts = random.one(&[vec![], vec!["gold".to_owned()]]);
    when.headers.push(HeaderEntry { name: "x-plan".to_owned(), texts });
}

fn change_a_service(random: &mut Random, service: &mut ServiceEntry) {
    let ids: Vec<RegionId> = service.regions.iter().map(|region| region.id.clone()).collect();
    match random.below(7) {
        0 => service.tenancy.iter_mut().for_each(|it| it.required = !it.required),
        1 => service.tenancy.iter_mut().for_each(|TenancyEntry { kv, .. }| *kv = !*kv),
        2 => service.second_witness.iter_mut().for_each(|it| it.required = !it.required),
        3 => lose(random, Some(&mut service.hosts)),
        4 => service.hosts.push(random.one(&["www.example.com", "x.app.example.com"]).to_owned()),
        5 => service.steering.primary = Some(random.one(&ids)),
        _ if service.regions.len() > 1 => lose(random, Some(&mut service.regions)),
        _ => {}
    }
}
