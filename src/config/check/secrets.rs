//! Finds secrets in the config.
//!
//! The config is in KV, where everyone with access to the dashboard can read it, and in version
//! control before that. Anything that looks like a credential is refused, wherever it is, and the
//! message does not repeat it.

use super::Checker;
use crate::admin_token::{self, TokenHash};
use crate::config::diagnostic::{Code, DIAGNOSTICS_LISTED_MAX, Diagnostic};
use serde_json::Value;
use std::fmt::Write as _;

/// Prefixes that only credentials have, by issuer.
const MARKS: [&str; 14] = [
    "https://hooks.slack.com/services/",
    "xoxb-",
    "xoxp-",
    "ghp_",
    "github_pat_",
    "glpat-",
    "sk_live_",
    "rk_live_",
    "AKIA",
    "AIza",
    "eyJhbGciOi",
    "whsec_",
    admin_token::MARK,
    "-----BEGIN ",
];
/// A word of this length after "bearer" is a token.
const BEARER_LEN_MIN: usize = 20;
/// The shortest Base64 of user and password that is recognised.
const BASIC_LEN_MIN: usize = 8;

/// The ends of paths where the config has the name of a secret.
const NAMED_AT: [&str; 5] =
    [".url_secret", ".key_secret", ".headers_secret", ".heartbeat_secret", ".secret"];

/// What is allowed where the hash of a token belongs.
const HASH_OF_A_TOKEN: (&str, &str) = (
    "the SHA-256 of a token, in 64 hexadecimal digits in lower case",
    "`pointsman token new` makes a token and prints the line for the config",
);

/// A secret that was found.
struct Secret<'d> {
    /// Its path; for a key, the path of its table.
    path: String,
    text: &'d str,
    kind: SecretKind,
}

/// How a secret was recognised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SecretKind {
    /// The value looks like one.
    Value,
    /// A key looks like one.
    Key,
    /// It stands where the name of a secret belongs, and is none.
    NoName,
    /// It stands where the hash of a token belongs, and is none.
    NoHash,
}

impl Checker<'_> {
    /// The secrets in the document, which are not among the other mistakes. They are never cut
    /// short by these, because what shows a line of the config hides the secrets that are listed.
    pub(super) fn secrets(&mut self) -> Vec<Diagnostic> {
        let mut secrets = Vec::new();
        secrets_in(self.document, &mut String::new(), &mut secrets);
        if secrets.len() > DIAGNOSTICS_LISTED_MAX {
            // Then secrets alone are listed, and their lines are not shown.
            self.unlisted += self.found.len() + secrets.len() - DIAGNOSTICS_LISTED_MAX;
            self.found.clear();
            secrets.truncate(DIAGNOSTICS_LISTED_MAX);
        }
        // Drop other diagnostics about the same text: they would repeat it.
        self.found.retain(|told| {
            let Diagnostic { path, problem, allowed, hint, .. } = told;
            let is_told_with = |secret: &Secret<'_>| {
                let mut texts = [path, problem, allowed].into_iter().chain(hint);
                (*path == secret.path && secret.kind != SecretKind::Key)
                    || texts.any(|text| text.contains(secret.text))
            };
            !secrets.iter().any(is_told_with)
        });
        let told = secrets.into_iter().map(|Secret { path, kind, .. }| {
            let key = path.rsplit('.').next().unwrap_or_default();
            let (allowed, hint) = if kind == SecretKind::NoHash {
                HASH_OF_A_TOKEN
            } else if key.contains("secret") && kind != SecretKind::Key {
                super::SECRET_BY_NAME
            } else {
                ("no secrets", "take it out of the config and rotate it: treat it as leaked")
            };
            let problem = match kind {
                SecretKind::Key => {
                    "a key in this table looks like a secret, and the config is stored in plain \
                     text"
                }
                SecretKind::Value => {
                    "this looks like a secret, and the config is stored in plain text"
                }
                SecretKind::NoHash => "this is no SHA-256, and may be the token itself",
                SecretKind::NoName => {
                    "this is not the name of a secret, and may be the secret itself"
                }
            };
            Diagnostic {
                code: Code::E013,
                problem: problem.to_owned(),
                allowed: allowed.to_owned(),
                hint: Some(hint.to_owned()),
                path: if path.is_empty() { ".".to_owned() } else { path },
            }
        });
        told.collect()
    }
}

/// Whether a text stands where the name of a secret belongs, and is no such name. This is asked of
/// the document, because it must be known even if the rest of the config cannot be read.
fn is_no_name(path: &str, text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let is_name = !text.is_empty() && text.bytes().all(plain);
    let tables = ["alerts[", "watchdog.", "otlp.", "services.", "monitors."];
    let is_ours = tables.iter().any(|at| path.starts_with(at));
    !is_name && is_ours && NAMED_AT.iter().any(|end| path.ends_with(end))
}

/// Whether a text stands where the hash of a token belongs, and is none.
fn is_no_hash(path: &str, text: &str) -> bool {
    path.starts_with("admin.tokens[")
        && path.ends_with(".sha256")
        && TokenHash::parse(text).is_err()
}

/// Finds all secrets.
fn secrets_in<'d>(value: &'d Value, path: &mut String, found: &mut Vec<Secret<'d>>) {
    let before = path.len();
    match value {
        Value::String(text) if is_secret(text) => {
            found.push(Secret { path: path.clone(), text, kind: SecretKind::Value });
        }
        Value::String(text) if is_no_hash(path, text) => {
            found.push(Secret { path: path.clone(), text, kind: SecretKind::NoHash });
        }
        Value::String(text) if is_no_name(path, text) => {
            found.push(Secret { path: path.clone(), text, kind: SecretKind::NoName });
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                // Writing to a string cannot fail.
                let _ = write!(path, "[{index}]");
                secrets_in(item, path, found);
                path.truncate(before);
            }
        }
        Value::Object(entries) => {
            for (key, item) in entries {
                if is_secret(key) {
                    found.push(Secret { path: path.clone(), text: key, kind: SecretKind::Key });
                    continue;
                }
                if before > 0 {
                    path.push('.');
                }
                path.push_str(key);
                secrets_in(item, path, found);
                path.truncate(before);
            }
        }
        _ => {}
    }
}

fn is_secret(text: &str) -> bool {
    let in_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || !b.is_ascii();
    let mut before = b' ';
    let starts = text.bytes().enumerate().filter(|(_, byte)| {
        let is_start = !in_word(before);
        before = *byte;
        is_start
    });
    let mut words = starts.filter_map(|(start, _)| text.get(start..));
    let is_bearer = text.strip_prefix("Bearer ").is_some_and(|rest| !rest.contains(' '));
    is_bearer
        || words.any(|rest| MARKS.iter().any(|mark| rest.starts_with(mark)) || authorises(rest))
        || has_credentials(text)
}

/// Whether a text starts like the value of an `Authorization` header. Source: RFC 9110 §11.4.
fn authorises(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(' ') else { return false };
    let token = rest.split(' ').next().unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") {
        return token.len() >= BEARER_LEN_MIN;
    }
    // A word of prose has a capital only at its start.
    let is_mixed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    scheme.eq_ignore_ascii_case("basic")
        && token.len() >= BASIC_LEN_MIN
        && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
        && token.bytes().skip(1).any(is_mixed)
}

/// Whether a URL, or the path of one, carries a password or a token.
fn has_credentials(text: &str) -> bool {
    let rest = match text.split_once("://") {
        Some((_, rest)) => rest,
        None if text.starts_with('/') => text,
        None => return false,
    };
    let (authority, rest) = rest.split_once(['/', '?']).unwrap_or((rest, ""));
    let named = |part: &str| {
        let name = part.split('=').next().unwrap_or_default();
        ["token", "key", "secret", "password", "api_key", "access_token", "sig"].contains(&name)
    };
    authority.contains('@') || rest.split(['?', '&']).skip(1).any(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_credentials_look_like_is_a_secret() {
        // Put together here, so that no scanner of secrets takes this file for a leak.
        let slack = ["https://hooks.slack.com", "services/T0/B0/x"].join("/");
        for text in [
            slack.as_str(),
            "Bearer abc",
            "bearer 0123456789abcdefghij",
            "Basic dXNlcjpodW50ZXIy",
            "basic dXNlcjpodW50ZXI=",
            "the token ghp_abc",
            "token:xoxb-abc",
            "/healthz?token=abc",
            "/healthz?a=b&key=abc",
            "https://user:pass@ops.example.com/",
            "https://ops.example.com/promote?token=abc",
            "https://ops.example.com/promote?a=b&key=abc",
        ] {
            assert!(is_secret(text), "{text}");
        }
    }

    #[test]
    fn ordinary_texts_are_not() {
        for text in [
            "SLACK_WEBHOOK",
            "https://ops.example.com/promote?region=eu",
            "bearer of news",
            "the Bearer of this contract",
            "Basic realm=\"shop\"",
            "Basic Functionality",
            "/healthz?region=eu",
            "/token/key",
            "SLACK_AKIA",
            "task_live_view",
            "a@b.example.com",
            "https://eu1.origin.example.com",
        ] {
            assert!(!is_secret(text), "{text}");
        }
    }
}
