//! An emulated Cloudflare v4 API: load balancing, DNS records, zones, token check, and as much of
//! Workers as `wrangler deploy` asks for (`scripts.rs` says how little we know of that).
//!
//! A client must cope with what the real API does: lists that are replaced whole, concurrent
//! writers, a rate limit that locks everybody out, replies that are lost after the change was made.
//! Recorded replies cannot test that, because they have no state behind them. So this API has
//! state: tables ([`World`]), the rules for writing to them, and HTTP around them ([`Api`]).
//!
//! [`Api::start`] serves, on loopback, a [`World`] that a test has set up, and records every
//! [`Exchange`]. A [`Fault`] disturbs calls on the way. Through [`SharedWorld`] the same tables
//! answer DNS.
//!
//! Paths, envelope, defaults, order of batches, status classes and limits follow Cloudflare's
//! documentation, and [`Conformance`] checks transcripts against the OpenAPI document. In
//! `lab/tests/official_client.rs` Cloudflare's own client, the npm package `cloudflare`, calls
//! every operation, and every reply has its declared type. Error codes are those that clients have
//! reported, where known. It is stricter than the real API: unknown fields and filters are refused,
//! never ignored. Everything else is missing, above all health checks of its own (`/health` shows
//! what a test sets), `preview`, monitor groups, and account-level load balancers.
mod auth;
mod balancer_fields;
mod batch;
mod conformance;
mod conformance_schema;
mod dns_source;
mod envelope;
mod faults;
mod fields;
mod limits;
mod load_balancers;
mod monitors;
mod paging;
mod plan;
mod pool_fields;
mod pools;
mod record_query;
mod record_rules;
mod records;
mod removal;
mod rivals;
mod routes;
mod script;
mod scripts;
mod seed;
mod server;
mod shared;
mod table;
mod transcript;
mod uploads;
mod world;
mod zones;

pub use auth::{ApiToken, Permission, TokenStatus};
pub use conformance::Conformance;
pub use envelope::{ApiError, Failure};
pub use faults::{Fault, FaultKind};
pub use limits::RateLimit;
pub use plan::Plan;
pub use script::Script;
pub use server::Api;
pub use shared::SharedWorld;
pub use transcript::{Body, Exchange};
pub use world::{Quirks, World};
