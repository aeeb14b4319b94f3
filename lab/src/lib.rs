//! The lab: a small world on loopback in which the Worker can be tried for real.
//!
//! [`region`] are HTTP servers that break on command, [`api`] is an emulated Cloudflare v4 API,
//! [`dns`] answers from that API's record table, [`edge`] runs the built Worker on workerd behind a
//! simulated network. A [`deployment`] is all of them together; [`story`] plays the main job on
//! one, and [`console`] lets a person break things. Nothing here knows the Worker's code: it sees
//! only what a deployment sees, HTTP, KV and DNS.
pub mod api;
pub mod clients;
pub mod console;
pub mod cron;
pub mod deployment;
pub mod dns;
pub mod edge;
pub mod failovers;
pub mod proxies;
pub mod region;
pub mod story;
