//! What isolates of the proxy have told.

use crate::ids::ServiceId;
use crate::metrics::family::{Group, Samples};
use crate::metrics::known::CODES;
use crate::metrics::sources::Sources;
use crate::residency::Mode;
use crate::steering::ChosenBy;
use crate::traffic::{Counts, What};

/// By service.
pub(super) const BY_SERVICE: Group = Group {
    lines: "\
counter requests_total service,outcome Requests of clients, by how they ended.
counter decisions_total service,reason Requests that were sent on, by how their region was chosen.
counter refusals_total service,code Requests that were refused, by the code of the problem.
counter rule_refusals_total rule Refusals for want of a permitted region, by each rule.
counter retries_total service Tries after another one has failed.
counter hedges_total service Tries beside another one that is late.
counter retries_over_budget_total service Further tries that the retry budget did not grant.
counter stale_tries_total service Tries that a stale routing table has led.
histogram request_duration_seconds service Time to the head of an answer that did not fail.",
    make: by_service,
};

/// By service and region.
pub(super) const BY_REGION: Group = Group {
    lines: "\
counter tries_total service,region,outcome Tries at a region, by how they ended.
counter breaker_openings_total service,region How often a breaker of an isolate opened.
counter bodies_lost_total service,region Answers whose body a region did not send to its end.
histogram try_duration_seconds service,region Time to the head of an answer of one region.",
    make: by_region,
};

fn by_service(s: &Sources<'_>, out: &mut Samples<'_>) {
    for code in CODES.1 {
        let count = happened(s, What::Refused, None, Some(code));
        out.count("refusals_total", &["", code], count);
    }
    if let Some(view) = s.view {
        for rule in view.config.residency.iter().filter(|rule| rule.mode == Mode::Strict) {
            let id = rule.id.as_str();
            let count = happened(s, What::RuledOut, None, Some(id));
            out.count("rule_refusals_total", &[id], count);
        }
    }
    for standing in s.proxied() {
        let (service, labels) = (standing.id, [standing.id.as_str()]);
        let requests = s.state.traffic.totals().requests(service, None);
        outcomes("requests_total", &labels, requests.counts, out);
        out.times("request_duration_seconds", &labels, &requests);
        for how in ChosenBy::ALL {
            let how = how.as_str();
            let count = happened(s, What::Decided, Some(service), Some(how));
            out.count("decisions_total", &[service.as_str(), how], count);
        }
        for code in CODES.0 {
            let count = happened(s, What::Refused, Some(service), Some(code));
            out.count("refusals_total", &[service.as_str(), code], count);
        }
        for (name, what) in [
            ("retries_total", What::Retried),
            ("hedges_total", What::Hedged),
            ("retries_over_budget_total", What::OverBudget),
            ("stale_tries_total", What::Stale),
        ] {
            out.count(name, &labels, happened(s, what, Some(service), None));
        }
    }
}

fn by_region(s: &Sources<'_>, out: &mut Samples<'_>) {
    for standing in s.proxied() {
        for region in &standing.service.regions {
            let labels = [standing.id.as_str(), region.as_str()];
            let requests = s.state.traffic.totals().requests(standing.id, Some(region));
            outcomes("tries_total", &labels, requests.counts, out);
            out.times("try_duration_seconds", &labels, &requests);
            for (name, what) in [
                ("breaker_openings_total", What::BreakerOpened),
                ("bodies_lost_total", What::BodyLost),
            ] {
                let count = happened(s, what, Some(standing.id), Some(region.as_str()));
                out.count(name, &labels, count);
            }
        }
    }
}

/// `answered`, `failed` with a status from 500, or `unanswered`.
fn outcomes(name: &str, labels: &[&str], counts: Counts, out: &mut Samples<'_>) {
    let Counts { requests, failures, unanswered, .. } = counts;
    for (outcome, count) in [
        ("answered", requests.saturating_sub(failures)),
        ("failed", failures.saturating_sub(unanswered)),
        ("unanswered", unanswered),
    ] {
        out.count(name, &[labels, &[outcome]].concat(), count);
    }
}

fn happened(s: &Sources<'_>, what: What, service: Option<&ServiceId>, of: Option<&str>) -> u64 {
    s.state.traffic.totals().happened(what, service, of)
}
