//! The body of a request to do something.

use super::fault::{Code, Fault};
use crate::config::CONFIG_BYTES_MAX;
use crate::journal::{Actor, Role};
use crate::json::{self, fields};
use crate::order::{Act, ActRequest};
use crate::time::{Millis, SECOND, Timestamp};

/// Longest body that is read, in bytes: a config as one string, in which every second character may
/// be escaped, and what is around it.
pub const ACT_BYTES_MAX: usize = 2 * CONFIG_BYTES_MAX + 16 * 1024;
/// Longest wait for the end of a body.
pub const ACT_BODY_MS_MAX: Millis = 10 * SECOND;
/// Longest idempotency key, in bytes.
pub const KEY_BYTES_MAX: usize = 128;

/// What the body of a request says. Who sends it comes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ActBody {
    /// What to do.
    act: Act,
    /// Why: it is kept in the audit chain, so it has no personal data.
    reason: String,
    /// When it comes into force; at once if absent.
    from: Option<Timestamp>,
    /// When it ends by itself; never if absent.
    until: Option<Timestamp>,
    /// Whether only to say what it would change.
    is_dry: bool,
}

fields!(ActBody { act, reason, from if any, until if any, is_dry = false });

/// Reads the body. A key that nobody knows is refused: a slip in `until` would order something for
/// ever. Errors: [`Code::Invalid`], with the first mistake.
pub(super) fn act_request(
    text: &str,
    (who, role): (Actor, Role),
    key: Option<String>,
) -> Result<ActRequest, Fault> {
    let invalid = |why: String| Fault::new(Code::Invalid, why);
    let said = |error: &dyn std::fmt::Display| match json::parse(text) {
        Ok(_) => invalid(error.to_string()),
        Err(error) => invalid(format!("the body is no JSON: {error}")),
    };
    let body: ActBody = json::read_strictly(text).map_err(|error| said(&error))?;
    let ActBody { act, reason, from, until, is_dry } = body;
    Ok(ActRequest { act, who, reason, from, until, is_dry, key, role })
}

/// Reads the header `Idempotency-Key`: printable ASCII, in quotes or not. Errors:
/// [`Code::Invalid`].
pub(super) fn idempotency_key(header: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(text) = header else { return Ok(None) };
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let is_one =
        (1..=KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if is_one {
        return Ok(Some(key.to_owned()));
    }
    let allowed = format!("`Idempotency-Key` takes 1 to {KEY_BYTES_MAX} printable characters");
    Err(Fault::new(Code::Invalid, allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ActRequest, String> {
        act_request(text, (Actor::system(), Role::Operator), None).map_err(|fault| fault.detail)
    }

    #[test]
    fn a_body_says_what_why_and_until_when() {
        let text =
            r#"{"act": {"lift": {"order": 7}}, "reason": "over", "until": "2026-01-31T12:00:00Z"}"#;
        let request = read(text).unwrap();
        assert_eq!((request.act, &*request.reason), (Act::Lift { order: 7 }, "over"));
        assert!(!request.is_dry && request.until.is_some() && request.from.is_none());
    }

    #[test]
    fn a_slip_is_refused_and_named() {
        for (text, word) in [
            (
                r#"{"act": {"lift": {"order": 7}}, "reason": "x", "untl": "2026-01-31T12:00:00Z"}"#,
                "untl",
            ),
            (r#"{"act": {"lift": {"order": 7}}, "reason": "x", "who": {"name": "me"}}"#, "who"),
            (r#"{"act": {"lift": {"order": 7}}, "reason": "x", "reason": "y"}"#, "reason"),
            (r#"{"act": {"dance": {}}, "reason": "x"}"#, "dance"),
            (r#"{"act": {"drain": {}}, "reason": "x"}"#, "region"),
            (r#"{"reason": "x"}"#, "act"),
            ("", "EOF"),
            ("nope", "the body is no JSON"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(word), "{text}: {told}");
        }
    }

    #[test]
    fn an_idempotency_key_is_short_and_printable() {
        let key = |text: &str| idempotency_key(Some(text)).map_err(|fault| fault.code);
        assert_eq!(idempotency_key(None), Ok(None));
        assert_eq!(key("\"a-1\""), Ok(Some("a-1".to_owned())));
        let longest = "k".repeat(KEY_BYTES_MAX);
        assert_eq!(key(&longest), Ok(Some(longest.clone())));
        for bad in ["", "\"\"", "a b", "ä", &(longest + "k")] {
            assert_eq!(key(bad), Err(Code::Invalid), "{bad}");
        }
    }
}
