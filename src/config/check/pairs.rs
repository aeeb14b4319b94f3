//! `A` and `AAAA` of one name are one decision: a client that has both takes either.

use super::Checker;
use crate::config::diagnostic::Code;
use crate::config::{Config, DnsTarget, Publish, RecordKind};
use crate::ids::ServiceId;

impl Checker<'_> {
    /// The two sets of a name follow one service, in one way, and caches keep both equally long.
    pub(super) fn pairs(&mut self, config: &Config) {
        let targets: Vec<(&ServiceId, usize, &DnsTarget)> = config
            .services
            .iter()
            .flat_map(|(id, service)| {
                let numbered = service.publish.iter().enumerate();
                numbered.filter_map(move |(index, publish)| match publish {
                    Publish::Dns(dns) => Some((id, index, dns)),
                    Publish::Pool(_) | Publish::LoadBalancer(_) => None,
                })
            })
            .collect();
        for (id, index, six) in targets.iter().filter(|(.., dns)| dns.kind == RecordKind::Aaaa) {
            let of_name = |(.., dns): &&(&ServiceId, usize, &DnsTarget)| {
                dns.kind == RecordKind::A && dns.name == six.name
            };
            let Some((other, _, four)) = targets.iter().find(of_name) else { continue };
            let differ = [
                ("mode", six.mode != four.mode),
                ("ttl_s", six.ttl_s != four.ttl_s),
                ("ttl_at_risk_s", six.ttl_at_risk_s != four.ttl_at_risk_s),
                ("proxied", six.proxied != four.proxied),
            ];
            let path = format!("services.{id}.publish[{index}].dns");
            if id != other {
                let problem = format!(
                    "`{}` would follow `{id}` by its AAAA record and `{other}` by its A record",
                    six.name
                );
                self.report(path, Code::E032, problem, "both in one service: clients take either");
                continue;
            }
            for (key, _) in differ.into_iter().filter(|(_, differ)| *differ) {
                let problem = format!("its `{key}` is not that of the A record of `{}`", six.name);
                let allowed = "the same for both, because clients take either";
                self.report(format!("{path}.{key}"), Code::E032, problem, allowed);
            }
        }
    }
}
