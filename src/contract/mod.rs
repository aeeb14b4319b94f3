//! Whether a service keeps what it promises, as values: what a field of a health document says
//! against its bound ([`judge`]), how fast errors use up what availability allows ([`burn`]), how
//! long recovery took ([`recovered`]), and what is remembered of all that ([`Promises`]).
//!
//! Nothing here looks at the clock or at a region; the Controller brings the figures together.

pub mod burn;
mod judge;
mod promises;
pub mod recovered;

pub use judge::judge;
pub use promises::{Broken, CAUSES_MAX, KEPT_AFTER_MS, Promises};
