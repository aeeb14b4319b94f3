//! A config as its author wrote it.

use super::tree::{Node, Part};
use super::unreadable::Unreadable;
use super::{json, toml};
use serde_json::Value;
use std::ops::Range;
use std::path::Path;

/// How many mistakes in the syntax are shown; those behind are mostly echoes of the first.
const FAULTS_MAX: usize = 10;

/// A document that could be read, with the place of everything in it.
#[derive(Debug)]
pub struct Source {
    /// What it says. TOML's dates are texts in the form of RFC 3339.
    pub value: Value,
    name: String,
    text: String,
    root: Node,
}

/// Where a diagnostic points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceSpan {
    pub(super) span: Range<usize>,
    /// Whether this is what was asked for, and not what should contain it.
    pub(super) exact: bool,
}

impl Source {
    /// Reads `text`, which is JSON where `name` ends in `.json` or the text begins with `{`, and
    /// TOML otherwise. `name` is what the file is called in diagnostics.
    ///
    /// Errors: [`Unreadable`] with all mistakes in TOML, or the first in JSON. A number that is
    /// not finite or has more than 64 bits is one of them, and so is a key that is there twice.
    pub fn read(name: &str, text: &str) -> Result<Self, Unreadable> {
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

    /// The bytes to point at for the value at `path`, such as `residency[0].when.country`; for the
    /// nearest value around it where there is none. What stands on several lines is pointed at by
    /// its key, or else by its first line. `None` where only the whole document is left.
    #[must_use]
    pub fn span(&self, path: &str) -> Option<Range<usize>> {
        self.locate(path, Part::Value).map(|found| found.span)
    }

    /// Like [`Source::span`], but the bytes of the key, as for a key that nobody knows.
    #[must_use]
    pub fn key_span(&self, path: &str) -> Option<Range<usize>> {
        self.locate(path, Part::Key).map(|found| found.span)
    }

    /// The bytes of every value that `path` may mean, since a path does not quote keys with points
    /// in them; of the nearest value around it where there is none.
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
            // A table that lacks something is still best known by its header.
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
