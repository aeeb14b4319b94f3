//! A client of the deployed Worker's admin API.
//!
//! The base URL is that of the Worker, such as `https://pointsman.example.workers.dev`. The token
//! comes from the environment alone: every process of the machine can read a command line.

#[cfg(test)]
pub(super) mod double;

use super::agent::agent;
use super::base_url::{has_token_characters, is_local};
use super::terminal::{CommandFailure, Terminal};
use crate::json::{self, Shape};
use crate::order::{Act, Acted};
use crate::secret::Secret;
use crate::time::{Millis, SECOND, Timestamp};
use clap::Args;
use serde_json::{Map, Value};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use ureq::http::{HeaderMap, Response};
use ureq::{Agent, Body, Error};

/// The path that all of the admin API is under.
const API_PATH: &str = "/.pointsman/v1";
/// The variable with the Worker's base URL.
const URL_VARIABLE: &str = "POINTSMAN_URL";
/// The variable with the token.
const TOKEN_VARIABLE: &str = "POINTSMAN_TOKEN";
/// Longest wait for one complete reply. The Controller may have to write to KV and compare.
const CALL_TIMEOUT_MS: Millis = 30 * SECOND;
/// Most bytes of a reply: the largest config, escaped, fits.
const REPLY_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Most bytes of what a server says about an error that are shown.
const DETAIL_BYTES_MAX: usize = 2_000;
/// Which Worker a command is for.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "The token is read from the environment variable POINTSMAN_TOKEN.")]
pub(super) struct RemoteArgs {
    /// The Worker's base URL [default: `POINTSMAN_URL`]
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
}

/// What a command does at the Worker, without who: the token says that.
#[derive(Debug)]
pub(super) struct Deed<'d> {
    /// The act.
    pub(super) act: &'d Act,
    /// Why.
    pub(super) reason: &'d str,
    /// When an order comes into force; at once if absent.
    pub(super) from: Option<Timestamp>,
    /// When an order ends by itself.
    pub(super) until: Option<Timestamp>,
    /// Whether only to say what it would change.
    pub(super) is_dry: bool,
}

/// The deployed Worker.
pub(super) struct Remote {
    agent: Agent,
    base: String,
    token: Secret,
    timeout_ms: Millis,
}

/// Why the Worker did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemoteError {
    /// The status of the reply; absent where none came.
    pub(super) status: Option<u16>,
    /// The code of the problem, such as `conflict`; absent where the reply has none.
    pub(super) code: Option<String>,
    /// What to tell.
    pub(super) text: String,
}

impl RemoteError {
    /// Whether the Worker answered, and has no such thing.
    pub(super) fn says_that_there_is_none(&self) -> bool {
        self.status == Some(404) && self.code.as_deref() == Some("not_found")
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<RemoteError> for CommandFailure {
    fn from(error: RemoteError) -> Self {
        Self::usage(error)
    }
}

impl Remote {
    /// The Worker that option and environment name. Errors: a URL or a token is missing or
    /// invalid, or the token must not be sent to the URL.
    pub(super) fn of(args: &RemoteArgs, terminal: &Terminal<'_>) -> Result<Self, CommandFailure> {
        Self::at(args.url.as_deref(), terminal.variable, CALL_TIMEOUT_MS)
            .map_err(CommandFailure::usage)
    }

    fn at(
        url: Option<&str>,
        variable: &dyn Fn(&str) -> Option<String>,
        timeout_ms: Millis,
    ) -> Result<Self, String> {
        let set = |name: &str| variable(name).filter(|text| !text.is_empty());
        let token = token(set(TOKEN_VARIABLE))?;
        let url = url.map(str::to_owned).or_else(|| set(URL_VARIABLE)).ok_or_else(|| {
            format!(
                "no Worker is named: use `--url https://…` or set the variable {URL_VARIABLE} to \
                 the URL that its admin API is reached at"
            )
        })?;
        let base = url.trim_end_matches('/');
        let base = base.strip_suffix(API_PATH).unwrap_or(base);
        let is_local = is_local(base).map_err(|why| token.redact(&why))?;
        let base = format!("{base}{API_PATH}");
        Ok(Self { agent: agent(is_local, timeout_ms), base, token, timeout_ms })
    }

    /// Reads a document, such as `status` or `audit?from=3`. Errors: [`RemoteError`].
    pub(super) fn get(&self, path: &str) -> Result<Value, RemoteError> {
        let request = self.agent.get(format!("{}/{path}", self.base));
        let sent = request.header("authorization", self.authorization()).call();
        self.parsed(&self.text(sent)?)
    }

    /// Does something. The request has a key of its own, so that it is one act even if it has to
    /// be sent twice. Errors: [`RemoteError`].
    pub(super) fn act(&self, deed: &Deed<'_>) -> Result<Acted, RemoteError> {
        let key = format!("{:016x}{:016x}", chance(), chance());
        let body = deed.body();
        let reply = self.post(&body, &key).or_else(|error| match error.status {
            // Nobody knows whether it arrived. With the same key it is done once.
            None => self.post(&body, &key),
            Some(_) => Err(error),
        })?;
        json::from_value(&self.parsed(&reply)?).map_err(|error| self.strange(&error))
    }

    /// `text` without the token.
    pub(super) fn redact(&self, text: &str) -> String {
        self.token.redact(text)
    }

    fn post(&self, body: &str, key: &str) -> Result<String, RemoteError> {
        let request = self.agent.post(format!("{}/acts", self.base));
        let request = request.header("authorization", self.authorization());
        let request = request.header("content-type", "application/json");
        self.text(request.header("idempotency-key", key).send(body))
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.token.expose())
    }

    /// The text of a good reply.
    fn text(&self, sent: Result<Response<Body>, Error>) -> Result<String, RemoteError> {
        let mut reply = sent.map_err(|error| self.lost(&error))?;
        let body = reply.body_mut().with_config().limit(REPLY_BYTES_MAX).lossy_utf8(true);
        let body = body.read_to_string().map_err(|error| self.lost(&error))?;
        match reply.status().as_u16() {
            200..=299 => Ok(body),
            status => Err(self.refused(status, reply.headers(), &body)),
        }
    }

    fn parsed(&self, text: &str) -> Result<Value, RemoteError> {
        json::parse(text).map_err(|error| self.strange(&error))
    }

    fn strange(&self, why: &dyn fmt::Display) -> RemoteError {
        let base = &self.base;
        let text = self.redact(&format!("what {base} answers is none of Pointsman's: {why}"));
        RemoteError { status: None, code: None, text: printable(&text) }
    }

    fn lost(&self, error: &Error) -> RemoteError {
        let why = match error {
            Error::Timeout(_) => format!("no answer within {} ms", self.timeout_ms),
            Error::BodyExceedsLimit(bytes) => format!("the answer exceeds {bytes} bytes"),
            error => format!("no connection: {error}"),
        };
        let text = self.redact(&format!("{}: {why}", self.base));
        RemoteError { status: None, code: None, text: printable(&text) }
    }

    fn refused(&self, status: u16, headers: &HeaderMap, body: &str) -> RemoteError {
        let problem = json::parse(body).unwrap_or_default();
        let word = |key: &str| problem.get(key).and_then(Value::as_str);
        let code = word("code").map(str::to_owned);
        let detail = word("detail").or_else(|| word("title")).unwrap_or_default();
        let mut detail = printable(&self.redact(detail));
        if detail.len() > DETAIL_BYTES_MAX {
            detail.truncate(detail.floor_char_boundary(DETAIL_BYTES_MAX));
            detail.push('…');
        }
        let is_told = !detail.is_empty() && code.as_deref() != Some("no_page");
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let told = match status {
            300..=399 => {
                let to = header("location").unwrap_or("elsewhere");
                let to = printable(&self.redact(to));
                format!("it redirects to {to}, and the token is not sent there")
            }
            401 => format!("the token in {TOKEN_VARIABLE} is not accepted"),
            403 => "the token's role may not do this".to_owned(),
            404 if code.as_deref().is_none_or(|code| code == "no_page") => {
                "no admin API answers at this URL".to_owned()
            }
            // Its own words say what there is instead, and when to come back.
            404 | 429 if is_told => String::new(),
            404 => "there is no such thing".to_owned(),
            409 => "as things stand it cannot be done".to_owned(),
            429 => match header("retry-after").and_then(|text| text.trim().parse::<u64>().ok()) {
                Some(seconds) => format!("too many requests; try again in {seconds} s"),
                None => "too many requests; try again later".to_owned(),
            },
            503 if code.as_deref() == Some("off") => "the admin API is off".to_owned(),
            503 => "the Controller is unavailable; try again".to_owned(),
            _ => "it is refused".to_owned(),
        };
        let told = [told, detail].into_iter().filter(|text| !text.is_empty());
        let told = told.collect::<Vec<_>>().join(": ");
        let text = format!("{} answers {status}: {told}", self.base);
        RemoteError { status: Some(status), code, text }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Deed<'_> {
    fn body(&self) -> String {
        let mut body = Map::new();
        body.insert("act".to_owned(), self.act.write());
        body.insert("reason".to_owned(), self.reason.into());
        for (key, at) in [("from", self.from), ("until", self.until)] {
            if let Some(at) = at {
                body.insert(key.to_owned(), at.write());
            }
        }
        if self.is_dry {
            body.insert("is_dry".to_owned(), true.into());
        }
        Value::Object(body).to_string()
    }
}

fn token(text: Option<String>) -> Result<Secret, String> {
    let text = text.ok_or_else(|| {
        format!("the variable {TOKEN_VARIABLE} is not set: it takes a token of the admin API")
    })?;
    // What does not fit into a header is not sent, and not shown.
    if has_token_characters(&text) {
        Ok(Secret::new(text))
    } else {
        Err(format!("the value of {TOKEN_VARIABLE} cannot be a token of the admin API"))
    }
}

/// 64 bits that nobody else has: the standard library seeds it with the system's randomness.
fn chance() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

/// A text from elsewhere without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
