//! The built Worker on real workerd, seen from outside only: HTTP, KV, DNS and the API's tables.
//!
//! Each test has a deployment of its own. Time is simulated where it can be: a cron run's clock
//! never shows a time before the one that it was scheduled for, so a test that fires runs for the
//! coming minutes lives through them in seconds. `cargo xtask test` builds the Worker first.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test ends at the first thing that is not as it should be, and needs a real clock"
)]

mod actuation;
mod admin;
mod alerts;
mod analytics;
mod areas;
mod asking;
mod bodies;
mod called;
mod changes;
mod config;
mod contracts;
mod cron;
mod declared;
mod doubt;
mod drills;
mod exports;
mod incidents;
mod jurisdiction;
mod lanes;
mod law;
mod objects;
mod orders;
mod pages;
mod panics;
mod phases;
mod probes;
mod promise;
mod proxy;
mod recovery;
mod restored;
mod runbook;
mod secrets;
mod setups;
mod signed;
mod small;
mod steady;
mod storage;
mod story;
mod support;
mod surface;
