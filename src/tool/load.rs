//! Reads a file into a config, or into everything that is wrong with it.

use super::finding::{Finding, Severity};
use super::render::render;
use super::source::Source;
use super::terminal::Terminal;
use super::text::count;
use super::tree::Part;
use crate::config::{self, AcceptedAdvice, Advice, Code, Config, Diagnostic};
use crate::controller::table_too_large;
use crate::time::Timestamp;
use std::fs::File;
use std::io::{self, Read};

/// Largest file that is read. It exceeds the edge's limit, because comments are dropped before the
/// edge.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The argument for standard input, and its name in diagnostics.
const STDIN: (&str, &str) = ("-", "<stdin>");

/// What is said of a file in the encoding of some shells and editors.
pub(super) const UTF_16: &str =
    "it is UTF-16 (it begins with the byte-order mark of that): save it as UTF-8";

/// Whether a file begins with the byte-order mark of UTF-16.
pub(super) fn is_utf_16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The config, if it is valid.
    pub(super) valid: Option<ValidConfig>,
    /// Its errors and warnings.
    pub(super) findings: Vec<Finding>,
    /// The warnings that the config accepts.
    pub(super) accepted: Vec<AcceptedAdvice>,
    /// How many more errors there are.
    pub(super) unlisted: usize,
    /// The same as text, each with its line.
    pub(super) rendered: String,
}

/// A config that the edge would accept.
#[derive(Debug)]
pub(super) struct ValidConfig {
    pub(super) config: Config,
    /// Its canonical JSON.
    pub(super) canonical: String,
}

/// The name of a file in diagnostics.
pub(super) fn name(path: &str) -> &str {
    if path == STDIN.0 { STDIN.1 } else { path }
}

/// Reads a file, or standard input for `-`. Errors: why it cannot be read.
pub(super) fn text(path: &str, terminal: &mut Terminal<'_>) -> Result<String, String> {
    let read = if path == STDIN.0 {
        bounded(&mut terminal.input)
    } else {
        File::open(path).and_then(|mut file| bounded(&mut file))
    };
    read.map_err(|error| format!("cannot read `{}`: {error}", name(path)))
}

/// Reads to the end. Errors: the input is too long or not UTF-8.
fn bounded(input: &mut dyn Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    input.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let limit = FILE_BYTES_MAX / (1024 * 1024);
        return Err(io::Error::other(format!("it is larger than {limit} MiB")));
    }
    if is_utf_16(&bytes) {
        return Err(io::Error::other(UTF_16));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))
}

/// Reads and checks a config by way of its canonical JSON, as the edge would.
pub(super) fn load(name: &str, text: &str, now: Timestamp, colour: bool) -> Loaded {
    let source = match Source::read(name, text) {
        Ok(source) => source,
        Err(unreadable) => {
            let (findings, rendered) = (unreadable.findings(), unreadable.render(colour));
            let (accepted, unlisted) = (Vec::new(), 0);
            return Loaded { valid: None, findings, accepted, unlisted, rendered };
        }
    };
    let canonical = config::canonical(&source.value);
    let fits = |config: Config| match table_too_large(&config) {
        None => Ok(config),
        Some(problem) => Err(problem.into()),
    };
    let mut accepted = Vec::new();
    let (valid, findings, unlisted): (_, Vec<Finding>, _) =
        match Config::parse(&canonical).and_then(fits) {
            Ok(config) => {
                let advised = config::advised(&config, now);
                let findings = advised.given.into_iter().map(warning).collect();
                accepted = advised.accepted;
                (Some(ValidConfig { config, canonical }), findings, 0)
            }
            Err(problems) => {
                let unlisted = problems.unlisted;
                (None, problems.into_iter().map(error).collect(), unlisted)
            }
        };
    let mut rendered = render(&source, &findings, colour);
    if unlisted > 0 {
        let more = count(unlisted, "more mistake");
        rendered.push_str(&["\nerror: ", &more, " not listed: mend these first\n"].concat());
    }
    Loaded { valid, findings, accepted, unlisted, rendered }
}

/// A warning or a note: what is valid but probably not meant, or what is good to know.
fn warning(advice: Advice) -> Finding {
    let Advice { path, code, problem, why, hint, also, more } = advice;
    let severity = if code.is_note() { Severity::Note } else { Severity::Warning };
    let (part, code) = (Part::Value, format!("{code:?}"));
    Finding {
        severity,
        code,
        path,
        part,
        problem: format!("{problem}: {why}"),
        allowed: String::new(),
        hint,
        also,
        more,
    }
}

fn error(problem: Diagnostic) -> Finding {
    let Diagnostic { path, code, problem, allowed, hint } = problem;
    let part = if code == Code::E011 { Part::Key } else { Part::Value };
    let code = format!("{code:?}");
    let severity = Severity::Error;
    Finding { severity, code, path, part, problem, allowed, hint, also: Vec::new(), more: 0 }
}
