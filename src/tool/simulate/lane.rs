//! Lanes: each does one kind of slow work, one piece at a time.

use crate::controller::{Document, Pass, Quota};
use std::cell::Cell;
use std::rc::Rc;

/// The quota of one invocation of the Controller, for all the work that it sets going.
pub(super) type Shared = Rc<Cell<Quota>>;

/// A lane: whether it is at work, for which invocation, and whether there is news for it.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) is_busy: bool,
    pub(super) has_news: bool,
    pub(super) quota: Option<Shared>,
}

impl Lane {
    /// Tells it that there is news. Returns whether it is to begin.
    pub(super) fn start(&mut self, quota: Option<&Shared>) -> bool {
        self.has_news = true;
        self.take_up(quota)
    }

    /// Begins it if it rests and has news. Returns whether it is to begin.
    pub(super) fn take_up(&mut self, quota: Option<&Shared>) -> bool {
        let begins = !self.is_busy && self.has_news;
        if begins {
            (self.is_busy, self.has_news, self.quota) = (true, false, quota.cloned());
        }
        begins
    }

    /// Ends a piece of work. Returns whether there is another.
    pub(super) fn next(&mut self) -> bool {
        self.is_busy = std::mem::take(&mut self.has_news);
        self.is_busy
    }

    /// Ends the work, although there may be news.
    pub(super) fn rest(&mut self) {
        self.is_busy = false;
    }

    /// Draws something from the quota that it works for.
    pub(super) fn draw<T>(&self, of_it: impl FnOnce(&mut Quota) -> T) -> Option<T> {
        let shared = self.quota.as_ref()?;
        let mut quota = shared.get();
        let drawn = of_it(&mut quota);
        shared.set(quota);
        Some(drawn)
    }

    pub(super) fn allows_a_pass(&self) -> bool {
        self.quota.as_ref().is_some_and(|quota| quota.get().allows_a_pass())
    }
}

/// What the lanes are at.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    pub(super) publish: Lane,
    pub(super) reconcile: Lane,
    pub(super) deliver: Lane,
    pub(super) hooks: Lane,
    /// Documents that wait until `routes` has arrived.
    pub(super) pages: Vec<Document>,
    pub(super) all_arrived: bool,
    /// Whether a pass is to follow as soon as `routes` is written.
    pub(super) to_reconcile: bool,
    pub(super) pass: Option<Pass>,
}
