//! The parts of the routing table, each compared with the rules.
//!
//! What a request may do follows from few parts: which rules are filed for its host and country,
//! whether each condition of a rule holds, what each rule permits, and the pin of its tenant. The
//! edge intersects what these say. There are endless combinations of the parts, and few parts. So
//! each part is compared with what the oracle reads in the config: every rule; every condition of
//! it, with every value that any rule asks for; every host with every country; every tenant. Two
//! members of a class are alike because the table does not tell them apart, which is checked for
//! every member here. The same is done for the law that the table has for the time when the first
//! membership has ended.

use super::super::oracle::{Oracle, has_said, names_country, names_method};
use super::super::requests;
use super::Prover;
use crate::config::Service;
use crate::country::Country;
use crate::ids::{ServiceId, TenantId};
use crate::residency::{
    CompiledRule, Filed, FiledClass, Mode, Pattern, RegionSet, Rule, RuleFacts, Testimony, When,
    normalise, representatives,
};
use crate::routes::{LawBook, Serving, Table};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong with a part, and what shows it.
struct Fault {
    what: String,
    example: String,
}

impl Fault {
    /// One that the whole table shows.
    fn of_table(what: String) -> Self {
        Self { what, example: "the routing table".to_owned() }
    }
}

pub(super) fn check(prover: &mut Prover<'_>, table: &Table) {
    let (config, now) = (prover.oracle.config, prover.oracle.now());
    let Some(first) = config.services.keys().next() else { return };
    let reader = Reader { oracle: &prover.oracle, table, book: table.book(now) };
    let mut faults = reader.law(first);
    let shared = reader.others().into_iter().chain(reader.ends());
    faults.extend(shared.map(|fault| (first.clone(), fault)));
    for (id, service) in &config.services {
        faults.extend(reader.serving(id, service).map(|fault| (id.clone(), fault)));
    }
    if let Some(until) = table.law_until(now) {
        let oracle = &Oracle::lasting(config, now);
        let found = Reader { oracle, table, book: table.book(until) }.law(first);
        faults.extend(found.into_iter().map(|(id, Fault { what, example })| {
            (id, Fault { what: format!("from {until} on: {what}"), example })
        }));
    }
    for (id, Fault { what, example }) in faults {
        prover.violation("routes", &id, what, example, Vec::new());
    }
}

/// Compares one law of the table with what an oracle reads in the config.
struct Reader<'a, 'c> {
    oracle: &'a Oracle<'c>,
    table: &'a Table,
    book: &'a LawBook,
}

/// All countries, and the unknown one.
fn countries() -> impl Iterator<Item = Option<Country>> {
    Country::all().map(Some).chain([None])
}

fn of_country(country: Option<Country>) -> String {
    country.map_or("an unknown country".to_owned(), |country| format!("--country {country}"))
}

impl<'a> Reader<'a, '_> {
    /// The rules, pins and sets, and the rules that are filed for the hosts of each service. Faults
    /// that no service has by itself are told of the `first`.
    fn law(&self, first: &ServiceId) -> Vec<(ServiceId, Fault)> {
        let shared = self.rules().into_iter().chain(self.pins()).chain(self.sets());
        let shared = shared.map(|fault| (first.clone(), fault));
        let services = self.oracle.config.services.iter().flat_map(|(id, service)| {
            self.hosts(id, service).into_iter().map(|fault| (id.clone(), fault))
        });
        shared.chain(services).collect()
    }

    fn compiled(&self) -> &'a [CompiledRule] {
        self.book.law.rules()
    }

    /// Each rule: its name, its mode, what it permits, and each of its conditions.
    fn rules(&self) -> Vec<Fault> {
        let written = self.oracle.config.residency.iter().map(|rule| &rule.id);
        if !self.compiled().iter().map(|rule| &rule.id).eq(written) {
            return vec![Fault::of_table("it does not have the rules of the config".to_owned())];
        }
        let probes = self.probes();
        let pairs = self.compiled().iter().zip(self.oracle.rules()).enumerate();
        let faults = pairs.flat_map(|(index, (compiled, (rule, permits)))| {
            let is_other = compiled.mode != rule.mode || compiled.permits != *permits;
            let what = || format!("rule {} permits something else in the table", rule.id);
            let fault = is_other.then(|| Fault::of_table(what()));
            fault.into_iter().chain(self.conditions(index, compiled, rule, &probes))
        });
        faults.collect()
    }

    /// Every value that any rule asks for, of the config or of the table.
    fn probes(&self) -> Probes<'a> {
        let written: &'a [Rule] = &self.oracle.config.residency;
        let whens = || {
            let held = self.compiled().iter().map(|rule| &rule.when);
            written.iter().map(|rule| &rule.when).chain(held)
        };
        let patterns =
            whens().flat_map(|when| when.paths.iter().flatten()).collect::<BTreeSet<_>>();
        let patterns: Vec<Pattern> = patterns.into_iter().cloned().collect();
        let paths = representatives(&patterns).into_iter().map(Some).chain([None]);
        let paths = paths.flat_map(|path| {
            let spellings = requests::spellings(path.clone());
            spellings.into_iter().map(move |spelling| (path.clone(), spelling))
        });
        Probes {
            paths: paths.collect(),
            methods: requests::every_method(whens()).into_iter().collect(),
            headers: requests::header_values(whens()),
        }
    }

    /// For each condition of a rule, the first value that the table reads otherwise.
    fn conditions(
        &self,
        index: usize,
        compiled: &CompiledRule,
        rule: &Rule,
        probes: &Probes<'_>,
    ) -> Vec<Fault> {
        let (held, written) = (&compiled.when, &rule.when);
        let by_country = |country: &Option<Country>| {
            held.guards_country(*country) != names_country(written, *country)
        };
        let wrong = [
            countries().find(by_country).map(of_country),
            self.wrong_path(index, held, probes),
            probes.wrong_method(held, written),
            probes.wrong_header(held, written),
            (held.tenants != written.tenants).then(|| "the tenants that it names".to_owned()),
        ];
        let faults = wrong.into_iter().flatten().map(|example| Fault {
            what: format!("a condition of rule {} is another in the table", rule.id),
            example,
        });
        faults.collect()
    }

    fn wrong_path(&self, index: usize, held: &When, probes: &Probes<'_>) -> Option<String> {
        let only = When { paths: held.paths.clone(), ..When::default() };
        let wrong = probes.paths.iter().find(|(path, spelling)| {
            let normal = normalise(spelling);
            let holds = only.guards_request(normal.as_deref(), &facts("", &|_| None));
            holds != self.oracle.is_under(index, path.as_deref())
        });
        wrong.map(|(path, spelling)| {
            let path = path.as_ref().map(|_| format!("--path {spelling}"));
            path.unwrap_or_else(|| "a path that nobody can read".to_owned())
        })
    }

    /// Each tenant of the config, and no other.
    fn pins(&self) -> Option<Fault> {
        let (book, config) = (self.book, self.oracle.config);
        let told = config.services.values().any(|service| {
            service.steering.second_witness.as_ref().is_some_and(|witness| witness.tenant)
        });
        let is_wrong = |tenant: &&TenantId| {
            let pin = book.pin(tenant);
            let country = config.tenant_countries.get(*tenant).filter(|_| told);
            let country = country.map_or(Testimony::Silent, |it| Testimony::Country(*it));
            pin.map(|pin| &pin.regions) != self.oracle.listed(tenant)
                || pin.is_some_and(|pin| pin.country != country)
        };
        let added = book.pins().map(|(tenant, _)| tenant);
        let tenant = config.tenants.keys().chain(added).find(is_wrong)?;
        Some(Fault {
            what: "the pin of a tenant is another in the table".to_owned(),
            example: format!("tenant {tenant}"),
        })
    }

    /// Each set that a pin in KV may name, and no other.
    fn sets(&self) -> Option<Fault> {
        let held: BTreeMap<&str, &RegionSet> =
            self.book.sets().map(|(name, permits)| (name.as_str(), permits)).collect();
        let written = self.oracle.sets();
        let mut names = held.keys().chain(written.keys());
        let name = names.find(|name| held.get(*name).copied() != written.get(*name))?;
        Some(Fault {
            what: "a set permits something else in the table".to_owned(),
            example: format!("a pin `@{name}` in KV"),
        })
    }

    /// The table says in time that a membership ends, for proxies that get no newer one.
    fn ends(&self) -> Option<Fault> {
        let end = self.oracle.first_end()?;
        let told = self.table.law_until(self.oracle.now());
        let is_late = told.is_none_or(|told| told > end);
        is_late.then(|| Fault::of_table(format!("it does not say that a membership ends at {end}")))
    }

    /// A service or a host that the config does not have.
    fn others(&self) -> Option<Fault> {
        let services = &self.oracle.config.services;
        let mut held = self.table.services().iter();
        if let Some(other) = held.find(|it| !services.contains_key(&it.id)) {
            return Some(Fault::of_table(format!("it has a service {} besides", other.id)));
        }
        let is_known = |host: &&String| services.values().any(|it| it.hosts.contains(*host));
        let host = self.table.hosts().find(|host| !is_known(host))?;
        Some(Fault {
            what: "a host is served that no service of the config has".to_owned(),
            example: format!("--host {host}"),
        })
    }

    /// A service: its regions, its primary, and how it finds tenants and witnesses.
    fn serving(&self, id: &ServiceId, service: &Service) -> Option<Fault> {
        let found = self.table.services().iter().find(|serving| serving.id == *id);
        let is_it = found.is_some_and(|serving| self.serves(serving, service));
        (!is_it).then(|| Fault::of_table("the service is another in the table".to_owned()))
    }

    fn serves(&self, serving: &Serving, service: &Service) -> bool {
        let Serving { regions, primary, tenancy, second_witness, .. } = serving;
        let steering = &service.steering;
        let index = |id| self.oracle.config.regions.keys().position(|known| known == id);
        let wanted = steering.primary.as_ref().and_then(|primary| index(&primary.region));
        let has_tenancy = match (tenancy, &steering.tenancy) {
            (Some(held), Some(wanted)) => {
                (&held.source, held.required, held.kv)
                    == (&wanted.source, wanted.required, wanted.kv)
            }
            (held, wanted) => held.is_none() && wanted.is_none(),
        };
        *regions == self.oracle.regions_of(service)
            && *primary == wanted
            && has_tenancy
            && *second_witness == steering.second_witness
    }

    /// Each host of a service: whose it is, and the rules that are filed for it.
    fn hosts(&self, id: &ServiceId, service: &Service) -> Vec<Fault> {
        let law = &self.book.law;
        let mut known: Vec<(Filed<'_>, Vec<usize>)> = Vec::new();
        let mut faults = Vec::new();
        let named = self.compiled().iter().flat_map(|rule| rule.when.hosts.iter().flatten());
        for host in requests::every_host(self.oracle.config, service, named) {
            if self.table.service(&host).is_none_or(|serving| serving.id != *id) {
                let what = "a host leads to another service".to_owned();
                faults.push(Fault { what, example: format!("--host {host}") });
                continue;
            }
            let (filed, over) = (law.filed(&host), self.oracle.indexes_over(&host));
            match known.iter().find(|(known, _)| known.is(&filed)) {
                Some((_, known)) if *known == over => {}
                Some(_) => faults.push(Fault {
                    what: "a host is under the rules of another".to_owned(),
                    example: format!("--host {host}"),
                }),
                None => {
                    faults.extend(self.file(&host, filed, &over));
                    known.push((filed, over));
                }
            }
        }
        faults
    }

    /// The first country, or the tenants, for which other rules are filed than are over the host.
    fn file(&self, host: &str, filed: Filed<'_>, over: &[usize]) -> Option<Fault> {
        let rules: Vec<(usize, &Rule, &RegionSet)> = self
            .oracle
            .rules()
            .enumerate()
            .filter(|(index, _)| over.contains(index))
            .map(|(index, (rule, permits))| (index, rule, permits))
            .collect();
        let fault = |example: String| Fault {
            what: "other rules are filed in the table than the config has".to_owned(),
            example: format!("--host {host}, {example}"),
        };
        let wrong = countries().find(|country| {
            let guarding = rules.iter().filter(|(_, rule, _)| {
                rule.when.tenants.is_none() && names_country(&rule.when, *country)
            });
            !self.is_filed(filed.class(*country), guarding)
        });
        if let Some(country) = wrong {
            return Some(fault(of_country(country)));
        }
        let mut by_tenant: BTreeMap<&TenantId, Vec<usize>> = BTreeMap::new();
        for (index, rule, _) in &rules {
            for tenant in rule.when.tenants.iter().flatten() {
                by_tenant.entry(tenant).or_default().push(*index);
            }
        }
        let held: BTreeMap<&TenantId, Vec<usize>> =
            filed.by_tenant().map(|(tenant, rules)| (tenant, rules.to_vec())).collect();
        (held != by_tenant).then(|| fault("the rules that name tenants".to_owned()))
    }

    /// Whether a class has these rules and no others, and permits what those permit that it takes
    /// for settled. What the table has of their conditions says which may be settled: that each is
    /// the one of the config is compared by itself.
    fn is_filed<'r>(
        &self,
        class: FiledClass<'_>,
        guarding: impl Iterator<Item = &'r (usize, &'r Rule, &'r RegionSet)>,
    ) -> bool {
        let mut permitted = RegionSet::all(self.oracle.config.regions.len());
        let (mut settled, mut conditional) = (class.settled.iter(), class.conditional.iter());
        for (index, rule, permits) in guarding {
            let is_settled = self.compiled().get(*index).is_some_and(|rule| {
                let When { paths, methods, headers, .. } = &rule.when;
                paths.is_none() && methods.is_none() && headers.is_empty()
            });
            if !is_settled {
                if conditional.next() != Some(index) {
                    return false;
                }
                continue;
            }
            if settled.next() != Some(index) {
                return false;
            }
            if rule.mode == Mode::Strict {
                permitted.intersect(permits);
            }
        }
        settled.next().is_none() && conditional.next().is_none() && *class.permitted == permitted
    }
}

/// Every value that any rule asks for.
struct Probes<'c> {
    /// Each with a spelling of it.
    paths: Vec<(Option<String>, Cow<'static, str>)>,
    methods: Vec<&'c str>,
    headers: Vec<(String, Vec<String>)>,
}

impl Probes<'_> {
    fn wrong_method(&self, held: &When, written: &When) -> Option<String> {
        let only = When { methods: held.methods.clone(), ..When::default() };
        let is_wrong = |method: &&&str| {
            let holds = only.guards_request(None, &facts(method, &|_| None));
            holds != names_method(written, method)
        };
        self.methods.iter().find(is_wrong).map(|method| format!("--method {method}"))
    }

    fn wrong_header(&self, held: &When, written: &When) -> Option<String> {
        let names = |when: &When| {
            when.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<String>>()
        };
        if names(held) != names(written) {
            return Some("the headers that it looks at".to_owned());
        }
        let asked = held.headers.iter().zip(&written.headers);
        asked.into_iter().find_map(|(held, written)| {
            let [held, written] = [held, written]
                .map(|header| When { headers: vec![header.clone()], ..When::default() });
            self.wrong_value(&held, &written)
        })
    }

    fn wrong_value(&self, held: &When, written: &When) -> Option<String> {
        let (name, _) = written.headers.first()?;
        let texts = self.headers.iter().filter(|(known, _)| known == name);
        let texts = texts.flat_map(|(_, texts)| texts.iter().map(Some)).chain([None]);
        let is_wrong = |text: Option<&String>| {
            let said: Vec<(String, String)> =
                text.iter().map(|text| (name.clone(), (*text).clone())).collect();
            let header = |_: &str| text.map(ToString::to_string);
            held.guards_request(None, &facts("", &header)) != has_said(written, &said)
        };
        let wrong = texts.into_iter().find(|text| is_wrong(*text))?;
        Some(format!("--header '{name}: {}'", wrong.map_or("", String::as_str)))
    }
}

fn facts<'f>(method: &'f str, header: &'f dyn Fn(&str) -> Option<String>) -> RuleFacts<'f> {
    let (country, witnesses, host, path, tenant) = (None, &[], "", "", None);
    RuleFacts { country, witnesses, host, path, method, tenant, header }
}
