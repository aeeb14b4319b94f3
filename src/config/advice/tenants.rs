//! Tenants that a rule names and nobody else, and countries of tenants that nobody asks for.
//!
//! A rule may name a tenant that has no pin. So a name that stands nowhere else is no mistake; one
//! that is nearly another name is most likely misspelt, and then the real tenant is unguarded.

use super::{AdviceCode, Adviser};
use crate::config::Service;
use crate::ids::TenantId;
use crate::json::nearest;
use crate::residency::Rule;

impl Adviser<'_> {
    pub(super) fn tenants(&mut self) {
        for (index, rule) in self.config.residency.iter().enumerate() {
            for tenant in rule.when.tenants.iter().flatten() {
                self.is_known(index, rule, tenant);
            }
        }
        self.witnesses();
    }

    /// A tenant is known if it is in `tenants` or in another rule. KV may know more.
    fn is_known(&mut self, index: usize, rule: &Rule, tenant: &TenantId) {
        let config = self.config;
        let others = config.residency.iter().filter(|other| other.id != rule.id);
        let others = others.flat_map(|other| other.when.tenants.iter().flatten());
        let known: Vec<&str> = config.tenants.keys().chain(others).map(TenantId::as_str).collect();
        if known.contains(&tenant.as_str()) {
            return;
        }
        let path = format!("residency[{index}].when.tenant");
        let is_other = |known: &&str| without_digits(known) != without_digits(tenant.as_str());
        let near = nearest(tenant.as_str(), known.iter().copied().filter(is_other));
        if let Some(near) = near {
            let problem = format!(
                "rule `{}` is about tenant `{tenant}`, which nothing else names, and not about \
                 `{near}`",
                rule.id
            );
            let why = "if it is misspelt, the real tenant is not guarded";
            let hint = format!("write `{near}` if that is who is meant");
            self.advise_with(&path, AdviceCode::W123, problem, why, Some(&hint));
        } else if self.is_never_let_in(rule) {
            let problem = format!(
                "rule `{}` is about tenant `{tenant}`, which nothing else names, and services \
                 with `tenant.required` refuse it",
                rule.id
            );
            let why = "so the rule never matches";
            let hint = format!("add `{tenant}` to `tenants`");
            self.advise_with(&path, AdviceCode::W123, problem, why, Some(&hint));
        }
    }

    /// Whether every service under the rule that reads tenants refuses one without a pin.
    fn is_never_let_in(&self, rule: &Rule) -> bool {
        let is_under = |service: &&Service| rule.when.may_guard(&service.names());
        let services = self.config.services.values().filter(is_under);
        let mut tenancies = services.filter_map(|service| service.steering.tenancy.as_ref());
        tenancies.all(|tenancy| tenancy.required && !tenancy.kv)
    }

    fn witnesses(&mut self) {
        let config = self.config;
        let asks = |service: &Service| {
            service.steering.second_witness.as_ref().is_some_and(|witness| witness.tenant)
        };
        for (id, service) in config.services.iter().filter(|(_, service)| asks(service)) {
            let in_kv = service.steering.tenancy.as_ref().is_some_and(|tenancy| tenancy.kv);
            if config.tenant_countries.is_empty() && !in_kv {
                let path = format!("services.{id}.second_witness.tenant");
                let problem = "no tenant has a `country`".to_owned();
                let why = "the second witness never tells anything";
                let hint = "write `country` for each tenant in `tenants`";
                self.advise_with(&path, AdviceCode::W125, problem, why, Some(hint));
            }
        }
        let first = config.tenant_countries.keys().next();
        if let Some(first) = first.filter(|_| !config.services.values().any(asks)) {
            let more = config.tenant_countries.len() - 1;
            let whose = match more {
                0 => format!("tenant `{first}` has"),
                more => format!("tenant `{first}` and {more} more have"),
            };
            let problem = format!("{whose} a `country`, and no service asks for it");
            let why = "it guards nobody";
            let hint = "write `second_witness = { tenant = true }` in the service";
            let path = format!("tenants.{first}.country");
            self.advise_with(&path, AdviceCode::W125, problem, why, Some(hint));
        }
    }
}

/// Names that are numbered are no slips of each other.
fn without_digits(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_ascii_digit()).collect()
}
