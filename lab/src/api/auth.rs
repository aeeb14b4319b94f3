//! Bearer tokens and their permissions.
//!
//! The API answers 403 with code 10000 to an expired token and to one that lacks a permission. A
//! client cannot tell these apart from one call, but `/user/tokens/verify` can: a token without
//! permissions still verifies.
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::envelope::{Failure, Reply};

/// What a token may do, named as in the token template editor. A write permission includes the
/// matching read permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// "Load Balancing: Monitors and Pools Read", on the account.
    PoolsRead,
    /// "Load Balancing: Monitors and Pools Write", on the account.
    PoolsWrite,
    /// "Load Balancers Read", on the zone.
    LoadBalancersRead,
    /// "Load Balancers Write", on the zone.
    LoadBalancersWrite,
    /// "DNS Read", on the zone.
    DnsRead,
    /// "DNS Write", on the zone.
    DnsWrite,
    /// "Zone Read", to turn zone names into ids.
    ZoneRead,
    /// "Workers Scripts Edit", on the account.
    ScriptsWrite,
    /// "Workers KV Storage Edit", on the account.
    KvWrite,
    /// "Workers Routes Edit", on the zone.
    ScriptRoutesWrite,
}

impl Permission {
    fn includes(self, needed: Self) -> bool {
        self == needed
            || matches!(
                (self, needed),
                (Self::PoolsWrite, Self::PoolsRead)
                    | (Self::LoadBalancersWrite, Self::LoadBalancersRead)
                    | (Self::DnsWrite, Self::DnsRead)
            )
    }
}

/// Whether a token is usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStatus {
    /// In use.
    Active,
    /// Disabled by its owner.
    Disabled,
    /// Past its `expires_on`.
    Expired,
}

/// A token of a user; calls of all tokens of one user share one rate limit.
#[derive(Clone)]
pub struct ApiToken {
    /// Assigned when the token is added to a world.
    pub(crate) id: String,
    secret: String,
    user: String,
    status: TokenStatus,
    permissions: BTreeSet<Permission>,
}

impl std::fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiToken")
            .field("id", &self.id)
            .field("secret", &"[redacted]")
            .field("user", &self.user)
            .field("status", &self.status)
            .field("permissions", &self.permissions)
            .finish()
    }
}

impl ApiToken {
    /// An active token with these permissions, of the user `operator`.
    #[must_use]
    pub fn new(secret: &str, permissions: &[Permission]) -> Self {
        Self {
            id: String::new(),
            secret: secret.to_owned(),
            user: "operator".to_owned(),
            status: TokenStatus::Active,
            permissions: permissions.iter().copied().collect(),
        }
    }

    /// An active token that may read and write everything the lab emulates.
    #[must_use]
    pub fn all(secret: &str) -> Self {
        use Permission::{DnsWrite, LoadBalancersWrite, PoolsWrite, ZoneRead};
        Self::new(secret, &[PoolsWrite, LoadBalancersWrite, DnsWrite, ZoneRead])
    }

    /// An active token that may read everything and write nothing.
    #[must_use]
    pub fn read_only(secret: &str) -> Self {
        use Permission::{DnsRead, LoadBalancersRead, PoolsRead, ZoneRead};
        Self::new(secret, &[PoolsRead, LoadBalancersRead, DnsRead, ZoneRead])
    }

    /// The same token with this status.
    #[must_use]
    pub fn with_status(mut self, status: TokenStatus) -> Self {
        self.status = status;
        self
    }

    /// The same token, owned by this user.
    #[must_use]
    pub fn of_user(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// The user whose rate limit the token counts against.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Whether the token may be used for a call that needs this permission.
    pub(crate) fn permits(&self, needed: Permission) -> bool {
        self.status == TokenStatus::Active && self.permissions.iter().any(|p| p.includes(needed))
    }
}

/// Finds the token of an `Authorization` header.
///
/// **Errors**: 400 with 9106 without the header, 400 with 6003 when it is not `Bearer …`, and for
/// an unknown secret 401 with 1000 on `/user/tokens/verify`, 403 with 9109 elsewhere.
pub(crate) fn find<'a>(
    tokens: &'a [ApiToken],
    header: Option<&str>,
    path: &str,
) -> Result<&'a ApiToken, Failure> {
    let Some(header) = header else {
        let message = "Missing X-Auth-Key, X-Auth-Email or Authorization headers";
        return Err(Failure::new(400, 9106, message));
    };
    let secret = secret(header);
    if secret.is_empty() {
        return Err(Failure::new(400, 6003, "Invalid request headers"));
    }
    tokens.iter().find(|token| token.secret == secret).ok_or_else(|| {
        if path == "/user/tokens/verify" {
            Failure::new(401, 1000, "Invalid API Token")
        } else {
            Failure::new(403, 9109, "Invalid access token")
        }
    })
}

/// The secret of an `Authorization` header; empty where it is not `Bearer …`.
pub(crate) fn secret(header: &str) -> &str {
    header.strip_prefix("Bearer ").unwrap_or_default().trim()
}

/// The refusal of a token that is unusable or lacks a permission.
pub(crate) fn denied() -> Failure {
    Failure::new(403, 10000, "Authentication error")
}

/// Answers `/user/tokens/verify`.
pub(crate) fn verify(token: &ApiToken) -> Reply {
    let status = match token.status {
        TokenStatus::Active => "active",
        TokenStatus::Disabled => "disabled",
        TokenStatus::Expired => "expired",
    };
    let mut result: Value = json!({"id": token.id, "status": status});
    if token.status == TokenStatus::Expired {
        result["expires_on"] = json!("2020-01-01T00:00:00Z");
    }
    let reply = Reply::ok(result);
    match token.status {
        TokenStatus::Active => reply.with_message(10000, "This API Token is valid and active"),
        TokenStatus::Disabled | TokenStatus::Expired => reply,
    }
}
