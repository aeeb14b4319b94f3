//! Work on many things, six at once.

use crate::tick::PROBES_AT_ONCE;
use futures::future::{join, join3};
use std::cell::RefCell;

const _: () = assert!(PROBES_AT_ONCE == 6, "as many hands as there are connections");

/// The results of `work` for each item, in the order in which they come. Six hands share one queue;
/// a set of any number of futures is several KB of wasm more.
pub(super) async fn six_at_once<T, R>(items: Vec<T>, work: impl AsyncFn(T) -> R) -> Vec<R> {
    let queue = RefCell::new(items.into_iter());
    let results = RefCell::new(Vec::new());
    let hand = async || {
        loop {
            let Some(item) = queue.borrow_mut().next() else { return };
            let result = work(item).await;
            results.borrow_mut().push(result);
        }
    };
    join(join3(hand(), hand(), hand()), join3(hand(), hand(), hand())).await;
    results.into_inner()
}
