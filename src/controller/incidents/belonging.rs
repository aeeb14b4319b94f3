//! Which incident an event belongs to.
//!
//! Some events name their region. The others are about changes at Cloudflare: their reason names
//! the region, or else their text has the host or the address of one of its origins, or else the
//! name that a service publishes.

use super::Controller;
use crate::cloudflare::WithheldReason;
use crate::config::{Config, Origin, Publish, Region, Service};
use crate::ids::RegionId;
use crate::journal::{Event, EventKind, Incident, Trouble};

/// What withholds a return. The other reasons are about what cannot be done anyhow.
const KEEPS_AWAY: [WithheldReason; 6] = [
    WithheldReason::Manual,
    WithheldReason::Halted,
    WithheldReason::HoldDown,
    WithheldReason::ChangeBudget,
    WithheldReason::ZoneShare,
    WithheldReason::ObserverDoubt,
];

impl Controller {
    /// Notes an event in the incident that it belongs to, and the incident's id in the event. A
    /// change for several is noted in each; the event has the id of the first.
    pub(in crate::controller) fn note_in_incident(&mut self, event: &mut Event) {
        let belongs = self.belongs_to(event);
        for id in &belongs {
            let mut incidents = self.state.incidents.iter_mut();
            if let Some(incident) = incidents.find(|incident| incident.id == *id) {
                incident.note(event);
            }
        }
        if event.subject.incident.is_none() {
            event.subject.incident = belongs.into_iter().next();
        }
    }

    /// The ids of the incidents that it belongs to.
    fn belongs_to(&self, event: &Event) -> Vec<String> {
        if let Some(id) = &event.subject.incident {
            return vec![id.clone()];
        }
        let open: Vec<&Incident> = self.state.open_incidents().collect();
        let ids = |fits: &dyn Fn(&Incident) -> bool| -> Vec<String> {
            open.iter().filter(|it| fits(it)).map(|it| it.id.clone()).collect()
        };
        match event.kind {
            EventKind::Doubt | EventKind::DoubtOver => {
                return ids(&|incident| incident.region.is_none());
            }
            _ if event.subject.region.is_some() => {
                return ids(&|incident| incident.region == event.subject.region);
            }
            EventKind::Applied | EventKind::Withheld | EventKind::Released | EventKind::Failed => {}
            _ => return Vec::new(),
        }
        let Some(config) = &self.config else { return Vec::new() };
        let why = words(event.why.as_deref().unwrap_or_default());
        let text = words(&event.text);
        let by_reason = ids(&|incident| is_among(incident.region.as_ref(), &why));
        if !by_reason.is_empty() {
            return by_reason;
        }
        let by_origin = ids(&|incident| names_region(config, incident.region.as_ref(), &text));
        if !by_origin.is_empty() {
            return by_origin.into_iter().take(1).collect();
        }
        let hurts = |incident: &Incident| {
            let mut services = incident.services().filter_map(|id| config.services.get(id));
            services.any(|service| publishes(service, &text))
        };
        let by_name = ids(&|incident| incident.trouble.is_some() && hurts(incident));
        if !by_name.is_empty() {
            return by_name.into_iter().take(1).collect();
        }
        // What fails at Cloudflare stands in the way of whatever has to move.
        let is_out = |incident: &Incident| incident.trouble >= Some(Trouble::Degraded);
        let failed = if event.kind == EventKind::Failed { ids(&is_out) } else { Vec::new() };
        failed.into_iter().take(1).collect()
    }
}

/// Whether something that is withheld keeps the traffic of an incident from coming back.
pub(super) fn keeps_away(config: &Config, incident: &Incident, withheld: &[String]) -> bool {
    let services: Vec<_> = incident.services().filter_map(|id| config.services.get(id)).collect();
    withheld.iter().any(|text| {
        let words = words(text);
        let is_about = names_region(config, incident.region.as_ref(), &words)
            || services.iter().any(|service| publishes(service, &words));
        is_about && KEEPS_AWAY.iter().any(|why| text.ends_with(&format!("[{}]", why.as_str())))
    })
}

/// What is withheld of a region or of what a service publishes.
pub(in crate::controller) fn held_back<'w>(
    config: &Config,
    (service, region): (&Service, &RegionId),
    withheld: &'w [String],
) -> Option<&'w String> {
    withheld.iter().find(|text| {
        let words = words(text);
        names_region(config, Some(region), &words) || publishes(service, &words)
    })
}

/// The words of a text, as names stand in it.
fn words(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let words = text.split(|c: char| !is_part(c)).map(|word| word.trim_end_matches('.'));
    words.filter(|word| !word.is_empty()).collect()
}

fn is_among(region: Option<&RegionId>, words: &[&str]) -> bool {
    region.is_some_and(|region| words.contains(&region.as_str()))
}

fn names_region(config: &Config, id: Option<&RegionId>, words: &[&str]) -> bool {
    let Some(region) = id.and_then(|id| config.regions.get(id)) else { return false };
    let Region { origins, .. } = region;
    let is_named = |origin: &Origin| {
        let Origin { url, ipv4, ipv6, .. } = origin;
        let addresses = ipv4.map(|ip| ip.to_string()).into_iter();
        let mut addresses = addresses.chain(ipv6.map(|ip| ip.to_string()));
        words.contains(&url.host()) || addresses.any(|ip| words.contains(&ip.as_str()))
    };
    is_among(id, words) || origins.iter().any(is_named)
}

fn publishes(service: &Service, words: &[&str]) -> bool {
    let names = service.publish.iter().map(|publish| match publish {
        Publish::Dns(dns) => dns.name.as_str(),
        Publish::Pool(pool) => pool.name.as_str(),
        Publish::LoadBalancer(balancer) => balancer.name.as_str(),
    });
    names.into_iter().any(|name| words.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_addresses_and_ids_are_words() {
        let text = "pool api-eu: disable eu1.example.com (eu-west), 192.0.2.1; was up.";
        let all = ["pool", "api-eu", "disable", "eu1.example.com", "eu-west", "192.0.2.1"];
        assert_eq!(words(text)[..6], all);
        assert_eq!(words(text).last(), Some(&"up"));
    }
}
