//! What requests of clients ask of the runtime, and with them everything else, as Rust sees it.
//! `points.js` says what each function does.

use crate::jurisdiction::{self, ControllerJurisdiction, Variable};
use js_sys::Reflect;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// An error is the runtime's own.
pub(super) type Result<T> = std::result::Result<T, JsValue>;

#[wasm_bindgen]
extern "C" {
    /// The bindings, variables and secrets of this deployment.
    #[derive(Debug, Clone)]
    pub type Env;
}

#[wasm_bindgen(module = "/src/shell/points.js")]
extern "C" {
    #[wasm_bindgen(js_name = hasDataset)]
    pub(super) fn has_dataset(env: &Env) -> Option<bool>;

    #[wasm_bindgen(js_name = writePoints)]
    pub(super) fn write_points(env: &Env, points: &str) -> usize;
}

/// An error of our own.
pub(super) fn failure(text: &str) -> JsValue {
    js_sys::Error::new(text).into()
}

/// The jurisdiction of the Controller, as this deployment names it.
///
/// **Errors**: it names none that there is.
pub(super) fn jurisdiction(env: &Env) -> Result<Option<ControllerJurisdiction>> {
    let value = Reflect::get(env, &JsValue::from_str(jurisdiction::VARIABLE))?;
    let text = value.as_string();
    let variable = match text.as_deref() {
        Some(text) => Variable::Text(text),
        None if value.is_undefined() => Variable::Absent,
        None => Variable::NoText,
    };
    ControllerJurisdiction::declared(variable).map_err(|error| failure(&error.to_string()))
}

/// A variable or a secret of this deployment, unless it is empty.
pub(super) fn variable(env: &Env, name: &str) -> Option<String> {
    let text = Reflect::get(env, &JsValue::from_str(name)).ok()?.as_string()?;
    (!text.is_empty()).then_some(text)
}
