//! How many requests for our own pages this isolate answers.

use super::clock;
use crate::http::v1::{Counted, Fault, Limiter};
use std::cell::RefCell;

thread_local! {
    static LIMITER: RefCell<Limiter> = RefCell::default();
}

/// Counts a request. Errors: there were too many.
pub(super) fn count(what: Counted, most: u32, who: &str) -> Result<(), Fault> {
    LIMITER.with(|limiter| match limiter.try_borrow_mut() {
        Ok(mut limiter) => limiter.count(what, most, who, clock::now()),
        Err(_) => Ok(()),
    })
}
