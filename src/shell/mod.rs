//! Everything that touches the Workers runtime, and no decision.
//!
//! The shell turns events into values, hands them to the core, and carries out what comes back. It
//! is the only place with `async`, a clock, randomness and JavaScript types. Nothing here may
//! panic: one panic fails every request in flight in its isolate and leaves the caller of a Durable
//! Object waiting for ever, so each call is raced with a deadline, and everything from outside is
//! read through checked getters.

mod api;
mod clock;
mod controller;
mod cron;
mod kv;
mod outbound;
mod outside;
mod probe;
mod proxy;
mod routes;
mod surface;

use worker::{Env, ScheduleContext, ScheduledEvent, event};

/// One run of the cron trigger.
#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    cron::run(&event, &env).await;
}
