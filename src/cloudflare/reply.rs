//! API replies and failures.
//!
//! The HTTP status decides; codes in the envelope only explain, because Cloudflare has renumbered
//! them without notice. `success` is checked even on 200. Source:
//! developers.cloudflare.com/fundamentals/api/reference/limits and the API schema's
//! `api-response-common`.

use crate::json::{self, BadJson, Shape, fields};
use crate::time::{Millis, SECOND};
use serde_json::Value;

/// Most bytes of a reply that are read.
pub const REPLY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long to wait after a 429 without `Retry-After`. Source: the documented five minutes.
const RATE_LIMIT_BLOCK_MS: Millis = 300 * SECOND;
/// Longest `Retry-After` that is honoured. A longer one is a broken header and would hold up a
/// failover.
const RETRY_AFTER_MS_MAX: Millis = 600 * SECOND;

/// The reply to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// An HTTP response.
    Answered {
        /// Its status.
        status: u16,
        /// The `Retry-After` header in seconds, if any.
        retry_after_s: Option<u64>,
        /// Its body.
        body: String,
    },
    /// No reply, or only a part of one: the call may or may not have taken effect.
    Lost(String),
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiFailure {
    /// No reply; the change may have been made.
    #[error("no reply from the API ({0})")]
    Lost(String),
    /// Too many calls: every call fails until the wait is over.
    #[error("the API rate limit is reached (429); it asks to wait {} s", retry_after_ms / SECOND)]
    RateLimited {
        /// How long to wait.
        retry_after_ms: Millis,
    },
    /// The token is invalid, expired or revoked.
    #[error(
        "the API does not accept the token (401): {0}; check that `CLOUDFLARE_API_TOKEN` is \
         complete, active and not expired"
    )]
    NotAccepted(String),
    /// The token lacks a permission.
    #[error("the API refuses this to the token (403): {said}; it needs the permission {needs}")]
    NotPermitted {
        /// The API's error messages.
        said: String,
        /// The permission that the call needs.
        needs: &'static str,
    },
    /// A reply that is none of the API's, from a proxy, firewall or login page in between. It says
    /// nothing about the token or the object, and the call may have been carried out.
    #[error("something between here and the API answered in its place ({status})")]
    Intercepted {
        /// Its status.
        status: u16,
    },
    /// The object does not exist.
    #[error("the API has no such object (404): {0}")]
    NotFound(String),
    /// The token sees no zone of this name. The API has no refusal for that: the list is empty.
    #[error(
        "the token sees no zone `{name}`: it needs `Zone Read` on it, or there is no such zone in \
         the account"
    )]
    NoZone {
        /// The zone's name.
        name: String,
    },
    /// There is no zone of this name that is active, or more than one.
    #[error("exactly one zone of this name must be active, and zone {zones}; nothing is written")]
    DeadZone {
        /// The zones with their statuses.
        zones: String,
    },
    /// The API rejected the request.
    #[error("the API rejected the request ({status}): {said}")]
    Refused {
        /// Its status.
        status: u16,
        /// The API's error messages.
        said: String,
    },
    /// A server error.
    #[error("the API reports a server error ({0})")]
    Server(u16),
    /// A list was not read whole: it changed while it was read, or the API showed a part of it.
    #[error("the list is not whole ({0}), so nothing was concluded from it")]
    NotWhole(String),
    /// The reply does not match the API's schema, or does not show the change.
    #[error("unexpected reply from the API: {0}")]
    Malformed(String),
}

impl ApiFailure {
    /// Whether every other call would probably fail too, so that none should be made now.
    #[must_use]
    pub fn stops_everything(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::RateLimited { .. } | Self::NotAccepted(_))
    }

    /// Whether the API refused the token itself, or the token this call.
    #[must_use]
    pub fn is_denial(&self) -> bool {
        matches!(self, Self::NotAccepted(_) | Self::NotPermitted { .. })
    }

    /// Whether it is certain that nothing was changed.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        !matches!(
            self,
            Self::Lost(_) | Self::Server(_) | Self::Malformed(_) | Self::Intercepted { .. }
        )
    }
}

/// The envelope without its result, which may be large and is read in place.
struct Envelope {
    success: bool,
    errors: Vec<ApiError>,
}

struct ApiError {
    code: i64,
    message: String,
}

fields!(Envelope { success, errors = Vec::new() });
fields!(ApiError { code = 0, message = String::new() });

/// Returns the result of a reply. `needs` is the permission that the call needs. Errors:
/// [`ApiFailure`].
pub(super) fn open<T: Shape>(reply: &Reply, needs: &'static str) -> Result<T, ApiFailure> {
    let mut opened = opened(reply, needs)?;
    json::from_value(&result(&mut opened)?).map_err(malformed)
}

/// The same for one page of a list: its rows, and the number of rows on all pages if the API says.
pub(super) fn open_page(
    reply: &Reply,
    needs: &'static str,
) -> Result<(Vec<Value>, Option<usize>), ApiFailure> {
    let mut opened = opened(reply, needs)?;
    let total = opened.pointer("/result_info/total_count").and_then(Value::as_u64);
    match result(&mut opened)? {
        Value::Array(rows) => Ok((rows, total.and_then(|total| usize::try_from(total).ok()))),
        _ => Err(ApiFailure::Malformed("`result` is not a list".to_owned())),
    }
}

/// The envelope of a successful reply.
fn opened(reply: &Reply, needs: &'static str) -> Result<Value, ApiFailure> {
    let (status, wait_s, body) = match reply {
        Reply::Answered { status, retry_after_s, body } => (*status, *retry_after_s, body),
        Reply::Lost(why) => return Err(ApiFailure::Lost(why.clone())),
    };
    match status {
        200..=299 => {}
        429 => {
            let asked_ms = wait_s.map_or(RATE_LIMIT_BLOCK_MS, |s| s.saturating_mul(SECOND));
            let retry_after_ms = asked_ms.min(RETRY_AFTER_MS_MAX);
            return Err(ApiFailure::RateLimited { retry_after_ms });
        }
        500..=599 => return Err(ApiFailure::Server(status)),
        _ => return Err(refusal(status, body, needs)),
    }
    let opened = json::parse(body).map_err(|error| malformed(error.into()))?;
    let envelope: Envelope = json::from_value(&opened).map_err(malformed)?;
    if !envelope.success {
        return Err(ApiFailure::Refused { status, said: words(&envelope.errors) });
    }
    Ok(opened)
}

fn result(opened: &mut Value) -> Result<Value, ApiFailure> {
    match opened.get_mut("result").map(Value::take) {
        None | Some(Value::Null) => Err(ApiFailure::Malformed("`result` is missing".to_owned())),
        Some(result) => Ok(result),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by value")]
pub(super) fn malformed(error: BadJson) -> ApiFailure {
    ApiFailure::Malformed(error.to_string())
}

/// What a status that is neither a success nor a server error means. Only the API's own envelope is
/// a verdict: what stands in between answers in HTML or in a form of its own.
fn refusal(status: u16, body: &str, needs: &'static str) -> ApiFailure {
    let Ok(Envelope { errors, .. }) = json::read(body) else {
        return ApiFailure::Intercepted { status };
    };
    let said = if errors.is_empty() { "no error message".to_owned() } else { words(&errors) };
    match status {
        401 => ApiFailure::NotAccepted(said),
        403 => ApiFailure::NotPermitted { said, needs },
        404 => ApiFailure::NotFound(said),
        _ => ApiFailure::Refused { status, said },
    }
}

fn words(errors: &[ApiError]) -> String {
    let one = |error: &ApiError| format!("{} {}", error.code, error.message);
    errors.iter().map(one).collect::<Vec<_>>().join("; ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str) -> Reply {
        Reply::Answered { status, retry_after_s: None, body: body.to_owned() }
    }

    #[test]
    fn the_result_is_taken_out_of_the_envelope() {
        let reply = answered(200, r#"{"success":true,"errors":[],"messages":[],"result":[1,2]}"#);
        assert_eq!(open::<Vec<u8>>(&reply, "x"), Ok(vec![1, 2]));
    }

    #[test]
    fn every_failure_is_told_apart() {
        let error =
            r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}"#;
        let said = "10000 Authentication error".to_owned();
        for (reply, failure) in [
            (Reply::Lost("timeout".to_owned()), ApiFailure::Lost("timeout".to_owned())),
            (answered(429, ""), ApiFailure::RateLimited { retry_after_ms: 300_000 }),
            (
                Reply::Answered { status: 429, retry_after_s: Some(7), body: String::new() },
                ApiFailure::RateLimited { retry_after_ms: 7_000 },
            ),
            (
                answered(403, error),
                ApiFailure::NotPermitted { said: said.clone(), needs: "DNS Write" },
            ),
            (answered(401, error), ApiFailure::NotAccepted(said.clone())),
            (
                answered(404, r#"{"success":false,"errors":[]}"#),
                ApiFailure::NotFound("no error message".to_owned()),
            ),
            (answered(400, error), ApiFailure::Refused { status: 400, said: said.clone() }),
            (answered(200, error), ApiFailure::Refused { status: 200, said }),
            (answered(502, "<html>"), ApiFailure::Server(502)),
        ] {
            assert_eq!(open::<u8>(&reply, "DNS Write"), Err(failure));
        }
    }

    #[test]
    fn an_answer_of_something_in_between_is_no_verdict() {
        let page = "<html><title>Access denied</title></html>";
        for status in [302, 400, 401, 403, 404, 407, 410] {
            for body in [page, "", "{}", r#"{"error":"blocked by policy"}"#] {
                let opened = open::<u8>(&answered(status, body), "DNS Write");
                let failure = opened.unwrap_err();
                assert_eq!(failure, ApiFailure::Intercepted { status }, "{body}");
                assert!(!failure.is_denial() && !failure.stops_everything());
                assert!(!failure.is_certain(), "whether it passed the call on, nobody knows");
            }
        }
    }

    #[test]
    fn a_token_that_is_not_accepted_and_a_permission_that_is_missing_are_told_apart() {
        let body = r#"{"success":false,"errors":[{"code":1000,"message":"no"}]}"#;
        let told = |status| open::<u8>(&answered(status, body), "DNS Write").unwrap_err();
        assert_eq!(
            told(401).to_string(),
            "the API does not accept the token (401): 1000 no; check that `CLOUDFLARE_API_TOKEN` \
             is complete, active and not expired"
        );
        assert_eq!(
            told(403).to_string(),
            "the API refuses this to the token (403): 1000 no; it needs the permission DNS Write"
        );
    }

    #[test]
    fn a_reply_that_is_no_envelope_is_malformed_and_not_empty() {
        for body in ["", "[]", "{\"success\":true}", "{\"success\":true,\"result\":\"x\"}"] {
            let opened = open::<u8>(&answered(200, body), "x");
            assert!(matches!(opened, Err(ApiFailure::Malformed(_))), "{body}: {opened:?}");
        }
    }
}
