//! What JavaScript calls.

use crate::cost::{Cost, Size};
use crate::vectors;
use std::cell::RefCell;
use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static COST: RefCell<Option<Cost>> = const { RefCell::new(None) };
}

/// [`vectors::play`].
#[must_use]
#[wasm_bindgen(js_name = vectors)]
pub fn play(seed: u32, blocks: u32) -> String {
    vectors::play(seed, blocks)
}

/// Makes the table that [`decide_many`] decides over.
#[wasm_bindgen(js_name = prepare)]
pub fn prepare(regions: usize, rules: usize, tenants: usize) {
    COST.set(Some(Cost::of(Size { regions, rules, tenants })));
}

/// Decides so many times. Returns something of every decision, so that none can be left out.
#[must_use]
#[wasm_bindgen(js_name = decideMany)]
pub fn decide_many(times: u32) -> u32 {
    COST.with_borrow(|cost| cost.as_ref().map_or(0, |cost| cost.decide_many(times)))
}
