//! A region's origin that breaks on command.
//!
//! One [`Region`] is one HTTP server on its own loopback port. It serves a health endpoint and
//! echoes everything else, so that a test sees which region a request reached and what arrived. Its
//! [`Mode`] can change while requests flow, and the failures are real: the kernel refuses
//! connections because nothing listens, a hang holds an accepted connection, a reset closes it in
//! the middle of a body. A mode also applies to open connections; otherwise a client with a
//! connection pool would not notice that its region failed.
mod handlers;
mod mode;
mod pages;
mod server;
mod shared;
mod socket;

pub use mode::Mode;

use anyhow::{Context, Result};
use shared::Shared;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The default path of the health endpoint.
pub const HEALTH_PATH: &str = "/api/health";

/// The request header in which a lab client names itself, so that a region can count its requests,
/// answered or not.
pub const CLIENT_HEADER: &str = "x-lab-client";
/// The request header in which the simulated network passes on the `Host` that was told: between it
/// and a region, `Host` is an address of loopback.
const HOST_HEADER: &str = "x-lab-host";

/// A running origin of one region. Ends when dropped.
#[derive(Debug)]
pub struct Region {
    shared: Arc<Shared>,
    port: u16,
    orders: mpsc::Sender<server::Order>,
    task: JoinHandle<()>,
}

/// Numbers of requests that arrived, including hung ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Requests for the health path.
    pub health: u64,
    /// All others.
    pub other: u64,
}

impl Region {
    /// Starts a healthy origin on a free port of loopback.
    ///
    /// **Errors**: no port is free.
    pub fn start(id: &str) -> Result<Region> {
        Self::start_at(id, HEALTH_PATH)
    }

    /// The same with another path for the health endpoint.
    ///
    /// **Errors**: no port is free, or `id` cannot stand in a response header.
    pub fn start_at(id: &str, health_path: &str) -> Result<Region> {
        let shared = Arc::new(Shared::new(id, health_path)?);
        let server = server::Server::bind(shared.clone())?;
        let port = server.port();
        let (orders, inbox) = mpsc::channel(1);
        let task = tokio::spawn(server.run(inbox));
        Ok(Region { shared, port, orders, task })
    }

    /// The region's id, as in the response header `x-lab-region`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.shared.id()
    }

    /// The port on 127.0.0.1; it stays the same in every mode.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the mode. It is in force when this returns: no later request meets the old one.
    ///
    /// **Errors**: another program took the port while it was released.
    pub async fn set(&self, mode: Mode) -> Result<()> {
        let (done, result) = oneshot::channel();
        let gone = "the region's server has stopped";
        self.orders.send(server::Order { mode, done }).await.context(gone)?;
        result.await.context(gone)?
    }

    /// The mode that was set last. A flapping region is `Flap` in both of its phases.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.shared.mode()
    }

    /// How many requests have arrived since the start.
    #[must_use]
    pub fn served(&self) -> Served {
        self.shared.served()
    }

    /// How many requests have arrived from a client, by its [`CLIENT_HEADER`].
    #[must_use]
    pub fn served_to(&self, client: &str) -> u64 {
        self.shared.served_to(client)
    }

    /// Every host that a probe has told this region, in order.
    #[must_use]
    pub fn hosts_of_probes(&self) -> Vec<String> {
        self.shared.hosts_of_probes()
    }

    /// Sets the replication lag that the health endpoint reports, in seconds; 0 at the start.
    pub fn set_replication_lag_s(&self, lag_s: u32) {
        self.shared.set_replication_lag_s(lag_s);
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        self.task.abort();
    }
}
