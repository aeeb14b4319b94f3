//! Cloudflare's data centers, as of [`DATA_CENTERS_AS_OF`].
//!
//! The list says what a code probably means; it never decides. New data centers come monthly, so a
//! code that is not in it is no mistake. It costs the Worker nothing: it exists on the host only.
//!
//! Source: `data_centers.csv`, which names its own. Most wrong codes are those of a city (`LON`) or
//! of another airport of the city (`LGW`). A data center has the code of one airport.

use crate::json::nearest;

/// When the list was published.
pub const DATA_CENTERS_AS_OF: &str = "2026-08-07";

const LIST: &str = include_str!("data_centers.csv");

/// Codes that people write and that are no data centers, by the city as the list spells it. Source:
/// IATA's metropolitan codes, and its airports within 70 km of a data center of the same country.
const OTHERS: [(&str, &str); 43] = [
    ("Arnavutkoy", "ISL SAW"),
    ("Bangkok", "DMK"),
    ("Belo Horizonte", "BHZ PLU"),
    ("Berlin", "BER SXF"),
    ("Bucharest", "BBU BUH"),
    ("Chicago", "CHI MDW"),
    ("Dallas-Fort Worth", "DAL"),
    ("Detroit", "DTT"),
    ("Dubai", "DWC SHJ"),
    ("Dulles", "DCA WAS"),
    ("Dusseldorf", "CGN NRN"),
    ("Ezeiza", "AEP BUE"),
    ("Houston", "HOU"),
    ("Jakarta", "HLP JKT"),
    ("Johannesburg", "HLA"),
    ("Kiev", "IEV"),
    ("Kuala Lumpur", "SZB"),
    ("London", "LCY LGW LON LTN STN"),
    ("Los Angeles", "BUR LGB QLA SNA"),
    ("Melbourne", "AVV"),
    ("Mexico City", "NLU TLC"),
    ("Miami", "FLL"),
    ("Milan", "LIN MIL"),
    ("Montreal", "YHU YMQ"),
    ("Moscow", "MOW SVO VKO ZIA"),
    ("Mumbai", "NMI"),
    ("Nairobi", "WIL"),
    ("New Delhi", "DXN"),
    ("Newark", "JFK LGA NYC"),
    ("Osaka", "ITM OSA UKB"),
    ("Paris", "BVA LBG ORY PAR"),
    ("Reykjavik", "REK RKV"),
    ("Rio De Janeiro", "RIO SDU"),
    ("Rome", "CIA ROM"),
    ("San Francisco", "OAK QSF"),
    ("Sao Paulo", "CGH SAO"),
    ("Seoul", "GMP SEL"),
    ("Singapore", "XSP"),
    ("Stockholm", "BMA STO"),
    ("Taipei", "TSA"),
    ("Tokyo", "HND TYO"),
    ("Toronto", "YKF YTO YTZ"),
    ("Warsaw", "WMI"),
];

/// What the list has instead of a code that is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// The data centers of the city that the code belongs to.
    OfCity(&'static str, Vec<&'static str>),
    /// The code that is spelt most like it, and its city.
    Spelt(&'static str, &'static str),
    /// Nothing.
    Nothing,
}

/// The code and the city of each data center.
pub fn data_centers() -> impl Iterator<Item = (&'static str, &'static str)> {
    rows().filter_map(|row| Some((row.first().copied()?, row.get(4).copied()?)))
}

/// Whether the list has a code.
#[must_use]
pub fn is_data_center(code: &str) -> bool {
    data_centers().any(|(known, _)| known == code)
}

/// Whether a text has the form of a code: three capital letters.
#[must_use]
pub fn may_be_data_center(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// What was probably meant by a code that the list does not have.
#[must_use]
pub fn meant_data_center(code: &str) -> Meant {
    let belongs = |(_, codes): &&(&str, &str)| codes.split(' ').any(|other| other == code);
    if let Some((city, _)) = OTHERS.iter().find(belongs) {
        let there = data_centers().filter(|(_, other)| other == city);
        return Meant::OfCity(city, there.map(|(code, _)| code).collect());
    }
    let near = nearest(code, data_centers().map(|(code, _)| code));
    let near = near.and_then(|near| data_centers().find(|(code, _)| *code == near));
    near.map_or(Meant::Nothing, |(code, city)| Meant::Spelt(code, city))
}

/// Code, country, latitude, longitude and city of each.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = LIST.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines.map(|line| line.splitn(5, ',').collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Country, latitude and longitude of each data center, by its code.
    pub(in crate::geo) fn places() -> Vec<(&'static str, &'static str, f64, f64)> {
        let place = |row: Vec<&'static str>| match row[..] {
            [code, country, latitude, longitude, _] => {
                (code, country, latitude.parse().unwrap(), longitude.parse().unwrap())
            }
            _ => panic!("a row is too short: {row:?}"),
        };
        rows().map(place).collect()
    }

    #[test]
    fn the_list_has_what_cloudflare_published_on_its_date() {
        let codes: Vec<&str> = data_centers().map(|(code, _)| code).collect();
        assert_eq!(codes.len(), 308);
        assert!(codes.is_sorted_by(|a, b| a < b));
        assert!(codes.iter().all(|code| may_be_data_center(code)));
        assert!(LIST.contains(DATA_CENTERS_AS_OF));
        for code in ["FRA", "GRU", "LHR", "TXL", "QRO"] {
            assert!(is_data_center(code), "{code}");
        }
        for code in ["LON", "SAO", "TYO", "BUE", "fra", "FR", "FRAN", ""] {
            assert!(!is_data_center(code), "{code}");
        }
    }

    #[test]
    fn every_other_code_leads_to_a_data_center_and_is_none() {
        for (city, codes) in OTHERS {
            for code in codes.split(' ') {
                assert!(!is_data_center(code), "{code} is one");
                let Meant::OfCity(found, there) = meant_data_center(code) else {
                    panic!("{code} leads nowhere");
                };
                assert_eq!(found, city);
                assert!(!there.is_empty(), "{city} is not spelt as in the list");
            }
        }
    }

    #[test]
    fn the_code_of_a_city_leads_to_its_data_centers() {
        for (code, city, there) in [
            ("LON", "London", "LHR"),
            ("SAO", "Sao Paulo", "GRU"),
            ("TYO", "Tokyo", "NRT"),
            ("BUE", "Ezeiza", "EZE"),
            ("NYC", "Newark", "EWR"),
            ("BER", "Berlin", "TXL"),
        ] {
            assert_eq!(meant_data_center(code), Meant::OfCity(city, vec![there]));
        }
    }

    #[test]
    fn a_slip_leads_to_what_is_spelt_most_like_it() {
        assert_eq!(meant_data_center("QRQ"), Meant::Spelt("QRO", "Queretaro"));
        assert_eq!(meant_data_center("QQQ"), Meant::Nothing);
    }
}
