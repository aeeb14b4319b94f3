//! The regions that a balancer may use for the clients of each country.
//!
//! A balancer sees only a country and a name, no path, method, header or tenant. So every strict
//! rule that can guard some request from a country binds all of them, and so does every pin. If the
//! service asks for a second witness, every strict rule over the name binds every country.

use crate::config::Service;
use crate::country::Country;
use crate::ids::RegionId;
use crate::residency::{Rule, strict_rules_over};
use crate::view::View;

/// Regions in failover order, with the countries whose clients may go there.
type Classes = Vec<(Vec<RegionId>, Vec<Country>)>;

/// Countries grouped by what their clients are permitted. Countries under the same rules are
/// computed once.
pub(super) fn classes(view: &View<'_>, service: &Service, name: &str) -> Classes {
    let rules = strict_rules_over(&view.config.residency, name);
    let mut known: Vec<(Vec<bool>, usize)> = Vec::new();
    let mut classes: Classes = Vec::new();
    for country in Country::all() {
        // A second witness may tell any country, and a balancer hears none.
        let told = Some(country).filter(|_| service.steering.second_witness.is_none());
        let guarded: Vec<bool> = rules.iter().map(|rule| rule.when.guards_country(told)).collect();
        let class = if let Some((_, class)) = known.iter().find(|(other, _)| *other == guarded) {
            *class
        } else {
            let class = class(&mut classes, permitted(view, service, &rules, &guarded));
            known.push((guarded, class));
            class
        };
        classes.get_mut(class).into_iter().for_each(|(_, countries)| countries.push(country));
    }
    classes
}

/// The index of the class with these regions; adds the class if it is new.
fn class(classes: &mut Classes, permitted: Vec<RegionId>) -> usize {
    let same = classes.iter().position(|(regions, _)| *regions == permitted);
    if same.is_none() {
        classes.push((permitted, Vec::new()));
    }
    same.unwrap_or(classes.len().saturating_sub(1))
}

fn permitted(
    view: &View<'_>,
    service: &Service,
    rules: &[&Rule],
    guarded: &[bool],
) -> Vec<RegionId> {
    let guarding = rules.iter().zip(guarded).filter(|(_, guards)| **guards);
    let guarding: Vec<&Rule> = guarding.map(|(rule, _)| *rule).collect();
    view.permitted_under(service, &guarding).into_iter().cloned().collect()
}
