//! Countries, grouped so that no rule over a host tells a group apart.

use crate::country::Country;
use crate::residency::Rule;

/// Countries that every rule over one host treats alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tool) struct Group {
    /// In the order of their codes; `None`, an unknown country, is the last.
    pub(in crate::tool) countries: Vec<Option<Country>>,
}

impl Group {
    pub(in crate::tool) fn first(&self) -> Option<Country> {
        self.countries.first().copied().flatten()
    }
}

/// All countries and the unknown one, in as few groups as the conditions allow.
pub(super) fn groups(rules: &[&Rule]) -> Vec<Group> {
    let mut groups: Vec<(Vec<bool>, Group)> = Vec::new();
    for country in Country::all().map(Some).chain([None]) {
        let conditions = rules.iter().filter_map(|rule| rule.when.countries);
        let answers: Vec<bool> = conditions
            .map(|guarded| country.is_none_or(|country| guarded.contains(country)))
            .collect();
        match groups.iter_mut().find(|(known, _)| *known == answers) {
            Some((_, group)) => group.countries.push(country),
            None => groups.push((answers, Group { countries: vec![country] })),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}
