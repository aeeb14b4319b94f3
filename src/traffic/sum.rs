//! What can be added up.

/// What can be added up.
pub trait Sum: Copy + Default {
    /// Adds others.
    fn add(&mut self, others: &Self);

    /// Whether there is nothing.
    fn is_empty(&self) -> bool;
}
