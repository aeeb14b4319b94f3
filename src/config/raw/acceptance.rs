//! Warnings that are accepted.

use super::texts::WarningCode;
use crate::json::shape;
use crate::time::Timestamp;

shape! {
    /// How `pointsman check` judges this config. The edge ignores it.
    pub(in crate::config) struct RawCheck {
        /// Warnings that are accepted.
        accept: Vec<RawAcceptance> = Vec::new(),
    }

    /// One warning that is accepted, or several of one code.
    pub(in crate::config) struct RawAcceptance {
        /// The code of the warning, such as `W101`.
        code: WarningCode,
        /// The path that the warning names, or one that contains it, such as `tenants`. An item
        /// with an id is named by it, in the brackets.
        path: String,
        /// Why it is accepted.
        reason: String,
        /// When the warning counts again.
        until: Option<Timestamp>,
    }
}
