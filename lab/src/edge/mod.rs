//! Runs the built Worker on Cloudflare's runtime, with its surroundings under control.
//!
//! One [`Edge`] is one `workerd` process on loopback. The Worker has its real bindings: KV and
//! Durable Objects on disk, text variables, cron. Five small workers of our own (`js/`) surround
//! it:
//!
//! ```text
//! client ──► http ──► main ──► netsim ──► 127.0.0.1:<port of a region>
//!                      │
//!                      ├─KV──► kvtap ──► workerd's KV
//!                      ├─Cache API──► cache
//!                      └─ANALYTICS──► analytics
//! test ────► ctl ──► cron of main, KV, faults and counters of kvtap, routes of netsim
//! ```
//!
//! `netsim` simulates the internet: it maps host names to loopback ports, with delay and faults.
//! `kvtap` counts the Worker's KV operations, and makes KV fail or lag as in production. `cache`
//! keeps cached responses in memory, and `analytics` data points, with
//! [`EdgeOptions::dataset`]. `ctl` gives tests access to all of it.
//!
//! With [`EdgeOptions::front`] clients meet the Worker for requests alone, and `main` has the rest.
//! A [`BareEdge`] is the same Worker without the first three, which would distort measurements.
//!
//! With [`EdgeOptions::invocations`] a share of probes has six connections, as in production: a
//! seventh waits in `netsim`.
//!
//! **Not simulated**: the other limits of production (CPU time, KV writes), the placement of
//! Durable Objects, the frozen clock.
mod bare;
mod bundle;
mod config;
mod control;
mod lab;
mod options;
mod process;
mod socket;
mod workerd;

pub use bare::BareEdge;
pub use config::CF_HEADER;
pub use lab::Edge;
pub use options::{
    Connections, DataPoint, EdgeOptions, FRONT_VARS, KvCounts, KvFaults, KvKey, NetFault, Route,
};
pub use socket::{Handshake, Message, Socket};
pub use workerd::find_workerd;

/// The compatibility date that the Worker runs with; the same as in `wrangler.toml`.
pub const COMPATIBILITY_DATE: &str = "2026-11-17";
/// The compatibility flags that the Worker runs with; the same as in `wrangler.toml`.
pub const COMPATIBILITY_FLAGS: [&str; 2] = ["no_nodejs_compat", "no_nodejs_compat_v2"];
