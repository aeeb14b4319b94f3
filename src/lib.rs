//! Pointsman steers traffic between regions and never sends a request where the law forbids.
//!
//! This page is the map of the house. `ARCHITECTURE.md` has the invariants and where they are kept.
//!
//! **One tick.** The cron run (`shell::cron`) asks the [`controller`] for a round; [`tick`] says
//! what to probe and when; the run probes and judges ([`health`]), and brings the results with its
//! next question. The controller folds them into its [`state`], compiles the routing table
//! ([`routes`]) and the pages that people read ([`documents`]), and compares what it wants with
//! what Cloudflare has ([`cloudflare`]): read, plan, write on difference, verify.
//!
//! **One request.** The proxy (`shell::proxy`) reads the facts of a request, [`steering`] decides:
//! [`residency`] removes what the law forbids, health removes what is down, [`latency`] orders the
//! rest. The request is streamed to the first region, and to the next one where that is safe. A
//! refusal becomes a response in [`http`].
//!
//! Below the shell there is no `async`, clock, randomness, environment or JavaScript: `now` is an
//! argument and effects are values. The shell exists on wasm32 only, so a pure module that reaches
//! for the runtime does not compile on the host, and `cargo test` runs the code that the edge runs.

pub mod cloudflare;
pub mod config;
pub mod controller;
pub mod country;
pub mod documents;
pub mod fingerprint;
mod fnv;
pub mod geo;
pub mod health;
pub mod hold;
pub mod http;
pub mod ids;
mod json;
pub mod jurisdiction;
pub mod latency;
pub mod ordered;
pub mod passive;
pub mod proxy;
pub mod residency;
pub mod routes;
pub mod secret;
pub mod state;
pub mod steering;
pub mod tally;
pub mod target;
#[cfg(test)]
mod testing;
pub mod tick;
pub mod time;
#[cfg(not(target_arch = "wasm32"))]
pub mod tool;
pub mod view;

#[cfg(all(target_arch = "wasm32", not(pointsman_core_only)))]
mod shell;
