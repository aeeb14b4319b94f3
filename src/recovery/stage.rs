//! Where a service stands between well and failed over.

use crate::json::words;

words! {
    /// Where a service stands. The way is `normal → suspected → failing_over → failed_over →
    /// failing_back → normal`; `halted` may come at any time, and then nothing of it moves.
    #[derive(Default)]
    pub enum Stage {
        /// Its clients are where they should be.
        #[default]
        Normal = "normal",
        /// Probes of a region that serves it fail, and not enough have.
        Suspected = "suspected",
        /// Its clients, or its primary, are being moved.
        FailingOver = "failing_over",
        /// They are elsewhere.
        FailedOver = "failed_over",
        /// They return by stages.
        FailingBack = "failing_back",
        /// A person halted it, or declared corruption.
        Halted = "halted",
    }
}
