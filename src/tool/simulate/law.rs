//! Whether what is served is lawful, by the second opinion of the proof.

use super::super::oracle::{Kv, Oracle, SampleRequest, SecondOpinion};
use super::super::requests::{self, Kinds};
use crate::cloudflare::model::text;
use crate::config::{Config, Publish, Service};
use crate::ids::ServiceId;
use crate::json;
use crate::routes::{Routes, Table};
use crate::steering::{Evidence, KvPin, RequestFacts, decide};
use crate::time::Timestamp;
use serde_json::Value;

/// Methods that change nothing. Source: RFC 9110 §9.2.1.
const SAFE: [&str; 4] = ["GET", "HEAD", "OPTIONS", "TRACE"];

/// Judges by the rules of one config.
pub(super) struct Lawyer<'c> {
    oracle: Oracle<'c>,
    services: Vec<(&'c ServiceId, &'c Service, Vec<Kinds>)>,
    /// The table that KV has.
    pub(super) table: Option<Table>,
}

/// What was found to break an invariant.
#[derive(Debug, Default)]
pub(super) struct Breaches {
    pub(super) law: Vec<String>,
    pub(super) primaries: Vec<String>,
    pub(super) epochs: Vec<String>,
}

/// Most breaches of one kind that are told.
const BREACHES_MAX: usize = 5;

/// Notes a breach, once.
pub(super) fn note(breaches: &mut Vec<String>, what: String) {
    if breaches.len() < BREACHES_MAX && !breaches.contains(&what) {
        breaches.push(what);
    }
}

impl<'c> Lawyer<'c> {
    pub(super) fn new(config: &'c Config, now: Timestamp) -> Self {
        let oracle = Oracle::new(config, now);
        let services = config.services.iter();
        let services =
            services.map(|(id, service)| (id, service, requests::kinds(&oracle, service)));
        let services = services.collect();
        Self { oracle, services, table: None }
    }

    /// Judges a routing table that has arrived in KV: every kind of request goes to permitted
    /// regions alone, and a write to one.
    pub(super) fn judge_table(&mut self, routes: &str, now: Timestamp, breaches: &mut Breaches) {
        let table = json::read::<Routes>(routes).map_err(|bad| bad.to_string());
        let table = table.and_then(|it| Table::try_from(it).map_err(|bad| bad.to_string()));
        match table {
            Ok(table) => {
                for (id, service, kinds) in &self.services {
                    for sample in kinds.iter().flat_map(Kinds::each).map(|(sample, _)| sample) {
                        self.judge(&table, (id, service), &sample, now, breaches);
                    }
                }
                self.table = Some(table);
            }
            Err(why) => note(&mut breaches.law, format!("the table in KV does not read: {why}")),
        }
    }

    fn judge(
        &self,
        table: &Table,
        (id, service): (&ServiceId, &Service),
        sample: &SampleRequest<'_>,
        now: Timestamp,
        breaches: &mut Breaches,
    ) {
        let SampleRequest { form, method, country } = *sample;
        let kv_pin = match form.kv {
            Kv::Absent => KvPin::Absent,
            Kv::Unread => KvPin::Unread,
            Kv::Country(_) | Kv::Region(_) => return,
        };
        let facts = RequestFacts {
            path: form.path.as_deref().unwrap_or("/"),
            method,
            header: &|name| form.header(name),
            country,
            kv_pin,
            now,
            ..RequestFacts::new(&form.host)
        };
        let decision = decide(table, &facts, &Evidence::default());
        let permitted = match self.oracle.opinion(service, &self.oracle.regions_of(service), sample)
        {
            SecondOpinion::Permit(permitted) => permitted,
            SecondOpinion::Refuse(_) => crate::residency::RegionSet::none(),
        };
        let country = country.map_or("nowhere".to_owned(), |country| country.to_string());
        let asked = format!("{method} of {id} from {country}");
        for region in &decision.regions {
            if !permitted.contains(region.index) {
                let what = format!("{now}: {asked} may go to {}", region.entry.id);
                note(&mut breaches.law, what);
            }
        }
        let is_write = service.steering.primary.is_some() && !SAFE.contains(&method);
        if is_write && decision.regions.len() > 1 {
            note(&mut breaches.primaries, format!("{now}: {asked} may go to two regions"));
        }
    }

    /// Judges a record that we have written: its region is permitted to everybody.
    pub(super) fn judge_record(&self, row: &Value, now: Timestamp, breaches: &mut Breaches) {
        let (name, content) = (text(row, "name"), text(row, "content"));
        if row.get("is_gone").is_some() {
            return;
        }
        for (id, service, _) in &self.services {
            let is_it = |publish: &Publish| match publish {
                Publish::Dns(dns) => dns.name == name,
                Publish::Pool(_) | Publish::LoadBalancer(_) => false,
            };
            if !service.publish.iter().any(is_it) {
                continue;
            }
            let permitted = self.oracle.everybody(service, name);
            let regions = self.oracle.config.regions.values().enumerate();
            let leads_to = regions.filter(|(_, region)| {
                region.origins.iter().any(|origin| {
                    origin.url.host() == content
                        || origin.ipv4.is_some_and(|it| it.to_string() == content)
                        || origin.ipv6.is_some_and(|it| it.to_string() == content)
                })
            });
            for (index, _) in leads_to.filter(|(index, _)| !permitted.contains(*index)) {
                let region = self.oracle.config.regions.keys().nth(index);
                let region = region.map_or_else(String::new, ToString::to_string);
                note(&mut breaches.law, format!("{now}: {name} of {id} says {region}"));
            }
        }
    }
}
