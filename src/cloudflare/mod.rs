//! Setting the points at Cloudflare: read, diff, write only on difference.
//!
//! [`Desired`] is what config and health ask for, [`Observed`] is what the account says, and a
//! [`Plan`] is the sorted difference with a reason for each action and for each thing left undone.
//! They are different types, so that one is never taken for the other (invariant 4). [`Reconcile`]
//! drives all of it as a conversation: it says which API call to make next and is told the reply.
//! No socket is opened in this folder.
//!
//! Four promises:
//!
//! - **Foreign objects are invisible.** We touch only DNS records whose comment carries our marker
//!   or which the config adopts, pools and balancers that the config names, and in a pool only what
//!   is said of origins whose address is one of ours.
//! - **What a person disabled stays disabled.** Before we disable something we write that down as a
//!   [`Hold`](crate::hold::Hold); without a hold we never enable anything.
//! - **Others' fields survive.** A pool's `PATCH` replaces the whole `origins` array, so the array
//!   is read just before, our fields of it are changed, everything else is sent back as it was, and
//!   the reply is checked. Of balancers, monitors and records only the fields that differ are sent.
//! - **The law comes first.** What leads out of a jurisdiction is mended before anything else, and
//!   nothing that would lead out of one is published.

mod call;
mod desired;
mod marker;
mod name;
mod observed;
mod plan;
mod reconcile;
mod reply;

pub use call::{Call, Method};
pub use desired::{
    Desired, DesiredBalancer, DesiredMonitor, DesiredPool, DesiredRecords, Jurisdiction,
    PoolMember, RecordMember, ServiceLoad, Switch, desired,
};
pub use marker::MARKER;
pub use observed::{
    Balancer, BalancerFields, LbMonitor, MonitorFields, Observed, Pool, PoolMatch, PoolOrigin,
    PoolSet, RandomSteering, Record, SetOverrides, Topology, Weight,
};
pub use plan::{
    Action, Change, Circumstances, Effect, FieldChange, OriginEdit, Parent, Plan, RecordOp,
    Urgency, Withheld, WithheldReason, plan,
};
pub use reconcile::{Allowance, AppliedAction, Next, PassInput, PassReport, Reconcile};
pub use reply::{ApiFailure, REPLY_BYTES_MAX, Reply};
