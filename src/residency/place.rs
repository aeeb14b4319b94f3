//! A region as the law sees it.

use crate::country::Country;
use crate::ids::RegionId;

/// What a rule or a pin looks at in a region. Neither its health nor its location is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Which region it is.
    pub region: &'a RegionId,
    /// The country whose law applies to it.
    pub country: Country,
    /// What its operator attests.
    pub attest: &'a [String],
}

/// The prefix by which an entry names a region in so many words. Needed only for a region whose id
/// has two letters, because two letters are a country.
const REGION_PREFIX: &str = "region:";

/// One entry of what a rule or a pin allows, before names are looked up.
///
/// **One namespace.** `*` is everything, an `@` begins a set, two letters are a country in either
/// case, and everything else is the id of a region. An id has two letters too now and then, such as
/// `us`: it has to be written `region:us`. So no entry changes its meaning when a region is added,
/// renamed or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowEntry<'t> {
    /// Every region.
    Everything,
    /// The set of this name, which has no `@` here.
    Set(&'t str),
    /// A country's code, or two letters that are none.
    Country(&'t str),
    /// The region of this id.
    Region(&'t str),
}

impl<'t> AllowEntry<'t> {
    /// Tells the kinds apart. Whether there is such a set, country or region is not known here.
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        if text == "*" {
            Self::Everything
        } else if let Some(name) = text.strip_prefix('@') {
            Self::Set(name)
        } else if let Some(id) = text.strip_prefix(REGION_PREFIX) {
            Self::Region(id)
        } else if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            Self::Country(text)
        } else {
            Self::Region(text)
        }
    }

    /// The region that two letters may mean as well: a country's code in lower case that is also
    /// the id of a region. Nobody knows which of the two was meant.
    #[must_use]
    pub fn is_ambiguous<'i>(self, mut regions: impl Iterator<Item = &'i RegionId>) -> bool {
        matches!(self, Self::Country(code) if regions.any(|region| region.as_str() == code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_everything_a_set_a_country_or_a_region() {
        for (text, entry) in [
            ("*", AllowEntry::Everything),
            ("@eea", AllowEntry::Set("eea")),
            ("US", AllowEntry::Country("US")),
            ("us", AllowEntry::Country("us")),
            ("us-east-1", AllowEntry::Region("us-east-1")),
            ("usa", AllowEntry::Region("usa")),
            ("u1", AllowEntry::Region("u1")),
            ("u", AllowEntry::Region("u")),
            ("region:us", AllowEntry::Region("us")),
            ("region:us-east-1", AllowEntry::Region("us-east-1")),
        ] {
            assert_eq!(AllowEntry::of(text), entry, "{text}");
        }
    }

    #[test]
    fn two_letters_that_are_a_country_and_a_region_are_ambiguous_in_lower_case_alone() {
        let regions = ["us", "eu-west"].map(|id| RegionId::parse(id).unwrap());
        for (text, is_ambiguous) in
            [("us", true), ("US", false), ("region:us", false), ("de", false), ("eu-west", false)]
        {
            assert_eq!(AllowEntry::of(text).is_ambiguous(regions.iter()), is_ambiguous, "{text}");
        }
    }
}
