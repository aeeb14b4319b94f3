//! What happens once when an instance of the wasm starts: a panic in it is to be told, and to end
//! it. The shim of `worker-build` starts the next one, by the note that is kept here.

use js_sys::Error;
use std::panic;
use wasm_bindgen::JsValue;
use wasm_bindgen::handler::{schedule_reinit, set_on_abort};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/shell/note.js")]
extern "C" {
    /// Which instance runs, and whether it has panicked.
    type Note;

    #[wasm_bindgen(thread_local_v2, js_name = note)]
    static NOTE: Note;

    #[wasm_bindgen(method, js_name = hasPanicked)]
    fn has_panicked(this: &Note, error: &Error);

    #[wasm_bindgen(method, js_name = hasStarted)]
    fn has_started(this: &Note);
}

#[wasm_bindgen(start, private)]
fn start() {
    panic::set_hook(Box::new(|panic| {
        let error = Error::new(&format!("Rust panic: {panic}"));
        NOTE.with(|note| note.has_panicked(&error));
    }));
    NOTE.with(Note::has_started);
    set_on_abort(schedule_reinit);
}

/// The note, which the shim asks for by this name.
#[wasm_bindgen(js_name = __worker_init_state)]
#[expect(unreachable_pub, reason = "an export of the wasm, which is reached from outside")]
pub fn note() -> JsValue {
    NOTE.with(|note| note.into())
}
