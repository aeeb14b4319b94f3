//! One request in, one decision out, with its reasons.
//!
//! A decision is an ordered chain of filters over the regions of a service. Each of the first four
//! only removes, and says what it removed:
//!
//! 1. **Rules**: what a strict residency rule does not permit. **Tenant**: what the tenant's pin
//!    does not permit. They come first and see no health, so nothing behind them can bring a region
//!    back (invariant 1).
//! 2. **Health**: regions that are down. Those of unknown health stay, behind those that are up: on
//!    a first deployment everything is unknown, and an unproved region inside the jurisdiction
//!    beats no service.
//! 3. **Writes**: all but the primary, for what changes something.
//! 4. **Shed**: regions that turn this client away, by a stable hash.
//! 5. **Breaker**, **Drain**, **Lag**, **Canary**: regions that this isolate found to fail, regions
//!    that take no new clients, replicas that lag too far behind to be read from, regions that are
//!    tried out on others. These only wish: what they name is put behind the rest, where a retry
//!    still finds it.
//!
//! Then the policy puts what is left in order, within groups: what does not fail before what does,
//! what a preferred rule asks for before the rest, what no wish puts behind before what one does,
//! what is up before what is unknown. The decision says how it chose the first.
//!
//! Deciding cannot fail (invariant 3): what is left may be empty, and then the decision is a
//! [`Refusal`].

pub mod capacity;
mod chain;
pub mod client_key;
mod decide;
mod decision;
mod policy;
mod request;
pub mod stable_hash;
mod tenant;
pub mod token;
pub mod two_choices;
pub mod weighted;

pub use decide::decide;
pub use decision::{
    ChosenBy, Decision, Filter, FilterStep, Refusal, RemovalReason, RemovedRegion, Wish,
};
pub use request::{Evidence, KvPin, RequestFacts, is_safe};
pub use tenant::needs_pin;

#[cfg(test)]
mod tests;
