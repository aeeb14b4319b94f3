//! Headers that a secret holds.

use crate::config::is_header_name;
use percent_encoding::percent_decode_str;

/// Most headers of one secret.
pub const HEADERS_MAX: usize = 16;
/// Longest value of one, in bytes.
pub const HEADER_VALUE_BYTES_MAX: usize = 4_096;

/// Headers that are ours, or the connection's.
const RESERVED: [&str; 7] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "user-agent",
];

/// Why a text holds no headers. It never repeats the text, which is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadHeaders {
    /// A part has no `=`.
    #[error("its headers are not `name=value,name=value`")]
    Form,
    /// A name is none, or one that is not to be set.
    #[error("one of its names is no header that may be set")]
    Name,
    /// A value has a character that headers do not take, or is too long.
    #[error("one of its values is empty, too long, or has a character that no header takes")]
    Value,
    /// There are too many.
    #[error("it has more than {HEADERS_MAX} headers")]
    TooMany,
}

/// Reads `name=value,name=value`, where values have `%` escapes: the form of
/// `OTEL_EXPORTER_OTLP_HEADERS`. Names are in lower case afterwards. Source: opentelemetry.io,
/// "OpenTelemetry Protocol Exporter", "Specifying headers via environment variables".
///
/// Errors: [`BadHeaders`].
pub fn headers(text: &str) -> Result<Vec<(String, String)>, BadHeaders> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let headers: Vec<_> = parts.map(header).collect::<Result<_, _>>()?;
    if headers.len() > HEADERS_MAX { Err(BadHeaders::TooMany) } else { Ok(headers) }
}

fn header(part: &str) -> Result<(String, String), BadHeaders> {
    let (name, value) = part.split_once('=').ok_or(BadHeaders::Form)?;
    let name = name.trim().to_ascii_lowercase();
    if !is_header_name(&name) || RESERVED.contains(&name.as_str()) {
        return Err(BadHeaders::Name);
    }
    let value = percent_decode_str(value.trim()).decode_utf8().map_err(|_| BadHeaders::Value)?;
    let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if value.is_empty() || value.len() > HEADER_VALUE_BYTES_MAX || !is_plain {
        return Err(BadHeaders::Value);
    }
    Ok((name, value.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_other_exporters_read_them() {
        let read = |text: &str| {
            headers(text).map(|all| {
                all.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
            })
        };
        assert_eq!(read("").unwrap(), [""; 0]);
        assert_eq!(
            read("Authorization=Basic%20MTIzOg==, x-scope = a%2Cb ,").unwrap(),
            ["authorization: Basic MTIzOg==", "x-scope: a,b"],
        );
        let long = format!("a={}", "b".repeat(HEADER_VALUE_BYTES_MAX + 1));
        let many = vec!["a=b"; HEADERS_MAX + 1].join(",");
        for (text, why) in [
            ("Authorization: Basic abc", BadHeaders::Form),
            ("=a", BadHeaders::Name),
            ("a b=c", BadHeaders::Name),
            ("Host=other.example.com", BadHeaders::Name),
            ("content-length=3", BadHeaders::Name),
            ("a=", BadHeaders::Value),
            ("a=b%0D%0Ac:d", BadHeaders::Value),
            ("a=%FF", BadHeaders::Value),
            ("a=\u{e4}", BadHeaders::Value),
            (&long, BadHeaders::Value),
            (&many, BadHeaders::TooMany),
        ] {
            assert_eq!(read(text), Err(why), "{text}");
        }
    }
}
