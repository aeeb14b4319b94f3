//! The core without the shell, on the host and as wasm.
//!
//! Two questions are asked of it. Does wasm decide what the host decides? [`vectors`] plays the
//! same random worlds on both and prints what came out. And what does a decision cost? [`cost`]
//! makes tables of a given size and decides over them as often as it is told.
//!
//! On wasm32 the core is built with `--cfg pointsman_core_only`, which leaves the shell out: what
//! is left needs nothing of the Workers runtime, so any engine can run it.

pub mod cost;
pub mod random;
pub mod tables;
pub mod vectors;

#[cfg(target_arch = "wasm32")]
pub mod exports;
