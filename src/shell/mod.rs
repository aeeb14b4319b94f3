//! Everything that touches the Workers runtime. It decides nothing.
//!
//! The shell turns events into values, hands them to the core, and does what the core returns. Only
//! here are `async`, a clock, randomness and JavaScript types. Nothing here may panic: one panic
//! fails every request in flight in its isolate, and the caller of a Durable Object waits forever.
//! So each call has a timeout, and everything from outside is read through checked getters.

mod access;
mod api;
mod areas;
mod call;
mod clock;
mod controller;
mod cron;
mod dashboard;
mod isolate;
mod kv;
mod outbound;
mod probe;
#[cfg(pointsman_provoke_panic)]
mod provoke;
mod proxy;
mod routes;
mod runtime;
mod storage;
mod surface;
mod vantage;

use crate::tick::RunId;
use js_sys::Promise;
use runtime::promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Env, worker_sys};

/// One run of the cron trigger.
#[expect(unreachable_pub, reason = "an export of the wasm, which is reached from outside")]
#[wasm_bindgen]
pub fn scheduled(event: worker_sys::ScheduledEvent, env: Env) -> Promise {
    promise(Box::pin(async move {
        // A scheduled time that is no number is long past, and the Controller ends the run.
        let scheduled = clock::instant(event.scheduled_time()?);
        cron::run(RunId { scheduled, stands_in: false }, &env).await;
        Ok(JsValue::UNDEFINED)
    }))
}
