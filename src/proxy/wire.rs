//! What crosses between wasm and JavaScript, line by line and number by number.
//!
//! A crossing is what costs, and each value that crosses alone costs again (ADR-0010). So values
//! cross in one text or a few numbers, and only their order says which is which. This file is the
//! only one in Rust that knows that order, and `src/shell/wire.js` the only one in JavaScript.
//! Everyone else reads and writes named fields. `tests/wire/golden.json` holds an example of
//! everything that crosses; the tests of both files are held against it.
//!
//! No line can contain a line break: the runtime refuses such headers and URLs, and the shell drops
//! odd values of `cf`. Only the body of a refusal may, so it comes last.

use super::instruction::{Instruction, Try};
use super::progress::{AskReason, Fetched};
use super::token::Token;
use super::try_end::{BodyEnd, TryEnd};
use crate::time::{Millis, Timestamp};
use std::fmt::Write as _;

/// Stands for a header that the request does not have.
const ABSENT: &str = "\0";

/// The lines of a question, each as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct QuestionLines<'a> {
    pub(super) version: &'a str,
    pub(super) reason: &'a str,
    pub(super) fetched: &'a str,
    pub(super) elapsed_ms: &'a str,
    pub(super) trail: &'a str,
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) body: &'a str,
    pub(super) id: &'a str,
    pub(super) country: &'a str,
    pub(super) colo: &'a str,
    pub(super) latitude: &'a str,
    pub(super) longitude: &'a str,
    pub(super) client: &'a str,
    pub(super) accept: &'a str,
    pub(super) hops: &'a str,
    pub(super) subdivision: &'a str,
    /// The values of the headers that were asked for; `None` for one that the request lacks.
    pub(super) headers: Vec<Option<&'a str>>,
}

impl<'a> QuestionLines<'a> {
    /// Splits a text. The fields are read in the order in which they are written here. `None` if
    /// there are too few lines.
    pub(super) fn split(text: &'a str) -> Option<Self> {
        let mut lines = text.split('\n');
        Some(Self {
            version: lines.next()?,
            reason: lines.next()?,
            fetched: lines.next()?,
            elapsed_ms: lines.next()?,
            trail: lines.next()?,
            method: lines.next()?,
            url: lines.next()?,
            body: lines.next()?,
            id: lines.next()?,
            country: lines.next()?,
            colo: lines.next()?,
            latitude: lines.next()?,
            longitude: lines.next()?,
            client: lines.next()?,
            accept: lines.next()?,
            hops: lines.next()?,
            subdivision: lines.next()?,
            headers: lines.map(|value| (value != ABSENT).then_some(value)).collect(),
        })
    }
}

impl AskReason {
    const ALL: [Self; 11] = [
        Self::First,
        Self::Unreachable,
        Self::TimedOut,
        Self::Failed,
        Self::PushedBack,
        Self::Late,
        Self::Invalid,
        Self::BadStatus,
        Self::Unsent,
        Self::ClientSilent,
        Self::Misdirected,
    ];

    /// The number that stands for it. `0` is also "there is no reason to ask again".
    #[must_use]
    pub fn number(self) -> u32 {
        let index = Self::ALL.iter().position(|reason| *reason == self);
        index.and_then(|index| u32::try_from(index).ok()).unwrap_or(0)
    }

    /// Back from the number; `First` for one that stands for nothing.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        Self::ALL.get(index).copied().unwrap_or(Self::First)
    }
}

impl<'a> Fetched<'a> {
    /// Back from the number that stands for it; `pin` is what KV holds.
    pub(super) fn from_number(number: u32, pin: Option<&'a str>) -> Self {
        match number {
            1 => Self::Table,
            2 => Self::Pin(pin),
            3 => Self::PinUnavailable,
            _ => Self::Nothing,
        }
    }
}

/// How a try ended, as the shell reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TryReport {
    /// The try.
    pub token: Token,
    /// How it ended.
    pub end: TryEnd,
    /// From sending it to the head of the response.
    pub took_ms: Millis,
    /// The time of the report.
    pub now: Timestamp,
    /// When it had to be over.
    pub due: Timestamp,
}

impl TryReport {
    /// Reads the numbers of a report: the token; why there is no response, or 0; its status, or 0;
    /// how many seconds it asks to be left alone, or less than 0; the duration; the time; when
    /// the try had to be over.
    #[must_use]
    pub fn from_numbers(numbers: [f64; 7]) -> Self {
        let [token, none, status, retry_after_s, took_ms, now, due] = numbers;
        let reason = AskReason::from_number(u32::try_from(whole(none)).unwrap_or(0));
        let end = match (u16::try_from(whole(status)), reason) {
            (Ok(0), AskReason::TimedOut) => TryEnd::TimedOut,
            (Ok(0), AskReason::Invalid) => TryEnd::Invalid,
            (Ok(0), AskReason::Unsent) => TryEnd::Unsent,
            (Ok(0), AskReason::ClientSilent) => TryEnd::ClientSilent,
            (Err(_) | Ok(0), _) => TryEnd::Unreachable,
            (Ok(status), _) => {
                let retry_after_s = (retry_after_s >= 0.0).then(|| whole(retry_after_s));
                TryEnd::Answered { status, retry_after_s }
            }
        };
        Self {
            token: Token::from_number(whole(token)),
            end,
            took_ms: whole(took_ms),
            now: Timestamp::from_millis(whole(now)),
            due: Timestamp::from_millis(whole(due)),
        }
    }
}

/// How a trial of a region ended, as the shell reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrialReport {
    /// The trial.
    pub token: Token,
    /// Whether the region answered, with a status that a healthy one has.
    pub has_passed: bool,
    /// From sending it to its end.
    pub took_ms: Millis,
    /// The time of the report.
    pub now: Timestamp,
}

impl TrialReport {
    /// Reads the numbers of a report: the token; 1 if it passed, or 0; the duration; the time.
    #[must_use]
    pub fn from_numbers([token, has_passed, took_ms, now]: [f64; 4]) -> Self {
        Self {
            token: Token::from_number(whole(token)),
            has_passed: has_passed > 0.0,
            took_ms: whole(took_ms),
            now: Timestamp::from_millis(whole(now)),
        }
    }
}

/// How the body of an answer broke off, as the shell reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyReport {
    /// The try that the answer is of.
    pub token: Token,
    /// Why the body is not whole.
    pub end: BodyEnd,
    /// The time of the report.
    pub now: Timestamp,
}

impl BodyReport {
    /// Reads the numbers of a report: the token; for how long the region sent nothing, or less than
    /// 0 if it ended the connection; the time.
    #[must_use]
    pub fn from_numbers([token, silent_ms, now]: [f64; 3]) -> Self {
        let has_stalled = silent_ms >= 0.0;
        Self {
            token: Token::from_number(whole(token)),
            end: if has_stalled { BodyEnd::Stalled(whole(silent_ms)) } else { BodyEnd::BrokeOff },
            now: Timestamp::from_millis(whole(now)),
        }
    }
}

/// The number of a remembered decision, as JavaScript has it.
#[must_use]
pub fn recall_number(number: f64) -> Option<u32> {
    u32::try_from(whole(number)).ok()
}

/// A whole number as JavaScript has it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "JavaScript has floats only, and the cast saturates"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

impl Instruction {
    /// The text for the shell: a line for each field, the first one the verb.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Headers { version, names } => {
                let mut text = Lines::of("headers");
                text.number(u64::from(*version));
                for name in names {
                    text.line(name);
                }
                text.0
            }
            Self::LoadTable => "load_table".to_owned(),
            Self::ReadPin(key) => {
                let mut text = Lines::of("read_pin");
                text.line(key);
                text.0
            }
            Self::Surface => "surface".to_owned(),
            Self::Send(sent) => sent.text(),
            Self::Relay => "relay".to_owned(),
            Self::Wait => "wait".to_owned(),
            Self::Respond { response, or_stale, refresh } => {
                let mut text = Lines::of("respond");
                text.flag(*or_stale);
                text.flag(*refresh);
                text.number(response.status.into());
                text.headers(&response.headers);
                text.line(&response.body);
                text.0
            }
        }
    }
}

impl Try {
    fn text(&self) -> String {
        let trial = self.trial.as_ref();
        let mut text = Lines::of("send");
        text.number(self.token.number());
        text.line(&self.url);
        text.number(self.wait_ms);
        text.line(&self.trail);
        text.maybe(self.late_ms);
        text.flag(self.refresh);
        text.maybe(trial.map(|(token, _)| token.number()));
        text.line(trial.map_or("", |(_, asked)| &asked.url));
        text.maybe(self.keep_s.map(u64::from));
        text.line(self.timing.as_deref().unwrap_or(""));
        text.headers(&self.request_headers);
        text.headers(&self.answer_headers);
        text.number(self.sending.number());
        text.maybe(self.body_idle_ms);
        text.flag(self.rename);
        text.line(self.resolve.as_deref().unwrap_or(""));
        text.line(trial.and_then(|(_, asked)| asked.resolve.as_deref()).unwrap_or(""));
        text.maybe(self.recall.map(u64::from));
        text.0
    }
}

/// A text that is put together line by line.
struct Lines(String);

impl Lines {
    fn of(verb: &str) -> Self {
        let mut text = String::with_capacity(512);
        text.push_str(verb);
        Self(text)
    }

    fn line(&mut self, part: &str) {
        self.0.push('\n');
        self.0.push_str(part);
    }

    fn flag(&mut self, is_set: bool) {
        self.line(if is_set { "1" } else { "" });
    }

    fn number(&mut self, number: u64) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "\n{number}");
    }

    fn maybe(&mut self, number: Option<u64>) {
        match number {
            Some(number) => self.number(number),
            None => self.line(""),
        }
    }

    /// How many there are, then a line for each name and each value.
    fn headers(&mut self, headers: &[(&str, String)]) {
        self.number(u64::try_from(headers.len()).unwrap_or(0));
        for (name, value) in headers {
            self.line(name);
            self.line(value);
        }
    }
}
