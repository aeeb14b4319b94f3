//! Diagnostics for people: what is wrong, the line with a caret, and what is allowed.
//!
//! They look like rustc's, which people know, and answer in the order of the questions: how bad,
//! what, where, what to do.

use super::excerpt::LineStarts;
use super::finding::{Finding, Severity};
use super::snippet::{join, renderer, snippet};
use super::source::Source;
use super::text::grouped;
use annotate_snippets::{Group, Level, Origin};

/// The code of a secret in the config. Its line is never shown, because CI logs have many readers.
const SECRET: &str = "E013";

/// One block per diagnostic, in the given order, separated by empty lines. A path that does not
/// exist is shown at the nearest enclosing value. A known secret is shown nowhere, not even in the
/// lines of its neighbours.
#[must_use]
pub fn render(source: &Source, diagnostics: &[Finding], colour: bool) -> String {
    let renderer = renderer(colour);
    let text = without_secrets(source, diagnostics);
    let starts = LineStarts::of(&text);
    let blocks: Vec<String> = diagnostics
        .iter()
        .map(|finding| renderer.render(&[block(source, &text, &starts, finding)]))
        .collect();
    join(&blocks)
}

/// The text with a `*` for each byte of a secret, so that all other offsets stay the same.
fn without_secrets(source: &Source, diagnostics: &[Finding]) -> String {
    let secrets = diagnostics.iter().filter(|finding| finding.code == SECRET);
    let mut hidden = vec![false; source.text().len()];
    for span in secrets.flat_map(|finding| source.spans(&finding.path)) {
        hidden.get_mut(span).into_iter().for_each(|bytes| bytes.fill(true));
    }
    let is_secret = |at: usize| hidden.get(at).copied().unwrap_or_default();
    let mut text = String::with_capacity(source.text().len());
    for (at, char) in source.text().char_indices() {
        if is_secret(at) && !matches!(char, '\r' | '\n') {
            text.extend(std::iter::repeat_n('*', char.len_utf8()));
        } else {
            text.push(char);
        }
    }
    text
}

fn block<'a>(
    source: &'a Source,
    text: &'a str,
    starts: &LineStarts,
    finding: &'a Finding,
) -> Group<'a> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(&finding.problem).id(&finding.code);
    let path = || note("at", Some(&finding.path).filter(|path| !is_document(path)));
    let block = match source.locate(&finding.path, finding.part) {
        Some(found) if finding.code == SECRET => {
            let (line, column) = line_and_column(text, found.span.start);
            let origin = Origin::path(source.name()).line(line).char_column(column);
            title.element(origin).elements(path())
        }
        Some(found) => {
            // If the caret is not at the path itself, the label names the path.
            let label = (!found.exact).then_some(finding.path.as_str());
            snippet(title, source.name(), &starts.excerpt(text, &found.span), label)
        }
        None => title.element(Origin::path(source.name())).elements(path()),
    };
    let allowed = Some(&finding.allowed).filter(|allowed| !allowed.is_empty());
    let also = (!finding.also.is_empty())
        .then(|| format!("{} and {} more", finding.also.join(", "), grouped(finding.more as u64)));
    block
        .elements(note("allowed", allowed))
        .elements(also.map(|also| Level::NOTE.with_name("also").message(also)))
        .elements(note("hint", finding.hint.as_ref()))
}

fn note<'a>(name: &'a str, text: Option<&'a String>) -> Option<annotate_snippets::Message<'a>> {
    text.map(|text| Level::NOTE.with_name(name).message(text))
}

/// Line and column, both counted from 1.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Whether the path names the whole document.
fn is_document(path: &str) -> bool {
    path.is_empty() || path == "."
}

#[cfg(test)]
mod tests;
