//! A second witness of where a client is.
//!
//! The edge's country comes from the client's address, and at a law's border it is wrong for some
//! clients in a hundred. An unknown country is guarded; a wrong one is not. So a service may ask
//! somebody else as well: a front end of the operator that knows the account, or the tenant's own
//! entry. Where they differ, nobody knows who is right, so the rules of both apply.
//!
//! **Invariant.** A witness can only narrow. So a client that forges one gains nothing over a
//! service that asks for none.

use crate::country::Country;

/// Who tells a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WitnessKind {
    /// The header that the service names.
    Header,
    /// The tenant's entry or pin.
    Tenant,
    /// Nobody, although the service requires a witness.
    Missing,
}

impl WitnessKind {
    /// The word for people and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Tenant => "tenant",
            Self::Missing => "missing",
        }
    }
}

/// What one witness tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Witness {
    /// Who tells it.
    pub by: WitnessKind,
    /// The country; `None` if what it says is no country, so that it may be any.
    pub country: Option<Country>,
}

/// What a text says of a country.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Testimony {
    /// Nothing.
    #[default]
    Silent,
    /// This country.
    Country(Country),
    /// Something that is no country, or several at once.
    Unreadable,
}

impl Testimony {
    /// Reads the value of a header. A repeated header arrives as one list, and must agree with
    /// itself. An empty value says nothing.
    #[must_use]
    pub fn of(value: Option<&str>) -> Self {
        let mut values = value.unwrap_or_default().split(',').map(str::trim_ascii);
        let first = values.next().unwrap_or_default();
        if !values.all(|value| value == first) {
            return Self::Unreadable;
        }
        match Country::parse(first) {
            Ok(country) => Self::Country(country),
            Err(_) if first.is_empty() => Self::Silent,
            Err(_) => Self::Unreadable,
        }
    }

    /// The same as a witness, unless it says nothing.
    #[must_use]
    pub fn told_by(self, by: WitnessKind) -> Option<Witness> {
        match self {
            Self::Silent => None,
            Self::Country(country) => Some(Witness { by, country: Some(country) }),
            Self::Unreadable => Some(Witness { by, country: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_a_country_nothing_or_something_that_may_be_any() {
        let country = |code: &str| Testimony::Country(Country::parse(code).unwrap());
        for (value, testimony) in [
            (None, Testimony::Silent),
            (Some(""), Testimony::Silent),
            (Some(" "), Testimony::Silent),
            (Some(","), Testimony::Silent),
            (Some("BR"), country("BR")),
            (Some(" br "), country("BR")),
            (Some("BR, BR"), country("BR")),
            (Some("BR, DE"), Testimony::Unreadable),
            (Some("BR,"), Testimony::Unreadable),
            (Some("XX"), Testimony::Unreadable),
            (Some("T1"), Testimony::Unreadable),
            (Some("Brazil"), Testimony::Unreadable),
            (Some("UK"), Testimony::Unreadable),
        ] {
            assert_eq!(Testimony::of(value), testimony, "{value:?}");
        }
    }

    #[test]
    fn who_says_nothing_is_no_witness() {
        assert_eq!(Testimony::Silent.told_by(WitnessKind::Header), None);
        let any = Testimony::Unreadable.told_by(WitnessKind::Tenant);
        assert_eq!(any, Some(Witness { by: WitnessKind::Tenant, country: None }));
    }
}
