//! What one isolate has measured on the requests that it carried.
//!
//! The routing table is half a minute old, and in it a region that died a second ago is still up.
//! Every response that passes through is a free measurement. A [`Breaker`] for each region stops
//! using one that no longer responds. [`Seen`] knows how long responses take and how many are
//! outstanding. A [`RetryBudget`] keeps retries from making a brown-out worse. None of this is
//! stored or shared with other isolates: a new isolate starts from the table.
//!
//! Whatever is lent to a request is given back by time, never by what stands after an `await`: if a
//! client resets its connection, the runtime drops its request there. A request under way is
//! forgotten [`OVERDUE_MS`] after it must be over at the latest, a trial counts as lost after
//! [`TRIAL_MS_MAX`], and a retry leaves the budget after [`WINDOW_MS`].
//!
//! Evidence never permits anything. It can put a region behind others; it cannot bring back a
//! region that the rules or the table have removed.

mod breaker;
mod budget;
mod failures;
mod outstanding;
mod quantile;
mod seen;
mod window;

pub use breaker::{BACKOFF_MS_MAX, BACKOFF_MS_MIN, Breaker, BreakerLimits, TRIAL_MS_MAX};
pub use budget::{RETRIES_MIN, RetryBudget};
pub use failures::OriginFailures;
pub use outstanding::{COUNTED_MS_MAX, OVERDUE_MS, Outstanding};
pub use quantile::Quantile;
pub use seen::{FinishedTry, LostBody, PENALTY_FADES_AFTER, PENALTY_MS, Seen};
pub use window::{WINDOW_MS, Window};

use crate::time::Millis;

/// What the end of a try says about the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryOutcome {
    /// A response of the application.
    Served,
    /// A response that says that the region cannot serve, such as 503.
    Failed,
    /// No connection, or no response in time.
    Silent,
    /// Nothing that says anything about the region.
    Unknown,
    /// A 429, with the `Retry-After` that it gave.
    PushedBack(Option<Millis>),
}
