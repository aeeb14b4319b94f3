//! One request in, one decision out, with its reasons.
//!
//! A decision is an ordered chain of filters over the regions of a service. Each filter only
//! removes or reorders, and says what it did:
//!
//! 1. **Residency** removes every region that a matching rule does not permit. It comes first and
//!    sees no health, so nothing behind it can bring a region back (invariant 1).
//! 2. **Health** removes regions that are down. Regions of unknown health stay, behind those that
//!    are up: on a first deployment everything is unknown, and an unproved region inside the
//!    jurisdiction beats no service.
//! 3. **Latency** orders what is left, nearest first.
//!
//! Deciding cannot fail (invariant 3): what is left may be empty, and then the decision is a
//! [`Refusal`].

mod decide;

pub use decide::{Decision, Reason, Refusal, Removed, RequestFacts, decide};
