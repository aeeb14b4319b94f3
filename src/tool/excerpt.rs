//! The part of a text that a diagnostic shows.
//!
//! What draws the lines reads all the text that it is given, for each diagnostic anew. So it is
//! given the lines of the diagnostic alone, and of a line without end, such as a config in JSON on
//! one line, only what surrounds the place.

use std::ops::Range;

/// The longest line, in bytes, that is given whole.
const LINE_BYTES_MAX: usize = 400;
/// How many bytes of a longer line are given on each side of the place.
const AROUND_BYTES: usize = 60;

/// Where each line of a text begins.
#[derive(Debug)]
pub(super) struct LineStarts(Vec<usize>);

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt<'t> {
    pub(super) text: &'t str,
    /// The place, in the excerpt.
    pub(super) span: Range<usize>,
    /// The line of the text that it begins on, counted from 1.
    pub(super) line: usize,
    /// The column of the place, if the excerpt does not begin where its line does. It counts from
    /// 1, in characters.
    pub(super) column: Option<usize>,
}

impl LineStarts {
    pub(super) fn of(text: &str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(ends).collect())
    }

    /// The lines of `span`, or what surrounds it if they are long.
    pub(super) fn excerpt<'t>(&self, text: &'t str, span: &Range<usize>) -> Excerpt<'t> {
        let line = self.0.partition_point(|start| *start <= span.start).max(1);
        let start = self.0.get(line - 1).copied().unwrap_or_default();
        let next = self.0.partition_point(|start| *start < span.end.max(span.start + 1));
        let end = self.0.get(next).map_or(text.len(), |start| start - 1);
        if end - start <= LINE_BYTES_MAX {
            let text = text.get(start..end).unwrap_or_default();
            let span = span.start - start..(span.end - start).min(text.len());
            return Excerpt { text, span, line, column: None };
        }
        let from = text.floor_char_boundary(span.start.saturating_sub(AROUND_BYTES).max(start));
        let shown = span.start..span.end.min(text.ceil_char_boundary(span.start + AROUND_BYTES));
        let until = text.ceil_char_boundary((shown.end + AROUND_BYTES).min(end));
        let before = text.get(start..span.start).unwrap_or_default();
        Excerpt {
            text: text.get(from..until).unwrap_or_default(),
            span: shown.start - from..shown.end - from,
            line,
            column: Some(before.chars().count() + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_line_is_given_whole_and_a_long_one_around_the_place() {
        let text = "a = 1\nbb = 22\n\nc = 3";
        let starts = LineStarts::of(text);
        let whole = Excerpt { text: "bb = 22", span: 5..7, line: 2, column: None };
        assert_eq!(starts.excerpt(text, &(11..13)), whole);
        let last = Excerpt { text: "c = 3", span: 4..5, line: 4, column: None };
        assert_eq!(starts.excerpt(text, &(19..20)), last);
        let both = Excerpt { text: "a = 1\nbb = 22", span: 4..8, line: 1, column: None };
        assert_eq!(starts.excerpt(text, &(4..8)), both);
        for (bytes, is_whole) in [(LINE_BYTES_MAX, true), (LINE_BYTES_MAX + 1, false)] {
            let text = format!("x\n{}", "y".repeat(bytes));
            let excerpt = LineStarts::of(&text).excerpt(&text, &(202..203));
            assert_eq!(excerpt.column, (!is_whole).then_some(201), "{bytes}");
            assert_eq!(excerpt.text.len() == bytes, is_whole, "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn an_excerpt_shows_the_place_and_is_short(
            lines in prop::collection::vec("[aé\u{1f600}]{0,300}", 1..4),
            at in 0_usize..2_000,
            long in 0_usize..300,
        ) {
            let text = lines.join("\n");
            let start = text.floor_char_boundary(at.min(text.len()));
            let end = text.ceil_char_boundary((start + long).min(text.len()));
            let excerpt = LineStarts::of(&text).excerpt(&text, &(start..end));
            prop_assert!(excerpt.text.len() <= LINE_BYTES_MAX.max(3 * AROUND_BYTES + 16));
            let shown = excerpt.text.get(excerpt.span.clone()).unwrap();
            prop_assert!(text[start..end].starts_with(shown));
            prop_assert!(!shown.is_empty() || start == end || text[start..].starts_with('\n'));
            prop_assert_eq!(excerpt.line, text[..start].matches('\n').count() + 1);
        }
    }
}
