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
//!
//! Around that, one idea a file: the verdicts of several areas become one ([`quorum`]); an answer
//! that is late beside its peers is a failure ([`slow`]); an origin that flaps is held down
//! ([`damping`]); several monitors are looked at as one ([`composite`]); an observer that reaches
//! nothing doubts itself (`doubt`); and an operator has the last word, beside what is observed
//! (`override_`). Traffic follows the chain: observed, damped, composed, overridden.

mod body;
pub mod composite;
pub mod damping;
mod doubt;
mod failure_reason;
mod hysteresis;
mod override_;
pub mod quorum;
pub mod slow;
mod verdict;

pub use damping::Damping;
pub use doubt::{is_answered, is_blind, is_unreached};
pub use failure_reason::FailureReason;
pub use hysteresis::{Health, Hysteresis, Thresholds, Transition};
pub use override_::{active, effective};
pub use verdict::{BODY_BYTES_MAX, ProbeOutcome, ProbeResponse, Verdict, classify};
