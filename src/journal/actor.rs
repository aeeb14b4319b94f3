//! Who did something, and what somebody may do.

use crate::json::{fields, words};
use std::fmt;

/// Longest name of an actor, in bytes.
pub const ACTOR_BYTES_MAX: usize = 128;

words! {
    /// What somebody may do. Each may do what the ones before may.
    pub enum Role {
        /// Read everything.
        Viewer = "viewer",
        /// Move traffic and answer for it: drain, override, switch, declare, halt, acknowledge.
        Operator = "operator",
        /// Change what the law and the promises are, which is the config.
        Approver = "approver",
    }

    /// How an actor was recognised.
    pub enum Way {
        /// It is this Worker itself.
        System = "system",
        /// By a token of the admin API.
        Token = "token",
        /// By Cloudflare Access.
        Access = "access",
        /// By an edit of the config in KV, of which nobody knows whose it is.
        Config = "config",
    }
}

/// Who did something. No personal data: the name is that of a token, or the opaque subject of an
/// identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name, at most [`ACTOR_BYTES_MAX`] bytes.
    pub name: String,
    /// How it was recognised.
    pub way: Way,
}

fields!(Actor { name, way });

impl Actor {
    /// This Worker itself.
    #[must_use]
    pub fn system() -> Self {
        Self { name: "pointsman".to_owned(), way: Way::System }
    }

    /// Whoever edited the config in KV.
    #[must_use]
    pub fn config() -> Self {
        Self { name: "config".to_owned(), way: Way::Config }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.way {
            Way::System | Way::Config => f.write_str(&self.name),
            way => write!(f, "{} ({})", self.name, way.as_str()),
        }
    }
}
