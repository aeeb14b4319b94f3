//! Which texts of a table are origins.

use crate::config::{BadUrl, OriginUrl};

/// Whether a request can be sent to it: `https://host[:port]`, and nothing more. Unlike a config, a
/// table may name a host by its address, as it does where the proxy is tested.
pub(super) fn is_origin(text: &str) -> bool {
    let by_address =
        |url: &BadUrl| matches!(url, BadUrl::Address | BadUrl::Spelled(_) | BadUrl::Loopback);
    !text.ends_with('/') && OriginUrl::parse(text).map_or_else(|url| by_address(&url), |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_host_and_port_are_an_origin() {
        for text in
            ["https://eu-1.example.net", "http://a:8080", "http://127.0.0.1:9", "http://[::1]"]
        {
            assert!(is_origin(text), "{text}");
        }
        for text in [
            "",
            "eu-1.example.net",
            "https://",
            "https:///x",
            "https://eu 1.example.net",
            "https://eu-1.example.net:99999",
            "https://eu-1.example.net/",
            "https://eu-1.example.net/api",
            "https://user@eu-1.example.net",
            "ftp://eu-1.example.net",
            "not a URL",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }
}
