//! Other people who write at the worst moment: after a client's read and before its write.
//!
//! The API has no precondition header, so a client that reads, thinks and writes can always meet
//! this. Each edit waits for one GET. It is made in the same breath as the answer is taken from the
//! tables, so the client gets the old state and every later call the new one.
use super::world::World;

type Edit = Box<dyn FnOnce(&mut World) + Send>;

/// The edits that wait, in the order of their arrangement.
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

    /// Takes the first edit that waits for a read of this path.
    pub(crate) fn take(&mut self, path: &str) -> Option<Edit> {
        let position = self.waiting.iter().position(|(prefix, _)| path.starts_with(prefix))?;
        Some(self.waiting.remove(position).1)
    }
}
