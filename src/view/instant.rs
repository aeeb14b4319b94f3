//! Config and state at one instant.

use crate::config::Config;
use crate::state::State;
use crate::time::Timestamp;

/// What the operator wrote and what is remembered, as of one instant.
#[derive(Debug)]
pub struct View<'a> {
    /// What the operator wrote.
    pub config: &'a Config,
    /// What is remembered.
    pub state: &'a State,
    /// The instant.
    pub now: Timestamp,
}

impl<'a> View<'a> {
    /// How everything stands at `now`.
    #[must_use]
    pub fn new(config: &'a Config, state: &'a State, now: Timestamp) -> Self {
        Self { config, state, now }
    }
}
