//! Requests of clients. The core decides ([`crate::proxy`]), JavaScript carries out; this file is
//! between the two.
//!
//! What a request costs here is crossing from JavaScript to wasm and back (ADR-0010). So a request
//! crosses twice, with one text or a few numbers each time, and waits in JavaScript, where waiting
//! costs no future. What crosses in which order, `crate::proxy::wire` and `wire.js` know.

use super::runtime::promise;
use super::{clock, isolate, routes, surface};
use crate::http::{Audience, Problem, SurfaceRequest, refusal};
use crate::proxy::{
    AnswerHeader, AskReason, BodyReport, Instruction, TrialReport, TryReport, recall_number,
};
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

/// Takes the numbers of a [`TryReport`]. Returns the number of the reason to ask again, or 0.
type TryEnded = dyn Fn(f64, f64, f64, f64, f64, f64, f64) -> u32;
/// Takes the numbers of a [`TrialReport`].
type TrialEnded = dyn Fn(f64, f64, f64, f64);
/// Takes a request for our own pages ([`SurfaceRequest`]) and what reads its body. Returns the
/// answer.
type AnswerSurface = dyn Fn(Env, String, Function) -> Promise;

/// The functions that JavaScript calls, by name (`Functions` in `core.js`). The export has the name
/// of the one that the shim of `worker-build` calls for each request; `entry.js` calls it once for
/// each instance.
#[wasm_bindgen(js_name = fetch)]
#[expect(unreachable_pub, reason = "an export of the wasm, which is reached from outside")]
pub fn functions() -> Object {
    let instruct: Closure<dyn Fn(String, f64, Option<String>) -> String> =
        Closure::new(|question: String, now, pin: Option<String>| {
            instruction_text(&question, now, pin.as_deref())
        });
    let recalled: Closure<dyn Fn(f64, String, f64) -> bool> =
        Closure::new(|number, url: String, now| recalled(number, &url, now));
    let try_ended: Closure<TryEnded> =
        Closure::new(|token, none, status, retry_s, took_ms, now, due| {
            let numbers = [token, none, status, retry_s, took_ms, now, due];
            try_ended(&TryReport::from_numbers(numbers))
        });
    let trial_ended: Closure<TrialEnded> = Closure::new(|token, has_passed, took_ms, now| {
        trial_ended(&TrialReport::from_numbers([token, has_passed, took_ms, now]));
    });
    let body_lost: Closure<dyn Fn(f64, f64, f64)> = Closure::new(|token, silent_ms, now| {
        body_lost(&BodyReport::from_numbers([token, silent_ms, now]));
    });
    let renamed: Closure<dyn Fn(String, String, String, String) -> Option<String>> =
        Closure::new(|asked: String, sent: String, name: String, value: String| {
            let header = AnswerHeader { asked: &asked, sent: &sent, name: &name, value: &value };
            isolate::with(|isolate| isolate.renamed(&header)).flatten()
        });
    let load_table: Closure<dyn Fn(Env) -> Promise> = Closure::new(|env: Env| {
        promise(Box::pin(async move {
            routes::load(&env).await;
            Ok(JsValue::UNDEFINED)
        }))
    });
    let ask_for_news: Closure<dyn Fn(Env) -> Promise> = Closure::new(|env: Env| {
        promise(Box::pin(async move {
            routes::ask_for_news(&env).await;
            Ok(JsValue::UNDEFINED)
        }))
    });
    let read_pin: Closure<dyn Fn(Env, String) -> Promise> =
        Closure::new(|env: Env, key: String| {
            promise(Box::pin(async move { Ok(routes::pin(&env, &key).await) }))
        });
    let surface: Closure<AnswerSurface> =
        Closure::new(|env: Env, request: String, body: Function| {
            promise(Box::pin(async move {
                // Whatever it is, it has an answer.
                let request = SurfaceRequest::parse(&request).unwrap_or_default();
                let response = surface::answer(&env, &request, &body).await;
                let response = if response.has_retry_after() {
                    response
                } else {
                    response.with_retry_after(&request.id)
                };
                Ok(Instruction::Respond { response, or_stale: false, refresh: false }.text().into())
            }))
        });
    let functions = Object::new();
    for (name, function) in [
        ("instruct", instruct.into_js_value()),
        ("recalled", recalled.into_js_value()),
        ("tryEnded", try_ended.into_js_value()),
        ("trialEnded", trial_ended.into_js_value()),
        ("bodyLost", body_lost.into_js_value()),
        ("renamed", renamed.into_js_value()),
        ("loadTable", load_table.into_js_value()),
        ("askForNews", ask_for_news.into_js_value()),
        ("readPin", read_pin.into_js_value()),
        ("surface", surface.into_js_value()),
    ] {
        // A new object takes any field.
        let _ = Reflect::set(&functions, &name.into(), &function);
    }
    functions
}

fn instruction_text(question: &str, now: f64, pin: Option<&str>) -> String {
    #[cfg(pointsman_provoke_panic)]
    super::provoke::in_a_request(question);
    let instruction = isolate::with(|isolate| isolate.instruct(question, pin, clock::instant(now)));
    if pin.is_some() {
        routes::complain();
    }
    instruction.unwrap_or_else(|| no_routes(question)).text()
}

/// Numbers cross as floats; one that stands for no decision finds none.
fn recalled(number: f64, url: &str, now: f64) -> bool {
    let Some(number) = recall_number(number) else { return false };
    isolate::with(|isolate| isolate.recalled(number, url, clock::instant(now))).unwrap_or_default()
}

/// The instruction if the isolate's memory cannot be asked.
fn no_routes(question: &str) -> Instruction {
    let response = refusal(Problem::NoRoutes, &[], "", Audience::Programs);
    let response = response.with_retry_after(question);
    Instruction::Respond { response, or_stale: false, refresh: false }
}

fn try_ended(report: &TryReport) -> u32 {
    let reason = isolate::with(|isolate| isolate.ended(report));
    reason.flatten().map_or(0, AskReason::number)
}

fn trial_ended(report: &TrialReport) {
    let TrialReport { token, has_passed, took_ms, now } = *report;
    isolate::with(|isolate| isolate.trial_ended(token, has_passed, took_ms, now));
}

fn body_lost(report: &BodyReport) {
    let BodyReport { token, end, now } = *report;
    isolate::with(|isolate| isolate.body_lost(token, end, now));
}
