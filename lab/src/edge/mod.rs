//! The built Worker on the runtime that Cloudflare runs it on, with the world around it under
//! control.
//!
//! One [`Edge`] is one `workerd` process on loopback. The Worker inside has its real bindings: KV
//! and Durable Objects on disk, text variables, cron. Around it stand four small workers of our
//! own (`js/`):
//!
//! ```text
//! client ──► http ──► main ──► netsim ──► 127.0.0.1:<port of a region>
//!                      │
//!                      ├─KV──► kvtap ──► workerd's KV
//!                      └─Cache API──► cache
//! test ────► ctl ──► cron of main, KV, faults and counters of kvtap, routes of netsim
//! ```
//!
//! `netsim` is the internet: it maps host names to loopback ports, with delay and faults. `kvtap`
//! counts what the Worker does with KV, and makes KV fail or lag as it does in production. `cache`
//! keeps in memory what the Worker puts into its cache. `ctl` is how tests reach all of it.
//!
//! A [`BareEdge`] is the same Worker without those three, for measurements: they would be measured
//! with it.
//!
//! **Not simulated**: the limits of production (connections, CPU time, KV writes), the placement of
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
pub use options::{EdgeOptions, KvCounts, KvFaults, KvKey, NetFault, Route};
pub use socket::{Handshake, Message, Socket};
pub use workerd::find_workerd;

/// The compatibility date that the Worker runs with; the same as in `wrangler.toml`.
pub const COMPATIBILITY_DATE: &str = "2026-11-17";
/// The compatibility flags that the Worker runs with; the same as in `wrangler.toml`.
pub const COMPATIBILITY_FLAGS: [&str; 2] = ["no_nodejs_compat", "no_nodejs_compat_v2"];
