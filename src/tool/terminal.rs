//! What a command gets from its environment, and how it ends.

use crate::time::Timestamp;
use std::fmt;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

/// The streams, the clock and the environment of one run.
pub struct Terminal<'t> {
    /// Standard input, for `-`.
    pub input: &'t mut dyn BufRead,
    /// Receives results.
    pub out: &'t mut dyn Write,
    /// Receives diagnostics, errors and the totals of a batch.
    pub err: &'t mut dyn Write,
    /// Whether diagnostics are coloured.
    pub colour: bool,
    /// The clock.
    pub clock: &'t dyn Fn() -> Timestamp,
    /// Reads an environment variable.
    pub variable: &'t dyn Fn(&str) -> Option<String>,
}

impl Terminal<'_> {
    /// Asks whether to go on. Only a plain yes is one; so is the end of the input a no.
    pub(super) fn agrees(&mut self, question: &str) -> Result<bool, CommandFailure> {
        write!(self.out, "{question} [y/N] ")?;
        self.out.flush()?;
        let mut answer = String::new();
        self.input.read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

impl fmt::Debug for Terminal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("colour", &self.colour).finish_non_exhaustive()
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// No findings.
    Fine,
    /// A finding: an error, a broken proof, a failed expectation, a change to make.
    Findings,
    /// The command could not run: bad arguments, an unreadable file or account.
    BadUsage,
}

impl Exit {
    /// 0, 1 or 2.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Findings => 1,
            Self::BadUsage => 2,
        }
    }

    pub(super) fn findings_if(found: bool) -> Self {
        if found { Self::Findings } else { Self::Fine }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a command stopped.
#[derive(Debug)]
pub(super) enum CommandFailure {
    /// Bad usage, with the text to print.
    Usage(String),
    /// The output could not be written.
    Output(io::Error),
}

impl CommandFailure {
    pub(super) fn usage(text: impl fmt::Display) -> Self {
        Self::Usage(format!("error: {text}\n"))
    }
}

impl From<io::Error> for CommandFailure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Terminal<'_> {
    /// Prints the failure. An error while printing is ignored.
    pub(super) fn give_up(&mut self, failure: &CommandFailure) -> Exit {
        let _ = match failure {
            CommandFailure::Usage(text) => self.err.write_all(text.as_bytes()),
            // The reader closed the pipe, as `head` does.
            CommandFailure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            CommandFailure::Output(error) => writeln!(self.err, "error: {error}"),
        };
        Exit::BadUsage
    }
}
