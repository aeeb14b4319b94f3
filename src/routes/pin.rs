//! A tenant's pin as an operator writes it to KV.

use super::document::RegionEntry;
use crate::country::Country;
use crate::json;
use crate::ordered::Map;
use crate::residency::{AllowEntry, RegionSet, Testimony};
use serde_json::Value;

/// Longest text of a pin that is read. All countries and fifty sets of the longest name fit.
pub const PIN_BYTES_MAX: usize = 8 * 1024;

/// Where a tenant may be, and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Pin {
    /// The regions that its data may be in.
    pub regions: RegionSet,
    /// Its own country, if the pin tells one.
    pub country: Testimony,
}

/// A pin that was read, and how many of its entries mean nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadPin {
    /// The pin.
    pub pin: Pin,
    /// Entries that are neither `*`, nor a country, nor a set or a region that the table has, and
    /// two letters that are a country and a region. They permit nothing.
    pub unknown: usize,
}

/// Why a text is not a pin. The words repeat nothing of it: what is kept under a tenant's key may
/// be personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPin {
    /// Larger than what is read.
    #[error("it has {0} bytes of at most {PIN_BYTES_MAX}")]
    TooLarge(usize),
    /// It is not JSON.
    #[error("it is not JSON: line {line}, column {column}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// It is no object, or has a key twice.
    #[error("it is no object, or has a key twice")]
    NotAnObject,
    /// `allow` is missing.
    #[error("it has no key `allow`")]
    NoAllow,
    /// `allow` is something else than texts.
    #[error("`allow` is neither a text nor a list of texts")]
    NotTexts,
}

/// Reads `{"allow": ["DE", "@dach", "us-east-1"]}`, or a single text behind `allow`. Errors:
/// [`BadPin`].
pub(super) fn read(
    text: &str,
    regions: &[RegionEntry],
    sets: &Map<String, RegionSet>,
) -> Result<ReadPin, BadPin> {
    if text.len() > PIN_BYTES_MAX {
        return Err(BadPin::TooLarge(text.len()));
    }
    let document = json::read_without_repeats(text).map_err(|error| {
        if error.is_data() {
            BadPin::NotAnObject
        } else {
            BadPin::NotJson { line: error.line(), column: error.column() }
        }
    })?;
    let Value::Object(document) = &document else { return Err(BadPin::NotAnObject) };
    let allow = document.get("allow").ok_or(BadPin::NoAllow)?;
    let country = country(document.get("country"));
    let pin = Pin { regions: RegionSet::none(), country };
    let mut read = ReadPin { pin, unknown: usize::from(country == Testimony::Unreadable) };
    for entry in allow.as_array().map_or(std::slice::from_ref(allow), Vec::as_slice) {
        let entry = entry.as_str().ok_or(BadPin::NotTexts)?;
        match permitted(entry, regions, sets) {
            Some(more) => read.pin.regions = read.pin.regions.union(&more),
            None => read.unknown += 1,
        }
    }
    Ok(read)
}

/// What a pin says of the tenant's own country. Whatever is no country may be any.
fn country(said: Option<&Value>) -> Testimony {
    match said {
        None | Some(Value::Null) => Testimony::Silent,
        Some(Value::String(text)) => match Country::parse(text) {
            Ok(country) => Testimony::Country(country),
            Err(_) => Testimony::Unreadable,
        },
        Some(_) => Testimony::Unreadable,
    }
}

/// The regions that one entry permits; `None` if it means nothing.
fn permitted(
    entry: &str,
    regions: &[RegionEntry],
    sets: &Map<String, RegionSet>,
) -> Option<RegionSet> {
    let kind = AllowEntry::of(entry);
    if kind.is_ambiguous(regions.iter().map(|region| &region.id)) {
        return None;
    }
    let those_where = |is_meant: &dyn Fn(&RegionEntry) -> bool| -> RegionSet {
        let meant = regions.iter().enumerate().filter(|(_, region)| is_meant(region));
        meant.map(|(index, _)| index).collect()
    };
    match kind {
        AllowEntry::Everything => Some(RegionSet::all(regions.len())),
        AllowEntry::Set(name) => sets.get(name).cloned(),
        AllowEntry::Country(code) => {
            let country = Country::parse(code).ok()?;
            Some(those_where(&|region| region.country == country))
        }
        AllowEntry::Region(id) => {
            let named = those_where(&|region| region.id.as_str() == id);
            (!named.is_empty()).then_some(named)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Result<(Vec<usize>, usize), BadPin> {
        let read = whole(text)?;
        let regions = (0..3).filter(|index| read.pin.regions.contains(*index));
        Ok((regions.collect(), read.unknown))
    }

    fn whole(text: &str) -> Result<ReadPin, BadPin> {
        let region = |id: &str, country: &str| {
            json::from_value::<RegionEntry>(&json!({"id": id, "country": country})).unwrap()
        };
        let regions = [region("a", "DE"), region("fr", "FR"), region("c-3", "DE")];
        let mut french = RegionSet::none();
        french.insert(1);
        let sets = Map::of([("ours".to_owned(), french)]);
        super::read(text, &regions, &sets)
    }

    #[test]
    fn a_pin_may_tell_the_tenants_own_country() {
        let brazil = Testimony::Country(Country::parse("BR").unwrap());
        for (text, country, unknown) in [
            (r#"{"allow": "DE"}"#, Testimony::Silent, 0),
            (r#"{"allow": "DE", "country": null}"#, Testimony::Silent, 0),
            (r#"{"allow": "DE", "country": "BR"}"#, brazil, 0),
            (r#"{"allow": "DE", "country": "XX"}"#, Testimony::Unreadable, 1),
            (r#"{"allow": "DE", "country": ["BR"]}"#, Testimony::Unreadable, 1),
            (r#"{"allow": "DE", "country": ""}"#, Testimony::Unreadable, 1),
        ] {
            let read = whole(text).unwrap();
            assert_eq!((read.pin.country, read.unknown), (country, unknown), "{text}");
        }
    }

    #[test]
    fn a_pin_is_countries_and_sets() {
        for (text, regions) in [
            (r#"{"allow": "DE"}"#, vec![0, 2]),
            (r#"{"allow": ["FR", "US"]}"#, vec![1]),
            (r#"{"allow": ["@ours", "DE"], "basis": "a contract"}"#, vec![0, 1, 2]),
            (r#"{"allow": ["*"]}"#, vec![0, 1, 2]),
            (r#"{"allow": []}"#, vec![]),
            (r#"{"allow": "c-3"}"#, vec![2]),
            (r#"{"allow": ["a", "region:fr"]}"#, vec![0, 1]),
            (r#"{"allow": ["region:a", "@ours"]}"#, vec![0, 1]),
        ] {
            assert_eq!(read(text), Ok((regions, 0)), "{text}");
        }
    }

    #[test]
    fn an_entry_that_means_nothing_permits_nothing_and_is_counted() {
        assert_eq!(read(r#"{"allow": ["DE", "@theirs", "Germany", "@"]}"#), Ok((vec![0, 2], 3)));
        assert_eq!(read(r#"{"allow": ["c-4", "region:b", "region:", "a"]}"#), Ok((vec![0], 3)));
        // A region of another name may take this one's place one day, and a country would stay.
        assert_eq!(read(r#"{"allow": "fr"}"#), Ok((vec![], 1)), "the country or the region?");
        assert_eq!(read(r#"{"allow": "FR"}"#), Ok((vec![1], 0)));
    }

    #[test]
    fn what_is_no_pin_is_told_without_what_it_says() {
        for (text, why) in [
            ("", "it is not JSON: line 1, column 0"),
            ("{\n\"allow\": anna", "it is not JSON: line 2, column 10"),
            ("[]", "it is no object, or has a key twice"),
            (r#"{"allow": "DE", "allow": "*"}"#, "it is no object, or has a key twice"),
            (r#"{"allow": "DE", "anna": {"a": 1, "a": 2}}"#, "it is no object, or has a key twice"),
            ("{}", "it has no key `allow`"),
            (r#"{"allow": 7}"#, "`allow` is neither a text nor a list of texts"),
            (r#"{"allow": ["DE", null]}"#, "`allow` is neither a text nor a list of texts"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), why, "{text}");
        }
    }

    #[test]
    fn a_pin_is_read_up_to_its_limit() {
        let filled = |bytes: usize| {
            let text = r#"{"allow": "DE"}"#;
            format!("{text}{}", " ".repeat(bytes - text.len()))
        };
        assert_eq!(read(&filled(PIN_BYTES_MAX)), Ok((vec![0, 2], 0)));
        assert_eq!(read(&filled(PIN_BYTES_MAX + 1)), Err(BadPin::TooLarge(PIN_BYTES_MAX + 1)));
    }
}
