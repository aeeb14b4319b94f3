//! An emulated Cloudflare v4 API: load balancing, DNS records, zones, token check.
//!
//! A client of this API must survive what the real one does: lists that are replaced whole, writers
//! that do not know of each other, a rate limit that locks everybody out, replies that are lost
//! after the change was made. Recorded answers could not show whether it does, because the state
//! behind them does not move. So this is the API with its state: tables ([`World`]), the rules of
//! writing to them, and HTTP around it ([`Api`]).
//!
//! How it goes: [`Api::start`] takes a [`World`] that a test has furnished, serves it on loopback
//! and records every [`Exchange`]. A [`Fault`] stands between the client and the tables. The same
//! tables answer DNS, through [`SharedWorld`].
//!
//! What is real and what is not: paths, envelope, defaults, order of batches, status classes and
//! limits follow Cloudflare's documentation, and [`Conformance`] checks transcripts against the
//! OpenAPI document. Cloudflare's own client, the npm package `cloudflare`, calls every operation
//! in `lab/tests/official_client.rs`, and every reply has the type that it declares. Error codes
//! are those that clients have reported, as far as they have.
//! Stricter than the real API: unknown fields and filters are refused, never ignored. Missing:
//! everything else, above all health checks of its own (`/health` shows what it was told),
//! `preview`, monitor groups, and account-level load balancers.
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
mod seed;
mod server;
mod shared;
mod table;
mod transcript;
mod world;
mod zones;

pub use auth::{ApiToken, Permission, TokenStatus};
pub use conformance::Conformance;
pub use envelope::{ApiError, Failure};
pub use faults::{Fault, FaultKind};
pub use limits::RateLimit;
pub use plan::Plan;
pub use server::Api;
pub use shared::SharedWorld;
pub use transcript::{Body, Exchange};
pub use world::{Quirks, World};
