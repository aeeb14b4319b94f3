//! The rows of the matrix: what can happen to one call, what is told of it, and how long it takes
//! to end as if it had not happened.

use crate::cloudflare::Reply;
use crate::time::{MINUTE, Millis, SECOND};

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// It never arrives, or it is carried out; and nobody hears of it.
    Lost { is_done: bool },
    /// It is carried out, and no reply comes until the deadline.
    TimesOut,
    /// The API answers this, and has carried it out or not.
    Answers { status: u16, retry_after_s: Option<u64>, body: &'static str, is_done: bool },
    /// The process ends while the call is under way.
    Killed { is_done: bool },
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) what: What,
    /// A part of what `failures` says after the pass that it struck; absent where nothing can.
    pub(super) told: Option<&'static str>,
    /// How long after it everything urgent is as in a clean run.
    pub(super) urgent_ms: Millis,
    /// The same for upkeep.
    pub(super) upkeep_ms: Millis,
}

const NO: &str = r#"{"success":false,"errors":[{"code":10000,"message":"no"}],"result":null}"#;
const PAGE: &str = "<html><title>Blocked</title></html>";

const fn row(name: &'static str, what: What, told: &'static str) -> Fault {
    // One wait after a failure is two seconds; the pass and the one that verifies it take some
    // calls.
    let urgent_ms = 10 * SECOND;
    Fault { name, what, told: Some(told), urgent_ms, upkeep_ms: urgent_ms }
}

const fn answers(status: u16, body: &'static str) -> What {
    What::Answers { status, retry_after_s: None, body, is_done: false }
}

/// After too many calls upkeep waits for one window more, and is tried once a minute.
const fn limited(name: &'static str, retry_after_s: Option<u64>, wait_ms: Millis) -> Fault {
    let what = What::Answers { status: 429, retry_after_s, body: "", is_done: false };
    let urgent_ms = wait_ms + 10 * SECOND;
    let upkeep_ms = urgent_ms + 7 * MINUTE;
    Fault { urgent_ms, upkeep_ms, ..row(name, what, "the API rate limit is reached (429)") }
}

const fn killed(name: &'static str, is_done: bool) -> Fault {
    Fault { told: None, ..row(name, What::Killed { is_done }, "") }
}

const LOST: &str = "no reply from the API";
const SERVER: &str = "the API reports a server error";
const BETWEEN: &str = "something between here and the API answered in its place";

/// Every row.
pub(super) const FAULTS: [Fault; 17] = [
    row("lost before the API acts", What::Lost { is_done: false }, LOST),
    row("lost after the API acted", What::Lost { is_done: true }, LOST),
    Fault {
        urgent_ms: 20 * SECOND,
        upkeep_ms: 20 * SECOND,
        ..row("timeout", What::TimesOut, LOST)
    },
    limited("429 with Retry-After", Some(20), 20 * SECOND),
    limited("429 without Retry-After", None, 5 * MINUTE),
    row("500", answers(500, ""), SERVER),
    row("502", answers(502, PAGE), SERVER),
    row("503", answers(503, NO), SERVER),
    row(
        "502 after the API acted",
        What::Answers { status: 502, retry_after_s: None, body: PAGE, is_done: true },
        SERVER,
    ),
    row("401", answers(401, NO), "the API does not accept the token (401)"),
    row("403", answers(403, NO), "the API refuses this to the token (403)"),
    row("HTML 401", answers(401, PAGE), BETWEEN),
    row("HTML 403", answers(403, PAGE), BETWEEN),
    row(
        "malformed JSON",
        What::Answers { status: 200, retry_after_s: None, body: "{\"succ", is_done: true },
        "unexpected reply from the API",
    ),
    row("success: false", answers(200, NO), "the API rejected the request (200)"),
    killed("killed before the API acts", false),
    killed("killed after the API acted", true),
];

impl What {
    pub(super) fn is_done(self) -> bool {
        match self {
            Self::Lost { is_done } | Self::Killed { is_done } | Self::Answers { is_done, .. } => {
                is_done
            }
            Self::TimesOut => true,
        }
    }

    /// The reply, and after how long it comes; `None` if the process does not live to see it.
    pub(super) fn reply(self) -> Option<(Reply, Millis)> {
        match self {
            Self::Killed { .. } => None,
            Self::Lost { .. } => Some((Reply::Lost("no connection".to_owned()), 0)),
            Self::TimesOut => Some((Reply::Lost("none in 8000 ms".to_owned()), 8 * SECOND)),
            Self::Answers { status, retry_after_s, body, .. } => {
                Some((Reply::Answered { status, retry_after_s, body: body.to_owned() }, 0))
            }
        }
    }
}
