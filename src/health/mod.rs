//! Is an origin fit to be sent traffic?
//!
//! One probe gives a [`Verdict`]; [`Hysteresis`] turns verdicts into [`Health`]. The rules are in
//! one place, whatever a monitor checks:
//!
//! - An origin starts **Unknown**. The first probe is not the truth: `rise` passes in a row make it
//!   Up, `fall` failures make it Down. Unknown is neither healthy nor fast (invariant 2).
//! - While Up, failures **accumulate** within a window, even between passes, and only `forgive`
//!   passes in a row clear them. "N in a row" would never see an origin that fails every third
//!   request; this does. The idea is gdnsd's `ok_thresh` (its manual, `gdnsd.config`, "Service
//!   Types").
//! - While Down, `rise` passes in a row make it Up again.
//! - **Inconclusive** says nothing about the origin (our own limit, a check that could not be
//!   made), so it changes nothing.

mod doubt;
mod hysteresis;
mod verdict;

pub use doubt::{is_blind, is_unreached};
pub use hysteresis::{Health, Hysteresis, Thresholds, Transition};
pub use verdict::{Answer, BODY_BYTES_MAX, FailureReason, Outcome, Verdict, classify};
