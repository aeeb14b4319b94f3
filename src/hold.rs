//! What we disabled at Cloudflare and may therefore enable again.

use crate::json::fields;

/// The record that we disabled an origin, so we may enable it again. It is written **before** the
/// call: if the reply is lost, there may be a hold too many, but never a disabled origin without
/// one.
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
