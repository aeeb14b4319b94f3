//! What an end of a try means: for the region, and for the request.

use crate::config::Proxying;
use crate::http::says_unreachable;
use crate::passive::TryOutcome;
use crate::time::{Millis, SECOND};

/// Why the shell asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// For the first time.
    First,
    /// The last try found no connection, or the edge says so.
    Unreachable,
    /// The last try had no answer in time.
    TimedOut,
    /// The last try has an answer, and it says that the region cannot.
    Failed,
    /// The last try has an answer, which asks to be left alone.
    PushedBack,
    /// The last try is late, and goes on.
    Late,
    /// The runtime did not take the last try: the request is none that can be made.
    Invalid,
}

impl Why {
    const ALL: [Self; 7] = [
        Self::First,
        Self::Unreachable,
        Self::TimedOut,
        Self::Failed,
        Self::PushedBack,
        Self::Late,
        Self::Invalid,
    ];

    /// The number by which the shell carries it.
    #[must_use]
    pub fn number(self) -> u32 {
        let place = Self::ALL.iter().position(|why| *why == self);
        place.and_then(|place| u32::try_from(place).ok()).unwrap_or(0)
    }

    /// Back from the number.
    #[must_use]
    pub fn of(number: u32) -> Self {
        let place = usize::try_from(number).unwrap_or(0);
        Self::ALL.get(place).copied().unwrap_or(Self::First)
    }
}

/// What the shell says when it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    /// Why it asks.
    pub why: Why,
    /// The origins that were tried, with a space between two.
    pub trail: &'a str,
    /// Since the request came.
    pub elapsed_ms: Millis,
    /// What was brought of what was missing.
    pub brought: Brought<'a>,
}

impl Said<'_> {
    /// How often it was sent.
    pub(super) fn tries(&self) -> usize {
        self.trail.split_ascii_whitespace().count()
    }
}

/// What the shell has brought, where it was told that something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought<'a> {
    /// Nothing was missing.
    Nothing,
    /// It has looked for a table.
    Table,
    /// KV says this of the tenant; `None` where there is nothing.
    Pin(Option<&'a str>),
    /// Nobody could say anything of the tenant.
    NoPin,
}

impl<'a> Brought<'a> {
    /// Back from the number by which the shell carries it.
    #[must_use]
    pub fn of(number: u32, pin: Option<&'a str>) -> Self {
        match number {
            1 => Self::Table,
            2 => Self::Pin(pin),
            3 => Self::NoPin,
            _ => Self::Nothing,
        }
    }
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With the head of an answer.
    Answered {
        /// Its status.
        status: u16,
        /// For how long it asks to be left alone.
        retry_after_s: Option<u64>,
    },
    /// Without a connection.
    Unreachable,
    /// Without an answer in time.
    TimedOut,
    /// Before it began: the request is none that can be made.
    Invalid,
}

/// What a status says: of the region, and why the shell should ask again, if it should.
#[must_use]
pub fn classify(
    status: u16,
    retry_after_s: Option<u64>,
    proxy: &Proxying,
) -> (TryOutcome, Option<Why>) {
    match status {
        429 => {
            let asked_ms = retry_after_s.map(|seconds| seconds.saturating_mul(SECOND));
            (TryOutcome::PushedBack(asked_ms), Some(Why::PushedBack))
        }
        // The edge's own way to say that it did not reach the origin.
        _ if proxy.retries_on(status) && says_unreachable(status) => {
            (TryOutcome::Silent, Some(Why::Unreachable))
        }
        _ if proxy.retries_on(status) => (TryOutcome::Failed, Some(Why::Failed)),
        500.. => (TryOutcome::Failed, None),
        _ => (TryOutcome::Served, None),
    }
}
