//! The only clock.

use crate::time::{Millis, Timestamp};

/// The time now. In production it stands still while code runs and only moves on after I/O.
pub(super) fn now() -> Timestamp {
    instant(js_sys::Date::now())
}

/// A number that two isolates do not share.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is below 2^53"
)]
pub(super) fn chance() -> u64 {
    (js_sys::Math::random() * 9_007_199_254_740_992.0) as u64
}

/// A time of the runtime. What is no number counts as the beginning of 1970.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the runtime gives milliseconds as a float, and the cast saturates"
)]
pub(super) fn instant(ms: f64) -> Timestamp {
    Timestamp::from_millis(ms as u64)
}

/// A duration as the runtime takes it, at most 49 days.
pub(super) fn short(ms: Millis) -> u32 {
    u32::try_from(ms).unwrap_or(u32::MAX)
}
