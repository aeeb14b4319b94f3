//! `explain --batch`: one JSON object per line in, one per line out.

use super::super::load::{UTF_16, is_utf_16};
use super::super::terminal::{CommandFailure, Exit, Terminal};
use super::super::text::count;
use super::case::Case;
use super::expect::Expectation;
use super::explainer::Explainer;
use super::object::object;
use super::report::Explanation;
use crate::ids::{RegionId, RuleId, ServiceId};
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};

/// Longest line that is read, in bytes.
const LINE_BYTES_MAX: u64 = 64 * 1024;
/// The byte-order mark that some editors write first.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// One decision, as printed.
#[derive(Debug, Serialize)]
struct Line<'l> {
    #[serde(rename = "line")]
    number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'l Value>,
    service: &'l Option<ServiceId>,
    regions: &'l [RegionId],
    how: &'l str,
    rules: Vec<&'l RuleId>,
    refusal: Option<&'l str>,
    status: Option<u16>,
    /// Whether it is as expected; absent without expectations.
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mismatches: Vec<String>,
}

/// A line that is not a case.
#[derive(Debug, Serialize)]
struct BadLine<'l> {
    #[serde(rename = "line")]
    number: u64,
    error: &'l str,
}

#[derive(Debug, Default)]
struct BatchTotals {
    cases: usize,
    expectations: usize,
    failed: usize,
    bad: usize,
}

pub(super) fn run(
    path: &str,
    explainer: &mut Explainer<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, CommandFailure> {
    let mut tally = BatchTotals::default();
    if path == "-" {
        each(&mut terminal.input, explainer, terminal.out, terminal.err, &mut tally)?;
    } else {
        let file = File::open(path);
        let file =
            file.map_err(|e| CommandFailure::usage(format_args!("cannot read `{path}`: {e}")))?;
        each(&mut BufReader::new(file), explainer, terminal.out, terminal.err, &mut tally)?;
    }
    terminal.out.flush()?;
    writeln!(terminal.err, "{tally}")?;
    Ok(if tally.bad > 0 { Exit::BadUsage } else { Exit::findings_if(tally.failed > 0) })
}

fn each(
    input: &mut dyn BufRead,
    explainer: &mut Explainer<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    tally: &mut BatchTotals,
) -> Result<(), CommandFailure> {
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        if input.take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut text)? == 0 {
            break;
        }
        let is_cut = text.len() as u64 > LINE_BYTES_MAX && text.last() != Some(&b'\n');
        if is_cut {
            input.skip_until(b'\n')?;
        }
        // Files that were joined have one at the start of each.
        let case = text.strip_prefix(BOM).unwrap_or(&text);
        if case.trim_ascii().is_empty() && !is_cut {
            continue;
        }
        tally.cases += 1;
        let done = if is_cut {
            Err(format!("more than {LINE_BYTES_MAX} bytes"))
        } else if line == 1 && is_utf_16(case) {
            Err(UTF_16.to_owned())
        } else {
            one(line, case, explainer, out, err, tally)
        };
        if let Err(error) = done {
            tally.bad += 1;
            writeln!(err, "line {line}: {error}")?;
            write_line(out, &BadLine { number: line, error: &error })?;
        }
    }
    Ok(())
}

/// Decides one line. Errors: why it is not a case.
fn one(
    line: u64,
    text: &[u8],
    explainer: &mut Explainer<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    tally: &mut BatchTotals,
) -> Result<(), String> {
    let case = read(text).map_err(|error| json_error(&error, text))?;
    case.expect.iter().try_for_each(|expect| expect.check(explainer.config))?;
    let report = explainer.explain(&case)?;
    let may_be_nobodys = case.expect.as_ref().is_some_and(Expectation::is_of_no_service);
    if report.service.is_none() && !may_be_nobodys {
        return Err(format!("no service has the host `{}`", report.host));
    }
    if let Some(odd) = case.odd_colo() {
        let _ = writeln!(err, "line {line}: warning: {odd}");
    }
    let mismatches = case.expect.as_ref().map(|expect| expect.mismatches(&report));
    tally.expectations += usize::from(mismatches.is_some());
    let ok = mismatches.as_ref().map(Vec::is_empty);
    let mismatches = mismatches.unwrap_or_default();
    if !mismatches.is_empty() {
        tally.failed += 1;
        let id = case.id.as_ref().map_or(String::new(), |id| format!(" {id}"));
        let _ = writeln!(err, "line {line}{id}: {}", mismatches.join("; "));
    }
    let decided = Line { ok, mismatches, ..Line::of(line, case.id.as_ref(), &report) };
    write_line(out, &decided).map_err(|error| error.to_string())
}

impl<'l> Line<'l> {
    fn of(number: u64, id: Option<&'l Value>, report: &'l Explanation) -> Self {
        Self {
            number,
            id,
            service: &report.service,
            regions: &report.regions,
            how: report.how,
            rules: report.rules.iter().map(|rule| &rule.id).collect(),
            refusal: report.refusal,
            status: report.status,
            ok: None,
            mismatches: Vec::new(),
        }
    }
}

fn read(text: &[u8]) -> serde_json::Result<Case> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let case = object(&mut reader)?;
    reader.end().map(|()| case)
}

/// The error in a line's JSON, without the line number, which is always 1.
fn json_error(error: &serde_json::Error, text: &[u8]) -> String {
    let at = text.get(error.column().saturating_sub(1)..).unwrap_or_default();
    let bom = if at.starts_with(BOM) { ": a byte-order mark (BOM) stands there" } else { "" };
    error.to_string().replace(" at line 1 column", " at column") + bom
}

fn write_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

impl std::fmt::Display for BatchTotals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cases, expectations, failed, bad } = self;
        let expected = count(*expectations, "expectation");
        write!(f, "{}, {expected}, {failed} failed", count(*cases, "case"))?;
        if *bad > 0 { write!(f, ", {bad} unreadable") } else { Ok(()) }
    }
}
