//! The expectations of a case, which make routing rules testable.

use super::super::clients::status;
use super::super::text::list;
use super::object::present;
use super::report::Explanation;
use crate::config::Config;
use crate::ids::{RegionId, ServiceId};
use crate::steering::Refusal;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Display;

/// Every field that is present must match. `null` expects that there is none.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::option_option, reason = "no key, `null` and a name are three things here")]
pub(super) struct Expectation {
    /// The service.
    #[serde(deserialize_with = "present")]
    service: Option<Option<String>>,
    /// The first region.
    #[serde(deserialize_with = "present")]
    region: Option<Option<String>>,
    /// All regions, in order.
    #[serde(deserialize_with = "present")]
    regions: Option<Vec<String>>,
    /// Regions that it must not go to.
    #[serde(deserialize_with = "present")]
    not_regions: Option<Vec<String>>,
    /// All rules that guard it, in any order.
    #[serde(deserialize_with = "present")]
    rules: Option<Vec<String>>,
    /// The refusal; `null` if it is served.
    #[serde(deserialize_with = "present")]
    refusal: Option<Option<String>>,
    /// The status of the refusal; `null` if it is served.
    #[serde(deserialize_with = "present")]
    status: Option<Option<u16>>,
}

impl Expectation {
    /// Errors: nothing is expected, or a name is unknown. Without this check, a misspelt name in
    /// `not_regions` would always match.
    pub(super) fn check(&self, config: &Config) -> Result<(), String> {
        if *self == Self::default() {
            return Err("`expect` names nothing, and could never fail".to_owned());
        }
        if self.not_regions.as_ref().is_some_and(Vec::is_empty) {
            return Err("`not_regions` names no region, and could never fail".to_owned());
        }
        let service = self.service.iter().flatten();
        known("service", service, config.services.keys().map(ServiceId::as_str))?;
        let lists = [&self.regions, &self.not_regions].into_iter().flatten().flatten();
        known(
            "region",
            lists.chain(self.region.iter().flatten()),
            config.regions.keys().map(RegionId::as_str),
        )?;
        let rules = self.rules.iter().flatten();
        known("rule", rules, config.residency.iter().map(|rule| rule.id.as_str()))?;
        known("refusal", self.refusal.iter().flatten(), REFUSALS.into_iter().map(Refusal::as_str))
    }

    /// It in a few words.
    pub(super) fn words(&self) -> String {
        let one = |name: &str, told: &Option<Option<String>>| {
            told.as_ref().map(|told| format!("{name} {}", or_none(told.as_ref())))
        };
        let some = |name: &str, told: &Option<Vec<String>>| {
            told.as_ref().map(|told| format!("{name} {}", list(told)))
        };
        let told = [
            one("service", &self.service),
            one("region", &self.region),
            some("regions", &self.regions),
            some("not", &self.not_regions),
            some("rules", &self.rules),
            one("refusal", &self.refusal),
            self.status.map(|status| format!("status {}", or_none(status))),
        ];
        told.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Whether the case expects that no service has the host, so that the host is not a typing
    /// error.
    pub(super) fn is_of_no_service(&self) -> bool {
        let unknown = Refusal::UnknownHost;
        let names_refusal = self.refusal.iter().flatten().any(|told| told == unknown.as_str());
        names_refusal || self.status == Some(Some(status(unknown))) || self.service == Some(None)
    }

    /// All differences from the expectation.
    pub(super) fn mismatches(&self, seen: &Explanation) -> Vec<String> {
        let names = |ids: &[RegionId]| ids.iter().map(RegionId::to_string).collect::<Vec<_>>();
        let regions = names(&seen.regions);
        let mut found = Vec::new();
        let mut differ = |what: &str, expected: String, seen: String| {
            if expected != seen {
                found.push(format!("{what}: expected {expected}, is {seen}"));
            }
        };
        if let Some(service) = &self.service {
            differ("service", or_none(service.as_ref()), or_none(seen.service.as_ref()));
        }
        if let Some(region) = &self.region {
            differ("region", or_none(region.as_ref()), or_none(regions.first()));
        }
        if let Some(expected) = &self.regions {
            differ("regions", list(expected), list(&regions));
        }
        for region in self.not_regions.iter().flatten().filter(|region| regions.contains(region)) {
            differ("not_regions", format!("no {region}"), list(&regions));
        }
        if let Some(expected) = &self.rules {
            let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
            let seen: BTreeSet<&str> = seen.rules.iter().map(|rule| rule.id.as_str()).collect();
            differ("rules", list(expected), list(seen));
        }
        if let Some(refusal) = &self.refusal {
            differ("refusal", or_none(refusal.as_ref()), or_none(seen.refusal));
        }
        if let Some(status) = &self.status {
            differ("status", or_none(status.as_ref()), or_none(seen.status));
        }
        found
    }
}

const REFUSALS: [Refusal; 7] = [
    Refusal::UnknownHost,
    Refusal::UnknownTenant,
    Refusal::TenantUnavailable,
    Refusal::NoPermittedRegion,
    Refusal::NoUsableRegion,
    Refusal::NoPrimary,
    Refusal::Shed,
];

fn known<'n, 'k>(
    kind: &str,
    mut names: impl Iterator<Item = &'n String>,
    known: impl Iterator<Item = &'k str>,
) -> Result<(), String> {
    let known: BTreeSet<&str> = known.collect();
    match names.find(|name| !known.contains(name.as_str())) {
        Some(name) => Err(format!("`{name}` is no {kind}")),
        None => Ok(()),
    }
}

fn or_none(seen: Option<impl Display>) -> String {
    seen.map_or("none".to_owned(), |seen| seen.to_string())
}
