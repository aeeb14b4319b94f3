//! Requests of clients. The core decides ([`crate::proxy`]), `carry.js` carries out; this is the
//! way between the two.
//!
//! Crossing from JavaScript to wasm and back is what a request costs here (ADR-0010). So a request
//! crosses twice, with one text or a few numbers each time, and waits in JavaScript, where waiting
//! costs no future.

use super::outside::promise;
use super::{clock, routes, surface};
use crate::http::{Audience, Problem, refusal};
use crate::proxy::{End, Isolate, Step, Token, Why};
use crate::time::Millis;
use js_sys::{Array, Promise};
use std::cell::RefCell;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

/// The way of a try, why there is no answer, its status, for how long it asks to be left alone, how
/// long it took, and the time; and why to ask again, or 0.
type Ended = dyn Fn(f64, u32, u32, f64, f64, f64) -> u32;

thread_local! {
    static ISOLATE: RefCell<Isolate> = RefCell::default();
}

/// Lends what this isolate knows; `None` where it is in use, which cannot happen while nothing
/// waits with it.
pub(super) fn with<T>(work: impl FnOnce(&mut Isolate) -> T) -> Option<T> {
    ISOLATE.with(|isolate| isolate.try_borrow_mut().ok().map(|mut isolate| work(&mut isolate)))
}

/// What `carry.js` calls, in the order in which it expects them. The export has the name of the one
/// that the shim of `worker-build` would call for each request; `entry.js` calls it once.
#[wasm_bindgen(js_name = fetch)]
#[expect(unreachable_pub, reason = "an export of the wasm, which is reached from outside")]
pub fn functions() -> Array {
    let decide: Closure<dyn Fn(String, f64, Option<String>) -> String> =
        Closure::new(|question: String, now, pin: Option<String>| {
            decide(&question, now, pin.as_deref())
        });
    let ended: Closure<Ended> = Closure::new(ended);
    let tried: Closure<dyn Fn(f64, bool, f64, f64)> = Closure::new(tried);
    let load: Closure<dyn Fn(Env) -> Promise> = Closure::new(|env: Env| {
        promise(Box::pin(async move {
            routes::load(&env).await;
            Ok(JsValue::UNDEFINED)
        }))
    });
    let pin: Closure<dyn Fn(Env, String) -> Promise> = Closure::new(|env: Env, key: String| {
        promise(Box::pin(async move { Ok(routes::pin(&env, &key).await) }))
    });
    let surface: Closure<dyn Fn(Env, String, String, Option<String>) -> Promise> =
        Closure::new(|env: Env, method: String, url: String, authorization: Option<String>| {
            promise(Box::pin(async move {
                let response = surface::answer(&env, &method, &url, authorization.as_deref()).await;
                Ok(Step::Refuse { response, or_stale: false, refresh: false }.text().into())
            }))
        });
    let all = [
        decide.into_js_value(),
        ended.into_js_value(),
        tried.into_js_value(),
        load.into_js_value(),
        pin.into_js_value(),
        surface.into_js_value(),
    ];
    all.into_iter().collect()
}

fn decide(question: &str, now: f64, pin: Option<&str>) -> String {
    let step = with(|isolate| isolate.decide(question, pin, clock::instant(now)));
    step.unwrap_or_else(nobody_knows).text()
}

/// What is said where nothing can be asked.
fn nobody_knows() -> Step {
    let response = refusal(Problem::NoRoutes, &[], "", Audience::Programs);
    Step::Refuse { response, or_stale: false, refresh: false }
}

fn ended(token: f64, none: u32, status: u32, retry_after_s: f64, took_ms: f64, now: f64) -> u32 {
    let end = match (u16::try_from(status), Why::of(none)) {
        (Ok(0), Why::TimedOut) => End::TimedOut,
        (Ok(0), Why::Invalid) => End::Invalid,
        (Err(_) | Ok(0), _) => End::Unreachable,
        (Ok(status), _) => {
            let retry_after_s = (retry_after_s >= 0.0).then(|| whole(retry_after_s));
            End::Answered { status, retry_after_s }
        }
    };
    let token = Token::from_number(whole(token));
    let why = with(|isolate| isolate.ended(token, end, whole(took_ms), clock::instant(now)));
    why.flatten().map_or(0, Why::number)
}

fn tried(token: f64, has_passed: bool, took_ms: f64, now: f64) {
    let token = Token::from_number(whole(token));
    let now = clock::instant(now);
    with(|isolate| isolate.trial_ended(token, has_passed, whole(took_ms), now));
}

/// A whole number as JavaScript has it.
fn whole(number: f64) -> Millis {
    clock::instant(number).millis()
}
