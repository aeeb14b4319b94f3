//! What is wrong with a config: a stable code, where, what was seen, what is allowed, what to do.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The stable name of a mistake. Codes are never reused; the text around them may improve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Code {
    /// The text is not JSON, or larger than the limit.
    E001,
    /// A key or value has the wrong shape.
    E002,
    /// The version is not one that this build reads.
    E003,
    /// A list or table that may not be empty is empty, or has too many entries.
    E004,
    /// An id is used twice where it must be unique.
    E005,
    /// An id names nothing.
    E006,
    /// A number is out of its range.
    E007,
    /// A URL cannot be probed from a Worker.
    E008,
    /// A host or DNS name is not one.
    E009,
    /// A record cannot be built from what the origins say.
    E010,
    /// Publishing would lead out of a jurisdiction.
    E020,
    /// A strict rule that permits none of a service's regions.
    E021,
}

/// One mistake in a config.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Where it is, such as `regions.eu-west.origins[0].url`.
    pub path: String,
    /// Which mistake it is.
    pub code: Code,
    /// What is wrong, with the value that was seen.
    pub problem: String,
    /// What is allowed instead.
    pub allowed: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, code, problem, allowed } = self;
        write!(f, "{code:?} {path}: {problem}; allowed: {allowed}")
    }
}
