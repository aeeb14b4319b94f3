//! Where a call may go. A URL that comes out of a secret is checked by nobody with the config.

use crate::config::OriginUrl;

/// Why a URL is not called. It never repeats the URL, which is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// Not `https://`.
    #[error("its URL does not begin with `https://`")]
    NotHttps,
    /// A character that URL parsers drop or read as another one.
    #[error("its URL has a space, a backslash or a character that is not ASCII")]
    Character,
    /// The host is no name, or one of the machine itself.
    #[error("its URL has no host that is a public DNS name")]
    Host,
    /// The host is on no list.
    #[error("the host of its URL is not in `allow_hosts`")]
    NotAllowed,
}

/// The URL, if it may be called: by TLS, at a host of this list, which has public names only.
pub fn address<'u>(url: &'u str, allow_hosts: &[String]) -> Result<&'u str, BadAddress> {
    let url = url.trim();
    let rest = url.strip_prefix("https://").ok_or(BadAddress::NotHttps)?;
    if rest.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'\\') {
        return Err(BadAddress::Character);
    }
    let parsed = OriginUrl::of(url).map_err(|_| BadAddress::Host)?;
    if parsed.is_local() {
        return Err(BadAddress::Host);
    }
    let is_allowed = allow_hosts.iter().any(|host| host == parsed.host());
    if is_allowed { Ok(url) } else { Err(BadAddress::NotAllowed) }
}

/// The same for the URL that each run calls.
pub fn heartbeat_address<'u>(url: &'u str, allow: &[String]) -> Result<&'u str, BadAddress> {
    address(url, allow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> Result<&str, BadAddress> {
        address(url, &["hooks.example.com".to_owned(), "127.0.0.1".to_owned()])
    }

    #[test]
    fn only_a_host_of_the_list_is_called_and_only_by_tls() {
        let good = "https://hooks.example.com/a?b=c";
        assert_eq!(check(good), Ok(good));
        assert_eq!(check(" https://hooks.example.com/a\n"), Ok("https://hooks.example.com/a"));
        assert_eq!(check("https://HOOKS.example.com"), Ok("https://HOOKS.example.com"));
        assert_eq!(check("https://hooks.example.com:8443/"), Ok("https://hooks.example.com:8443/"));
        for (url, why) in [
            ("http://hooks.example.com/a", BadAddress::NotHttps),
            ("HTTPS://hooks.example.com/a", BadAddress::NotHttps),
            ("hooks.example.com", BadAddress::NotHttps),
            ("", BadAddress::NotHttps),
            ("https://evil.example.com/a", BadAddress::NotAllowed),
            ("https://hooks.example.com.evil.example/a", BadAddress::NotAllowed),
            ("https://xhooks.example.com/a", BadAddress::NotAllowed),
            ("https://evil.example\\@hooks.example.com/", BadAddress::Character),
            ("https://hooks.example.com/\u{e9}", BadAddress::Character),
            ("https://hooks.exa\tmple.com/", BadAddress::Character),
            ("https://evil@hooks.example.com/", BadAddress::Host),
            ("https://hooks.example.com@evil.example/", BadAddress::Host),
            ("https://127.0.0.1/", BadAddress::Host),
            ("https://0x7f000001/", BadAddress::Host),
            ("https://10.0.0.1/", BadAddress::Host),
            ("https://169.254.169.254/latest", BadAddress::Host),
            ("https://[::1]/", BadAddress::Host),
            ("https://[fd00::1]/", BadAddress::Host),
            ("https://localhost/", BadAddress::Host),
            ("https://a.localhost/", BadAddress::Host),
            ("https://hooks.example.com./", BadAddress::Host),
            ("https:///", BadAddress::Host),
        ] {
            assert_eq!(check(url), Err(why), "{url}");
        }
    }
}
