//! A world shared by the API server, the DNS server and tests.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::world::World;

/// A handle to a world; clones share it.
#[derive(Clone, Debug)]
pub struct SharedWorld(Arc<Mutex<World>>);

impl SharedWorld {
    /// Shares a world.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    /// Locks the world to read or edit it. Drop the lock before the next `await`, because API calls
    /// wait for it.
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
