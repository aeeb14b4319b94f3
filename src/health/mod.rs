//! Is an origin healthy enough to take traffic?
//!
//! One probe gives a [`Verdict`]; [`Hysteresis`] turns verdicts into [`Health`]. The rules are the
//! same for every monitor:
//!
//! - An origin starts **Unknown**. One probe proves nothing: `rise` passes in a row make it Up,
//!   `fall` failures make it Down. Unknown is neither healthy nor fast (invariant 2).
//! - While Up, failures **accumulate** within a window, even between passes, and only `forgive`
//!   passes in a row clear them. A rule of "N in a row" would never notice an origin that fails
//!   every third request. The idea is gdnsd's `ok_thresh` (its manual, `gdnsd.config`, "Service
//!   Types").
//! - While Down, `rise` passes in a row make it Up again.
//! - **Inconclusive** says nothing about the origin (we hit a limit of our own, or could not
//!   probe), so it changes nothing.
//!
//! The other files each add one idea. [`quorum`] combines the verdicts of several areas. [`slow`]
//! fails an origin that is much slower than its peers. [`damping`] holds back an origin that flaps.
//! [`composite`] combines several monitors. `doubt` detects that our own network is at fault.
//! `override_` lets an operator overrule what is observed. They apply in this order: observed,
//! damped, composed, overridden.

mod because;
mod body;
pub mod composite;
pub mod damping;
mod doubt;
mod excerpt;
mod failure_reason;
mod field;
mod hysteresis;
mod instant;
mod override_;
mod place;
pub mod quorum;
mod seconds;
pub mod slow;
mod told;
mod verdict;

pub use because::Because;
pub use damping::Damping;
pub use doubt::{is_answered, is_silent, is_unreached};
pub use excerpt::{EXCERPT_BYTES_MAX, excerpt};
pub use failure_reason::{FailureKind, FailureReason};
pub use field::{FIELD_BYTES_MAX, FIELDS_MAX, Field, Seen, compare, is_behind};
pub use hysteresis::{Health, Hysteresis, Thresholds, Transition};
pub use instant::Untimed;
pub use override_::{active, effective};
pub use place::{PLACE_BYTES_MAX, Place};
pub use seconds::{Seconds, Untold};
pub use told::fields_of;
pub use verdict::{
    BODY_BYTES_MAX, BodyFailure, Passed, ProbeOutcome, ProbeResponse, TurnedAway, Verdict, classify,
};
