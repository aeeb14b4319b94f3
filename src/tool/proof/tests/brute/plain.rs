//! A plain reading of the rules, which shares nothing with the oracle or with the edge.

use super::super::super::super::oracle::{Form, Kv, SampleRequest, ToldTenant};
use super::super::super::super::requests;
use super::super::*;
use super::worlds::{HEADER_TEXTS, METHODS, PATHS, countries};
use crate::config::Region;
use crate::residency::{Allow, AllowedCountry, RegionSet, RuleFacts, When, normalise, sets};
use std::collections::{BTreeMap, BTreeSet};

/// What [`differ`] says of a condition on hosts.
pub(super) const HOSTS_OF_A_RULE: &str = "the hosts of a rule";

/// The regions that an `allow` permits at the instant of the tests; or of these, those that it
/// permits without an end.
pub(super) fn permitted(config: &Config, allow: &Allow, lasting: bool) -> RegionSet {
    let regions = config.regions.iter().enumerate().filter(|(_, (id, region))| {
        let mut members = allow.members.iter().filter(|member| is_in_force(member, region));
        allow.everywhere
            || allow.regions.contains(*id)
            || members.any(|member| !lasting || member.expires.is_none())
    });
    regions.map(|(index, _)| index).collect()
}

fn is_in_force(member: &AllowedCountry, region: &Region) -> bool {
    member.country == region.country
        && member.effective_from.is_none_or(|from| from <= now())
        && member.expires.is_none_or(|until| now() < until)
        && member.requires.iter().all(|word| region.attest.contains(word))
}

/// When the first membership ends that permits some region something.
pub(super) fn first_end(config: &Config) -> Option<Timestamp> {
    let mut allows: Vec<Allow> = config.residency.iter().map(|rule| rule.allow.clone()).collect();
    allows.extend(config.tenants.values().cloned());
    allows.extend(known_sets(config).into_values());
    let permits =
        |member: &&AllowedCountry| config.regions.values().any(|it| is_in_force(member, it));
    let members = allows.iter().flat_map(|allow| allow.members.iter().filter(permits));
    members.filter_map(|member| member.expires).min()
}

/// The sets that a tenant in KV may be pinned to.
fn known_sets(config: &Config) -> BTreeMap<&str, Allow> {
    let mut services = config.services.values();
    if !services.any(|it| it.steering.tenancy.as_ref().is_some_and(|it| it.kv)) {
        return BTreeMap::new();
    }
    let own = config.sets.iter().map(|(name, allow)| (name.as_str(), allow.clone()));
    let known = sets::names().map(|name| {
        let members = sets::builtin(name).unwrap().members().map(|member| AllowedCountry {
            country: member.country,
            effective_from: Some(member.effective_from.start()),
            expires: member.expires.map(sets::Day::start),
            requires: member.requires.map(str::to_owned),
        });
        (name, Allow { members: members.collect(), ..Allow::default() })
    });
    own.chain(known).collect()
}

/// What they permit.
pub(super) fn sets(config: &Config, lasting: bool) -> BTreeMap<&str, RegionSet> {
    let sets = known_sets(config).into_iter();
    sets.map(|(name, allow)| (name, permitted(config, &allow, lasting))).collect()
}

/// Whether a rule guards a request.
pub(super) fn guards(when: &When, sample: &SampleRequest<'_>) -> bool {
    let form = sample.form;
    let mut told = [sample.country].into_iter().chain(form.witnesses.iter().copied());
    told.any(|country| in_country(when, country))
        && on_host(when, &form.host)
        && on_path(when, form.path.as_deref())
        && by_method(when, sample.method)
        && by_headers(when, &form.headers)
        && by_tenant(when, &form.tenant)
}

fn in_country(when: &When, country: Option<Country>) -> bool {
    match (when.countries, country) {
        (Some(named), Some(country)) => named.contains(country),
        _ => true,
    }
}

fn on_host(when: &When, host: &str) -> bool {
    let wildcard = host.split_once('.').map(|(_, parent)| format!("*.{parent}"));
    when.hosts.as_ref().is_none_or(|hosts| {
        hosts.contains(host) || wildcard.is_some_and(|wildcard| hosts.contains(&wildcard))
    })
}

fn on_path(when: &When, path: Option<&str>) -> bool {
    let (Some(patterns), Some(path)) = (&when.paths, path) else { return true };
    patterns.iter().any(|pattern| {
        let pattern = pattern.to_string();
        match pattern.strip_suffix("/*") {
            Some(base) => format!("{path}/").starts_with(&format!("{base}/")),
            None => pattern == path,
        }
    })
}

fn by_method(when: &When, method: &str) -> bool {
    let named = |asked: &str| when.methods.iter().flatten().any(|named| named == asked);
    when.methods.is_none() || named(method) || (method == "HEAD" && named("GET"))
}

fn by_headers(when: &When, headers: &[(String, String)]) -> bool {
    when.headers.iter().all(|(name, texts)| {
        let said: Vec<&str> = headers
            .iter()
            .filter(|(known, _)| known == name)
            .flat_map(|(_, value)| value.split(',').map(str::trim).chain([value.trim()]))
            .collect();
        !said.is_empty()
            && (texts.is_empty() || texts.iter().any(|text| said.contains(&text.as_str())))
    })
}

fn by_tenant(when: &When, tenant: &ToldTenant) -> bool {
    let Some(named) = &when.tenants else { return true };
    match tenant {
        ToldTenant::Nothing => false,
        ToldTenant::Tenant(tenant) => named.contains(tenant),
        ToldTenant::Unreadable => true,
    }
}

/// Where a request may go, if its tenant does not keep it from going anywhere.
pub(super) fn places(config: &Config, sample: &SampleRequest<'_>, all: &RegionSet) -> RegionSet {
    let mut left = all.clone();
    let service = config.services.values().next().unwrap();
    if service.steering.tenancy.is_some() {
        left.intersect(&pin(config, sample.form));
    }
    for rule in config.residency.iter().filter(|rule| rule.mode == Mode::Strict) {
        if guards(&rule.when, sample) {
            left.intersect(&permitted(config, &rule.allow, false));
        }
    }
    left
}

fn pin(config: &Config, form: &Form) -> RegionSet {
    let allow = form.tenant.id().and_then(|tenant| config.tenants.get(tenant));
    let regions = config.regions.values().enumerate();
    match (allow, form.kv) {
        (Some(allow), _) => permitted(config, allow, false),
        (None, Kv::Country(country)) => {
            regions.filter(|(_, region)| region.country == country).map(|(at, _)| at).collect()
        }
        (None, Kv::Region(index)) => [index].into_iter().collect(),
        (None, Kv::Unread | Kv::Absent) => RegionSet::all(config.regions.len()),
    }
}

/// The first condition of a rule that reads any value in another way, each alone: whether a request
/// can have all of these values together is not asked.
pub(super) fn differ(held: &When, written: &When, hosts: &[&str]) -> Option<&'static str> {
    let names = |when: &When| when.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let no_header = |_: &str| None;
    let facts = |method: &'static str| RuleFacts {
        country: None,
        witnesses: &[],
        host: "",
        path: "",
        method,
        tenant: None,
        header: &no_header,
    };
    let only_paths = When { paths: held.paths.clone(), ..When::default() };
    let only_methods = When { methods: held.methods.clone(), ..When::default() };
    let other_path = |path: Option<&str>| {
        let [spelling, _] = requests::spellings(path.map(str::to_owned));
        let normal = normalise(&spelling);
        only_paths.guards_request(normal.as_deref(), &facts("")) != on_path(written, path)
    };
    let other_text = |text: Option<&str>| {
        held.headers.iter().zip(&written.headers).any(|(held, written)| {
            let said: Vec<(String, String)> =
                text.iter().map(|text| (written.0.clone(), (*text).to_owned())).collect();
            let header = |_: &str| text.map(str::to_owned);
            let facts = RuleFacts { header: &header, ..facts("") };
            let [held, written] =
                [held, written].map(|it| When { headers: vec![it.clone()], ..When::default() });
            held.guards_request(None, &facts) != by_headers(&written, &said)
        })
    };
    let tenants = |when: &When| when.tenants.clone().map(BTreeSet::from_iter);
    let other_method = |method: &&'static str| {
        only_methods.guards_request(None, &facts(method)) != by_method(written, method)
    };
    let other_country = |country| held.guards_country(country) != in_country(written, country);
    let conditions = [
        ("the countries of a rule", countries().any(other_country)),
        ("the paths of a rule", PATHS.iter().copied().any(other_path)),
        ("the methods of a rule", METHODS.iter().any(other_method)),
        ("the headers of a rule", names(held) != names(written)),
        ("a header of a rule", HEADER_TEXTS.iter().copied().any(other_text)),
        ("the tenants of a rule", tenants(held) != tenants(written)),
        (HOSTS_OF_A_RULE, hosts.iter().any(|host| on_host(held, host) != on_host(written, host))),
    ];
    conditions.into_iter().find(|(_, is_other)| *is_other).map(|(what, _)| what)
}
