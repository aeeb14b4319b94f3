//! One error, warning or note about a config.

use super::tree::Part;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The config is invalid.
    Error,
    /// Accepted, but probably not meant.
    Warning,
    /// Information.
    Note,
}

/// One diagnostic, ready to be rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How serious a finding is.
    pub severity: Severity,
    /// The stable code, such as `E006`.
    pub code: String,
    /// Where it is, such as `services.api.regions[1]`.
    pub path: String,
    /// Whether the value is wrong, or the key itself.
    pub part: Part,
    /// What is wrong, with the value seen.
    pub problem: String,
    /// What is allowed instead; may be empty.
    pub allowed: String,
    /// What to do.
    pub hint: Option<String>,
    /// The paths of some others that are the same but for an id.
    pub also: Vec<String>,
    /// How many others there are beyond those.
    pub more: usize,
}
