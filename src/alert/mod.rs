//! Who is called for what, and how a call gets there exactly once.
//!
//! Two steps, each a value that is saved. The [`Book`] keeps every alert that is not over: what was
//! told to whom, what waits to be told, whether a person has acknowledged it. From it come
//! messages. The [`Outbox`] keeps every message until its receiver has taken it, and decides when
//! it is tried.
//!
//! A message is at least once on the way. It keeps its number for all tries, so a receiver that
//! knows messages by their number or alerts by their key gets it exactly once (ADR-0030). Slack has
//! no such thing: after a crash in the midst of a call a message may come twice, and says so.
//!
//! Nothing here has a secret but [`Delivery::request`], which makes what is sent.

mod body;
mod book;
mod delivery;
mod message;
mod outbox;
mod outcome;
mod quiet;
mod receivers;
mod report;

pub use book::{Book, Cause, OPEN_MAX, OpenAlert, Rules, Told};
pub use delivery::Delivery;
pub use message::{AlertAction, LINES_MAX, Message};
pub use outbox::{
    AT_ONCE_MAX, BACKOFF_MS, BACKOFF_MS_MAX, Entry, GIVE_UP_AFTER_MS, Lost, OUTBOX_MAX, Outbox,
    PACE_MS, RETRY_AFTER_MS_MAX,
};
pub use receivers::ReceiverState;
pub use report::{AlertsStatus, HeartbeatStatus, ReceiverStatus};
