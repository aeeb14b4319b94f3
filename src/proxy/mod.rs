//! One request, from its facts to what is done with it.
//!
//! The way of a request is a conversation. The shell brings the facts of a request as one text and
//! is told one [`Step`]: send it there and wait so long, hand on the answer that you have, refuse
//! it. When a try has ended without an answer to hand on, the shell asks again, with the same facts
//! and the origins that were tried, and the request is **decided anew**, by the table and the
//! evidence of that moment. So a retry and a hedge pass the law as the first try did, and nothing
//! of a request is kept here between two questions: a client that hangs up leaves nothing behind.
//!
//! What is kept is the [`Isolate`]: the routing table and what was [seen](crate::passive) of each
//! region.

mod answer;
mod asked;
mod cookies;
mod forwarded;
mod isolate;
mod outcome;
mod refresh;
mod report;
mod service;
mod step;
mod ways;

pub use asked::{Asked, BadFacts, Body, FACTS_BYTES_MAX};
pub use isolate::{Counts, Isolate};
pub use outcome::{Brought, End, Said, Why, classify};
pub use refresh::{REFRESH_MS, Refresh, TOO_LONG_MS};
pub use step::{HOPS_MAX, Step, Try, UPLOAD_BYTES_PER_MS, UPLOAD_MS_MAX};
pub use ways::{Token, Way};

#[cfg(test)]
mod tests;
