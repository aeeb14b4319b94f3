//! How long a region takes to answer, as far as anybody knows.
//!
//! Two witnesses. **Probes** measure from wherever the cron run happens to be, so they rank regions
//! well only for clients near that place. **Distance** is no measurement, but it is about the right
//! client: light in fibre is a floor that no network beats. Where the client's place is known,
//! distance decides; otherwise the probes do. Nothing known is `None`, never zero: an unmeasured
//! region is not a fast one (invariant 2).

mod distance;
mod ewma;

pub use distance::{BadLocation, Location};
pub use ewma::{Estimate, STALE_AFTER};
