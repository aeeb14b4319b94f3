//! How long a region takes to answer, as far as anybody knows.
//!
//! Three witnesses. **Active** probes measure from wherever their vantage happens to be, so they
//! rank regions well only for clients near that place. **Passive** measurements are of the very
//! requests that are steered, but there are none where nobody was sent. **Distance** is no
//! measurement, but it is about the right client: light in fibre is a floor that no network beats.
//! [`blend`] weighs them by number and age, [`within_band`] takes the regions that are near enough
//! to the best. Nothing known is `None`, never zero: an unmeasured region is not a fast one
//! (invariant 2).

mod band;
mod blend;
mod distance;
mod ewma;

pub use band::within_band;
pub use blend::blend;
pub use distance::{BadLocation, Location};
pub use ewma::{Estimate, STALE_AFTER};
