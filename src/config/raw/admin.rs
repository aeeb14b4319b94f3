//! The admin API.

use crate::config::ACTS_PER_MINUTE_DEFAULT;
use crate::ids::TokenId;
use crate::journal::Role;
use crate::json::{Within, shape};

shape! {
    /// The admin API: where it answers, and who may use it.
    pub(in crate::config) struct RawAdmin {
        /// Hosts where it answers, none of them a service's. If there is none, it answers at every
        /// host of the Worker that is no service's, such as `pointsman.NAME.workers.dev`.
        hosts: Vec<String> = Vec::new(),
        /// Whether our pages answer at the hosts of services too, which are your customers'.
        on_service_hosts: bool = false,
        /// Its tokens; `pointsman token new` makes them.
        tokens: Vec<RawToken> = Vec::new(),
        /// Applications of Cloudflare Access in front of it, for people.
        access: Vec<RawAccess> = Vec::new(),
        /// Most acts of one actor in a minute, in one isolate of the Worker.
        acts_per_minute: Within<1, 1_000_000> = Within(ACTS_PER_MINUTE_DEFAULT),
    }

    /// A token of the admin API.
    pub(in crate::config) struct RawToken {
        /// The name of whoever has it, in the audit chain; no name of a person.
        id: TokenId,
        /// What it may do.
        role: Role,
        /// Its SHA-256, in 64 hexadecimal digits.
        sha256: String,
    }

    /// An application of Cloudflare Access. Whoever it lets in has its role.
    pub(in crate::config) struct RawAccess {
        /// The domain of your team.
        team_domain: String,
        /// The application's audience tag.
        aud: String,
        /// What those may do whom it lets in.
        role: Role,
    }
}
