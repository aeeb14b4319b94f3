//! What people ask the Controller to do.
//!
//! An [`Act`] is one thing that a person does. Some are done at once, such as an acknowledgement.
//! The others become an [`Order`], which stays in force until it is lifted or its time is over. An
//! order is a wish about traffic and never a permit: the law and the guards stand above it. What
//! the orders that are in force say is asked of [`Orders`].

mod act;
mod effect;
mod query;
mod remembered;
mod words;

pub use act::{Act, ActRefusal, ActReply, ActRequest, Acted, Order, RefusalCode};
pub use effect::{Orders, is_muted};
pub use query::{Look, News, Query};
pub use remembered::{KEY_BYTES_MAX, KEYS_MAX, KEYS_MS, Remembered};
