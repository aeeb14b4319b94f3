//! Lines of a document with carets.

use annotate_snippets::{AnnotationKind, Renderer, Snippet};
use std::ops::Range;

/// The lines of `span`, with a caret and an optional label.
pub(super) fn snippet<'a>(
    name: &'a str,
    text: &'a str,
    span: &Range<usize>,
    label: Option<&'a str>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let annotation = AnnotationKind::Primary.span(span.clone()).label(label);
    Snippet::source(text).path(name).annotation(annotation)
}

pub(super) fn renderer(colour: bool) -> Renderer {
    if colour { Renderer::styled() } else { Renderer::plain() }
}

/// Joins blocks with empty lines between them.
pub(super) fn join(blocks: &[String]) -> String {
    let ended = blocks.iter().map(|block| format!("{}\n", block.trim_end()));
    ended.collect::<Vec<_>>().join("\n")
}
