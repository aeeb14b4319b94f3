//! Where data may be: countries, some of them only for a time or on a condition, and regions.

use super::{CountrySet, Place, sets};
use crate::country::Country;
use crate::ids::RegionId;
use crate::ordered::Set;
use crate::time::Timestamp;

/// The countries and regions that a rule or a pin permits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allow {
    /// Whether every country is permitted, at any time and without conditions.
    pub everywhere: bool,
    /// The countries, listed directly or through sets. A country may be listed more than once, with
    /// other times and conditions; one entry that holds is enough.
    pub members: Vec<AllowedCountry>,
    /// Regions that are named themselves, at any time and without conditions.
    pub regions: Set<RegionId>,
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
    /// What these entries permit, and nothing else.
    #[must_use]
    pub fn of(members: impl Iterator<Item = AllowedCountry>) -> Self {
        Self { members: members.collect(), ..Self::default() }
    }

    /// Whether it names no country and no region, as when one of its entries has a mistake.
    #[must_use]
    pub fn names_nothing(&self) -> bool {
        self.members.is_empty() && self.regions.is_empty()
    }

    /// Forgets what it names.
    pub fn forget(&mut self) {
        self.members.clear();
        self.regions = Set::new();
    }

    /// Whether the region is permitted whatever the time: it is named itself, or everything is
    /// permitted.
    #[must_use]
    pub fn permits_always(&self, place: Place<'_>) -> bool {
        self.everywhere || self.regions.contains(place.region)
    }

    /// Whether the region is permitted now.
    #[must_use]
    pub fn permits(&self, place: Place<'_>, now: Timestamp) -> bool {
        self.permits_always(place) || self.members_for(place).any(|member| member.is_in_force(now))
    }

    /// Whether it is permitted at some time. Checks of a config use this, so that a valid config
    /// does not become invalid as time passes.
    #[must_use]
    pub fn permits_at_some_time(&self, place: Place<'_>) -> bool {
        self.permits_always(place) || self.members_for(place).next().is_some()
    }

    /// Whether it is permitted now by an entry that has no end.
    #[must_use]
    pub fn permits_lastingly(&self, place: Place<'_>, now: Timestamp) -> bool {
        let lasts = |member: &AllowedCountry| member.expires.is_none() && member.is_in_force(now);
        self.permits_always(place) || self.members_for(place).any(lasts)
    }

    /// When the first of the entries ends that permit it now.
    #[must_use]
    pub fn next_end(&self, place: Place<'_>, now: Timestamp) -> Option<Timestamp> {
        let in_force = self.members_for(place).filter(|member| member.is_in_force(now));
        in_force.filter_map(|member| member.expires).min()
    }

    /// The countries, whatever their dates and conditions.
    #[must_use]
    pub fn countries(&self) -> CountrySet {
        let mut countries = CountrySet::none();
        self.members.iter().for_each(|member| countries.insert(member.country));
        countries
    }

    fn members_for<'a>(&'a self, place: Place<'a>) -> impl Iterator<Item = &'a AllowedCountry> {
        let counts = move |member: &&AllowedCountry| {
            member.country == place.country && member.is_met_by(place.attest)
        };
        self.members.iter().filter(counts)
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
        Allow::of([member].into_iter())
    }

    fn region(id: &str) -> RegionId {
        RegionId::parse(id).unwrap()
    }

    /// Whether a region of no name in this country is permitted.
    fn permits(allow: &Allow, code: &str, attest: &[String], now: u64) -> bool {
        let region = &region("r");
        allow.permits(Place { region, country: country(code), attest }, at(now))
    }

    fn permits_at_some_time(allow: &Allow, code: &str) -> bool {
        let region = &region("r");
        allow.permits_at_some_time(Place { region, country: country(code), attest: &[] })
    }

    #[test]
    fn a_region_that_is_named_is_told_from_its_neighbour_and_always_permitted() {
        let (east, west) = (region("us-east-1"), region("us-west-2"));
        let allow = Allow { regions: Set::from([east.clone()]), ..Allow::default() };
        let place = |region| Place { region, country: country("US"), attest: &[] };
        for now in [0, 1, u64::MAX] {
            assert!(allow.permits(place(&east), at(now)) && !allow.permits(place(&west), at(now)));
        }
        assert!(allow.permits_at_some_time(place(&east)));
        assert!(allow.permits_lastingly(place(&east), at(5)));
        assert!(!allow.permits_at_some_time(place(&west)));
        assert_eq!(allow.next_end(place(&east), at(0)), None);
        let mut forgotten = allow.clone();
        forgotten.forget();
        assert!(!allow.names_nothing() && forgotten.names_nothing());
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
            assert_eq!(permits(&allow, "BR", &[], now), permitted, "{now}");
        }
        assert!(permits_at_some_time(&allow, "BR"));
        assert!(!permits(&allow, "DE", &[], 15));
    }

    #[test]
    fn a_condition_is_met_by_what_the_region_attests_and_by_nothing_else() {
        let requires = Some("dpf_certified".to_owned());
        let allow = allow(AllowedCountry { requires, ..AllowedCountry::of(country("US")) });
        let attest = |word: &str| vec![word.to_owned()];
        assert!(permits(&allow, "US", &attest("dpf_certified"), 0));
        assert!(!permits(&allow, "US", &attest("dpf"), 0));
        assert!(!permits(&allow, "US", &[], 0));
        assert!(!permits_at_some_time(&allow, "US"));
    }

    #[test]
    fn one_membership_that_holds_is_enough() {
        let mut allow =
            allow(AllowedCountry { expires: Some(at(1)), ..AllowedCountry::of(country("GB")) });
        allow.members.push(AllowedCountry::of(country("GB")));
        assert!(permits(&allow, "GB", &[], 5));
    }

    #[test]
    fn nothing_named_permits_nothing() {
        assert!(!permits(&Allow::default(), "DE", &[], 0));
    }
}
