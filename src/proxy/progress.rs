//! What was done about a request before a question.

use crate::time::Millis;

/// What was done about a request before a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Why the shell asks.
    pub reason: AskReason,
    /// The origins that were tried, separated by spaces.
    pub trail: &'a str,
    /// Time since the request arrived.
    pub elapsed_ms: Millis,
    /// What the shell fetched because the last instruction told it to.
    pub fetched: Fetched<'a>,
}

impl Progress<'_> {
    /// How many tries were sent.
    pub(super) fn tries(&self) -> usize {
        self.trail.split_ascii_whitespace().count()
    }
}

/// Why the shell asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskReason {
    /// The request has just arrived.
    First,
    /// The last try found no connection, or the edge says so with a status of its own.
    Unreachable,
    /// The last try had no response in time.
    TimedOut,
    /// The last try that has a response has one whose status is one to retry on.
    Failed,
    /// The last try that has a response has one that asks for fewer requests (429).
    PushedBack,
    /// The last try is late, and goes on.
    Late,
    /// The runtime refused to send the last try: nobody can make such a request.
    Invalid,
    /// The last try has a response whose status is none, so nobody can be given it.
    BadStatus,
    /// The last try failed before an origin had the whole request, so nothing has taken effect.
    Unsent,
    /// The client sent nothing of its body for too long.
    ClientSilent,
    /// The last try has a response that says that it came to the wrong server (421).
    Misdirected,
}

impl AskReason {
    /// Whether the client can get a response that is there already, whatever it asked for. Who gets
    /// one to [`AskReason::Misdirected`] depends on the request.
    pub(super) fn has_response(self) -> bool {
        matches!(self, Self::Failed | Self::PushedBack)
    }
}

/// What the shell fetched because an instruction told it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched<'a> {
    /// It was told nothing of the kind.
    Nothing,
    /// It has tried to load a table.
    Table,
    /// KV's value for the tenant; `None` if KV has none.
    Pin(Option<&'a str>),
    /// KV did not answer.
    PinUnavailable,
}
