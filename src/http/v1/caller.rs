//! Who sends a request.

use super::fault::{Code, Fault};
use crate::admin_token::{BadToken, TokenHash};
use crate::config::Admin;
use crate::http::SurfaceRequest;
use crate::http::access::{Assertion, Identity};
use crate::journal::{Actor, Role, Way};
use crate::secret::Secret;

/// The name of whoever has the secret `ADMIN_TOKEN`.
pub const ADMIN_TOKEN_NAME: &str = "admin-token";

/// Who sends a request, and what that actor may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub who: Actor,
    /// What it may do.
    pub role: Role,
}

/// What a request shows of who sends it.
#[derive(Debug)]
pub enum Shown {
    /// A token that is known.
    Known(Caller),
    /// What Cloudflare Access says. Its signature has to be verified.
    Assertion(Assertion),
}

impl Caller {
    /// Whoever has the secret `ADMIN_TOKEN`.
    fn with_the_secret() -> Self {
        let who = Actor { name: ADMIN_TOKEN_NAME.to_owned(), way: Way::Token };
        Self { who, role: Role::Approver }
    }

    /// Whom an assertion names that was verified.
    #[must_use]
    pub fn of(identity: Identity) -> Self {
        let Identity { name, role } = identity;
        Self { who: Actor { name, way: Way::Access }, role }
    }
}

/// What a request shows of who sends it. A token comes before what Access says, and one that is
/// wrong is not made up for.
///
/// **Errors**: the API is off, or nobody is recognised. Both are told without looking at what was
/// asked for, so that a stranger learns nothing about it.
pub fn shown(
    request: &SurfaceRequest,
    admin: Option<&Admin>,
    secret: Option<&Secret>,
) -> Result<Shown, Fault> {
    let has_access = admin.is_some_and(|admin| !admin.access.is_empty());
    let has_tokens = admin.is_some_and(|admin| !admin.tokens.is_empty());
    if secret.is_none() && !has_tokens && !has_access {
        let detail = "nobody can be recognised; set the secret `ADMIN_TOKEN`, or name tokens or \
                      an application of Access in `[admin]`";
        return Err(Fault::new(Code::Off, detail));
    }
    if let Some(authorization) = &request.authorization {
        return by_token(authorization, admin, secret).map(Shown::Known);
    }
    match &request.assertion {
        Some(text) if has_access => {
            let assertion = Assertion::parse(text);
            assertion.map(Shown::Assertion).map_err(|bad| unknown(&bad.to_string()))
        }
        _ => Err(unknown("a bearer token is required")),
    }
}

/// Who sends a request with this `Authorization`.
///
/// **Errors**: it is no token that is known.
pub fn by_token(
    authorization: &str,
    admin: Option<&Admin>,
    secret: Option<&Secret>,
) -> Result<Caller, Fault> {
    let offered = bearer(authorization).ok_or_else(|| unknown("a bearer token is required"))?;
    known(offered, admin, secret)
}

/// The holder of a token. All are compared, and each in constant time.
fn known(offered: &str, admin: Option<&Admin>, secret: Option<&Secret>) -> Result<Caller, Fault> {
    let is_the_secret = secret.is_some_and(|secret| secret.matches(offered));
    let hash = TokenHash::of(offered);
    let tokens = admin.iter().flat_map(|admin| &admin.tokens);
    let holder = tokens.fold(None, |found, token| match &hash {
        Ok(hash) if token.sha256.is(hash) => Some(token),
        _ => found,
    });
    match (is_the_secret, holder, hash) {
        (true, ..) => Ok(Caller::with_the_secret()),
        (_, Some(token), _) => {
            let who = Actor { name: token.id.to_string(), way: Way::Token };
            Ok(Caller { who, role: token.role })
        }
        (.., Err(BadToken::Misspelt)) => {
            Err(unknown("the token has a slip, or is cut: its checksum does not fit"))
        }
        _ => Err(unknown("the token is not known")),
    }
}

/// The refusal of somebody who is not recognised.
#[must_use]
pub fn unknown(detail: &str) -> Fault {
    let challenge = "Bearer realm=\"pointsman\"";
    Fault::new(Code::Unauthenticated, detail).with("www-authenticate", challenge)
}

/// Whether a request may have been made by a page of another site, with the cookie of a person who
/// is logged in. A browser says where a request comes from; a program says nothing.
///
/// **Errors**: it may.
pub fn must_be_of_this_site(request: &SurfaceRequest) -> Result<(), Fault> {
    let own = request.url.split_once("://").and_then(|(scheme, rest)| {
        let authority = rest.split(['/', '?', '#']).next()?;
        Some([scheme, "://", authority].concat())
    });
    let is_same_site = request.fetch_site.as_deref().is_none_or(|site| site == "same-origin");
    let is_same_origin = request.origin.as_ref().is_none_or(|origin| Some(origin) == own.as_ref());
    if is_same_site && is_same_origin {
        return Ok(());
    }
    Err(Fault::new(Code::Forbidden, "a page of another site may not do this"))
}

/// The token of a bearer's `Authorization`. Source: RFC 6750 §2.1; the scheme has no case.
#[must_use]
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(credentials.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin_token::made_of;
    use crate::config::AdminToken;
    use crate::ids::TokenId;

    fn token(number: u8) -> Secret {
        made_of([number; 20])
    }

    fn admin() -> Admin {
        let entry = |id: &str, role, number| AdminToken {
            id: TokenId::parse(id).unwrap(),
            role,
            sha256: TokenHash::of(token(number).expose()).unwrap(),
        };
        let tokens = vec![
            entry("wall", Role::Viewer, 1),
            entry("on-call", Role::Operator, 2),
            entry("on-call", Role::Operator, 3),
        ];
        Admin { tokens, ..Admin::default() }
    }

    fn ask(
        authorization: Option<&str>,
        admin: Option<&Admin>,
        secret: Option<&str>,
    ) -> Result<(String, Role), (Code, String)> {
        let request = SurfaceRequest {
            authorization: authorization.map(str::to_owned),
            ..SurfaceRequest::default()
        };
        let secret = secret.map(|text| Secret::new(text.to_owned()));
        match shown(&request, admin, secret.as_ref()) {
            Ok(Shown::Known(caller)) => Ok((caller.who.name, caller.role)),
            Ok(Shown::Assertion(_)) => panic!("there is none"),
            Err(fault) => Err((fault.code, fault.detail)),
        }
    }

    fn of(number: u8) -> String {
        format!("Bearer {}", token(number).expose())
    }

    #[test]
    fn a_token_says_who_and_what_may_be_done() {
        let admin = admin();
        let asked = |number: u8| ask(Some(&of(number)), Some(&admin), None);
        assert_eq!(asked(1), Ok(("wall".to_owned(), Role::Viewer)));
        assert_eq!(asked(2), Ok(("on-call".to_owned(), Role::Operator)));
        assert_eq!(asked(3), asked(2), "both tokens of a rotation");
        assert_eq!(asked(4).unwrap_err().0, Code::Unauthenticated);
    }

    #[test]
    fn the_secret_is_an_approver_and_may_be_absent() {
        let approver = Ok((ADMIN_TOKEN_NAME.to_owned(), Role::Approver));
        assert_eq!(ask(Some("bearer s3cret"), None, Some("s3cret")), approver);
        assert_eq!(ask(Some("Bearer s3cret"), Some(&admin()), Some("s3cret")), approver);
        assert_eq!(ask(Some(&of(1)), Some(&admin()), Some("s3cret")).unwrap().0, "wall");
    }

    #[test]
    fn without_anybody_to_recognise_the_api_is_off() {
        for admin in [None, Some(&Admin::default())] {
            assert_eq!(ask(Some(&of(1)), admin, None).unwrap_err().0, Code::Off);
        }
    }

    #[test]
    fn a_slip_is_told_apart_from_a_wrong_token() {
        let slip = of(1).replace("pmt_01", "pmt_10");
        assert!(ask(Some(&slip), Some(&admin()), None).unwrap_err().1.contains("slip"));
        assert!(ask(Some(&of(9)), Some(&admin()), None).unwrap_err().1.contains("not known"));
        for authorization in [None, Some("Basic x"), Some("x"), Some("Bearer ")] {
            let (code, detail) = ask(authorization, Some(&admin()), None).unwrap_err();
            assert_eq!(code, Code::Unauthenticated, "{detail}");
        }
    }

    #[test]
    fn what_a_page_of_another_site_sends_is_refused() {
        let sent = |origin: Option<&str>, site: Option<&str>| {
            let request = SurfaceRequest {
                url: "https://ops.example.com/.pointsman/v1/acts".to_owned(),
                origin: origin.map(str::to_owned),
                fetch_site: site.map(str::to_owned),
                ..SurfaceRequest::default()
            };
            must_be_of_this_site(&request).is_ok()
        };
        assert!(sent(None, None), "a program");
        assert!(sent(Some("https://ops.example.com"), Some("same-origin")));
        for (origin, site) in [
            (Some("https://evil.example"), None),
            (Some("null"), None),
            (Some("http://ops.example.com"), None),
            (Some("https://ops.example.com:8443"), None),
            (None, Some("cross-site")),
            (None, Some("same-site")),
            (None, Some("none")),
            (Some("https://ops.example.com"), Some("cross-site")),
        ] {
            assert!(!sent(origin, site), "{origin:?} {site:?}");
        }
    }
}
