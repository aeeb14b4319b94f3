//! Requests of our own: probes, calls of other services. So many at once as the
//! runtime opens connections. `runtime.js` says what each function does.

use crate::tick::PROBES_AT_ONCE;
use js_sys::{Map, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;

/// Says whether what a probe met passes.
pub(super) type Judge = Closure<dyn Fn(Exchanged) -> bool>;

#[wasm_bindgen(module = "/src/shell/runtime.js")]
extern "C" {
    pub(super) type Hands;

    #[wasm_bindgen(constructor)]
    pub(super) fn new(count: usize) -> Hands;

    #[allow(clippy::too_many_arguments, reason = "one call into JavaScript")]
    pub(super) fn exchange(
        hands: &Hands,
        method: &str,
        url: &str,
        headers: &Map,
        body: Option<&str>,
        timeout_ms: u32,
        body_bytes_max: usize,
        resolve: Option<&str>,
    ) -> Promise;

    #[allow(clippy::too_many_arguments, reason = "one call into JavaScript")]
    pub(super) fn probe(
        hands: &Hands,
        probe: &str,
        headers: &Map,
        body_bytes_max: usize,
        wanted: Option<&str>,
        judge: Option<&Judge>,
    ) -> Promise;

    /// The end of an exchange.
    pub(super) type Exchanged;

    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &Exchanged) -> u16;
    #[wasm_bindgen(method, getter, js_name = isBroken)]
    pub(super) fn is_broken(this: &Exchanged) -> bool;
    #[wasm_bindgen(method, getter, js_name = isLate)]
    pub(super) fn is_late(this: &Exchanged) -> bool;
    #[wasm_bindgen(method, getter, js_name = isOpen)]
    pub(super) fn is_open(this: &Exchanged) -> bool;
    #[wasm_bindgen(method, getter, js_name = isCut)]
    pub(super) fn is_cut(this: &Exchanged) -> bool;
    #[wasm_bindgen(method, getter, js_name = isUnread)]
    pub(super) fn is_unread(this: &Exchanged) -> bool;
    #[wasm_bindgen(method, getter, js_name = lostAddress)]
    pub(super) fn lost_address(this: &Exchanged) -> u16;
    /// Redirects that were not followed: 0 for none, 1 to elsewhere, 2 one too many.
    #[wasm_bindgen(method, getter, js_name = turnedAway)]
    pub(super) fn turned_away(this: &Exchanged) -> u8;
    #[wasm_bindgen(method, getter)]
    pub(super) fn text(this: &Exchanged) -> String;
    #[wasm_bindgen(method, getter, js_name = latencyMs)]
    pub(super) fn latency_ms(this: &Exchanged) -> u32;
    #[wasm_bindgen(method, getter, js_name = beganAt)]
    pub(super) fn began_at(this: &Exchanged) -> f64;
    #[wasm_bindgen(method, getter, js_name = endedAt)]
    pub(super) fn ended_at(this: &Exchanged) -> f64;
    #[wasm_bindgen(method)]
    pub(super) fn header(this: &Exchanged, name: &str) -> Option<String>;

}

/// As many hands as the runtime opens connections at once.
pub(super) fn hands() -> Hands {
    Hands::new(PROBES_AT_ONCE)
}
