//! Decisions on adequacy that do not hold for all clients of a rule.

use super::{AdviceCode, Adviser};
use crate::country::Country;
use crate::residency::{Mode, Rule, sets};

impl Adviser<'_> {
    /// A rule over the EEA that permits `@eu_adequate` counts a country for clients in Iceland,
    /// Liechtenstein and Norway before the decision holds there. A rule of their own that does not
    /// permit it settles that, because rules intersect. A country that is listed by its code is the
    /// operator's own decision.
    pub(super) fn adequacy(&mut self) {
        let config = self.config;
        for (index, rule) in config.residency.iter().enumerate() {
            let Some(guarded) = rule.when.countries else { continue };
            let clients = || sets::EFTA_STATES.into_iter().filter(|state| guarded.contains(*state));
            let pending = sets::NOT_YET_IN_THE_EEA.into_iter().find(|country| {
                self.counts(rule, *country)
                    && clients().any(|state| !self.is_kept_from(state, *country, rule))
            });
            if let Some(country) = pending {
                let names: Vec<_> = clients().map(|state| state.to_string()).collect();
                let problem = format!(
                    "rule `{}` counts {country} as adequate for clients in {}",
                    rule.id,
                    names.join(", ")
                );
                let why = "the decision holds there once the EEA Joint Committee has taken it over";
                let hint = "add a strict rule for `IS`, `LI` and `NO` that does not permit it";
                let path = format!("residency[{index}].allow");
                self.advise_with(&path, AdviceCode::W131, problem, why, Some(hint));
            }
        }
    }

    /// Whether a strict rule permits a region in the country now by way of a dated decision alone.
    fn counts(&self, rule: &Rule, country: Country) -> bool {
        let members = || rule.allow.members.iter().filter(|member| member.country == country);
        let by_decision = members().any(|member| member.is_in_force(self.now));
        let by_code = members().any(|member| member.effective_from.is_none());
        let has_region = self.config.regions.values().any(|region| region.country == country);
        rule.mode == Mode::Strict && by_decision && !by_code && has_region
    }

    /// Whether a strict rule keeps out of the country all requests of such clients that `guarding`
    /// guards: each of its other conditions is absent, or the same.
    fn is_kept_from(&self, client: Country, country: Country, guarding: &Rule) -> bool {
        self.config.residency.iter().any(|rule| {
            let (when, same) = (&rule.when, &guarding.when);
            let is_broad = (when.hosts.is_none() || when.hosts == same.hosts)
                && (when.paths.is_none() || when.paths == same.paths)
                && (when.methods.is_none() || when.methods == same.methods)
                && (when.headers.is_empty() || when.headers == same.headers)
                && (when.tenants.is_none() || when.tenants == same.tenants);
            rule.mode == Mode::Strict
                && is_broad
                && when.guards_country(Some(client))
                && !rule.allow.everywhere
                && !rule.allow.countries().contains(country)
        })
    }
}
