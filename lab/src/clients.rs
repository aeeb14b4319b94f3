//! Clients that send requests continuously, and the count of their results.

use crate::deployment::{BERLIN, CHICAGO, Client, SAO_PAULO, get};
use crate::edge::Edge;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// The interval between a client's requests.
const EVERY: Duration = Duration::from_millis(100);

/// The results of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that ended.
    pub requests: u64,
    /// Answers of a region.
    pub answered: u64,
    /// Refusals of the Worker, with a reason.
    pub refused: u64,
    /// All others: no answer, or an error without a reason.
    pub failed: u64,
    /// The slowest answer.
    pub slowest: Duration,
}

/// Three clients with ten requests a second each. They stop when this is dropped.
#[derive(Debug)]
pub struct Clients {
    tallies: Arc<Mutex<BTreeMap<&'static str, Tally>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Clients {
    /// Starts the clients.
    #[must_use]
    pub fn start(edge: &Arc<Edge>) -> Clients {
        let tallies = Arc::default();
        let tasks = [BERLIN, CHICAGO, SAO_PAULO]
            .map(|client| tokio::spawn(ask_for_ever(client, edge.clone(), Arc::clone(&tallies))));
        Clients { tallies, tasks: tasks.into() }
    }

    /// Their results so far, by name.
    #[must_use]
    pub fn tallies(&self) -> BTreeMap<&'static str, Tally> {
        lock(&self.tallies).clone()
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn ask_for_ever(
    client: Client,
    edge: Arc<Edge>,
    tallies: Arc<Mutex<BTreeMap<&'static str, Tally>>>,
) {
    let mut ticks = interval(EVERY);
    // Requests overlap, so one that waits for a failed region does not hold up the others.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let (edge, tallies) = (edge.clone(), tallies.clone());
        tokio::spawn(async move {
            let answer = get(&edge, client, "/api/orders").await;
            let mut tallies = lock(&tallies);
            let tally = tallies.entry(client.name).or_default();
            tally.requests += 1;
            match answer {
                Ok(answer) if answer.status == 200 && answer.region.is_some() => {
                    tally.answered += 1;
                    tally.slowest = tally.slowest.max(answer.took);
                }
                Ok(answer) if answer.problem().is_some() => tally.refused += 1,
                _ => tally.failed += 1,
            }
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
