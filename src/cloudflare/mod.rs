//! Setting the points at Cloudflare: read, diff, write only on difference.
//!
//! [`Desired`] is what config and health ask for, [`Observed`] is what the account says, and a
//! [`Plan`] is the sorted difference with a reason for each action and for each thing left undone.
//! They are different types, so that one is never taken for the other (invariant 4). [`Reconcile`]
//! drives all of it as a conversation: it says which API call to make next and is told the reply.
//! No socket is opened in this folder.
//!
//! Three promises:
//!
//! - **Foreign objects are invisible.** We touch only DNS records whose comment carries our marker,
//!   and in a pool only the `enabled` of origins whose address is one of ours.
//! - **What a person disabled stays disabled.** Before we disable an origin we write that down as a
//!   [`Hold`](crate::hold::Hold); without a hold we never enable one.
//! - **Others' fields survive.** A pool's `PATCH` replaces the whole `origins` array, so the array
//!   is read just before, one field of it is changed, everything else is sent back as it was, and
//!   the reply is checked.

mod call;
mod desired;
mod observed;
mod plan;
mod reconcile;
mod reply;

pub use call::{Call, Method};
pub use desired::{Desired, DesiredPool, DesiredRecords, Jurisdiction, Switch, desired};
pub use observed::{Observed, Pool, PoolOrigin, Record};
pub use plan::{Action, Plan, RECORDS_MAX, RecordOp, Withheld, plan};
pub use reconcile::{Next, Reconcile, Report};
pub use reply::{Failure, REPLY_BYTES_MAX, Reply};

/// What the comment of a DNS record begins with if the record is ours. The service's id follows.
pub const MARKER: &str = "pointsman:";
