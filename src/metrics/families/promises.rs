//! What services promise.

use crate::documents::ComponentState;
use crate::metrics::family::{Group, Samples};
use crate::metrics::sources::Sources;

pub(super) const GROUP: Group = Group {
    lines: "\
gauge contract_state service,component,state How a component keeps its contract: 1 for its state.
gauge availability_promised_ratio service The part of its requests that it has to answer.
gauge error_budget_left_ratio service What is left of the errors that it allows; can be below 0.
gauge error_budget_burning service,speed Whether errors use that up, by how fast.
gauge region_errors service,region Whether live traffic of a region fails too often.
gauge drill_overdue service Whether its last drill is longer ago than it promises.",
    make,
};

fn make(s: &Sources<'_>, out: &mut Samples<'_>) {
    for (service, it) in &s.contracts.services {
        let service = service.as_str();
        for (name, component) in &it.components {
            let (labels, words) = ([service, name.as_str()], ComponentState::WORDS);
            out.one_of("contract_state", &labels, words, component.state.as_str());
        }
        if let Some(drill) = &it.drill {
            out.flag("drill_overdue", &[service], drill.overdue_since.is_some());
        }
        let Some(availability) = &it.availability else { continue };
        out.parts("error_budget_left_ratio", &[service], availability.budget_left, 2);
        for (speed, burn) in &availability.burns {
            out.flag("error_budget_burning", &[service, speed], burn.since.is_some());
        }
    }
    for standing in s.proxied() {
        let promised = standing.service.contract.and_then(|it| it.availability_of_100_000);
        let labels = [standing.id.as_str()];
        out.parts("availability_promised_ratio", &labels, promised.map(i64::from), 5);
    }
    for standing in &s.services {
        let promises = s.state.promises.get(standing.id);
        for region in &standing.service.regions {
            let fails = promises.is_some_and(|it| it.errors.contains_key(region));
            out.flag("region_errors", &[standing.id.as_str(), region.as_str()], fails);
        }
    }
}
