//! Strings with a fixed format.

use crate::config::asking::is_header_name;
use crate::country::Country;
use crate::ids::RegionId;
use crate::json::{Key, MistakeKind, Reader, Shape};
use crate::latency::Location;
use crate::residency::sets;
use crate::time::{MINUTE, Millis, Timestamp};
use serde_json::Value;

/// The string if it fits; otherwise reports it.
fn fitting(
    value: &Value,
    reader: &mut Reader,
    fits: fn(&str) -> bool,
    allowed: &str,
) -> Option<String> {
    let Some(text) = value.as_str() else {
        reader.unfit(value, &fits, allowed);
        return None;
    };
    if !fits(text) {
        // The most frequent mistake is a set without its `@`.
        let set = text.to_ascii_lowercase();
        let is_set = allowed.contains("@eea") && sets::builtin(&set).is_some();
        let hint = is_set.then(|| ["write `@", &set, "`"].concat());
        reader.misplaced(value, allowed.to_owned(), hint);
        return None;
    }
    Some(text.to_owned())
}

/// Declares string types: the test that a string must pass, what is allowed in words, and the same
/// as a regular expression.
macro_rules! texts {
    ($($(#[$about:meta])* $name:ident: $fits:expr, $allowed:literal, $pattern:literal;)*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub(in crate::config) struct $name(pub(in crate::config) String);

        impl Shape for $name {
            fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
                fitting(value, reader, $fits, $allowed).map(Self)
            }

            fn write(&self) -> Value {
                self.0.as_str().into()
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn schema(_: &mut crate::json::schema::Definitions) -> Value {
                serde_json::json!({"type": "string", "pattern": $pattern})
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Key for $name {
            fn read_key(text: &str, reader: &mut Reader) -> Option<Self> {
                let fits: fn(&str) -> bool = $fits;
                if !fits(text) {
                    reader.wrong_key(text, $allowed);
                    return None;
                }
                Some(Self(text.to_owned()))
            }

            fn key(&self) -> String {
                self.0.clone()
            }
        }
    )*};
}

texts! {
    /// The path of a probe.
    ProbePath: |text| text.starts_with('/') && !text.contains(['#', ' ']),
        "a path that starts with `/`, without `#` or spaces", "^/[^# ]*$";
    /// A JSON pointer. Source: RFC 6901.
    Pointer: is_pointer,
        "a JSON pointer (RFC 6901) such as `/status`; an empty one means the whole body",
        "^(/([^~]|~[01])*)?$";
    /// The name of a header. Source: RFC 9110 §5.6.2, `token`.
    HeaderName: is_header_name, "an HTTP header name", "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
    /// A method.
    Method: |text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase()),
        "an HTTP method in upper case, such as `POST`", "^[A-Z]+$";
    /// The name of an operator's own set, without the `@`.
    SetName: is_set_name, "a name made of a-z, 0-9, `_` and `-`", "^[a-z0-9_-]+$";
    /// A country, a set with its `@`, or `*` for every country.
    CountryEntry: is_country_entry, "countries such as `BR`, sets such as `@eea`, or `*`",
        "^(\\*|@[a-z0-9_-]+|[A-Za-z]{2})$";
    /// A country, a set with its `@`, the id of a region, or `*` for everything.
    AllowedEntry: is_allowed_entry,
        "countries such as `BR`, sets such as `@eea`, ids of your regions, or `*`",
        "^(\\*|@[a-z0-9_-]+|[A-Za-z]{2}|(region:)?[a-z0-9][a-z0-9-]{0,62})$";
    /// A country or a set.
    SetEntry: |text| text != "*" && is_country_entry(text),
        "countries such as `BR`, or sets such as `@eea`",
        "^(@[a-z0-9_-]+|[A-Za-z]{2})$";
    /// The code of a warning.
    WarningCode: is_warning_code, "the code of a warning, such as `W101`", "^W[0-9]{3}$";
    /// A time of the day.
    TimeText: |text| time_of_day_ms(text).is_some(), "a time of the day in UTC, such as `09:30`",
        "^([01][0-9]|2[0-3]):[0-5][0-9]$";
    /// A time of the day, or an instant.
    MomentText: |text| time_of_day_ms(text).is_some() || instant(text).is_some(),
        "a time of the day in UTC, such as `09:30`, or an RFC 3339 instant",
        "^(([01][0-9]|2[0-3]):[0-5][0-9]|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt _].+)$";
    /// A data center of Cloudflare.
    Pop: |text| text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()),
        "a Cloudflare data center, such as `FRA`", "^[A-Z]{3}$";
}

impl MomentText {
    /// Milliseconds since the day began; `None` where it is an instant.
    pub(in crate::config) fn time_ms(&self) -> Option<Millis> {
        time_of_day_ms(&self.0)
    }

    /// The instant; `None` where it is a time of the day.
    pub(in crate::config) fn instant(&self) -> Option<Timestamp> {
        instant(&self.0)
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    Timestamp::try_from(text.to_owned()).ok()
}

impl TimeText {
    /// Milliseconds since the day began.
    pub(in crate::config) fn ms(&self) -> Millis {
        time_of_day_ms(&self.0).unwrap_or(0)
    }
}

fn time_of_day_ms(text: &str) -> Option<Millis> {
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    let number = |part: &str| part.parse::<Millis>().ok().filter(|_| digits(part));
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then(|| (hours * 60 + minutes) * MINUTE)
}

fn is_warning_code(text: &str) -> bool {
    let digits = text.strip_prefix('W').unwrap_or_default();
    digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())
}

fn is_pointer(text: &str) -> bool {
    let escaped = |rest: &str| rest.starts_with(['0', '1']);
    (text.is_empty() || text.starts_with('/')) && text.split('~').skip(1).all(escaped)
}

fn is_set_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    !text.is_empty() && text.bytes().all(plain)
}

fn is_country_entry(text: &str) -> bool {
    let two_letters = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    text == "*" || two_letters || text.strip_prefix('@').is_some_and(is_set_name)
}

fn is_allowed_entry(text: &str) -> bool {
    let id = text.strip_prefix("region:").unwrap_or(text);
    is_country_entry(text) || RegionId::parse(id).is_ok()
}

/// The country whose law applies to a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct RegionCountry(pub(in crate::config) Country);

impl Shape for RegionCountry {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        const ALLOWED: &str = "an ISO 3166-1 alpha-2 country code, such as `BR`";
        let text = reader.text(value, ALLOWED)?;
        let country = Country::parse(text).ok();
        if country.is_none() {
            let kind = if text.len() == 2 { MistakeKind::UnknownName } else { MistakeKind::Form };
            let problem = format!("`{text}` is not a country");
            let hint = meant(text).map(|code| format!("write `{code}`"));
            reader.report_with(kind, problem, ALLOWED.to_owned(), hint);
        }
        country.map(Self)
    }

    fn write(&self) -> Value {
        self.0.write()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut crate::json::schema::Definitions) -> Value {
        Country::schema(definitions)
    }
}

/// The right code for a country that is often written with a wrong one.
pub(in crate::config) fn meant(code: &str) -> Option<&'static str> {
    match code {
        "UK" => Some("GB"),
        "EL" => Some("GR"),
        _ => None,
    }
}

/// The location of a region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) struct RegionLocation(pub(in crate::config) Location);

impl Shape for RegionLocation {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        const ALLOWED: &str = "[latitude, longitude] in degrees: -90 to 90 and -180 to 180";
        let numbers: Option<Vec<f64>> =
            value.as_array().map(|items| items.iter().filter_map(Value::as_f64).collect());
        let Some(&[latitude, longitude]) = numbers.as_deref() else {
            reader.wrong_type(value, ALLOWED);
            return None;
        };
        let location = Location::new(latitude, longitude);
        if location.is_none() {
            let swapped = Location::new(longitude, latitude);
            let hint = swapped.map(|swapped| format!("write {}, latitude first", swapped.write()));
            let problem = format!("{value} is not a location on Earth");
            reader.report_with(MistakeKind::Range, problem, ALLOWED.to_owned(), hint);
        }
        location.map(Self)
    }

    fn write(&self) -> Value {
        self.0.write()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut crate::json::schema::Definitions) -> Value {
        Location::schema(definitions)
    }
}
