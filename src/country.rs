//! Countries, by their ISO 3166-1 alpha-2 codes.
//!
//! A country is held as its index in the table of codes. So a set of countries is a few words of
//! bits, and facts about a country (its continent, its region) are a byte at the same index of
//! another table ([`crate::geo`]). The table is in alphabetical order: countries sort as their
//! codes do, and a code is found in eight steps. Every request reads one.

use crate::json::{Key, Reader, text_shape};
use std::fmt;

/// How many countries there are.
pub const COUNTRIES: usize = 250;

/// Every assigned code, in order, and `XK` for Kosovo, which is not assigned but in use. Source:
/// ISO 3166-1 alpha-2, 249 entries, as of 2026.
const CODES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ \
    BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR \
    CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR \
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU \
    ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ \
    LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ \
    MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF \
    PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI \
    SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR \
    TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW \
";

/// Two letters and a space.
const WIDTH: usize = 3;

/// A country by its assigned code. Codes that are not assigned (`EU`, `UK`, `EL`) are refused: a
/// rule about one would never match.
///
/// **Invariant.** The number is below [`COUNTRIES`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Country(u8);

/// What is allowed, for the message about another value.
const ALLOWED: &str = "an ISO 3166-1 alpha-2 country code, such as `BR`";

/// The text is not a country code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a country: use an ISO 3166-1 alpha-2 code, such as `BR`")]
pub struct BadCountry(String);

impl Country {
    /// Reads a code in either case. Errors: [`BadCountry`] for codes that are not assigned, among
    /// them Cloudflare's `XX` (unknown) and `T1` (Tor).
    pub fn parse(text: &str) -> Result<Self, BadCountry> {
        Self::find(text).ok_or_else(|| BadCountry(text.chars().take(16).collect()))
    }

    fn find(text: &str) -> Option<Self> {
        let [a, b] = <[u8; 2]>::try_from(text.as_bytes()).ok()?;
        let code = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
        let (rows, _) = CODES.as_bytes().as_chunks::<WIDTH>();
        let found = rows.binary_search_by(|[a, b, _]| [*a, *b].cmp(&code)).ok()?;
        u8::try_from(found).ok().map(Self)
    }

    /// The country of a code that is written in this crate. For constants only: an unknown code
    /// does not compile there.
    pub(crate) const fn known(code: [u8; 2]) -> Self {
        let (mut rows, _) = CODES.as_bytes().as_chunks::<WIDTH>();
        let mut index = 0;
        let mut is_found = false;
        while let [[a, b, _], rest @ ..] = rows {
            is_found = *a == code[0] && *b == code[1];
            if is_found {
                break;
            }
            rows = rest;
            index += 1;
        }
        assert!(is_found, "not in the table of countries");
        Self(index)
    }

    /// The country at an index of the table, from 0 to [`COUNTRIES`] exclusive.
    #[must_use]
    pub fn from_index(index: u8) -> Option<Self> {
        (usize::from(index) < COUNTRIES).then_some(Self(index))
    }

    /// Its index in the table. Valid within one build only, for bit sets and tables; documents
    /// store the code.
    #[must_use]
    pub fn index(self) -> u8 {
        self.0
    }

    /// Its code: two upper-case letters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let at = usize::from(self.0) * WIDTH;
        CODES.get(at..at + 2).unwrap_or_default()
    }

    /// Every country, in the order of their codes.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map_while(Self::from_index)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

text_shape!(Country, Country::parse, ALLOWED, {"type": "string", "pattern": "^[A-Za-z]{2}$"});

impl Key for Country {
    fn read_key(text: &str, reader: &mut Reader) -> Option<Self> {
        let country = Self::parse(text).ok();
        if country.is_none() {
            reader.wrong_key(text, ALLOWED);
        }
        country
    }

    fn key(&self) -> String {
        self.as_str().to_owned()
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
        let codes: Vec<&str> = CODES.split_ascii_whitespace().collect();
        assert_eq!(codes.len(), COUNTRIES);
        assert_eq!(CODES.len(), COUNTRIES * WIDTH);
        assert!(codes.is_sorted_by(|a, b| a < b), "the search needs the order");
        assert!(Country::all().map(Country::as_str).eq(codes.iter().copied()));
        assert!(codes.iter().all(|code| Country::parse(code).unwrap().as_str() == *code));
    }

    #[test]
    fn a_country_is_found_again_by_its_place_and_none_is_beyond_the_last() {
        assert!(Country::all().all(|one| Country::from_index(one.index()) == Some(one)));
        assert_eq!(Country::from_index(249).unwrap().as_str(), "ZW");
        assert_eq!(Country::from_index(250), None);
    }

    #[test]
    fn countries_sort_as_their_codes_do() {
        assert!(Country::all().is_sorted_by_key(|country| country.to_string()));
        assert!(Country::parse("XK").unwrap() < Country::parse("YE").unwrap());
    }

    #[test]
    fn a_constant_is_the_country_that_the_code_reads_as() {
        for code in [*b"AD", *b"XK", *b"ZW"] {
            let read = Country::parse(std::str::from_utf8(&code).unwrap()).unwrap();
            assert_eq!(Country::known(code), read);
        }
    }

    #[test]
    fn json_has_the_code() {
        let brazil = Country::parse("BR").unwrap();
        assert_eq!(crate::json::write(&brazil), "\"BR\"");
        assert_eq!(crate::json::read::<Country>("\"br\"").unwrap(), brazil);
        assert!(crate::json::read::<Country>("\"UK\"").is_err());
    }

    #[test]
    fn unknown_places_are_no_country() {
        for text in ["XX", "xx", "T1", "", "B", "BRA", "B1", "é", "EU", "UK", "EL", "ZZ"] {
            assert!(Country::parse(text).is_err(), "{text:?}");
        }
    }
}
