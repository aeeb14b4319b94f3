//! The target of a request, and whether the request may be repeated.

/// The parts of a request's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTarget<'u> {
    /// `http` or `https`.
    pub scheme: &'u str,
    /// The host in lower case, without a port.
    pub host: String,
    /// The port, if the URL names one; the runtime drops the port that the scheme has anyway.
    pub port: Option<&'u str>,
    /// The path, starting with `/`.
    pub path: &'u str,
    /// Path and query, starting with `/`: what is appended to an origin's address.
    pub path_and_query: &'u str,
}

impl RequestTarget<'_> {
    /// The host as the client named it: with the port, if there is one.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => [&self.host, ":", port].concat(),
            None => self.host.clone(),
        }
    }
}

/// Splits an absolute URL as the runtime writes it; `None` if it is not one. The runtime has parsed
/// and normalised the URL already, and the `url` crate would double the size of the Worker.
#[must_use]
pub fn parse_target(url: &str) -> Option<RequestTarget<'_>> {
    let (scheme, rest) = url.split_once("://")?;
    let rest = rest.split('#').next().unwrap_or(rest);
    let end_of_authority = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path_and_query) = rest.split_at_checked(end_of_authority)?;
    let path_and_query = if path_and_query.is_empty() { "/" } else { path_and_query };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = split_port(host);
    let port = port.filter(|port| !port.is_empty());
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let path = path_and_query.split('?').next().unwrap_or("/");
    Some(RequestTarget { scheme, host, port, path, path_and_query })
}

/// A host and its port, from what a URL has between user and path.
#[must_use]
pub fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Whether a request of this method may be repeated although it may have taken effect. `TRACE` is
/// left out, because the runtime does not send it. A header such as `Idempotency-Key` changes
/// nothing: it is a promise between the client and the application, and no standard holds the
/// application to it. Source: RFC 9110 §9.2.2.
#[must_use]
pub fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE")
}

/// Whether a status is the edge's own report that it could not reach the origin, which arrives as
/// an ordinary response. Source:
/// developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors.
#[must_use]
pub fn says_unreachable(status: u16) -> bool {
    matches!(status, 521..=523 | 525 | 526 | 530)
}

/// Whether a status is the edge's own report that it sent nothing of the request: the connection
/// was refused (521), there was no way to the address (523), or the TLS handshake failed (525,
/// 526). A 522 is none: it also stands for a request that was sent and not acknowledged. Source: as
/// above.
#[must_use]
pub fn says_unsent(status: u16) -> bool {
    matches!(status, 521 | 523 | 525 | 526)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        for (url, host, path, path_and_query) in [
            ("https://api.example.com/a/b?c=d", "api.example.com", "/a/b", "/a/b?c=d"),
            ("https://API.example.com:8443/", "api.example.com", "/", "/"),
            ("http://api.example.com", "api.example.com", "/", "/"),
            ("http://api.example.com./x#y", "api.example.com", "/x", "/x"),
            ("http://u:p@api.example.com/x?y#z", "api.example.com", "/x", "/x?y"),
            ("http://[::1]:80/x", "[::1]", "/x", "/x"),
        ] {
            let target = parse_target(url).unwrap();
            assert_eq!(target.host, host, "{url}");
            assert_eq!((target.path, target.path_and_query), (path, path_and_query), "{url}");
        }
        assert_eq!(parse_target("api.example.com/x"), None);
    }

    #[test]
    fn a_port_belongs_to_the_authority_and_not_to_the_host() {
        for (url, host, authority) in [
            ("https://api.example.com/", "api.example.com", "api.example.com"),
            ("https://API.example.com:8443/x", "api.example.com", "api.example.com:8443"),
            ("http://u:1@api.example.com.:8080?x", "api.example.com", "api.example.com:8080"),
            ("http://api.example.com:/x", "api.example.com", "api.example.com"),
            ("http://[::1]:80/x", "[::1]", "[::1]:80"),
            ("http://[::1]/x", "[::1]", "[::1]"),
        ] {
            let target = parse_target(url).unwrap();
            assert_eq!((&*target.host, &*target.authority()), (host, authority), "{url}");
        }
    }

    #[test]
    fn a_method_that_may_take_effect_twice_is_not_idempotent() {
        assert!(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"].into_iter().all(is_idempotent));
        let others = ["POST", "PATCH", "CONNECT", "LOCK", "PURGE", "get", ""];
        assert!(!others.into_iter().any(is_idempotent));
    }

    #[test]
    fn what_the_edge_says_it_did_not_send_is_part_of_what_it_did_not_reach() {
        let unsent: Vec<u16> = (100..=999).filter(|status| says_unsent(*status)).collect();
        assert_eq!(unsent, [521, 523, 525, 526]);
        assert!(unsent.into_iter().all(says_unreachable));
    }

    #[test]
    fn the_edges_own_statuses_mean_that_the_origin_was_not_reached() {
        assert!([521, 522, 523, 525, 526, 530].into_iter().all(says_unreachable));
        assert!(![200, 500, 502, 503, 504, 520, 524].into_iter().any(says_unreachable));
    }
}
