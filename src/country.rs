//! Countries as ISO 3166-1 alpha-2 codes. What is not a known place is no country at all.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Two upper-case ASCII letters. Not every pair is assigned; what matters is that one spelling
/// means one place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// A text that is not a country code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a country: use two letters of ISO 3166-1, such as `BR`")]
pub struct BadCountry(String);

impl Country {
    /// Reads a code in either case. `XX` (unknown) and anything with a digit, such as Cloudflare's
    /// `T1` (Tor), are not places. Errors: [`BadCountry`].
    pub fn parse(text: &str) -> Result<Self, BadCountry> {
        let bad = || BadCountry(text.chars().take(16).collect());
        let [a, b] = <[u8; 2]>::try_from(text.as_bytes()).map_err(|_| bad())?;
        let code = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
        if code.iter().all(u8::is_ascii_uppercase) && code != *b"XX" {
            Ok(Self(code))
        } else {
            Err(bad())
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{}", char::from(*b)))
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Country {
    type Error = BadCountry;
    fn try_from(text: String) -> Result<Self, BadCountry> {
        Self::parse(&text)
    }
}

impl From<Country> for String {
    fn from(country: Country) -> String {
        country.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_case_is_the_same_place() {
        assert_eq!(Country::parse("br").unwrap(), Country::parse("BR").unwrap());
        assert_eq!(Country::parse("br").unwrap().to_string(), "BR");
    }

    #[test]
    fn unknown_places_are_no_country() {
        for text in ["XX", "xx", "T1", "", "B", "BRA", "B1", "é"] {
            assert!(Country::parse(text).is_err(), "{text:?}");
        }
    }
}
