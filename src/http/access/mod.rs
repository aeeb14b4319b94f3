//! People who come by way of Cloudflare Access.
//!
//! Access puts itself in front of a host, and adds a signed statement to each request that it lets
//! through: a JSON Web Token in `Cf-Access-Jwt-Assertion`. Whoever can reach the Worker past Access
//! can send that header too, so it counts only with a signature by one of the team's keys, for one
//! of the applications that the config names.
//!
//! Here is everything but the arithmetic of the signature and the fetch of the keys, which the
//! runtime does: [`Assertion`] is the statement, [`KeyCache`] says which keys there are and when to
//! ask for them again. Only RS256 is read, whatever the statement asks for. No e-mail address and
//! no name is kept: a person is known by the opaque subject that Access gives them.
//!
//! Source: developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/
//! authorization-cookie; RFC 7515, RFC 7517, RFC 7519, RFC 8725 for what to be wary of.

mod assertion;
mod keys;

pub use assertion::{ASSERTION_BYTES_MAX, Assertion, BadAssertion, Identity, LEEWAY_MS};
pub use keys::{
    BadKeys, KEYS_BYTES_MAX, KEYS_FLOOR_MS, KEYS_MAX, KEYS_MS, KEYS_PATH, KEYS_TIMEOUT_MS,
    KeyCache, KeySet, Look, PublicKey,
};
