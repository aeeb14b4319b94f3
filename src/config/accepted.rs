//! Warnings that an operator has read and accepts.
//!
//! The edge reads them only to know the keys. What they do is in `advice`, which exists on the host
//! alone.

use crate::time::Timestamp;

/// The acceptance of a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The code of the warning, such as `W101`.
    pub code: String,
    /// The path of the value, or of one that contains it. An item with an id is named by it:
    /// `residency[gdpr].allow`.
    pub path: String,
    /// Why it is accepted, in the operator's words; never empty.
    pub reason: String,
    /// From when on the warning counts again; never if absent.
    pub until: Option<Timestamp>,
}
