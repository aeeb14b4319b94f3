//! The account in memory, and what a person does in it.

use super::*;

pub(crate) use crate::cloudflare::model::{Account, Fate, text};

impl Account {
    /// A person disables an origin that is enabled. Returns whether there is one.
    pub(super) fn disable_by_hand(&mut self, pool: &str, origin: usize) -> Option<String> {
        let pool = self.pools.iter_mut().find(|row| text(row, "name") == pool)?;
        let origin = pool["origins"].as_array_mut()?.get_mut(origin)?;
        if origin["enabled"] == json!(false) {
            return None;
        }
        origin["enabled"] = json!(false);
        origin["disabled_at"] = json!(self.time);
        Some(text(origin, "address").to_owned())
    }
}
