//! What is answered before any table is looked at: our own pages, and what must not go to a region
//! whatever the table says.

use super::instruction::Instruction;
use super::isolate::{AUTHORIZATION, Isolate};
use super::question::Question;
use super::refresh::Refresh;
use crate::admin_token;
use crate::http::{BLOCKED_PAGE, Problem, STATUS_PAGE, Whose, blocked, whose};
use crate::secret::Secret;
use crate::time::Timestamp;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;

impl Isolate {
    /// The answer to a request that no table is needed for; `None` for all others.
    pub(super) fn at_the_threshold(
        &mut self,
        question: &Question<'_>,
        now: Timestamp,
    ) -> Option<Instruction> {
        match whose(question.target.path) {
            // The table says whether there is one; so it is loaded first.
            Whose::Ours(STATUS_PAGE) if self.table.is_none() => None,
            Whose::Ours(STATUS_PAGE) => Some(match self.status_page(question, now) {
                Some(response) => {
                    let refresh = self.looks.next_for_request(now) != Refresh::No;
                    Instruction::Respond { response, or_stale: false, refresh }
                }
                None => Instruction::Surface,
            }),
            Whose::Ours(BLOCKED_PAGE) => Some(Instruction::Respond {
                response: blocked(&question.target.host, question.method, question.audience()),
                or_stale: false,
                refresh: false,
            }),
            Whose::Ours(_) => Some(Instruction::Surface),
            Whose::NearMiss => Some(self.refuse(Problem::MisspeltPath, Some(question))),
            Whose::Theirs if carries(&self.secrets, question) => {
                Some(self.refuse(Problem::OurSecret, Some(question)))
            }
            Whose::Theirs => None,
        }
    }
}

/// Whether a secret or a token of ours is in the URL or in `Authorization`. To search all headers
/// would cost each request more than a crossing.
fn carries(secrets: &[Secret], question: &Question<'_>) -> bool {
    let authorization = question.header(AUTHORIZATION);
    let is_shown = |text: &str| is_in(secrets, text);
    is_in_url(secrets, question.target.path_and_query)
        || authorization.is_some_and(is_shown)
        || authorization.and_then(basic).is_some_and(|text| is_shown(&text))
}

/// Whether one is in a URL, as it is or escaped.
pub(super) fn is_in_url(secrets: &[Secret], url: &str) -> bool {
    let is_escaped = || is_in(secrets, &percent_decode_str(url).decode_utf8_lossy());
    is_in(secrets, url) || (url.contains('%') && is_escaped())
}

fn is_in(secrets: &[Secret], text: &str) -> bool {
    secrets.iter().any(|secret| secret.is_in(text)) || admin_token::is_in(text)
}

/// User and password of `Basic` credentials (RFC 7617).
fn basic(authorization: &str) -> Option<String> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    let bytes = scheme
        .eq_ignore_ascii_case("basic")
        .then(|| BASE64_STANDARD.decode(credentials.trim_ascii()).ok())??;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
