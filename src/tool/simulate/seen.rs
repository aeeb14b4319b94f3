//! What has happened in a simulation, for expectations and invariants.

use super::law::Breaches;
use crate::alert::Delivery;
use crate::ids::{RegionId, ServiceId};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What has happened so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Events, with their kinds and texts.
    pub(super) events: Vec<(Timestamp, String, String)>,
    /// Calls of the API that write, with all texts of their bodies.
    pub(super) writes: Vec<(Timestamp, String)>,
    /// Alerts that their receivers have taken.
    pub(super) alerts: Vec<(Timestamp, Delivery)>,
    /// Calls of hooks, with the step and what was said.
    pub(super) hooks: Vec<(Timestamp, String, String)>,
    /// Answers to acts that were not as the script has them.
    pub(super) mismatches: Vec<(String, String)>,
    /// The greatest epoch of each service.
    pub(super) epochs: BTreeMap<ServiceId, u64>,
    /// The greatest epoch that a hook of each service was called with.
    pub(super) called: BTreeMap<ServiceId, u64>,
    /// Promotions whose fence has answered 200.
    pub(super) fenced: BTreeSet<(ServiceId, u64)>,
    /// Regions that a hook has made the primary.
    pub(super) promoted: BTreeSet<(ServiceId, RegionId)>,
    pub(super) breaches: Breaches,
}
