//! Whether a service answers through its public name after a change.
//!
//! Cloudflare has acknowledged a change, but has it arrived? The cron run asks the name, as a
//! client would, with the path and the expectation of the service's monitor. The answer changes
//! nobody's health.
//!
//! Only a name that the service **publishes** can be asked: a DNS record or a load balancer. A
//! Worker does not reach itself by its own name: a fetch within its zone goes past the Worker to
//! the origin, and one to a custom domain ends with 522. So a host that the proxy serves is not
//! asked.
//!
//! A question holds nothing up. It goes only with a round that has a free connection, and none goes
//! while a probe decides about somebody's health. It counts among the probes of the run, and takes
//! none that the targets may need.

use super::Controller;
use crate::config::{Config, Monitor, PROBES_AT_ONCE, ProbeMethod, ProbeRequest, Publish, Service};
use crate::health::Verdict;
use crate::journal::{EventKind, Incident, Phase, lasted};
use crate::tick::{PublicAnswer, PublicCheck, RoundReply, RoundRequest, has_spare};
use crate::time::{Millis, SECOND, Timestamp};

/// How long to wait after an answer that is not as expected.
pub(super) const CHECK_AGAIN_MS: Millis = 5 * SECOND;
/// Most questions after one change. A resolver may have the old answer for as long as the record's
/// TTL.
pub(super) const CHECKS_MAX: u32 = 30;

/// Why there is nobody to ask.
const NO_NAME: &str = "it has no public name that this Worker can ask: a Worker does not reach \
                       itself by the hosts that it serves, and asks with a plain `GET` only";

impl Controller {
    /// Hears the answer that a round brought.
    pub(super) fn hear_public_answer(&mut self, request: &RoundRequest) {
        let answer = request.aside.as_ref().and_then(|aside| aside.answer.as_ref());
        let Some(PublicAnswer { incident, name, at, verdict }) = answer else { return };
        let mut waiting = self.state.incidents.iter_mut().filter(|it| waits(it));
        let Some(incident) = waiting.find(|it| it.id == *incident) else { return };
        let changed_at = incident.phases.at(Phase::LastChange).unwrap_or(*at);
        match verdict {
            Verdict::Pass { .. } => {
                incident.phases.reach(Phase::Verified, *at);
                incident.unverified = None;
                let after = lasted(at.since(changed_at));
                let text = format!("{name} answers as expected, {after} after the last change");
                let event = incident.event(EventKind::Verified, text, request.now);
                self.news.tell(event);
            }
            Verdict::Fail { reason } => {
                incident.unverified = Some(format!("{name} was asked, and failed: {reason}"));
            }
            Verdict::Inconclusive { note } => {
                incident.unverified = Some(format!("{name} could not be asked: {note}"));
            }
        }
    }

    /// Sends a question along with a round, if one is due.
    pub(super) fn with_public_check(&mut self, reply: RoundReply, now: Timestamp) -> RoundReply {
        let RoundReply::Probe { wait_ms, probes, controls, check: None, areas } = reply else {
            return reply;
        };
        let requests = probes.len().saturating_add(controls.len());
        let longest_ms = probes.iter().map(|probe| probe.timeout_ms).max().unwrap_or(0);
        let is_free = !requests.is_multiple_of(PROBES_AT_ONCE) && self.may_ask(now);
        let check = if is_free { self.public_check(longest_ms, now) } else { None };
        RoundReply::Probe { wait_ms, probes, controls, check, areas }
    }

    /// Whether no probe is about to decide, and the run has one to spare.
    pub(super) fn may_ask(&self, now: Timestamp) -> bool {
        self.config.as_ref().is_some_and(|config| has_spare(&self.state, config, now))
    }

    pub(super) fn public_check(
        &mut self,
        longest_ms: Millis,
        now: Timestamp,
    ) -> Option<PublicCheck> {
        let config = self.config.as_ref()?;
        let is_due = |it: &&mut Incident| {
            let rests = it.checked_at.is_some_and(|at| now.since(at) < CHECK_AGAIN_MS);
            waits(it) && it.checks < CHECKS_MAX && !rests
        };
        for incident in self.state.incidents.iter_mut().filter(is_due) {
            let Some((name, monitor)) = public_name(config, incident) else {
                incident.checks = CHECKS_MAX;
                incident.unverified = Some(NO_NAME.to_owned());
                continue;
            };
            incident.checks = incident.checks.saturating_add(1);
            incident.checked_at = Some(now);
            if let Some(run) = &mut self.state.run {
                run.probes = run.probes.saturating_add(1);
            }
            return Some(PublicCheck {
                incident: incident.id.clone(),
                name: name.to_owned(),
                path: monitor.path.clone(),
                timeout_ms: monitor.timeout_ms.min(longest_ms),
                expect: monitor.expect.clone(),
            });
        }
        None
    }
}

/// Whether a change was acknowledged that nobody has seen arrive.
fn waits(incident: &Incident) -> bool {
    let phases = &incident.phases;
    let is_out = incident.is_open() && !phases.has(Phase::Up);
    is_out && phases.has(Phase::LastChange) && !phases.has(Phase::Verified)
}

/// The first name that one of its services publishes and the proxy does not serve.
fn public_name<'c>(config: &'c Config, incident: &Incident) -> Option<(&'c str, &'c Monitor)> {
    let mut services = incident.services().filter_map(|id| config.services.get(id));
    services.find_map(|service| {
        let names = service.publish.iter().filter_map(|publish| match publish {
            Publish::Dns(dns) => Some(dns.name.as_str()),
            Publish::LoadBalancer(balancer) => Some(balancer.name.as_str()),
            Publish::Pool(_) => None,
        });
        let name = names.into_iter().find(|name| !is_served(config, name))?;
        Some((name, monitor(config, service)?))
    })
}

fn is_served(config: &Config, name: &str) -> bool {
    let covers = |host: &String| {
        let under = host.strip_prefix('*').is_some_and(|under| name.ends_with(under));
        host == name || under
    };
    name.starts_with('*') || config.services.values().any(|it| it.hosts.iter().any(covers))
}

/// The first monitor that probes for the service as clients ask: the public name is asked with
/// `GET` and no header of ours, least of all a secret one.
fn monitor<'c>(config: &'c Config, service: &Service) -> Option<&'c Monitor> {
    let leaves = config.leaves(&service.monitor);
    let mut monitors = leaves.iter().filter_map(|id| config.monitors.get(id));
    monitors.find(|monitor| {
        let ProbeRequest { method, headers, redirects, .. } = &monitor.asking.request;
        let is_plain = *method == ProbeMethod::Get && headers.is_empty() && *redirects == 0;
        is_plain && monitor.asking.is_at_the_door()
    })
}
