//! Places that are probably not meant: data centers, locations, and record sets in several places.

use super::{AdviceCode, Adviser};
use crate::config::{DnsMode, DnsTarget, Publish, RecordKind, Region, Service};
use crate::geo::{
    DATA_CENTERS_AS_OF, Meant, data_centers, is_data_center, may_be_in, meant_data_center, meant_in,
};
use crate::ids::RegionId;
use crate::json::Shape;
use crate::latency::Location;
use crate::residency::{Allow, Mode, Rule, strict_rules_over};

impl Adviser<'_> {
    pub(super) fn places(&mut self) {
        let config = self.config;
        for (id, region) in &config.regions {
            self.location(id, region);
        }
        for (id, service) in &config.services {
            for pop in service.steering.geo.pops.keys().filter(|pop| !is_data_center(pop)) {
                self.unknown_data_center(&format!("services.{id}.geo.pops.{pop}"), pop);
            }
            for (index, publish) in service.publish.iter().enumerate() {
                if let Publish::Dns(dns) = publish {
                    self.members(&format!("services.{id}.publish[{index}].dns"), service, dns);
                }
            }
        }
    }

    fn unknown_data_center(&mut self, path: &str, code: &str) {
        let count = data_centers().count();
        let problem = format!(
            "`{code}` is none of the {count} data centers that Cloudflare listed on \
             {DATA_CENTERS_AS_OF}"
        );
        let why = "unless it is newer than that list, this entry matches nobody";
        let hint = match meant_data_center(code) {
            Meant::OfCity(city, there) => {
                Some(format!("write `{}`, which is there ({city})", there.join("` or `")))
            }
            Meant::Spelt(code, city) => Some(format!("write `{code}` if {city} is meant")),
            Meant::Nothing => None,
        };
        self.advise_with(path, AdviceCode::W134, problem, why, hint.as_deref());
    }

    fn location(&mut self, id: &RegionId, region: &Region) {
        let Some(location) = region.location else { return };
        let degrees = [location.latitude(), location.longitude()];
        if may_be_in(region.country, degrees) {
            return;
        }
        let is_nowhere = degrees.iter().all(|degrees| degrees.abs() < NOWHERE_DEGREES);
        let problem = if is_nowhere {
            "`[0, 0]` is in the sea off Ghana, where what nobody knows is put".to_owned()
        } else {
            format!("{} is not in {}, nor near it", location.write(), region.country)
        };
        let why = "clients are sent to the nearest region by this";
        let meant = meant_in(region.country, degrees).filter(|_| !is_nowhere);
        let meant = meant.and_then(|[latitude, longitude]| Location::new(latitude, longitude));
        let hint = match meant {
            Some(meant) => format!("write {} if that is meant, latitude first", meant.write()),
            None => "correct `location`, or `country` if that is wrong".to_owned(),
        };
        self.advise_with(
            &format!("regions.{id}.location"),
            AdviceCode::W135,
            problem,
            why,
            Some(&hint),
        );
    }

    /// A set of addresses in several regions: no client goes to the one that is best for it.
    fn members(&mut self, path: &str, service: &Service, dns: &DnsTarget) {
        let strict = strict_rules_over(&self.config.residency, &dns.name);
        let pins = service.steering.tenancy.iter().flat_map(|_| self.config.tenants.values());
        let binding: Vec<&Allow> = strict.iter().map(|rule| &rule.allow).chain(pins).collect();
        let named = self.regions(service);
        let named: Vec<(&RegionId, &Region)> = named
            .filter(|(id, region)| binding.iter().all(|allow| self.permits(allow, id, region)))
            .collect();
        if dns.mode != DnsMode::Members || named.len() < 2 {
            return;
        }
        let ids: Vec<&str> = named.iter().map(|(id, _)| id.as_str()).collect();
        let problem = format!("`{}` names several regions at once: {}", dns.name, ids.join(", "));
        let split = |rule: &&Rule| {
            let permitted =
                named.iter().filter(|(id, region)| self.permits(&rule.allow, id, region));
            rule.mode == Mode::Preferred
                && rule.when.guards_host(&dns.name)
                && (1..named.len()).contains(&permitted.count())
        };
        let law = match (self.config.residency.iter().find(split), binding.is_empty()) {
            (Some(rule), _) => {
                format!("so rule `{}`, which prefers some, is not followed", rule.id)
            }
            (None, true) => "and no residency rule is over this name".to_owned(),
            (None, false) => {
                "which is no breach: all of them are permitted to everybody".to_owned()
            }
        };
        let why = format!("{}, {law}", how_clients_choose(dns));
        let hint = "use `mode = \"failover\"`, a name for each region, or put the name among \
                    `hosts`, where each client gets its own region";
        self.advise_with(&format!("{path}.mode"), AdviceCode::W136, problem, &why, Some(hint));
    }
}

/// Source: RFC 6724 §6, rules 8 to 10, and what resolvers and clients were seen to do.
fn how_clients_choose(dns: &DnsTarget) -> &'static str {
    match dns.kind {
        _ if dns.proxied == Some(true) => "Cloudflare sends a client to any of them, near or far",
        RecordKind::Aaaa => {
            "a client takes the address that is most like its own, so all clients of a country may \
             go to one region, near or far"
        }
        RecordKind::A | RecordKind::Cname => "a client takes any of them, near or far",
    }
}

/// Nearer than this to `[0, 0]` nobody has a server.
const NOWHERE_DEGREES: f64 = 0.01;
