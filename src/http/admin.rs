//! The operator's surface: authorization and routing of admin requests.

use super::{Response, document};
use crate::secret::Secret;

/// A request to our own surface.
#[derive(Debug, Clone, Copy)]
pub struct AdminRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// Which page: the path behind [`super::ADMIN_PREFIX`].
    pub page: &'a str,
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
}

/// What an admin request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminRoute {
    /// The status.
    Status,
    /// A comparison with Cloudflare now, then the status.
    Compare,
    /// The passive evidence of the isolate that takes the request.
    Proxy,
    /// Nothing: the request is refused with this response.
    Refused(Response),
}

/// Routes an admin request. The token is checked before the path, so that a stranger learns nothing
/// about paths. Without a configured token every request gets 503.
#[must_use]
pub fn route(request: &AdminRequest<'_>, token: Option<&Secret>) -> AdminRoute {
    let Some(token) = token else {
        return AdminRoute::Refused(error(503, "no ADMIN_TOKEN is configured", None));
    };
    let bearer = request.authorization.and_then(|value| {
        let (scheme, credentials) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(credentials.trim())
    });
    if !bearer.is_some_and(|offered| token.matches(offered)) {
        let challenge = ("www-authenticate", "Bearer realm=\"pointsman\"".to_owned());
        return AdminRoute::Refused(error(401, "a bearer token is required", Some(challenge)));
    }
    match (request.page, request.method) {
        ("status", "GET" | "HEAD") => AdminRoute::Status,
        ("status", _) => {
            let allow = ("allow", "GET, HEAD".to_owned());
            AdminRoute::Refused(error(405, "status is read-only", Some(allow)))
        }
        ("proxy", "GET" | "HEAD") => AdminRoute::Proxy,
        ("proxy", _) => {
            let allow = ("allow", "GET, HEAD".to_owned());
            AdminRoute::Refused(error(405, "proxy is read-only", Some(allow)))
        }
        ("compare", "POST") => AdminRoute::Compare,
        ("compare", _) => {
            let allow = ("allow", "POST".to_owned());
            AdminRoute::Refused(error(405, "compare requires POST", Some(allow)))
        }
        _ => AdminRoute::Refused(error(404, "no such page", None)),
    }
}

fn error(status: u16, what: &str, extra: Option<(&'static str, String)>) -> Response {
    let mut response = document(status, format!("{{\"error\":\"{what}\"}}"));
    response.headers.extend(extra);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, page: &str, authorization: Option<&str>, token: &str) -> u16 {
        let token = (!token.is_empty()).then(|| Secret::new(token.to_owned()));
        match route(&AdminRequest { method, page, authorization }, token.as_ref()) {
            AdminRoute::Status | AdminRoute::Proxy => 200,
            AdminRoute::Compare => 202,
            AdminRoute::Refused(response) => response.status,
        }
    }

    #[test]
    fn the_right_token_reads_the_status() {
        assert_eq!(ask("GET", "status", Some("Bearer t0k"), "t0k"), 200);
        assert_eq!(ask("GET", "status", Some("bearer t0k"), "t0k"), 200);
        assert_eq!(ask("GET", "proxy", Some("Bearer t0k"), "t0k"), 200);
    }

    #[test]
    fn the_right_token_asks_for_a_comparison() {
        assert_eq!(ask("POST", "compare", Some("Bearer t0k"), "t0k"), 202);
    }

    #[test]
    fn a_stranger_learns_nothing_not_even_which_pages_there_are() {
        for path in ["status", "proxy", "nothing"] {
            for authorization in [None, Some("Bearer wrong"), Some("Basic t0k"), Some("t0k")] {
                assert_eq!(ask("GET", path, authorization, "t0k"), 401, "{path} {authorization:?}");
            }
        }
    }

    #[test]
    fn without_a_configured_token_the_surface_is_shut() {
        assert_eq!(ask("GET", "status", Some("Bearer "), ""), 503);
    }

    #[test]
    fn wrong_methods_and_pages_are_told_apart_for_those_who_may_ask() {
        assert_eq!(ask("POST", "status", Some("Bearer t0k"), "t0k"), 405);
        assert_eq!(ask("GET", "compare", Some("Bearer t0k"), "t0k"), 405);
        assert_eq!(ask("POST", "proxy", Some("Bearer t0k"), "t0k"), 405);
        assert_eq!(ask("GET", "nothing", Some("Bearer t0k"), "t0k"), 404);
    }
}
