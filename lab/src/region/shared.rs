//! What the handlers of a region and its owner share.
use super::mode::Mode;
use super::{CLIENT_HEADER, HOST_HEADER, Served};
use anyhow::{Context, Result};
use axum::extract::Request;
use axum::http::HeaderValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// The mode, and counts of what arrived.
#[derive(Debug)]
pub(super) struct Shared {
    id: String,
    /// The id as the value of `x-lab-region`.
    pub(super) header: HeaderValue,
    pub(super) health_path: String,
    mode: Mutex<Mode>,
    replication_lag_s: AtomicU32,
    health: AtomicU64,
    other: AtomicU64,
    clients: Mutex<BTreeMap<String, u64>>,
    /// The hosts that probes told, as the simulated network passes them on.
    hosts_of_probes: Mutex<BTreeSet<String>>,
}

impl Shared {
    pub(super) fn new(id: &str, health_path: &str) -> Result<Self> {
        Ok(Self {
            id: id.to_owned(),
            header: id
                .parse()
                .with_context(|| format!("region id `{id}` is not a valid header value"))?,
            health_path: health_path.to_owned(),
            mode: Mutex::default(),
            replication_lag_s: AtomicU32::new(0),
            health: AtomicU64::new(0),
            other: AtomicU64::new(0),
            clients: Mutex::default(),
            hosts_of_probes: Mutex::default(),
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn mode(&self) -> Mode {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_mode(&self, mode: Mode) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    pub(super) fn replication_lag_s(&self) -> u32 {
        self.replication_lag_s.load(Relaxed)
    }

    pub(super) fn set_replication_lag_s(&self, lag_s: u32) {
        self.replication_lag_s.store(lag_s, Relaxed);
    }

    pub(super) fn served(&self) -> Served {
        Served { health: self.health.load(Relaxed), other: self.other.load(Relaxed) }
    }

    pub(super) fn served_to(&self, client: &str) -> u64 {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.get(client).copied().unwrap_or(0)
    }

    pub(super) fn hosts_of_probes(&self) -> Vec<String> {
        let hosts = self.hosts_of_probes.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.iter().cloned().collect()
    }

    /// Counts a request for its kind and its client.
    pub(super) fn count(&self, request: &Request) {
        let is_health = request.uri().path() == self.health_path;
        let counter = if is_health { &self.health } else { &self.other };
        counter.fetch_add(1, Relaxed);
        if let Some(host) = request.headers().get(HOST_HEADER).filter(|_| is_health) {
            let mut hosts = self.hosts_of_probes.lock().unwrap_or_else(PoisonError::into_inner);
            hosts.insert(String::from_utf8_lossy(host.as_bytes()).into_owned());
        }
        if let Some(client) = request.headers().get(CLIENT_HEADER).and_then(|c| c.to_str().ok()) {
            let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            *clients.entry(client.to_owned()).or_default() += 1;
        }
    }
}
