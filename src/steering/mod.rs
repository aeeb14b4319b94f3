//! Decides where one request goes, with the reasons.
//!
//! A decision is an ordered chain of filters over the regions of a service. The first filters
//! remove regions and note which:
//!
//! 1. **Rules** removes what a strict residency rule forbids, **Tenant** what the tenant's pin
//!    forbids. They come first and see no health, so no later step can bring a region back
//!    (invariant 1).
//! 2. **Health** removes regions that are down. Regions of unknown health stay, behind those that
//!    are up: right after the first deployment all are unknown, and an unproven region inside the
//!    jurisdiction beats no service.
//! 3. **Writes** removes all regions but the primary, if the request changes something.
//! 4. **Shed** removes regions that turn this client away, by a stable hash.
//! 5. **Breaker**, **Drain**, **Lag**, **Failback** and **Canary** are wishes. They put regions
//!    behind the rest, where a retry still finds them: regions that fail in this isolate, regions
//!    that take no new clients, replicas that lag too far behind, regions that were out and to
//!    which other clients have returned so far, and canaries for other clients.
//!
//! Then the policy orders what is left, within groups. Regions that do not fail come before those
//! that do; then those that preferred rules ask for; then those that no wish puts behind; then
//! those that are up before those of unknown health. The decision says how it chose the first.
//!
//! Deciding cannot fail (invariant 3). If no region is left, the decision is a [`Refusal`].

pub mod capacity;
mod chain;
pub mod client_key;
mod decide;
mod decision;
mod policy;
mod ranking;
mod request;
pub mod stable_hash;
mod tenant;
pub mod token;
pub mod two_choices;
pub mod weighted;
mod witness;

pub use decide::{decide, decide_first};
pub use decision::{
    ChosenBy, Decision, Filter, FilterStep, Refusal, RemovalReason, RemovedRegion, Wish,
};
pub use request::{Evidence, KvPin, RequestFacts, is_safe};
pub use tenant::needs_pin;

#[cfg(test)]
mod tests;
