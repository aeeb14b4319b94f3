//! What became of requests, as data points for Workers Analytics Engine.
//!
//! An isolate of the proxy counts by minute for its [reports](crate::traffic). Where the deployment
//! binds a dataset, it also keeps the same counts as [`Points`], and writes them behind a request
//! when it looks for a table: **one point for each row of a minute that has ended**, whatever
//! reports have told meanwhile. So a request costs nothing more, and nothing is lost while the
//! Controller is out of reach.
//!
//! A point is what Analytics Engine takes: an index, texts (*blobs*) and numbers (*doubles*). Their
//! order is for ever, because queries name columns by their place: a new one goes to the end.
//! [`COLUMNS`] says what they are.
//!
//! A point says no more about a client than a report does: no address, no path, no country. It has
//! the area that its isolate is in, which is a part of the world.

mod columns;
mod point;
mod points;
#[cfg(test)]
mod tests;

pub use columns::{BLOBS, COLUMNS, Column, DOUBLES};
pub use point::{BLOBS_BYTES_MAX, BLOBS_MAX, DOUBLES_MAX, INDEX_BYTES_MAX};
pub use points::{Counts, POINTS_AT_ONCE_MAX, POINTS_MAX, Points};
