//! How everything stands at one instant: the one answer that decisions, pages and plans all read.
//!
//! The state holds what probes found and what operators said; the config holds what should count.
//! Only here do the two meet with a `now`: a belief may have grown old, an override may have run
//! out, a composite is as healthy as its parts. Nobody else works that out, so a balancer, the
//! proxy's routing table and the page that a person reads cannot disagree about a region.
//!
//! Each answer is a plain value, made of the ones below it:
//!
//! - [`TargetStanding`]: what one monitor observed of one origin.
//! - [`OriginStanding`]: an origin as traffic takes it, with what an operator says about it.
//! - [`RegionStanding`]: a region as one service sees it, with its [`Share`].
//! - [`ServiceStanding`]: a service's regions in failover order, how new clients are divided among
//!   them, and which one is the primary.
//! - [`Everybody`]: the regions that one answer for all clients may name. It looks at the law alone
//!   and never at health.
//!
//! **Unknown is neither up nor down.** What is stale, new or damped is Unknown, and a latency or a
//! lag that is stale is absent.
//!
//! **Cost.** An answer is worked out each time that it is asked for, so ask once and pass the value
//! on. [`View::service`] visits each origin of the service once, and each monitor of a composite
//! once for an origin; of which monitors a composite is made is worked out once for a service
//! ([`By`]). Whoever wants answers remembered between questions keeps them in [`View`],
//! which is made for one instant and then dropped: nothing in it can grow old.

mod because;
mod by;
mod division;
mod instant;
mod law;
mod origin;
mod region;
mod service;
mod share;
mod target;

pub use by::By;
pub use instant::View;
pub use law::Everybody;
pub use origin::{OriginStanding, Whose};
pub use region::{Frozen, RegionStanding};
pub use service::{PrimaryStanding, ServiceStanding};
pub use share::Share;
pub use target::{Reason, TargetStanding};

#[cfg(test)]
mod tests;
