//! The latency of a region, as far as it is known.
//!
//! There are three sources. **Active** probes measure from their vantage point, so they rank
//! regions well only for clients near it. **Passive** measurements are of the requests themselves,
//! but a region without traffic has none. **Distance** is not measured, but it is about the right
//! client: light in fibre sets a minimum that no network beats. [`blend`] weighs them by count and
//! age, and [`within_band`] picks the regions that are close enough to the best. An unknown latency
//! is `None`, never zero: an unmeasured region is not a fast one (invariant 2).

mod band;
mod blend;
mod distance;
mod ewma;
mod places;

pub use band::within_band;
pub use blend::blend;
pub use distance::{BadLocation, Location, round_trip_ms};
pub use ewma::{Estimate, STALE_AFTER};
pub use places::{NEAREST_MAX, Places, bound};
