//! A text that is neither TOML nor JSON, with its syntax errors.

use super::excerpt::LineStarts;
use super::finding::{Finding, Severity};
use super::snippet::{join, renderer, snippet};
use super::tree::Part;
use annotate_snippets::Level;
use std::fmt;
use std::ops::Range;

/// The code of a syntax error.
const SYNTAX: &str = "E001";

/// A document that is neither TOML nor JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) faults: Vec<Fault>,
}

/// One syntax error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) span: Range<usize>,
    pub(super) problem: String,
}

impl Unreadable {
    /// One block per error, as [`render`](super::render()) prints them.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        render_faults(&self.name, &self.text, &self.faults, colour)
    }

    /// The same as findings, without lines.
    pub(super) fn findings(&self) -> Vec<Finding> {
        self.faults.iter().map(finding_of_fault).collect()
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Unreadable {}

fn render_faults(name: &str, text: &str, faults: &[Fault], colour: bool) -> String {
    let renderer = renderer(colour);
    let starts = LineStarts::of(text);
    let block = |fault: &Fault| {
        let title = Level::ERROR.primary_title(&fault.problem).id(SYNTAX);
        renderer.render(&[snippet(title, name, &starts.excerpt(text, &fault.span), None)])
    };
    join(&faults.iter().map(block).collect::<Vec<_>>())
}

fn finding_of_fault(fault: &Fault) -> Finding {
    Finding {
        severity: Severity::Error,
        code: SYNTAX.to_owned(),
        path: ".".to_owned(),
        part: Part::Value,
        problem: fault.problem.clone(),
        allowed: String::new(),
        hint: None,
        also: Vec::new(),
        more: 0,
    }
}
