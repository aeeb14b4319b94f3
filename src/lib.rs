//! Pointsman steers traffic between regions and never sends a request where the law forbids.
pub mod cloudflare;
pub mod config;
pub mod controller;
pub mod country;
pub mod documents;
pub mod fingerprint;
pub mod health;
pub mod hold;
pub mod http;
pub mod ids;
mod json;
pub mod latency;
mod ordered;
pub mod residency;
pub mod routes;
pub mod secret;
pub mod state;
pub mod steering;
pub mod target;
#[cfg(test)]
mod testing;
pub mod tick;
pub mod time;

#[cfg(target_arch = "wasm32")]
mod shell;
