//! Edits by other people between a client's read and its write.
//!
//! The API has no precondition header, so any client that reads and then writes can meet this. Each
//! edit waits for one GET. It is made together with that GET, whose reply shows the old state;
//! every later call sees the new one.
use super::world::World;

type Edit = Box<dyn FnOnce(&mut World) + Send>;

/// The waiting edits, in order.
#[derive(Default)]
pub(crate) struct Rivals {
    waiting: Vec<(String, Edit)>,
}

impl std::fmt::Debug for Rivals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.waiting.iter().map(|(prefix, _)| prefix)).finish()
    }
}

impl Rivals {
    pub(crate) fn wait_for(&mut self, path_prefix: &str, edit: Edit) {
        self.waiting.push((path_prefix.to_owned(), edit));
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes the first edit that waits for this path.
    pub(crate) fn take(&mut self, path: &str) -> Option<Edit> {
        let position = self.waiting.iter().position(|(prefix, _)| path.starts_with(prefix))?;
        Some(self.waiting.remove(position).1)
    }
}
