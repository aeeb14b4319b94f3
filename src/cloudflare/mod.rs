//! Keeps objects at Cloudflare as they should be: reads, compares, writes only differences.
//!
//! [`Desired`] is what config and health ask for, [`Observed`] is what the account says, and a
//! [`Plan`] is the sorted difference with a reason for each action and for each thing left undone.
//! They are different types, so one is never mistaken for the other (invariant 4). [`Reconcile`]
//! runs a pass as a conversation: it says which API calls to begin, up to six at once, and takes
//! their replies in whatever order they come. This folder opens no sockets.
//!
//! Four promises:
//!
//! - **Foreign objects are invisible.** We touch only DNS records that carry our marker or that the
//!   config adopts, pools and balancers that the config names, and inside a pool only origins whose
//!   address and port are in the config.
//! - **What a person disabled stays disabled.** We write down what we are about to disable, and
//!   keep a [`Hold`](crate::hold::Hold) once a reply or a later read shows that we did. We enable
//!   only what has one.
//! - **Others' fields survive.** A pool's `PATCH` replaces the whole `origins` array. So we read
//!   the array just before, change our fields, send the rest back unchanged and check the reply.
//!   For balancers, monitors and records we send only the fields that differ.
//! - **Residency comes first.** Anything that leads out of a jurisdiction is fixed before all else,
//!   and nothing that would lead out of one is published.

mod call;
mod desired;
mod endpoint;
mod marker;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod model;
mod name;
mod observed;
mod owned;
mod plan;
mod reconcile;
mod reply;

pub use call::{Call, Method};
pub use desired::{
    Desired, DesiredBalancer, DesiredMonitor, DesiredPool, DesiredRecords, Jurisdiction,
    PoolMember, RecordMember, ServiceLoad, Switch, desired,
};
pub use endpoint::Endpoint;
pub use marker::MARKER;
pub use observed::{
    Balancer, BalancerFields, LbMonitor, MonitorFields, Observed, Pool, PoolMatch, PoolOrigin,
    PoolSet, RandomSteering, Record, SetOverrides, Topology, Weight,
};
pub use plan::{
    Action, Change, Circumstances, Effect, FieldChange, Halts, Moved, OriginEdit, Parent, Plan,
    RecordOp, Urgency, Withheld, WithheldReason, plan,
};
pub use reconcile::{
    Allowance, AppliedAction, CALLS_AT_ONCE, CallNumber, Next, PassInput, PassReport, Readings,
    Reconcile, TOKEN,
};
pub use reply::{ApiFailure, REPLY_BYTES_MAX, Reply};
