//! The two countries that Cloudflare's regions split: the United States and Canada.
//!
//! Cloudflare splits by state and province, and by nothing else ("only the U.S. and Canada are
//! provided with these subdivisions", developers.cloudflare.com/load-balancing/reference/
//! region-mapping-api). The only list that it publishes without an account is the example of
//! `GET /accounts/:id/load_balancers/regions/:region_id`, which has Alberta and British Columbia,
//! and AZ CA CO HI MN MO NV OR TX UT WA, in WNAM. We count another state or province as western if
//! its middle is west of that of Missouri, the easternmost of these. By that rule AK IA ID KS MT
//! ND NE NM OK SD WY are western too, as are Manitoba, Saskatchewan, Yukon and the Northwest
//! Territories.

use super::Within;
use crate::country::Country;

/// Where the west ends if only the longitude of a client is known: at the middle of Missouri. Of
/// the people who live in places of 500 or more (`GeoNames`, 2026), 1.9 % of those in the United
/// States are on the wrong side of it; of -100 degrees, 13.9 %.
const EAST_BEGINS_DEGREES: f64 = -92.5;

const UNITED_STATES: Country = Country::known(*b"US");
const CANADA: Country = Country::known(*b"CA");

/// The states in the west, two letters each.
const WESTERN_STATES: &str = "AKAZCACOHIIAIDKSMNMOMTNDNENMNVOKORSDTXUTWAWY";
/// The states in the east, and the federal district.
const EASTERN_STATES: &str = "ALARCTDCDEFLGAILINKYLAMAMDMEMIMSNCNHNJNYOHPARISCTNVAVTWIWV";
const WESTERN_PROVINCES: &str = "ABBCMBNTSKYT";
const EASTERN_PROVINCES: &str = "NBNLNSNUONPEQC";

/// Whether a client is in the western half of one of the two countries. If neither its subdivision
/// nor its longitude tells, it counts as eastern. A code that is none of the country's tells
/// nothing.
pub(super) fn is_western(country: Country, within: Within<'_>) -> bool {
    let [west, east] = match country {
        UNITED_STATES => [WESTERN_STATES, EASTERN_STATES],
        CANADA => [WESTERN_PROVINCES, EASTERN_PROVINCES],
        _ => return false,
    };
    let is_one_of = |list: &str| within.subdivision.is_some_and(|code| has(list, code));
    is_one_of(west) || (!is_one_of(east) && within.longitude.is_some_and(is_west))
}

/// A subdivision in the west and one in the east.
pub(super) fn examples(country: Country) -> Option<[&'static str; 2]> {
    match country {
        UNITED_STATES => Some(["CA", "NY"]),
        CANADA => Some(["BC", "ON"]),
        _ => None,
    }
}

fn has(list: &str, code: &str) -> bool {
    let (codes, _) = list.as_bytes().as_chunks::<2>();
    codes.iter().any(|known| known == code.as_bytes())
}

/// The last Aleutian islands are beyond the date line, where longitudes are positive.
fn is_west(longitude: f64) -> bool {
    (-180.0..EAST_BEGINS_DEGREES).contains(&longitude) || longitude > 0.0
}

#[cfg(test)]
mod tests {
    use super::super::LbRegion;
    use super::*;

    fn region(country: &str, subdivision: &str, longitude: Option<f64>) -> &'static str {
        let subdivision = Some(subdivision).filter(|code| !code.is_empty());
        let country = Country::parse(country).unwrap();
        country.lb_region(Within { subdivision, longitude }).map_or("", LbRegion::as_str)
    }

    #[test]
    fn every_state_that_cloudflare_documents_as_western_is_western_wherever_its_client_is() {
        let states = "AZ CA CO HI MN MO NV OR TX UT WA".split(' ').map(|code| ("US", code));
        for (country, code) in states.chain([("CA", "AB"), ("CA", "BC")]) {
            for longitude in [None, Some(-70.0), Some(-92.5), Some(-120.0), Some(f64::NAN)] {
                assert_eq!(region(country, code, longitude), "WNAM", "{country}-{code}");
            }
        }
    }

    #[test]
    fn every_state_and_province_is_in_one_half() {
        let count = |lists: [&str; 2]| {
            let mut codes: Vec<_> =
                lists.iter().flat_map(|list| list.as_bytes().chunks(2)).collect();
            codes.sort_unstable();
            codes.dedup();
            codes.len()
        };
        assert_eq!(count([WESTERN_STATES, EASTERN_STATES]), 51);
        assert_eq!(count([WESTERN_PROVINCES, EASTERN_PROVINCES]), 13);
        assert_eq!(WESTERN_STATES.len() + EASTERN_STATES.len(), 51 * 2);
        assert_eq!(WESTERN_PROVINCES.len() + EASTERN_PROVINCES.len(), 13 * 2);
    }

    #[test]
    fn a_state_in_the_east_is_eastern_whatever_the_longitude_says() {
        assert_eq!(region("US", "WI", Some(-92.8)), "ENAM");
        assert_eq!(region("US", "AR", Some(-94.4)), "ENAM", "Fort Smith");
        assert_eq!(region("US", "IA", Some(-90.7)), "WNAM", "Dubuque");
        assert_eq!(region("CA", "ON", Some(-94.5)), "ENAM", "Kenora");
        assert_eq!(region("CA", "MB", Some(-94.1)), "WNAM");
    }

    #[test]
    fn a_client_of_no_known_state_goes_by_its_longitude() {
        for code in ["", "XX", "tx", "TEX", "ZTX", "KA", "48"] {
            assert_eq!(region("US", code, Some(-122.4)), "WNAM", "{code}");
            assert_eq!(region("US", code, Some(-92.6)), "WNAM", "{code}");
            assert_eq!(region("US", code, Some(-92.5)), "ENAM", "{code}");
            assert_eq!(region("US", code, Some(-77.5)), "ENAM", "{code}");
            assert_eq!(region("US", code, Some(173.2)), "WNAM", "{code}: Attu, over the date line");
            assert_eq!(region("US", code, Some(f64::NAN)), "ENAM", "{code}");
            assert_eq!(region("US", code, None), "ENAM", "{code}");
        }
    }

    #[test]
    fn a_code_of_one_country_says_nothing_in_another() {
        assert_eq!(region("CA", "TX", None), "ENAM");
        assert_eq!(region("US", "AB", None), "ENAM");
        assert_eq!(region("BR", "MT", Some(-122.4)), "SSAM");
        assert_eq!(region("MX", "NY", Some(-87.0)), "WNAM");
    }

    #[test]
    fn an_example_of_each_half_is_in_that_half() {
        for country in Country::all() {
            let split = matches!(country.as_str(), "US" | "CA");
            assert_eq!(country.halves().is_some(), split, "{country}");
            for (code, half) in country.halves().into_iter().flatten().zip(["WNAM", "ENAM"]) {
                assert_eq!(region(country.as_str(), code, None), half);
            }
        }
    }
}
