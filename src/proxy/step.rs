//! What the shell does next, and the text that tells it.

use super::asked::Body;
use super::ways::Token;
use crate::http::Response;
use crate::time::{MINUTE, Millis};
use std::fmt::Write as _;

/// How often a request may come through proxies of ours. One behind another is a set-up; more is a
/// circle.
pub const HOPS_MAX: u32 = 2;
/// The slowest upload that is waited for, in bytes a millisecond.
pub const UPLOAD_BYTES_PER_MS: u64 = 64;
/// The longest time that an upload is given on top of the service's own, and what one of unknown
/// length is given.
pub const UPLOAD_MS_MAX: Millis = 15 * MINUTE;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Bring the facts again, with these headers.
    Facts {
        /// The version that the facts are to begin with.
        version: u32,
        /// The headers.
        names: Vec<String>,
    },
    /// Look for a table first.
    Table,
    /// Read what KV says of this tenant first: the key.
    Pin(String),
    /// Answer a request to our own surface.
    Surface,
    /// Send the request.
    Try(Box<Try>),
    /// Hand on the answer of the last try.
    Answer,
    /// Go on waiting: nothing else can be done.
    Wait,
    /// Say no.
    Refuse {
        /// With this.
        response: Response,
        /// Unless an old answer is kept that will do.
        or_stale: bool,
        /// Whether the table should be looked up behind it.
        refresh: bool,
    },
}

/// A request on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// Which way it goes.
    pub token: Token,
    /// The origins that were tried, this one included.
    pub trail: String,
    /// Where to.
    pub url: String,
    /// Longest wait for the head of the answer.
    pub wait_ms: Millis,
    /// When it is late, and may be sent elsewhere as well.
    pub late_ms: Option<Millis>,
    /// Whether the table should be looked up behind the request.
    pub refresh: bool,
    /// A region to look at behind the request, and where.
    pub trial: Option<(Token, String)>,
    /// For how many seconds the answer may be kept, where it is public.
    pub keep_s: Option<u32>,
    /// What `Server-Timing` says, but for the time.
    pub timing: Option<String>,
    /// Headers of the request; an empty value takes one off.
    pub request_headers: Vec<(&'static str, String)>,
    /// Headers of the answer.
    pub answer_headers: Vec<(&'static str, String)>,
}

/// How long to wait for a body to arrive.
pub(super) fn upload_ms(body: Body) -> Millis {
    match body {
        Body::None => 0,
        Body::Sized(bytes) => (bytes / UPLOAD_BYTES_PER_MS).min(UPLOAD_MS_MAX),
        Body::Unsized => UPLOAD_MS_MAX,
    }
}

impl Step {
    /// The text for the shell: a line for each part, the first one the verb.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Facts { version, names } => {
                let mut text = Lines::of("facts");
                text.number(u64::from(*version));
                for name in names {
                    text.line(name);
                }
                text.0
            }
            Self::Table => "table".to_owned(),
            Self::Pin(key) => {
                let mut text = Lines::of("pin");
                text.line(key);
                text.0
            }
            Self::Surface => "surface".to_owned(),
            Self::Try(way) => way.text(),
            Self::Answer => "answer".to_owned(),
            Self::Wait => "wait".to_owned(),
            Self::Refuse { response, or_stale, refresh } => {
                let mut text = Lines::of("refuse");
                text.line(if *or_stale { "1" } else { "" });
                text.line(if *refresh { "1" } else { "" });
                text.number(response.status.into());
                text.number(u64::try_from(response.headers.len()).unwrap_or(0));
                text.headers(&response.headers);
                // Comes last, since it may have lines of its own.
                text.line(&response.body);
                text.0
            }
        }
    }
}

impl Try {
    fn text(&self) -> String {
        let mut text = Lines::of("try");
        text.number(self.token.number());
        text.line(&self.url);
        text.number(self.wait_ms);
        text.line(&self.trail);
        text.maybe(self.late_ms);
        text.line(if self.refresh { "1" } else { "" });
        text.maybe(self.trial.as_ref().map(|(token, _)| token.number()));
        text.line(self.trial.as_ref().map_or("", |(_, url)| url));
        text.maybe(self.keep_s.map(u64::from));
        text.line(self.timing.as_deref().unwrap_or(""));
        text.number(u64::try_from(self.request_headers.len()).unwrap_or(0));
        text.headers(&self.request_headers);
        text.headers(&self.answer_headers);
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

    fn headers(&mut self, headers: &[(&str, String)]) {
        for (name, value) in headers {
            self.line(name);
            self.line(value);
        }
    }
}
