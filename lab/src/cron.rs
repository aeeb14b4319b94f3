//! The cron trigger: one run a minute until dropped.

use crate::deployment::now_ms;
use crate::edge::Edge;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

const EVERY: Duration = Duration::from_mins(1);

/// Fires the cron handler now and then every minute. Ends when dropped.
#[derive(Debug)]
pub struct Cron(JoinHandle<()>);

impl Cron {
    /// Starts firing. Failed runs appear in the Worker's log.
    #[must_use]
    pub fn start(edge: Arc<Edge>) -> Cron {
        Cron(tokio::spawn(async move {
            let mut minutes = interval(EVERY);
            minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                minutes.tick().await;
                let edge = edge.clone();
                // Not awaited here: a run may reach into the next minute, as in production.
                tokio::spawn(async move { edge.run_cron(now_ms()).await });
            }
        }))
    }
}

impl Drop for Cron {
    fn drop(&mut self) {
        self.0.abort();
    }
}
