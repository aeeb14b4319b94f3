//! What a command is given of the world, and how it ends.

use crate::time::Timestamp;
use std::fmt;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

/// The streams, the clock and the environment of one run.
pub struct Terminal<'t> {
    /// Where `-` is read from.
    pub input: &'t mut dyn BufRead,
    /// Where results go.
    pub out: &'t mut dyn Write,
    /// Where diagnostics, errors and the totals of a batch go.
    pub err: &'t mut dyn Write,
    /// Whether diagnostics may have colours.
    pub colour: bool,
    /// The time.
    pub clock: &'t dyn Fn() -> Timestamp,
    /// A variable of the environment, by its name.
    pub variable: &'t dyn Fn(&str) -> Option<String>,
}

impl fmt::Debug for Terminal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("colour", &self.colour).finish_non_exhaustive()
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// There is nothing to object to.
    Fine,
    /// Something was found: a mistake, a broken proof, an expectation that failed, a change to
    /// make.
    Findings,
    /// The command could not do its work: bad arguments, a file or an account that does not read.
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
    /// It was asked for something that makes no sense; the text is told as it is.
    Usage(String),
    /// Nobody takes its output any more, or nowhere is left to put it.
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
    /// Says why. Nobody is left to hear it where writing that fails too.
    pub(super) fn give_up(&mut self, failure: &CommandFailure) -> Exit {
        let _ = match failure {
            CommandFailure::Usage(text) => self.err.write_all(text.as_bytes()),
            // Whoever closed the pipe, as `head` does, has seen enough.
            CommandFailure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            CommandFailure::Output(error) => writeln!(self.err, "error: {error}"),
        };
        Exit::BadUsage
    }
}
