//! How everything stands and what has happened, as numbers for machines that watch.
//!
//! There is **one writer**: the Controller makes every number, afresh for each question. Numbers of
//! single isolates would not do. Whoever asks meets another isolate each time, and a counter that
//! jumps between isolates looks as if it had begun anew with every jump.
//!
//! - [`Family`] is what one name means; [`GROUPS`] has all of them, in a fixed order. They are made
//!   from [`Sources`], which says nothing that the pages for people do not say.
//! - [`Counters`] is what the Controller counts itself; what isolates tell is in
//!   [`crate::traffic::Totals`]. All of them begin at 0 with the Controller, and every counter is
//!   there from the start for all that the config has: one that first appears with its first event
//!   hides that event.
//! - [`text`] is the form that Prometheus reads, and [`otlp`] the one that is pushed.
//!
//! A name is never told twice with the same labels, and is bounded: [`SERIES_MAX`], [`BYTES_MAX`].
//! A family that does not fit is left out whole, and it is said which.

mod counters;
mod families;
mod family;
mod fit;
mod known;
mod otlp;
mod sources;
#[cfg(test)]
mod tests;
mod text;

pub use counters::Counters;
pub use families::GROUPS;
pub use family::{Family, Group, Sample, Samples, Value};
pub use fit::{BYTES_MAX, SERIES_MAX};
pub use known::{CODES, is_known};
pub use otlp::{OTLP_CONTENT_TYPE, otlp};
pub use sources::Sources;
pub use text::{CONTENT_TYPE, text};
