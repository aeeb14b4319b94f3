//! Pointsman steers traffic between regions and never sends a request where residency forbids it.
//!
//! This page maps the modules. `ARCHITECTURE.md` lists the invariants and where they are enforced.
//!
//! **One tick.** The cron run (`shell::cron`) asks the [`controller`] for a round, and [`tick`]
//! says what to probe and when. The run makes the probes, judges them ([`health`]) and sends the
//! verdicts with its next request. The controller folds them into its [`state`], compiles the
//! routing table ([`routes`]) and the documents that people read ([`documents`]), and reconciles
//! Cloudflare with the desired state ([`cloudflare`]): read, plan, write differences, verify.
//!
//! **One request.** The proxy (`shell::proxy`) reads the facts of a request and [`steering`]
//! decides: [`residency`] removes forbidden regions, health removes those that are down,
//! [`latency`] orders the rest. The request is streamed to the first region, and to the next one if
//! a retry is safe. A refusal becomes a response in [`http`].
//!
//! Below the shell there is no `async`, clock, randomness, environment or JavaScript: `now` is an
//! argument and effects are values. The shell exists only on wasm32. So a pure module that uses the
//! runtime does not compile on the host, and `cargo test` runs the same code as the edge.

pub mod admin_token;
pub mod alert;
pub mod analytics;
pub mod cloudflare;
pub mod config;
pub mod contract;
pub mod controller;
pub mod country;
pub mod dashboard;
pub mod documents;
pub mod drill;
pub mod fingerprint;
mod fnv;
pub mod geo;
pub mod health;
mod hex;
pub mod hold;
pub mod http;
pub mod ids;
pub mod journal;
mod json;
pub mod jurisdiction;
pub mod latency;
pub mod metrics;
pub mod order;
pub mod ordered;
pub mod other_owner;
pub mod outgoing;
pub mod owned;
pub mod passive;
pub mod proxy;
pub mod recovery;
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
pub mod traffic;
pub mod view;

#[cfg(all(target_arch = "wasm32", not(pointsman_core_only)))]
mod shell;
