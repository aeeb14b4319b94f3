//! Where the admin API answers, and who may use it.

use crate::admin_token::TokenHash;
use crate::ids::TokenId;
use crate::journal::Role;
use crate::json::fields;

/// Most hosts of the admin API.
pub const ADMIN_HOSTS_MAX: usize = 10;
/// Most tokens of the admin API, those that are being replaced included.
pub const ADMIN_TOKENS_MAX: usize = 32;
/// Most tokens of one name: the one in use, and the one that replaces it.
pub const TOKENS_OF_A_NAME_MAX: usize = 2;
/// Most applications of Cloudflare Access.
pub const ACCESS_MAX: usize = 10;

/// The default number of acts of one actor in a minute.
pub const ACTS_PER_MINUTE_DEFAULT: u32 = 30;

/// The admin API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admin {
    /// Hosts where it answers, in lower case, none of them a service's. If there is none, it
    /// answers at every host that is no service's.
    pub hosts: Vec<String>,
    /// Whether it answers at the hosts of services too.
    pub on_service_hosts: bool,
    /// Its tokens.
    pub tokens: Vec<AdminToken>,
    /// Applications of Cloudflare Access that are in front of it.
    pub access: Vec<AccessApp>,
    /// Most acts of one actor in a minute.
    pub acts_per_minute: u32,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminToken {
    /// The name of whoever has it, in the audit chain.
    pub id: TokenId,
    /// What it may do.
    pub role: Role,
    /// Its hash.
    pub sha256: TokenHash,
}

/// One application of Cloudflare Access. Whoever it lets in has its role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessApp {
    /// The team's domain, in lower case, such as `acme.cloudflareaccess.com`.
    pub team_domain: String,
    /// The application's audience tag.
    pub aud: String,
    /// What those may do whom it lets in.
    pub role: Role,
}

fields!(Admin {
    hosts,
    on_service_hosts,
    tokens,
    access,
    acts_per_minute = ACTS_PER_MINUTE_DEFAULT,
});
fields!(AdminToken { id, role, sha256 });
fields!(AccessApp { team_domain, aud, role });
