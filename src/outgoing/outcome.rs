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
