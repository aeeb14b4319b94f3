//! The admin API.

use super::whole::Moving;
use super::{Checker, item, under};
use crate::admin_token::TokenHash;
use crate::config::Config;
use crate::config::admin::{
    ACCESS_MAX, ADMIN_HOSTS_MAX, ADMIN_TOKENS_MAX, AccessApp, Admin, AdminToken,
    TOKENS_OF_A_NAME_MAX,
};
use crate::config::diagnostic::Code;
use crate::config::raw::{RawAccess, RawAdmin, RawToken};

/// The end of each team's domain.
const TEAM_DOMAINS: &str = ".cloudflareaccess.com";
/// How many characters an audience tag has.
const AUD_LEN: usize = 64;
/// The name of whoever has the secret `ADMIN_TOKEN` in the audit chain.
const NAME_OF_THE_SECRET: &str = "admin-token";

impl Checker<'_> {
    pub(super) fn admin(&mut self, raw: &RawAdmin) -> Admin {
        let mut hosts = Vec::new();
        for (index, host) in self.bounded("admin.hosts", &raw.hosts, ADMIN_HOSTS_MAX) {
            let path = item("admin.hosts", index);
            let Some(host) = self.dns_name(&path, host) else { continue };
            if hosts.contains(&host) {
                self.twice(path, &host);
            }
            hosts.push(host);
        }
        Admin {
            hosts,
            on_service_hosts: raw.on_service_hosts,
            tokens: self.admin_tokens(&raw.tokens),
            access: self.access(&raw.access),
            acts_per_minute: raw.acts_per_minute.get(),
        }
    }

    fn admin_tokens(&mut self, raw: &[RawToken]) -> Vec<AdminToken> {
        let mut tokens: Vec<AdminToken> = Vec::new();
        for (index, token) in self.bounded("admin.tokens", raw, ADMIN_TOKENS_MAX) {
            let path = item("admin.tokens", index);
            let RawToken { id, role, sha256 } = token.clone();
            // What is no hash may be the token itself, and is reported with the secrets.
            let Ok(sha256) = TokenHash::parse(&sha256) else { continue };
            let mut bad = |key: &str, problem: String, allowed: &str| {
                self.report(under(&path, key), Code::E029, problem, allowed);
            };
            if id.as_str() == NAME_OF_THE_SECRET {
                let problem = format!("`{id}` is the name of the secret `ADMIN_TOKEN`");
                bad("id", problem, "another name");
            }
            if tokens.iter().any(|other| other.sha256 == sha256) {
                let problem = "the same token is listed twice".to_owned();
                bad("sha256", problem, "each token once");
            }
            let mut same = tokens.iter().filter(|other| other.id == id).peekable();
            if same.peek().is_some_and(|other| other.role != role) {
                let problem = format!("`{id}` has two roles");
                bad("role", problem, "one role for each name");
            }
            if same.count() == TOKENS_OF_A_NAME_MAX {
                let problem = format!("`{id}` has more than {TOKENS_OF_A_NAME_MAX} tokens");
                let allowed = "the one in use, and the one that replaces it";
                bad("id", problem, allowed);
            }
            tokens.push(AdminToken { id, role, sha256 });
        }
        tokens
    }

    fn access(&mut self, raw: &[RawAccess]) -> Vec<AccessApp> {
        let mut access: Vec<AccessApp> = Vec::new();
        for (index, app) in self.bounded("admin.access", raw, ACCESS_MAX) {
            let path = item("admin.access", index);
            let RawAccess { team_domain, aud, role } = app.clone();
            let team_domain = team_domain.to_ascii_lowercase();
            let team = team_domain.strip_suffix(TEAM_DOMAINS).unwrap_or_default();
            if team.is_empty() || !team.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                let problem = format!("`{team_domain}` is no domain of a team");
                let allowed = "such as `acme.cloudflareaccess.com`, without a scheme";
                self.report(under(&path, "team_domain"), Code::E031, problem, allowed);
            }
            if aud.len() != AUD_LEN || !aud.bytes().all(|b| b.is_ascii_hexdigit()) {
                let problem = format!("`{aud}` is no audience tag");
                let allowed = "64 hexadecimal digits, from the application's page in the dashboard";
                self.report(under(&path, "aud"), Code::E031, problem, allowed);
            } else if access.iter().any(|other| other.aud == aud) {
                let problem = "the same application is listed twice";
                self.report(under(&path, "aud"), Code::E031, problem, "each application once");
            }
            access.push(AccessApp { team_domain, aud, role });
        }
        access
    }

    /// A host of the admin API is nobody else's: whoever asks for it gets our pages and nothing
    /// else, and whoever can answer for it would learn the tokens that are sent there.
    pub(super) fn admin_hosts_are_its_own(&mut self, config: &Config, moving: &Moving) {
        let origins = || config.regions.values().flat_map(|region| &region.origins);
        for (index, host) in config.admin.iter().flat_map(|admin| admin.hosts.iter().enumerate()) {
            let whose = if moving.serves(host) {
                "a service"
            } else if moving.has(host) {
                "a published record"
            } else if origins().any(|origin| origin.url.host() == host) {
                "an origin"
            } else {
                continue;
            };
            let problem = format!("`{host}` is the host of {whose}");
            let allowed = "a host for the admin API alone, such as `ops.example.com`";
            self.report(item("admin.hosts", index), Code::E030, problem, allowed);
        }
    }
}
