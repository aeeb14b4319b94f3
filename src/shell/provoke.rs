//! A panic in each part of the Worker, for the test of what a panic leaves in the log, and a
//! vantage point that hangs (`tests/e2e/panics.rs`). Only a build with `--cfg
//! pointsman_provoke_panic` has this module; what is deployed has no way to be made to do so.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "to panic is what this is for"
)]

use super::run_clock;
use crate::geo::Area;
use crate::time::{MINUTE, Timestamp};
use std::hint::black_box;

/// The instant for which a run is scheduled that panics.
const RUN_MS: u64 = 13;

/// Panics by its own words, where the question about a request names a certain path.
pub(super) fn in_a_request(question: &str) {
    if question.contains("/provoke-a-panic\n") {
        panic!("provoked in a request");
    }
}

/// Panics by a value that is not there, in the run of a certain instant.
pub(super) fn in_a_run(scheduled: Timestamp) {
    let is_meant = scheduled.millis() == RUN_MS;
    (!is_meant).then_some(()).expect("provoked in a run");
}

/// Lets the vantage point of one area hang for longer than any round lasts.
pub(super) async fn in_a_share(area: Option<Area>) {
    if area == Some(Area::Oc) {
        run_clock::wait(2 * MINUTE).await;
    }
}

/// Panics by words that only the standard library has.
pub(super) fn in_the_controller() {
    black_box([1_u8, 2, 3][black_box(7)]);
}
