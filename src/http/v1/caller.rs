//! Who sends a request.

use super::fault::{Code, Fault};
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

impl Caller {
    /// Recognises who sends a request by its `Authorization`.
    ///
    /// **Errors**: the API is off, or nobody is recognised. Both are told without looking at what
    /// was asked for, so that a stranger learns nothing about it.
    pub fn recognise(authorization: Option<&str>, secret: Option<&Secret>) -> Result<Self, Fault> {
        let Some(secret) = secret else {
            return Err(Fault::new(
                Code::Off,
                "no token is configured; set the secret `ADMIN_TOKEN`",
            ));
        };
        if authorization.and_then(bearer).is_some_and(|offered| secret.matches(offered)) {
            let who = Actor { name: ADMIN_TOKEN_NAME.to_owned(), way: Way::Token };
            return Ok(Self { who, role: Role::Approver });
        }
        let challenge = "Bearer realm=\"pointsman\"";
        let fault = Fault::new(Code::Unauthenticated, "a bearer token is required");
        Err(fault.with("www-authenticate", challenge))
    }
}

/// The token of a bearer's `Authorization`. Source: RFC 6750 §2.1; the scheme has no case.
#[must_use]
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(credentials.trim())
}
