//! Normalises paths, and matches them against the patterns of rules.
//!
//! A rule for `/api/*` must also match `/%61pi`, `//api` and `/x/../api`, because the origin very
//! likely treats them alike. So a path is normalised before any rule sees it: it is percent-decoded
//! once, `\` becomes `/`, dot segments are removed **after** decoding (RFC 3986 §5.2.4, but
//! `%2e%2e` goes up as well), and empty segments and a trailing slash are dropped. So `/login/` is
//! `/login`, and a rule for one matches the other.
//!
//! Some servers read an escaped separator (`%2f`, `%5c`) as a separator, others as a character.
//! Either reading would hide a path from its rule on the other kind of server. Such a path has no
//! normal form and matches every rule about paths, as does a path that is too long.
//!
//! Decoded bytes that are not UTF-8 stay percent-encoded, in upper case. What only some servers do
//! is not undone: decoding twice, ignoring case, `;parameters`. With such a server, write the rule
//! for the whole host.
//!
//! A pattern is a path or a prefix of whole segments, nothing else. So it can be computed which
//! pattern covers which, and a short list of paths stands for all ([`representatives`]), so that a
//! proof can go through every case.

use crate::json::text_shape;
use percent_encoding::{percent_decode_str, percent_encode_byte};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

/// The longest path that is normalised. A longer one matches every rule about paths.
pub const PATH_BYTES_MAX: usize = 8 * 1024;

/// The longest pattern.
pub const PATTERN_BYTES_MAX: usize = 1024;

/// Brings a path into the form in which patterns are matched: `/`, or segments with one `/` before
/// each. A query or fragment is not part of it. None where nobody can say what the path is: it is
/// longer than [`PATH_BYTES_MAX`], or hides a separator in an escape (`%2f`, `%5c`), which some
/// servers take for one and others do not. Treat it as matched by every pattern.
#[must_use]
pub fn normalise(path: &str) -> Option<Cow<'_, str>> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if path.len() > PATH_BYTES_MAX {
        return None;
    }
    if is_plain(path) {
        return Some(Cow::Borrowed(path));
    }
    if hides_separator(path) {
        return None;
    }
    Some(Cow::Owned(without_dots(&decoded(path))))
}

/// Whether the path needs no change. Most do not, and cost no allocation.
fn is_plain(path: &str) -> bool {
    let suspect = |pair: &[u8]| matches!(pair, [b'/', b'/' | b'.']);
    path.starts_with('/')
        && (path == "/" || !path.ends_with('/'))
        && !path.bytes().any(|byte| matches!(byte, b'%' | b'\\'))
        && !path.as_bytes().windows(2).any(suspect)
}

fn hides_separator(path: &str) -> bool {
    let mut escapes = path.split('%').skip(1).filter_map(|behind| behind.get(..2));
    escapes.any(|digits| digits.eq_ignore_ascii_case("2f") || digits.eq_ignore_ascii_case("5c"))
}

/// The path, percent-decoded once. An invalid escape stays as it is.
fn decoded(path: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(path).collect();
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| percent_encode_byte(*byte)));
    }
    text
}

/// The path without empty and dot segments.
fn without_dots(path: &str) -> String {
    let mut form = String::with_capacity(path.len() + 1);
    for segment in path.split(['/', '\\']) {
        match segment {
            "" | "." => {}
            ".." => form.truncate(form.rfind('/').unwrap_or(0)),
            _ => {
                form.push('/');
                form.push_str(segment);
            }
        }
    }
    if form.is_empty() { "/".to_owned() } else { form }
}

/// The paths that a rule matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern {
    /// A normalised path; empty for the prefix of all paths.
    base: String,
    reach: Reach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// That path.
    Exact,
    /// That path and everything below it.
    Prefix,
}

/// The text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a path pattern: use a path such as `/login`, or `/api/*` for `/api` and \
     everything below it; no escapes, `.`, `..`, `//` or trailing `/`, and no other `*`"
)]
pub struct BadPattern(String);

impl Pattern {
    /// Reads a path (`/login`) or a prefix (`/api/*`, which matches `/api` too, but not `/apix`).
    /// `/*` matches all paths. Errors: [`BadPattern`] for anything else, and for paths that are not
    /// normalised, because they would match nothing.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let (base, reach) = match text.strip_suffix("/*") {
            Some(base) => (base, Reach::Prefix),
            None => (text, Reach::Exact),
        };
        let is_all = base.is_empty() && reach == Reach::Prefix;
        let is_form = normalise(base).is_some_and(|form| form == base)
            && !(base == "/" && reach == Reach::Prefix);
        if text.len() <= PATTERN_BYTES_MAX && !base.contains('*') && (is_all || is_form) {
            Ok(Self { base: base.to_owned(), reach })
        } else {
            Err(BadPattern(text.chars().take(64).collect()))
        }
    }

    /// Whether a path matches. It must be normalised by [`normalise`].
    #[must_use]
    pub fn matches(&self, normalised: &str) -> bool {
        match (normalised.strip_prefix(self.base.as_str()), self.reach) {
            (Some(""), _) => true,
            (Some(below), Reach::Prefix) => below.starts_with('/'),
            _ => false,
        }
    }

    /// Whether this pattern matches every path that the other one matches.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self.reach, other.reach) {
            (Reach::Exact, Reach::Prefix) => false,
            _ => self.base == other.base || self.matches(&other.base),
        }
    }

    /// A path that it matches: the base, or the root if that is empty.
    fn own_path(&self) -> &str {
        if self.base.is_empty() { "/" } else { &self.base }
    }
}

/// What is allowed, for the message about another value.
const ALLOWED: &str = "a path such as `/login`, or `/api/*` for `/api` and everything below it; no \
    escapes, `.`, `..`, `//` or trailing `/`, and no other `*`";

text_shape!(Pattern, Pattern::parse, ALLOWED, {
    "type": "string",
    "pattern": r"^(/|/\*|(/[^/*%\\?#]+)+(/\*)?)$",
});

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)?;
        f.write_str(if self.reach == Reach::Prefix { "/*" } else { "" })
    }
}

/// One path for each class of paths that the patterns distinguish, among them one that no pattern
/// matches, if there is one.
///
/// Why this covers every path: a path that equals a base is in the class of that base. Any other
/// path is in the class of a path directly below the longest prefix that matches it, with a segment
/// that occurs in no pattern, or of such a path below the root.
#[must_use]
pub fn representatives(patterns: &[Pattern]) -> Vec<String> {
    let unknown = unknown_segment(patterns);
    let mut candidates: Vec<String> = vec![["/", &unknown].concat()];
    for pattern in patterns {
        candidates.push(pattern.own_path().to_owned());
        if pattern.reach == Reach::Prefix {
            candidates.push([&pattern.base, "/", &unknown].concat());
        }
    }
    let class = |path: &str| -> Vec<bool> { patterns.iter().map(|p| p.matches(path)).collect() };
    let mut seen = BTreeSet::new();
    candidates.retain(|path| seen.insert(class(path)));
    candidates
}

/// A segment that occurs in no pattern: longer than any run of its letter there.
fn unknown_segment(patterns: &[Pattern]) -> String {
    let mut segment = "x".to_owned();
    while patterns.iter().any(|pattern| pattern.base.contains(&segment)) {
        segment.push('x');
    }
    segment
}

#[cfg(test)]
mod tests;
