//! Hosts that origins are told: each is a name, Cloudflare would tell it, and a probe tells the
//! origin what clients tell it.

use super::{Checker, under};
use crate::config::diagnostic::Code;
use crate::config::host::numeric;
use crate::config::url::is_dns_name;
use crate::config::{Config, Origin, Service};
use crate::ids::{MonitorId, RegionId, ServiceId};
use crate::ordered::Map;
use crate::target::Target;

/// How many labels two names of one zone have in common at least.
const ZONE_LABELS_MIN: usize = 2;

impl Checker<'_> {
    /// A host that an origin is told, in lower case and without a final dot.
    pub(super) fn host_header(&mut self, path: &str, raw: Option<&str>) -> Option<String> {
        let text = raw?;
        let host = text.trim_end_matches('.').to_ascii_lowercase();
        let is_name = is_dns_name(&host) && numeric(&host).is_none() && host.contains('.');
        if !is_name {
            let problem = format!("`{text}` is not a host name");
            let allowed = "a DNS name such as `www.example.com`, without a port";
            self.report(path, Code::E009, problem, allowed);
        }
        is_name.then_some(host)
    }

    pub(super) fn host_headers(&mut self, config: &Config) {
        let mut told = Map::new();
        for (id, service) in &config.services {
            self.told_hosts_are_in_one_zone(id, service, config);
            self.monitors_tell_hosts_of_one_zone(service, config);
            self.probes_tell_the_same(id, service, config, &mut told);
        }
    }

    /// Cloudflare ignores in silence what leads out of a zone, and would send the request to
    /// whatever the told name points to, in whatever region.
    fn told_hosts_are_in_one_zone(&mut self, id: &ServiceId, service: &Service, config: &Config) {
        for (region, origin) in origins(service, config) {
            let Some(told) = origin.told_by(service) else { continue };
            let hosts = service.hosts.iter().map(|host| host.trim_start_matches("*."));
            let mut others = hosts.chain([origin.url.host()]);
            let Some(other) = others.find(|other| !may_share_a_zone(told, other)) else { continue };
            let path = match &origin.host_header {
                Some(_) => format!("regions.{region}.origins"),
                None => format!("services.{id}.host_header"),
            };
            let problem = format!("`{told}` and `{other}` are never in one zone of Cloudflare");
            let allowed = "a host in the zone of the origin's URL and of the service's hosts";
            self.report(path, Code::E014, problem, allowed);
            return;
        }
    }

    /// The same of what a monitor tells.
    fn monitors_tell_hosts_of_one_zone(&mut self, service: &Service, config: &Config) {
        for id in config.leaves(&service.monitor) {
            let monitor = config.monitors.get(&id);
            let Some(told) = monitor.and_then(|it| it.asking.host_header.as_deref()) else {
                continue;
            };
            let mut others = origins(service, config).map(|(_, origin)| origin.url.host());
            let Some(other) = others.find(|it| *it != told && !may_share_a_zone(told, it)) else {
                continue;
            };
            let path = format!("monitors.{id}.host_header");
            if self.has_mistake(&path) {
                continue;
            }
            let problem = format!("`{told}` and `{other}` are never in one zone of Cloudflare");
            let allowed = "a host in the zone of the origins' URLs";
            self.report(path, Code::E014, problem, allowed);
        }
    }

    /// One probe of an origin has one `Host`.
    fn probes_tell_the_same<'c>(
        &mut self,
        id: &'c ServiceId,
        service: &'c Service,
        config: &'c Config,
        told: &mut Map<Target, (&'c ServiceId, Option<&'c str>)>,
    ) {
        let leaves = config.leaves(&service.monitor);
        for (_, origin) in origins(service, config) {
            let host = origin.told_by(service);
            let tells_its_own = |id: &&MonitorId| {
                config.monitors.get(*id).is_some_and(|it| it.asking.host_header.is_some())
            };
            for monitor in leaves.iter().filter(|id| !tells_its_own(id)) {
                let target = Target { origin: origin.id.clone(), monitor: monitor.clone() };
                let Some((other, others)) = told.get(&target).copied() else {
                    told.insert(target, (id, host));
                    continue;
                };
                if others != host {
                    let own = origin.url.host();
                    let (host, others) = (host.unwrap_or(own), others.unwrap_or(own));
                    let problem = format!(
                        "probes of `{target}` would tell the origin `{host}` for this service and \
                         `{others}` for service `{other}`"
                    );
                    let allowed = "the same `host_header`, or another monitor";
                    let path = under("services", id.as_str());
                    return self.report(under(&path, "monitor"), Code::E014, problem, allowed);
                }
            }
        }
    }
}

fn origins<'c>(
    service: &'c Service,
    config: &'c Config,
) -> impl Iterator<Item = (&'c RegionId, &'c Origin)> {
    let regions = service.regions.iter().filter_map(|id| Some((id, config.regions.get(id)?)));
    regions.flat_map(|(id, region)| region.origins.iter().map(move |origin| (id, origin)))
}

/// Whether two names end alike. Only Cloudflare knows which of them are in one zone; names that end
/// differently never are.
fn may_share_a_zone(one: &str, other: &str) -> bool {
    let alike = one.rsplit('.').zip(other.rsplit('.')).take_while(|(a, b)| a == b);
    alike.count() >= ZONE_LABELS_MIN
}
