//! What follows from how a try ended.

use super::message::shortened;
use crate::outgoing::Outcome;
use crate::time::Millis;

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has arrived.
    Delivered,
    /// It is tried again.
    Again { why: String, after_ms: Option<Millis>, may_have_arrived: bool },
    /// No try would be better.
    Hopeless { why: String },
}

/// Longest part of an answer that is kept, in bytes.
const SAID_BYTES_MAX: usize = 160;

impl Outcome {
    /// A redirect is no delivery: whoever follows one turns the POST into a GET, and takes the 200
    /// of a login page for an arrival. What the receiver calls a mistake of ours stays one.
    pub(super) fn verdict(&self) -> Verdict {
        let again = |why: String, after_ms, may_have_arrived| Verdict::Again {
            why,
            after_ms,
            may_have_arrived,
        };
        match self {
            Self::Answered { status: 200..=299, .. } => Verdict::Delivered,
            Self::Answered { status: status @ (408 | 429), retry_after_ms, .. } => {
                again(format!("it answered {status}"), *retry_after_ms, false)
            }
            Self::Answered { status: status @ 300..=399, .. } => Verdict::Hopeless {
                why: format!("it answered {status}: a redirect is no delivery"),
            },
            Self::Answered { status: status @ 400..=499, said, .. } => {
                let said = shortened(said.trim(), SAID_BYTES_MAX);
                let said = if said.is_empty() { said } else { format!(": {said}") };
                Verdict::Hopeless { why: format!("it answered {status}{said}") }
            }
            Self::Answered { status, retry_after_ms, .. } => {
                again(format!("it answered {status}"), *retry_after_ms, true)
            }
            Self::TimedOut => again("no answer in time".to_owned(), None, true),
            Self::NoConnection => again("no connection".to_owned(), None, true),
            Self::NotSent { why } => again(why.clone(), None, false),
        }
    }
}
