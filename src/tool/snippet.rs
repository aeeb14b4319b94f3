//! Lines of a document with carets.

use super::excerpt::Excerpt;
use annotate_snippets::{AnnotationKind, Group, Origin, Renderer, Snippet, Title};

/// The title, and the lines of the excerpt with a caret and an optional label.
pub(super) fn snippet<'a>(
    title: Title<'a>,
    name: &'a str,
    excerpt: &Excerpt<'a>,
    label: Option<&'a str>,
) -> Group<'a> {
    let annotation = AnnotationKind::Primary.span(excerpt.span.clone()).label(label);
    let lines = Snippet::source(excerpt.text).line_start(excerpt.line).annotation(annotation);
    match excerpt.column {
        None => title.element(lines.path(name)),
        Some(column) => {
            let origin = Origin::path(name).line(excerpt.line).char_column(column);
            title.element(origin).element(lines)
        }
    }
}

pub(super) fn renderer(colour: bool) -> Renderer {
    if colour { Renderer::styled() } else { Renderer::plain() }
}

/// Joins blocks with empty lines between them.
pub(super) fn join(blocks: &[String]) -> String {
    let ended = blocks.iter().map(|block| {
        let lines = block.trim_end().lines().filter(|line| !is_separator(line));
        lines.map(|line| [line, "\n"].concat()).collect::<String>()
    });
    ended.collect::<Vec<_>>().join("\n")
}

/// Whether a line has nothing but `:::`, which stands between a position and lines that have none
/// of their own. Here they are of one place, so it would say nothing.
fn is_separator(line: &str) -> bool {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default();
    let styled = parts.map(|part| part.split_once('m').map_or(part, |(_, text)| text));
    std::iter::once(first).chain(styled).collect::<String>().trim() == ":::"
}
