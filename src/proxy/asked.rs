//! A question about a request as the shell brings it: one text, a line for each fact.
//!
//! One text and not an argument for each fact, because the way between wasm and JavaScript is what
//! costs (ADR-0010). No fact can have a line break in it: the runtime refuses such headers and
//! URLs, and the shell leaves out what is odd in `cf`. A text with another number of lines is no
//! request.

use super::outcome::{Brought, Said, Why};
use crate::country::Country;
use crate::http::{Audience, RequestTarget, parse_target};
use crate::json;
use crate::latency::Location;

/// Longest text that is read: the longest URL and the longest headers that the edge lets pass.
pub const FACTS_BYTES_MAX: usize = 256 * 1024;

/// Stands for a header that the request does not have.
const ABSENT: &str = "\0";

/// The facts of one request.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The parts of the URL.
    pub target: RequestTarget<'a>,
    /// What is sent along.
    pub body: Body,
    /// The name of the request, which nobody can guess.
    pub id: &'a str,
    /// The client's country, where the runtime knows it.
    pub country: Option<Country>,
    /// The data center that took the request.
    pub colo: Option<&'a str>,
    /// The client's place, where the runtime knows it.
    pub place: Option<Location>,
    /// The client's address.
    pub client: &'a str,
    /// Which kinds of answers the client takes.
    pub accept: &'a str,
    /// How often it came through a proxy of ours already.
    pub hops: u32,
    /// Why it is asked, and what has been done so far.
    pub said: Said<'a>,
    names: &'a [String],
    values: Vec<&'a str>,
}

/// What is sent along with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// So many bytes.
    Sized(u64),
    /// Nobody knows how much.
    Unsized,
}

/// Why a text tells no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadFacts {
    /// It was made for another table: other headers are asked for now.
    Outdated,
    /// Nothing can be made of it.
    Malformed,
}

impl<'a> Asked<'a> {
    /// Reads the text. `names` are the headers that are asked for as of `version`; `pin` is what KV
    /// says of the tenant, where the text says that somebody looked.
    ///
    /// Errors: [`BadFacts::Outdated`] where the text is of another version;
    /// [`BadFacts::Malformed`] where it is too long, has other lines, or a URL that is none.
    pub fn parse(
        text: &'a str,
        pin: Option<&'a str>,
        version: u32,
        names: &'a [String],
    ) -> Result<Self, BadFacts> {
        if text.len() > FACTS_BYTES_MAX {
            return Err(BadFacts::Malformed);
        }
        let mut lines = text.split('\n');
        if lines.next().and_then(|first| first.parse().ok()) != Some(version) {
            return Err(BadFacts::Outdated);
        }
        let mut line = || lines.next().ok_or(BadFacts::Malformed);
        let (why, brought, elapsed, trail) = (line()?, line()?, line()?, line()?);
        let (method, url, body, id) = (line()?, line()?, line()?, line()?);
        let (country, colo, latitude, longitude) = (line()?, line()?, line()?, line()?);
        let (client, accept, hops) = (line()?, line()?, line()?);
        let values: Vec<&str> = lines.collect();
        let target = parse_target(url).filter(|_| values.len() == names.len());
        Ok(Self {
            method,
            target: target.ok_or(BadFacts::Malformed)?,
            body: Body::of(body),
            id,
            country: Country::parse(country).ok(),
            colo: Some(colo).filter(|colo| !colo.is_empty()),
            place: place(latitude, longitude),
            client,
            accept,
            // What does not count is not ours.
            hops: number(hops),
            said: Said {
                why: Why::of(number(why)),
                trail,
                elapsed_ms: number(elapsed).into(),
                brought: Brought::of(number(brought), pin),
            },
            names,
            values,
        })
    }

    /// The value of a header that was asked for.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let place = self.names.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        self.values.get(place).copied().filter(|value| *value != ABSENT)
    }

    /// The last half of its name as a number, the same for each try.
    #[must_use]
    pub fn seed(&self) -> u64 {
        let digits = self.id.chars().filter_map(|letter| letter.to_digit(16));
        digits.fold(0, |seed, digit| (seed << 4) | u64::from(digit))
    }

    /// Who looks at the answer.
    #[must_use]
    pub fn audience(&self) -> Audience {
        if self.accept.contains("text/html") { Audience::People } else { Audience::Programs }
    }
}

impl Body {
    fn of(text: &str) -> Self {
        match text.parse() {
            _ if text.is_empty() => Self::None,
            Ok(bytes) => Self::Sized(bytes),
            Err(_) => Self::Unsized,
        }
    }
}

/// What is no number is none.
fn number(text: &str) -> u32 {
    text.parse().unwrap_or(0)
}

fn place(latitude: &str, longitude: &str) -> Option<Location> {
    // The reader of JSON that is here anyway: the standard one for floats has a table of 10 KB.
    let degrees = |text: &str| json::parse(text).ok()?.as_f64();
    Location::new(degrees(latitude)?, degrees(longitude)?)
}
