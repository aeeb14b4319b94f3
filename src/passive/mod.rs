//! What one isolate has seen of the regions with its own eyes.
//!
//! The routing table is half a minute old at best, and a region that died a second ago is still up
//! in it. Every answer that passes through is a measurement for nothing: a [`Breaker`] for each
//! region leaves one that does not answer after the first request that found out, [`Seen`] knows
//! how long answers take and how many are awaited, and a [`RetryBudget`] keeps retries from making a
//! brown-out worse. None of this is shared with other isolates or kept: a new isolate believes the
//! table.
//!
//! All of it is evidence and never a permit. It can put a region behind others; it cannot bring in
//! one that the law or the table has removed.

mod breaker;
mod budget;
mod outstanding;
mod quantile;
mod seen;
mod window;

pub use breaker::{BACKOFF_MS_MAX, BACKOFF_MS_MIN, Breaker, BreakerLimits};
pub use budget::{RETRIES_MIN, RetryBudget};
pub use outstanding::Outstanding;
pub use quantile::Quantile;
pub use seen::{FinishedTry, PENALTY_FADES_AFTER, PENALTY_MS, Seen};
pub use window::{WINDOW_MS, Window};

use crate::time::Millis;

/// How a try ended, as far as it tells about the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryOutcome {
    /// With an answer that is the application's own.
    Served,
    /// With an answer that says that the region cannot.
    Failed,
    /// With no connection, or with no answer in time.
    Silent,
    /// In a way that says nothing of the region.
    Unknown,
    /// With the wish to be left alone (429), for as long as it says.
    PushedBack(Option<Millis>),
}
