//! One run, of the cron trigger or in its stead: asks the Controller what to probe, probes, reports
//! the results, and goes on until the Controller ends the run.

use super::promise::promise;
use super::run_clock::{RunClock, wait};
use super::runtime::{Env, Result};
use super::{areas, clock, controller, log, probe};
use crate::tick::{Aside, RoundReply, RoundRequest, RunId};
use crate::time::{Millis, SECOND};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// Longest wait for the Controller, which may be making API calls.
const CONTROLLER_TIMEOUT_MS: Millis = 30 * SECOND;

#[wasm_bindgen]
extern "C" {
    /// What the runtime says of a run.
    pub type ScheduledEvent;

    #[wasm_bindgen(method, catch, getter, js_name = scheduledTime)]
    fn scheduled_time(this: &ScheduledEvent) -> Result<f64>;
}

/// One run of the cron trigger.
#[expect(unreachable_pub, reason = "an export of the wasm, which is reached from outside")]
#[wasm_bindgen]
pub fn scheduled(event: ScheduledEvent, env: Env) -> Promise {
    promise(Box::pin(async move {
        // A scheduled time that is no number is long past, and the Controller ends the run.
        let scheduled = clock::instant(event.scheduled_time()?);
        run(RunId { scheduled, stands_in: false }, &env).await;
        Ok(JsValue::UNDEFINED)
    }))
}

/// Makes the run. If the Controller does not answer, nothing is decided and nothing changes.
pub(super) async fn run(id: RunId, env: &Env) {
    let scheduled = id.scheduled;
    #[cfg(pointsman_provoke_panic)]
    super::provoke::in_a_run(scheduled);
    let clock = RunClock::starting_at(scheduled);
    let mut request = RoundRequest::of(id, clock.now());
    loop {
        match controller::round(env, &request, CONTROLLER_TIMEOUT_MS).await {
            Ok(RoundReply::Probe { wait_ms, probes, controls, check, areas }) => {
                wait(wait_ms).await;
                let (reports, excerpts) =
                    areas::round(env, &areas, &probes, &controls, &clock).await;
                // Where no area answers, or there is none, the run itself is the vantage point.
                let alone = reports.is_empty();
                let own = if alone { (probes, controls) } else { Default::default() };
                let made = probe::round(own.0, own.1, check, (&clock, env)).await;
                (request.results, request.controls, request.aside) = made;
                if !excerpts.is_empty() {
                    request.aside.get_or_insert_with(Aside::default).excerpts.extend(excerpts);
                }
                request.areas = reports;
                request.round = request.round.saturating_add(1);
                request.now = clock.now();
            }
            Ok(RoundReply::Done(why)) => {
                let (rounds, why) = (request.round, why.as_str());
                return log::info(&format!("run {scheduled}: {rounds} rounds, {why}"));
            }
            Err(error) => {
                return log::failed(&format!("run {scheduled}: no Controller"), &error);
            }
        }
    }
}
