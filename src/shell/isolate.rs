//! The memory of this isolate: one [`Isolate`] for all requests that it takes.

use crate::proxy::Isolate;
use std::cell::RefCell;

thread_local! {
    static ISOLATE: RefCell<Isolate> = RefCell::default();
}

/// Lends the isolate's memory to `work`. `None` if it is lent already, which cannot happen as long
/// as no work waits for anything.
pub(super) fn with<T>(work: impl FnOnce(&mut Isolate) -> T) -> Option<T> {
    ISOLATE.with(|isolate| isolate.try_borrow_mut().ok().map(|mut isolate| work(&mut isolate)))
}
