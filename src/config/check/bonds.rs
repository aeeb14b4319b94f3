//! What an object must obey that serves every client alike: all strict rules over its name, and the
//! pins of the service's tenants.

use super::Checker;
use super::known::Publisher;
use crate::config::diagnostic::Code;
use crate::residency::{Allow, Place, strict_rules_over};

impl Checker<'_> {
    /// The strict rules over a name and the pins of the service's tenants, and how to name them in
    /// a message. `None` if one of them has a mistake, so that they are not known for certain.
    pub(super) fn bonds<'k>(
        &self,
        name: &str,
        service: &Publisher<'k>,
    ) -> Option<(Vec<&'k Allow>, String)> {
        let Publisher { steering, known, .. } = service;
        let rules = strict_rules_over(known.rules, name);
        let mut allows: Vec<&Allow> = rules.iter().map(|rule| &rule.allow).collect();
        if steering.tenancy.is_some() {
            allows.extend(known.tenants.values());
        }
        let pinned = allows.len() - rules.len();
        let is_known = |allow: &&Allow| allow.everywhere || !allow.names_nothing();
        if self.lost.is_from("residency") || !allows.iter().all(is_known) {
            return None;
        }
        let ids = rules.iter().map(|rule| rule.id.as_str()).take(super::NAMES_SHOWN_MAX);
        let ids = ids.collect::<Vec<_>>().join("`, `");
        let pins = match pinned {
            1 => "the pin of 1 tenant".to_owned(),
            pinned => format!("the pins of {pinned} tenants"),
        };
        let bound = match (ids.is_empty(), pinned) {
            (true, _) => pins,
            (false, 0) => format!("`{ids}`"),
            (false, _) => format!("`{ids}` and {pins}"),
        };
        Some((allows, bound))
    }

    /// Whether all pins are in the config. If tenants may be pinned by KV, nothing may serve all
    /// tenants alike, which is reported.
    pub(super) fn tenants_are_known(
        &mut self,
        path: &str,
        (name, does): (&str, &str),
        service: &Publisher<'_>,
    ) -> bool {
        let in_kv = service.steering.tenancy.as_ref().is_some_and(|tenancy| tenancy.kv);
        if in_kv {
            let problem =
                format!("`{name}` {does} all tenants alike, and KV may pin any of them elsewhere");
            let allowed =
                "the name among the service's `hosts`, where each tenant gets its own answer";
            self.report(path, Code::E020, problem, allowed);
        }
        !in_kv
    }
}

/// Whether all of them permit a region at some time.
pub(super) fn all_permit(allows: &[&Allow], place: Place<'_>) -> bool {
    allows.iter().all(|allow| allow.permits_at_some_time(place))
}
