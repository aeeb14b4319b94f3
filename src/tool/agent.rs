//! The HTTP client of the commands that send a token.

use crate::time::Millis;
use std::time::Duration;
use ureq::Agent;

/// What the commands call themselves.
const USER_AGENT: &str = concat!("pointsman/", env!("CARGO_PKG_VERSION"));

/// A client that gives up after so long. Only to this machine does it speak without encryption.
pub(super) fn agent(is_local: bool, timeout_ms: Millis) -> Agent {
    let mut config = Agent::config_builder()
        .https_only(!is_local)
        // The token must not follow a redirect to another host.
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_millis(timeout_ms)))
        .user_agent(USER_AGENT);
    if is_local {
        // A proxy would see the token unencrypted.
        config = config.proxy(None);
    }
    config.build().new_agent()
}
