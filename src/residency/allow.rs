//! Where data may be: countries, some of them only for a time or on a condition.

use super::{CountrySet, sets};
use crate::country::Country;
use crate::time::Timestamp;

/// The countries that a rule or a pin permits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allow {
    /// Whether every country is permitted, at any time and without conditions.
    pub everywhere: bool,
    /// The countries, listed directly or through sets. A country may be listed more than once, with
    /// other times and conditions; one entry that holds is enough.
    pub members: Vec<AllowedCountry>,
}

/// A country that is allowed, with its dates and its condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedCountry {
    /// The country.
    pub country: Country,
    /// From when on it counts, inclusive; always if absent.
    pub effective_from: Option<Timestamp>,
    /// Until when it counts, exclusive; for ever if absent.
    pub expires: Option<Timestamp>,
    /// What a region there must attest.
    pub requires: Option<String>,
}

impl AllowedCountry {
    /// A country without limits.
    #[must_use]
    pub fn of(country: Country) -> Self {
        Self { country, effective_from: None, expires: None, requires: None }
    }

    /// Whether it counts at this instant.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.effective_from.is_none_or(|from| from <= now)
            && self.expires.is_none_or(|until| now < until)
    }

    /// Whether a region with these attestations meets the condition.
    #[must_use]
    pub fn is_met_by(&self, attest: &[String]) -> bool {
        self.requires.as_ref().is_none_or(|required| attest.contains(required))
    }
}

impl From<&sets::SetMember> for AllowedCountry {
    fn from(member: &sets::SetMember) -> Self {
        Self {
            country: member.country,
            effective_from: Some(member.effective_from.start()),
            expires: member.expires.map(sets::Day::start),
            requires: member.requires.map(str::to_owned),
        }
    }
}

impl Allow {
    /// Whether a region in `country` that has attested `attest` is permitted now.
    #[must_use]
    pub fn permits(&self, country: Country, attest: &[String], now: Timestamp) -> bool {
        self.everywhere || self.members_for(country, attest).any(|member| member.is_in_force(now))
    }

    /// Whether it is permitted at some time. Checks of a config use this, so that a valid config
    /// does not become invalid as time passes.
    #[must_use]
    pub fn permits_at_some_time(&self, country: Country, attest: &[String]) -> bool {
        self.everywhere || self.members_for(country, attest).next().is_some()
    }

    /// Whether it is permitted now by an entry that has no end.
    #[must_use]
    pub fn permits_lastingly(&self, country: Country, attest: &[String], now: Timestamp) -> bool {
        let lasts = |member: &AllowedCountry| member.expires.is_none() && member.is_in_force(now);
        self.everywhere || self.members_for(country, attest).any(lasts)
    }

    /// When the first of the entries ends that permit it now.
    #[must_use]
    pub fn next_end(
        &self,
        country: Country,
        attest: &[String],
        now: Timestamp,
    ) -> Option<Timestamp> {
        let in_force = self.members_for(country, attest).filter(|member| member.is_in_force(now));
        in_force.filter_map(|member| member.expires).min()
    }

    /// The countries, whatever their dates and conditions.
    #[must_use]
    pub fn countries(&self) -> CountrySet {
        let mut countries = CountrySet::none();
        self.members.iter().for_each(|member| countries.insert(member.country));
        countries
    }

    fn members_for<'a>(
        &'a self,
        country: Country,
        attest: &'a [String],
    ) -> impl Iterator<Item = &'a AllowedCountry> {
        self.members.iter().filter(move |m| m.country == country && m.is_met_by(attest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        Country::parse(code).unwrap()
    }

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn allow(member: AllowedCountry) -> Allow {
        Allow { everywhere: false, members: vec![member] }
    }

    #[test]
    fn a_country_counts_from_its_first_instant_until_before_its_last() {
        let member = AllowedCountry {
            effective_from: Some(at(10)),
            expires: Some(at(20)),
            ..AllowedCountry::of(country("BR"))
        };
        let allow = allow(member);
        for (now, permitted) in [(9, false), (10, true), (19, true), (20, false)] {
            assert_eq!(allow.permits(country("BR"), &[], at(now)), permitted, "{now}");
        }
        assert!(allow.permits_at_some_time(country("BR"), &[]));
        assert!(!allow.permits(country("DE"), &[], at(15)));
    }

    #[test]
    fn a_condition_is_met_by_what_the_region_attests_and_by_nothing_else() {
        let requires = Some("dpf_certified".to_owned());
        let allow = allow(AllowedCountry { requires, ..AllowedCountry::of(country("US")) });
        let attest = |word: &str| vec![word.to_owned()];
        assert!(allow.permits(country("US"), &attest("dpf_certified"), at(0)));
        assert!(!allow.permits(country("US"), &attest("dpf"), at(0)));
        assert!(!allow.permits(country("US"), &[], at(0)));
        assert!(!allow.permits_at_some_time(country("US"), &[]));
    }

    #[test]
    fn one_membership_that_holds_is_enough() {
        let mut allow =
            allow(AllowedCountry { expires: Some(at(1)), ..AllowedCountry::of(country("GB")) });
        allow.members.push(AllowedCountry::of(country("GB")));
        assert!(allow.permits(country("GB"), &[], at(5)));
    }

    #[test]
    fn nothing_named_permits_nothing() {
        assert!(!Allow::default().permits(country("DE"), &[], at(0)));
    }
}
