//! Rise, fall and forgive: how many probes it takes to change the health of an origin.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use super::failure_reason::FailureReason;
use super::verdict::Verdict;
use crate::config::Monitor;
use crate::json::{fields, words};
use crate::time::{Millis, Timestamp};
use std::fmt;

words! {
    /// The health of an origin.
    #[derive(Default)]
    pub enum Health {
        /// Healthy.
        Up = "up",
        /// Too few probes to say.
        #[default]
        Unknown = "unknown",
        /// Unhealthy.
        Down = "down",
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many probes change the health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Passes in a row that make an origin Up.
    pub rise: u8,
    /// Failures within the window that make it Down.
    pub fall: u8,
    /// Passes in a row that clear the failures of an origin that is Up.
    pub forgive: u8,
    /// How long a failure counts.
    pub window_ms: Millis,
}

impl From<&Monitor> for Thresholds {
    fn from(monitor: &Monitor) -> Self {
        let Monitor { rise, fall, forgive, window_ms, .. } = *monitor;
        Self { rise, fall, forgive, window_ms }
    }
}

/// A change of health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// The health before.
    pub from: Health,
    /// The health now.
    pub to: Health,
    /// When the probe was made that caused it.
    pub at: Timestamp,
    /// When the first probe was made that points to it: the origin changed before that.
    pub first_sign: Timestamp,
    /// The last failure, if the origin went Down.
    pub reason: Option<FailureReason>,
}

/// The memory behind one origin's [`Health`].
///
/// **Invariants.** `failures` is sorted and never longer than `fall` was when the last one was
/// added. While Down it is empty: what counts then is only the passes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hysteresis {
    /// The health.
    pub health: Health,
    /// Since when. Absent while the health has never been known.
    pub since: Option<Timestamp>,
    /// Passes in a row, up to the larger of rise and forgive.
    passes: u8,
    /// When the first of those passes was made.
    first_pass: Option<Timestamp>,
    /// Failures that still count.
    failures: Vec<Timestamp>,
    /// The reason of the last failure. Kept while the origin is Down or has failures that count.
    pub reason: Option<FailureReason>,
}

fields!(Hysteresis { health, since, passes, first_pass, failures, reason });

impl Hysteresis {
    /// Folds in one verdict. Returns the transition that it caused, if any. An instant before
    /// `since` is treated as equal to it: clocks of data centers differ.
    pub fn observe(
        &mut self,
        verdict: &Verdict,
        thresholds: Thresholds,
        now: Timestamp,
    ) -> Option<Transition> {
        match verdict {
            Verdict::Inconclusive { .. } => None,
            Verdict::Pass { .. } => self.pass(thresholds, now),
            Verdict::Fail { reason } => self.fail(*reason, thresholds, now),
        }
    }

    /// Whether the next probe could change the health, so that it should come soon.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        match self.health {
            Health::Unknown => true,
            Health::Up => !self.failures.is_empty(),
            Health::Down => self.passes > 0,
        }
    }

    /// Counts what a clock that was wrong put ahead of `now` as of now. What is believed stays.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let Self { health: _, since, passes: _, first_pass, failures, reason: _ } = self;
        for at in since.iter_mut().chain(first_pass).chain(failures) {
            *at = at.unless_ahead(now);
        }
    }

    /// Forgets what is too old to go by. What was Up is Unknown, because one new probe must not
    /// revive it. What was Down stays so until `rise` new passes say otherwise.
    pub fn grow_stale(&mut self) {
        if self.health == Health::Down {
            (self.passes, self.first_pass) = (0, None);
        } else {
            *self = Self::default();
        }
    }

    fn pass(&mut self, thresholds: Thresholds, now: Timestamp) -> Option<Transition> {
        if self.passes == 0 {
            self.first_pass = Some(now);
        }
        let enough = thresholds.rise.max(thresholds.forgive);
        self.passes = self.passes.saturating_add(1).min(enough);
        match self.health {
            Health::Up => {
                self.forget_old_failures(thresholds, now);
                if self.passes >= thresholds.forgive {
                    self.failures.clear();
                }
                if self.failures.is_empty() {
                    self.reason = None;
                }
                None
            }
            Health::Unknown | Health::Down if self.passes >= thresholds.rise => {
                let first_sign = self.first_pass.unwrap_or(now);
                Some(self.become_(Health::Up, first_sign, now))
            }
            Health::Unknown | Health::Down => None,
        }
    }

    fn fail(
        &mut self,
        reason: FailureReason,
        thresholds: Thresholds,
        now: Timestamp,
    ) -> Option<Transition> {
        self.passes = 0;
        self.first_pass = None;
        self.reason = Some(reason);
        if self.health == Health::Down {
            return None;
        }
        self.forget_old_failures(thresholds, now);
        self.failures.push(now);
        if self.failures.len() < usize::from(thresholds.fall) {
            return None;
        }
        let first_sign = self.failures.first().copied().unwrap_or(now);
        Some(self.become_(Health::Down, first_sign, now))
    }

    fn forget_old_failures(&mut self, thresholds: Thresholds, now: Timestamp) {
        self.failures.retain(|at| now.since(*at) <= thresholds.window_ms);
    }

    fn become_(&mut self, to: Health, first_sign: Timestamp, now: Timestamp) -> Transition {
        let from = std::mem::replace(&mut self.health, to);
        self.since = Some(now);
        self.failures.clear();
        if to == Health::Up {
            self.reason = None;
        }
        Transition { from, to, at: now, first_sign, reason: self.reason }
    }
}

#[cfg(test)]
mod tests;
