//! What the log should say about values in KV that the proxy cannot use.

use crate::fingerprint::Fingerprint;
use crate::ordered::Set;

/// How many notes are remembered as said.
pub const NOTES_MAX: usize = 256;

/// Notes for the log, each said once.
#[derive(Debug, Default)]
pub(super) struct Notes {
    unsaid: Vec<String>,
    said: Set<Fingerprint>,
}

impl Notes {
    /// Adds a note. `about` is what it is about, byte for byte: the same thing is noted once.
    pub(super) fn add(&mut self, about: &[&str], note: impl FnOnce() -> String) {
        let about = Fingerprint::of(about.join("\n").as_bytes());
        if self.said.contains(&about) {
            return;
        }
        if self.said.len() >= NOTES_MAX {
            self.said = Set::new();
        }
        self.said.insert(about);
        self.unsaid.push(note());
    }

    /// The notes that nobody has said yet.
    pub(super) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unsaid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_noted_once_until_too_many_are_remembered() {
        let mut notes = Notes::default();
        let add = |notes: &mut Notes, about: &str| notes.add(&[about], || about.to_owned());
        for _ in 0..2 {
            add(&mut notes, "a");
        }
        assert_eq!(notes.take(), ["a"]);
        (1..NOTES_MAX).for_each(|n| add(&mut notes, &n.to_string()));
        add(&mut notes, "a");
        assert_eq!(notes.take().len(), NOTES_MAX - 1, "it was said before");
        add(&mut notes, "one more");
        add(&mut notes, "a");
        assert_eq!(notes.take(), ["one more", "a"]);
    }
}
