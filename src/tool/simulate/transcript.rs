//! What a simulation tells: one line for each thing that happens, with its time since the beginning
//! of the scenario.

use crate::time::{Millis, SECOND, Timestamp};
use std::fmt::{self, Write as _};

/// Width of the word that says what a line is about.
const WORD_WIDTH: usize = 15;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) at: Timestamp,
    /// What it is about, such as `step`, `api`, or the kind of an event.
    pub(super) word: String,
    pub(super) text: String,
    /// Why, if that is said.
    pub(super) why: Option<String>,
}

/// The lines so far. What happens before the scenario begins is not told.
#[derive(Debug)]
pub(super) struct Transcript {
    pub(super) begins: Timestamp,
    pub(super) lines: Vec<Told>,
}

impl Transcript {
    pub(super) fn new(begins: Timestamp) -> Self {
        Self { begins, lines: Vec::new() }
    }

    pub(super) fn tell(&mut self, at: Timestamp, word: &str, text: impl Into<String>) {
        self.tell_why(at, word, text, None);
    }

    pub(super) fn tell_why(
        &mut self,
        at: Timestamp,
        word: &str,
        text: impl Into<String>,
        why: Option<String>,
    ) {
        if at >= self.begins {
            let (word, text) = (word.to_owned(), text.into());
            self.lines.push(Told { at, word, text, why });
        }
    }
}

/// So long after the beginning, such as `1:02:07.4`.
pub(super) fn clock(ms: Millis) -> String {
    let seconds = ms / SECOND;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours}:{minutes:02}:{:02}.{}", seconds % 60, ms % SECOND / 100)
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Told { at, word, text, why } in &self.lines {
            let mut line = String::new();
            let at = clock(at.since(self.begins));
            let _ = write!(line, "{at:>10}  {word:WORD_WIDTH$}  {text}");
            writeln!(f, "{}", line.trim_end())?;
            if let Some(why) = why {
                writeln!(f, "{:>10}  {:WORD_WIDTH$}  why: {why}", "", "")?;
            }
        }
        Ok(())
    }
}
