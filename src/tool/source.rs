//! The text of a config, with the span of each value.

use super::tree::{Node, Part};
use super::unreadable::Unreadable;
use super::{json, toml};
use crate::json::without_bom;
use serde_json::Value;
use std::ops::Range;
use std::path::Path;

/// Most syntax errors that are shown; later ones are mostly echoes of the first.
const FAULTS_MAX: usize = 10;

/// A parsed document, with the span of everything in it.
#[derive(Debug)]
pub struct Source {
    /// Its value. TOML's dates become RFC 3339 strings.
    pub value: Value,
    name: String,
    text: String,
    root: Node,
}

/// The bytes that a diagnostic points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceSpan {
    pub(super) span: Range<usize>,
    /// Whether this is the value itself, not an enclosing one.
    pub(super) exact: bool,
}

impl Source {
    /// Reads `text` as JSON if `name` ends in `.json` or the text starts with `{`, and as TOML
    /// otherwise. `name` is the file's name in diagnostics.
    ///
    /// Errors: [`Unreadable`] with all errors of TOML, or the first of JSON. Numbers that are not
    /// finite or exceed 64 bits are errors, and so are repeated keys.
    pub fn read(name: &str, text: &str) -> Result<Self, Unreadable> {
        let text = without_bom(text);
        let by_name = Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
        let by_text = text.trim_start().starts_with('{');
        let read = if by_name || by_text { json::read(text) } else { toml::read(text) };
        let (name, text) = (name.to_owned(), text.to_owned());
        match read {
            Ok((root, value)) => Ok(Self { value, name, text, root }),
            Err(mut faults) => {
                faults.truncate(FAULTS_MAX);
                Err(Unreadable { name, text, faults })
            }
        }
    }

    /// The bytes to point at for the value at `path`, such as `residency[0].when.country`, or for
    /// the nearest enclosing value if there is none. For a value of several lines that is its key,
    /// or its first line if it has no key. `None` if only the whole document is left.
    #[must_use]
    pub fn span(&self, path: &str) -> Option<Range<usize>> {
        self.locate(path, Part::Value).map(|found| found.span)
    }

    /// Like [`Source::span`], but the bytes of the key, for instance of an unknown one.
    #[must_use]
    pub fn key_span(&self, path: &str) -> Option<Range<usize>> {
        self.locate(path, Part::Key).map(|found| found.span)
    }

    /// The bytes of every value that `path` may mean, because a path does not quote keys with dots;
    /// of the nearest enclosing value if there is none.
    pub(super) fn spans(&self, path: &str) -> Vec<Range<usize>> {
        let found = self.root.every(path);
        if found.is_empty() {
            return self
                .root
                .follow(path)
                .map(|found| found.node.span.clone())
                .into_iter()
                .collect();
        }
        found.into_iter().map(|node| node.span.clone()).collect()
    }

    pub(super) fn locate(&self, path: &str, part: Part) -> Option<SourceSpan> {
        let found = self.root.follow(path)?;
        let (value, exact) = (&found.node.span, found.missed == 0);
        let span = match (part, found.key_span) {
            // A table with a missing key is best shown by its header.
            (Part::Key, Some(key)) if exact => key.clone(),
            (_, Some(key)) if self.has_several_lines(value) => key.clone(),
            _ => self.first_line(value),
        };
        Some(SourceSpan { span, exact })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn has_several_lines(&self, span: &Range<usize>) -> bool {
        self.text.get(span.clone()).is_some_and(|text| text.contains('\n'))
    }

    fn first_line(&self, span: &Range<usize>) -> Range<usize> {
        let line = self.text.get(span.clone()).and_then(|text| text.lines().next());
        span.start..line.map_or(span.end, |line| span.start + line.len())
    }
}

#[cfg(test)]
mod tests;
