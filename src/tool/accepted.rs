//! Warnings that a config accepts, as `check` lists them.

use super::text::grouped;
use crate::config::AcceptedAdvice;
use crate::time::Timestamp;
use serde::Serialize;
use std::fmt;

/// One warning that is accepted, or several that differ in an id alone.
#[derive(Debug, Serialize)]
pub(super) struct AcceptedReport {
    code: String,
    path: String,
    problem: String,
    /// How many there are.
    count: usize,
    reason: String,
    until: Option<Timestamp>,
}

impl From<&AcceptedAdvice> for AcceptedReport {
    fn from(accepted: &AcceptedAdvice) -> Self {
        let AcceptedAdvice { advice, reason, until } = accepted;
        Self {
            code: format!("{:?}", advice.code),
            path: advice.path.clone(),
            problem: format!("{}: {}", advice.problem, advice.why),
            count: 1 + advice.also.len() + advice.more,
            reason: reason.clone(),
            until: *until,
        }
    }
}

impl fmt::Display for AcceptedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, path, problem, count, reason, until } = self;
        write!(f, "accepted {code} {path}")?;
        if *count > 1 {
            write!(f, " and {} more", grouped(*count as u64 - 1))?;
        }
        write!(f, ": {problem}; because: {reason}")?;
        until.iter().try_for_each(|until| write!(f, "; until {until}"))
    }
}
