//! What we took out of service at Cloudflare, and so may put back.

use crate::json::fields;

/// The written promise behind a disabled origin: we did it, so we may undo it. Written down
/// **before** the call, so that a reply that is lost leaves a hold too many rather than an origin
/// that nobody dares to enable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hold {
    /// The account's id.
    pub account: String,
    /// The pool's name.
    pub pool: String,
    /// The origin's address.
    pub address: String,
}

fields!(Hold { account, pool, address });
