//! What is to happen, in the order of its instants.

use crate::alert::Delivery;
use crate::cloudflare::{Call, CallNumber};
use crate::config::Control;
use crate::controller::{Document, Heartbeat};
use crate::recovery::HookCall;
use crate::tick::{Probe, PublicCheck, RoundRequest, RunId};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// Something that is to happen.
#[derive(Debug)]
pub(super) enum Due {
    /// The next step of the script.
    Step,
    /// The minute of a cron run.
    Cron,
    /// A run asks for its next round.
    Round(RoundRequest),
    /// A run makes the probes of a round.
    Probes(Asked),
    /// Documents arrive in KV.
    Written(Life, Vec<Document>),
    /// A call of the API ends.
    Called(Life, CallNumber, Call),
    /// Calls of receivers end.
    Delivered(Life, Vec<Delivery>, Option<Heartbeat>),
    /// Calls of hooks end.
    Hooked(Life, Vec<HookCall>),
    /// Proxies tell what they have counted.
    Traffic,
    /// Something expected is looked at.
    Look,
}

/// Which life of the Controller began it: what an earlier one has begun comes to nothing.
pub(super) type Life = u32;

/// The probes of a round.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) run: RunId,
    pub(super) round: u32,
    pub(super) probes: Vec<Probe>,
    pub(super) controls: Vec<Control>,
    pub(super) check: Option<PublicCheck>,
}

/// What is due; of two things at one instant the one that was added first comes first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    due: BTreeMap<(Timestamp, u64), Due>,
    added: u64,
}

impl Queue {
    pub(super) fn add(&mut self, at: Timestamp, due: Due) {
        self.added = self.added.saturating_add(1);
        self.due.insert((at, self.added), due);
    }

    /// When the next thing is due.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    pub(super) fn take(&mut self) -> Option<(Timestamp, Due)> {
        self.due.pop_first().map(|((at, _), due)| (at, due))
    }
}
