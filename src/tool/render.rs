//! Diagnostics as a person reads them: what is wrong, the line, a caret, what would be right.
//!
//! The look is rustc's, because it is known, and because it answers in the order in which one asks:
//! how bad, what, where, and then what to do.

use super::source::{Fault, Source};
use super::tree::Part;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::ops::Range;

/// The code of a mistake in the syntax.
const SYNTAX: &str = "E001";
/// The code of a secret in the config. Its line is never shown: a log of CI is read by many.
const SECRET: &str = "E013";

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The config is refused.
    Error,
    /// It is accepted, and probably not meant.
    Warning,
    /// Good to know.
    Note,
}

/// One diagnostic, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The stable name of the mistake, such as `E006`.
    pub code: String,
    /// Where it is, such as `services.api.regions[1]`.
    pub path: String,
    /// Whether what is written there is wrong, or that it is written.
    pub part: Part,
    /// What is wrong, with the value that was seen.
    pub problem: String,
    /// What is allowed instead; empty where that says nothing.
    pub allowed: String,
    /// What to do.
    pub hint: Option<String>,
}

/// One block for each diagnostic, in the order given, with an empty line between two. A path that
/// leads nowhere is shown with the nearest value around it. What is known to be a secret is shown
/// nowhere, in the lines of its neighbours neither.
#[must_use]
pub fn render(source: &Source, diagnostics: &[Finding], colour: bool) -> String {
    let renderer = renderer(colour);
    let text = without_secrets(source, diagnostics);
    let blocks: Vec<String> = diagnostics
        .iter()
        .map(|finding| renderer.render(&[block(source, &text, finding)]))
        .collect();
    join(&blocks)
}

pub(super) fn render_faults(name: &str, text: &str, faults: &[Fault], colour: bool) -> String {
    let renderer = renderer(colour);
    let block = |fault: &Fault| {
        let title = Level::ERROR.primary_title(&fault.problem).id(SYNTAX);
        renderer.render(&[title.element(snippet(name, text, &fault.span, None))])
    };
    join(&faults.iter().map(block).collect::<Vec<_>>())
}

pub(super) fn finding_of_fault(fault: &Fault) -> Finding {
    Finding {
        severity: Severity::Error,
        code: SYNTAX.to_owned(),
        path: ".".to_owned(),
        part: Part::Value,
        problem: fault.problem.clone(),
        allowed: String::new(),
        hint: None,
    }
}

/// The text with a `*` for each byte of a secret, so that all else stays where it is.
fn without_secrets(source: &Source, diagnostics: &[Finding]) -> String {
    let secrets = diagnostics.iter().filter(|finding| finding.code == SECRET);
    let spans: Vec<_> = secrets.flat_map(|finding| source.spans(&finding.path)).collect();
    let is_secret = |at: usize| spans.iter().any(|span| span.contains(&at));
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

fn block<'a>(source: &'a Source, text: &'a str, finding: &'a Finding) -> Group<'a> {
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
            // Where the caret is not under the path itself, the path is what tells the place.
            let label = (!found.exact).then_some(finding.path.as_str());
            title.element(snippet(source.name(), text, &found.span, label))
        }
        None => title.element(Origin::path(source.name())).elements(path()),
    };
    let allowed = Some(&finding.allowed).filter(|allowed| !allowed.is_empty());
    block.elements(note("allowed", allowed)).elements(note("hint", finding.hint.as_ref()))
}

fn snippet<'a>(
    name: &'a str,
    text: &'a str,
    span: &Range<usize>,
    label: Option<&'a str>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let annotation = AnnotationKind::Primary.span(span.clone()).label(label);
    Snippet::source(text).path(name).annotation(annotation)
}

fn note<'a>(name: &'a str, text: Option<&'a String>) -> Option<annotate_snippets::Message<'a>> {
    text.map(|text| Level::NOTE.with_name(name).message(text))
}

/// Both count from 1.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Whether the path names the document and nothing in it.
fn is_document(path: &str) -> bool {
    path.is_empty() || path == "."
}

fn renderer(colour: bool) -> Renderer {
    if colour { Renderer::styled() } else { Renderer::plain() }
}

fn join(blocks: &[String]) -> String {
    let ended = blocks.iter().map(|block| format!("{}\n", block.trim_end()));
    ended.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
