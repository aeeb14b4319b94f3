//! What the shell asks about a request: the facts of the request, and what was tried so far.

use super::body::Body;
use super::progress::{AskReason, Fetched, Progress};
use super::wire::QuestionLines;
use crate::country::Country;
use crate::http::{Audience, RequestTarget, parse_target};
use crate::json;
use crate::latency::Location;

/// Longest text that is read: the longest URL and the longest headers that the edge accepts.
pub const QUESTION_BYTES_MAX: usize = 256 * 1024;

/// One question about one request.
#[derive(Debug)]
pub struct Question<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The URL.
    pub url: &'a str,
    /// Its parts.
    pub target: RequestTarget<'a>,
    /// The body's length.
    pub body: Body,
    /// The request's id, a random UUID.
    pub id: &'a str,
    /// The client's country, if the runtime knows it.
    pub country: Option<Country>,
    /// The data center that took the request.
    pub colo: Option<&'a str>,
    /// The code of the client's state or province, if the runtime knows it.
    pub subdivision: Option<&'a str>,
    /// Where the client is, if the runtime knows it.
    pub location: Option<Location>,
    /// The client's address.
    pub client: &'a str,
    /// The media types that the client accepts.
    pub accept: &'a str,
    /// How many proxies of ours it came through.
    pub hops: u32,
    /// What was done about this request before this question.
    pub progress: Progress<'a>,
    header_names: &'a [String],
    header_values: Vec<Option<&'a str>>,
}

/// Why a text is no question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadQuestion {
    /// It was written for another table, which looks at other headers.
    Outdated,
    /// It is too long, has too few or too many lines, or a URL that does not parse.
    Malformed,
}

impl<'a> Question<'a> {
    /// Reads the text. It has a value for each of `header_names` if it is of this `version`; `pin`
    /// is KV's value for the tenant, if the text says that KV was asked.
    ///
    /// Errors: [`BadQuestion`].
    pub fn parse(
        text: &'a str,
        pin: Option<&'a str>,
        version: u32,
        header_names: &'a [String],
    ) -> Result<Self, BadQuestion> {
        if text.len() > QUESTION_BYTES_MAX {
            return Err(BadQuestion::Malformed);
        }
        let lines = QuestionLines::split(text).ok_or(BadQuestion::Malformed)?;
        if lines.version.parse() != Ok(version) {
            return Err(BadQuestion::Outdated);
        }
        let has_all = lines.headers.len() == header_names.len();
        let target = parse_target(lines.url).filter(|_| has_all);
        Ok(Self {
            method: lines.method,
            url: lines.url,
            target: target.ok_or(BadQuestion::Malformed)?,
            body: Body::parse(lines.body),
            id: lines.id,
            country: Country::parse(lines.country).ok(),
            colo: Some(lines.colo).filter(|colo| !colo.is_empty()),
            subdivision: Some(lines.subdivision).filter(|code| !code.is_empty()),
            location: location(lines.latitude, lines.longitude),
            client: lines.client,
            accept: lines.accept,
            // A header that is no number was not written by us.
            hops: number(lines.hops),
            progress: Progress {
                reason: AskReason::from_number(number(lines.reason)),
                trail: lines.trail,
                elapsed_ms: number(lines.elapsed_ms).into(),
                fetched: Fetched::from_number(number(lines.fetched), pin),
            },
            header_names,
            header_values: lines.headers,
        })
    }

    /// The value of a header, if the table looks at it and the request has it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let index = self.header_names.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        self.header_values.get(index).copied().flatten()
    }

    /// The last 64 bits of the request's id, so the same for each try.
    #[must_use]
    pub fn seed(&self) -> u64 {
        let digits = self.id.chars().filter_map(|letter| letter.to_digit(16));
        digits.fold(0, |seed, digit| (seed << 4) | u64::from(digit))
    }

    /// Who reads an answer of our own.
    #[must_use]
    pub fn audience(&self) -> Audience {
        if self.accept.contains("text/html") { Audience::People } else { Audience::Programs }
    }
}

/// Zero if the text is no number.
fn number(text: &str) -> u32 {
    text.parse().unwrap_or(0)
}

fn location(latitude: &str, longitude: &str) -> Option<Location> {
    // The JSON parser is linked anyway; the standard parser of floats adds a table of 10 KB.
    let degrees = |text: &str| json::parse(text).ok()?.as_f64();
    Location::new(degrees(latitude)?, degrees(longitude)?)
}
