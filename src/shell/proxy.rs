//! Requests of clients. The core decides ([`crate::proxy`]), JavaScript carries out; this file is
//! between the two: what JavaScript calls for a request (`Functions` in `core.js`).
//!
//! What a request costs here is crossing from JavaScript to wasm and back (ADR-0010). So a request
//! crosses twice, with one text or a few numbers each time, and waits in JavaScript, where waiting
//! costs no future. What crosses in which order, `crate::proxy::wire` and `wire.js` know.

#![expect(unreachable_pub, reason = "exports of the wasm, which are reached from outside")]

use super::{clock, isolate, routes};
use crate::http::{Audience, Problem, refusal};
use crate::proxy::{
    AnswerHeader, AskReason, BodyReport, Instruction, TrialReport, TryReport, recall_number,
};
use wasm_bindgen::prelude::wasm_bindgen;

/// The text of the instruction about a request, from the text of a question.
#[wasm_bindgen]
#[expect(clippy::needless_pass_by_value, reason = "an export borrows no text that may be absent")]
pub fn instruct(question: &str, now: f64, pin: Option<String>) -> String {
    #[cfg(pointsman_provoke_panic)]
    super::provoke::in_a_request(question);
    let instruction =
        isolate::with(|isolate| isolate.instruct(question, pin.as_deref(), clock::instant(now)));
    if pin.is_some() {
        routes::complain();
    }
    instruction.unwrap_or_else(|| no_routes(question)).text()
}

/// Whether a remembered decision serves for this URL. Numbers cross as floats; one that stands for
/// no decision finds none.
#[wasm_bindgen]
pub fn recalled(number: f64, url: &str, now: f64) -> bool {
    let Some(number) = recall_number(number) else { return false };
    isolate::with(|isolate| isolate.recalled(number, url, clock::instant(now))).unwrap_or_default()
}

/// The instruction if the isolate's memory cannot be asked.
fn no_routes(question: &str) -> Instruction {
    let response = refusal(Problem::NoRoutes, &[], "", Audience::Programs);
    let response = response.with_retry_after(question);
    Instruction::Respond { response, or_stale: false, refresh: false }
}

/// Takes the numbers of a [`TryReport`]. Returns the number of the reason to ask again, or 0.
#[wasm_bindgen(js_name = tryEnded)]
pub fn try_ended(
    token: f64,
    none: f64,
    status: f64,
    retry_after_s: f64,
    took_ms: f64,
    now: f64,
    due: f64,
) -> u32 {
    let numbers = [token, none, status, retry_after_s, took_ms, now, due];
    let reason = isolate::with(|isolate| isolate.ended(&TryReport::from_numbers(numbers)));
    reason.flatten().map_or(0, AskReason::number)
}

/// Takes the numbers of a [`TrialReport`].
#[wasm_bindgen(js_name = trialEnded)]
pub fn trial_ended(token: f64, has_passed: f64, took_ms: f64, now: f64) {
    let report = TrialReport::from_numbers([token, has_passed, took_ms, now]);
    let TrialReport { token, has_passed, took_ms, now } = report;
    isolate::with(|isolate| isolate.trial_ended(token, has_passed, took_ms, now));
}

/// Takes the numbers of a [`BodyReport`].
#[wasm_bindgen(js_name = bodyLost)]
pub fn body_lost(token: f64, silent_ms: f64, now: f64) {
    let BodyReport { token, end, now } = BodyReport::from_numbers([token, silent_ms, now]);
    isolate::with(|isolate| isolate.body_lost(token, end, now));
}

/// The value of an answer's header with the client's host in place of an origin's. `asked` is the
/// URL that the client asked for, `sent` the one that the origin was asked for.
#[wasm_bindgen]
#[must_use]
pub fn renamed(asked: &str, sent: &str, name: &str, value: &str) -> Option<String> {
    let header = AnswerHeader { asked, sent, name, value };
    isolate::with(|isolate| isolate.renamed(&header)).flatten()
}
