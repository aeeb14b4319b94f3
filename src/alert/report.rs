//! How alerts stand, for `status`.

use crate::config::ReceiverKind;
use crate::ids::ReceiverId;
use crate::json::fields;
use crate::ordered::Map;
use crate::time::Timestamp;

/// How alerts stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertsStatus {
    /// The keys of alerts that are not over.
    pub open: Vec<String>,
    /// Messages that no receiver has taken yet.
    pub undelivered: u64,
    /// Messages that were lost for want of room.
    pub dropped: u64,
    /// The receivers of the config, by id.
    pub receivers: Map<ReceiverId, ReceiverStatus>,
    /// The calls that an external monitor watches for. Only in the live answer.
    pub heartbeat: Option<HeartbeatStatus>,
}

/// How one receiver stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverStatus {
    /// Its kind.
    pub kind: ReceiverKind,
    /// Messages that it has not taken yet.
    pub undelivered: u64,
    /// When the oldest of them was made.
    pub oldest_at: Option<Timestamp>,
    /// Messages that it took.
    pub delivered: u64,
    /// When it took the last one.
    pub delivered_at: Option<Timestamp>,
    /// Messages that were given up.
    pub given_up: u64,
    /// Since when all tries have failed.
    pub failing_since: Option<Timestamp>,
    /// How the last one failed.
    pub last_failure: Option<String>,
}

/// The calls that an external monitor watches for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeartbeatStatus {
    /// When the monitor last took one.
    pub taken_at: Option<Timestamp>,
    /// How the last one failed; absent if it did not.
    pub last_failure: Option<String>,
}

fields!(AlertsStatus {
    open = Vec::new(),
    undelivered = 0,
    dropped = 0,
    receivers = Map::new(),
    heartbeat if any,
});
fields!(ReceiverStatus {
    kind,
    undelivered = 0,
    oldest_at if any,
    delivered = 0,
    delivered_at if any,
    given_up = 0,
    failing_since if any,
    last_failure if any,
});
fields!(HeartbeatStatus { taken_at, last_failure if any });

impl AlertsStatus {
    /// What of it is news: not each message that comes and goes.
    #[must_use]
    pub fn substance(&self) -> Self {
        let mut it = self.clone();
        (it.undelivered, it.heartbeat) = (0, None);
        for receiver in it.receivers.values_mut() {
            (receiver.undelivered, receiver.oldest_at) = (0, None);
            (receiver.delivered, receiver.delivered_at) = (0, None);
            receiver.last_failure = None;
        }
        it
    }
}
