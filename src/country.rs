//! Countries as ISO 3166-1 alpha-2 codes. What is not a known place is no country at all.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Every assigned code, and `XK` for Kosovo, which has none of its own but is in use. Source: ISO
/// 3166-1 alpha-2, 249 entries, as of 2026.
const ASSIGNED: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ \
    BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM \
    DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS \
    GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ \
    MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV \
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
    VN VU WF WS YE YT ZA ZM ZW XK \
";

/// A country by its assigned code. A code that nobody has assigned (`EU`, `UK`, `EL`) is refused: a
/// rule about it would guard nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// A text that is not a country code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a country: use two letters of ISO 3166-1, such as `BR`")]
pub struct BadCountry(String);

impl Country {
    /// Reads a code in either case. `XX` (unknown), Cloudflare's `T1` (Tor) and codes that are not
    /// assigned are not places. Errors: [`BadCountry`].
    pub fn parse(text: &str) -> Result<Self, BadCountry> {
        let bad = || BadCountry(text.chars().take(16).collect());
        let [a, b] = <[u8; 2]>::try_from(text.as_bytes()).map_err(|_| bad())?;
        let code = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
        if ASSIGNED.split_ascii_whitespace().any(|assigned| assigned.as_bytes() == code) {
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
    fn all_that_is_assigned_is_a_country() {
        assert_eq!(ASSIGNED.split_ascii_whitespace().count(), 250);
        assert!(ASSIGNED.split_ascii_whitespace().all(|code| Country::parse(code).is_ok()));
    }

    #[test]
    fn unknown_places_are_no_country() {
        for text in ["XX", "xx", "T1", "", "B", "BRA", "B1", "é", "EU", "UK", "EL", "ZZ"] {
            assert!(Country::parse(text).is_err(), "{text:?}");
        }
    }
}
