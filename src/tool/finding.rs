//! One thing that is to be said of a config.

use super::tree::Part;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The config is refused.
    Error,
    /// It is accepted, and probably not meant.
    Warning,
    /// Good to know.
    Note,
}

/// One diagnostic, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The stable name of the mistake, such as `E006`.
    pub code: String,
    /// Where it is, such as `services.api.regions[1]`.
    pub path: String,
    /// Whether what is written there is wrong, or that it is written.
    pub part: Part,
    /// What is wrong, with the value that was seen.
    pub problem: String,
    /// What is allowed instead; empty where that says nothing.
    pub allowed: String,
    /// What to do.
    pub hint: Option<String>,
}
