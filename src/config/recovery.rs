//! How a service fails over, and what it promises.

use crate::time::Millis;

/// How a service fails over and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failover {
    /// Whether it is automatic.
    pub mode: FailoverMode,
    /// Percent of the clients at each stage of the way back, rising to 100.
    pub stages: Vec<u8>,
    /// How long each stage is watched.
    pub bake_ms: Millis,
    /// The hook that promotes another region to primary.
    pub promote: Option<Promote>,
}

/// Whether a failover is automatic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailoverMode {
    /// It is.
    Automatic,
    /// A person decides.
    Manual,
}

/// A hook that promotes a standby.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promote {
    /// The URL that is called.
    pub url: String,
    /// The largest lag of a standby that may be promoted, in seconds.
    pub max_lag_s: u32,
    /// Name of the secret that authorises the call.
    pub secret: Option<String>,
}

/// The recovery targets that a service promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// Longest time from a fault until another region serves.
    pub rto_ms: Option<Millis>,
    /// Most seconds of writes that may be lost.
    pub rpo_s: Option<u32>,
    /// Requests that must be answered, of 100,000.
    pub availability_of_100_000: Option<u32>,
}
