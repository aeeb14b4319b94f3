//! Everything that touches the Workers runtime. It decides nothing.
//!
//! The shell turns events into values, hands them to the core, and does what the core returns. Only
//! here are `async`, a clock, randomness and JavaScript types. Nothing here may panic: one panic
//! fails every request in flight in its isolate, and the caller of a Durable Object waits forever.
//! So each call has a timeout, and everything from outside is read through checked getters.
//!
//! There are two builds of it. The whole Worker has everything. The Worker for requests alone
//! (`pointsman_edge`, ADR-0040) has what a client's request needs: neither cron nor Durable
//! Objects, no reader of the config, and of our own pages one.

mod clock;
mod isolate;
mod limiter;
mod log;
mod own_page;
mod proxy;
mod routes;
mod runtime;
mod start;
#[cfg_attr(pointsman_edge, path = "surface_of_edge.rs")]
mod surface;

#[cfg(not(pointsman_edge))]
mod access;
#[cfg(not(pointsman_edge))]
mod api;
#[cfg(not(pointsman_edge))]
mod areas;
#[cfg(not(pointsman_edge))]
mod call;
#[cfg(not(pointsman_edge))]
mod controller;
#[cfg(not(pointsman_edge))]
mod cron;
#[cfg(not(pointsman_edge))]
mod dashboard;
#[cfg(not(pointsman_edge))]
mod from_config;
#[cfg(not(pointsman_edge))]
mod hands;
#[cfg(not(pointsman_edge))]
mod kv;
#[cfg(not(pointsman_edge))]
mod kv_writing;
#[cfg(not(pointsman_edge))]
mod objects;
#[cfg(not(pointsman_edge))]
mod outbound;
#[cfg(not(pointsman_edge))]
mod probe;
#[cfg(not(pointsman_edge))]
mod promise;
#[cfg(pointsman_provoke_panic)]
mod provoke;
#[cfg(not(pointsman_edge))]
mod run_clock;
#[cfg(not(pointsman_edge))]
mod storage;
#[cfg(not(pointsman_edge))]
mod vantage;
