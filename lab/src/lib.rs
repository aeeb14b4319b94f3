//! The lab runs the built Worker in a simulated deployment on loopback.
//!
//! A [`region`] is an HTTP server that breaks on command, [`api`] an emulated Cloudflare v4 API,
//! [`dns`] answers from that API's record table, and [`edge`] runs the built Worker on workerd
//! behind a simulated network; [`receivers`] take alerts; an [`account`] is what wrangler deploys
//! to. A [`deployment`] combines them, [`story`] plays a failover on one, and [`console`] lets a
//! person break things. Nothing here depends on the Worker's code: it sees only HTTP, KV and DNS.
pub mod account;
pub mod api;
pub mod bodies;
pub mod certs;
pub mod clients;
pub mod console;
pub mod cron;
pub mod deployment;
pub mod dns;
pub mod edge;
pub mod failovers;
mod held;
pub mod hooks;
pub mod odd_origin;
pub mod packages;
pub mod proxies;
mod public_name;
pub mod receivers;
pub mod region;
pub mod scripted;
pub mod story;
