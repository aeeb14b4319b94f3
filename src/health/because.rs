//! What decides how an origin or a region stands.

use crate::json::words;

words! {
    /// What decides the effective health of an origin or a region.
    pub enum Because {
        /// What probes found.
        Observed = "observed",
        /// An operator declared an outage of the region.
        Outage = "outage",
        /// An operator set it up or down.
        Override = "override",
        /// An operator drains it; its health is the observed one.
        Drain = "drain",
        /// The observer doubts itself, so it stays what it was.
        Doubt = "doubt",
        /// An operator declared corruption, so it stays away as it was.
        Corruption = "corruption",
    }
}
