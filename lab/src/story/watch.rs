//! Waits for several expectations, in any order.

use anyhow::{Result, bail};
use futures_util::future::BoxFuture;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Longest time from a change to the last expectation.
const BOUND: Duration = Duration::from_secs(75);
/// The interval between checks.
const EVERY: Duration = Duration::from_millis(50);

type Check<'w> = Box<dyn FnMut() -> BoxFuture<'w, Result<bool>> + Send + 'w>;

/// Expectations that are timed from one moment, and printed once they are met.
pub(super) struct Watch<'w> {
    began: Instant,
    print: &'w mut (dyn FnMut(String) + Send),
    expected: Vec<Expected<'w>>,
}

struct Expected<'w> {
    what: String,
    check: Check<'w>,
    seen_s: Option<f64>,
}

impl<'w> Watch<'w> {
    pub(super) fn since(began: Instant, print: &'w mut (dyn FnMut(String) + Send)) -> Self {
        Self { began, print, expected: Vec::new() }
    }

    /// Adds an expectation. Returns its index in the results of [`Watch::all`].
    pub(super) fn expect<F, R>(&mut self, what: &str, mut check: F) -> usize
    where
        F: FnMut() -> R + Send + 'w,
        R: Future<Output = Result<bool>> + Send + 'w,
    {
        let check: Check<'w> = Box::new(move || Box::pin(check()));
        self.expected.push(Expected { what: what.to_owned(), check, seen_s: None });
        self.expected.len() - 1
    }

    /// Waits until all expectations are met and prints each with its seconds. Returns those
    /// seconds.
    ///
    /// **Errors**: an expectation was not met in time; a check that fails counts as not met yet.
    pub(super) async fn all(mut self) -> Result<Vec<f64>> {
        while self.expected.iter().any(|expected| expected.seen_s.is_none()) {
            if self.began.elapsed() > BOUND {
                let missing = self.expected.iter().filter(|e| e.seen_s.is_none());
                let missing: Vec<_> = missing.map(|e| e.what.as_str()).collect();
                bail!("not confirmed within {} s: {}", BOUND.as_secs(), missing.join("; "));
            }
            for expected in self.expected.iter_mut().filter(|e| e.seen_s.is_none()) {
                if matches!((expected.check)().await, Ok(true)) {
                    let seconds = self.began.elapsed().as_secs_f64();
                    expected.seen_s = Some(seconds);
                    (self.print)(format!("  {seconds:>5.1} s  {}", expected.what));
                }
            }
            sleep(EVERY).await;
        }
        Ok(self.expected.iter().filter_map(|expected| expected.seen_s).collect())
    }
}
