//! How a call ended.

use crate::time::Millis;

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answered {
        /// The status.
        status: u16,
        /// What `Retry-After` asks for.
        retry_after_ms: Option<Millis>,
        /// The beginning of the body, without secrets.
        said: String,
    },
    /// There was no answer in time. It may have arrived.
    TimedOut,
    /// There was no connection, or it broke. It may have arrived.
    NoConnection,
    /// It was not sent.
    NotSent {
        /// Why, without secrets.
        why: String,
    },
}

impl Outcome {
    /// Why there is no answer; `None` where there is one.
    #[must_use]
    pub fn unanswered(&self) -> Option<&str> {
        match self {
            Self::Answered { .. } => None,
            Self::TimedOut => Some("no answer in time"),
            Self::NoConnection => Some("no connection"),
            Self::NotSent { why } => Some(why),
        }
    }

    /// How it failed, for whom any status of success is one; `None` if it did not.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        match self {
            Self::Answered { status: 200..=299, .. } => None,
            Self::Answered { status, .. } => Some(format!("it answered {status}")),
            _ => self.unanswered().map(str::to_owned),
        }
    }
}
