//! Our two cookies. One keeps a client with its region, the other says that it has just written.
//!
//! `__Host-` binds a cookie to this host and to TLS (RFC 6265bis §4.1.3.2). Each holds a signed
//! token ([`crate::steering::token`]); without a key none is set and none is read.

use crate::config::Affinity;
use crate::ids::RegionId;
use crate::residency::{COOKIE_BYTES_MAX, cookie_values};
use crate::routes::{Candidate, Serving};
use crate::steering::token::{Purpose, SigningKey, sign, verify};
use crate::time::{Millis, SECOND, Timestamp};

const AFFINITY: &str = "__Host-pointsman-region";
const WROTE: &str = "__Host-pointsman-wrote";

/// What the cookies of one request say.
#[derive(Debug, Default)]
pub(super) struct Cookies {
    /// The region that the client stays with, and for how long.
    pub(super) pinned: Option<(RegionId, Millis)>,
    /// Whether the client has just written.
    pub(super) wrote: bool,
}

impl Cookies {
    /// Reads the tokens that we signed and ignores everything else.
    pub(super) fn read(
        header: Option<&str>,
        service: &Serving,
        key: Option<&SigningKey>,
        now: Timestamp,
    ) -> Self {
        let (Some(header), Some(key)) = (header, key) else { return Self::default() };
        if header.len() > COOKIE_BYTES_MAX {
            return Self::default();
        }
        let token = |name, purpose| {
            let mut values = cookie_values(header, name);
            values.find_map(|value| verify(key, purpose, &service.id, value, now).ok())
        };
        let pinned = token(AFFINITY, Purpose::Affinity).filter(|_| goes_by_cookie(service));
        Self {
            pinned: pinned.map(|token| (token.region, token.until.since(now))),
            wrote: service.steering.read_your_writes_s > 0
                && token(WROTE, Purpose::ReadYourWrites).is_some(),
        }
    }

    /// The cookie that keeps the client with this region. `None` if the client has one in its first
    /// half of life, and for a draining region, which keeps its clients only until their cookies
    /// expire.
    pub(super) fn affinity(
        &self,
        region: &Candidate,
        service: &Serving,
        key: Option<&SigningKey>,
        now: Timestamp,
    ) -> Option<String> {
        let key = key.filter(|_| goes_by_cookie(service) && !region.entry.draining)?;
        let life_s: u64 = service.proxy.affinity_ttl_s.get().into();
        let stays = |(pinned, left_ms): &(RegionId, Millis)| {
            *pinned == region.entry.id && *left_ms > life_s * SECOND / 2
        };
        if self.pinned.as_ref().is_some_and(stays) {
            return None;
        }
        let until = now.plus(life_s * SECOND);
        Some(set(
            AFFINITY,
            &sign(key, Purpose::Affinity, &service.id, &region.entry.id, until),
            life_s,
        ))
    }
}

/// The cookie that makes a client read where it wrote.
pub(super) fn wrote(
    region: &Candidate,
    service: &Serving,
    key: Option<&SigningKey>,
    now: Timestamp,
) -> Option<String> {
    let life_s = service.steering.read_your_writes_s;
    let key = key.filter(|_| life_s > 0)?;
    let until = now.plus(life_s * SECOND);
    Some(set(
        WROTE,
        &sign(key, Purpose::ReadYourWrites, &service.id, &region.entry.id, until),
        life_s,
    ))
}

fn goes_by_cookie(service: &Serving) -> bool {
    service.steering.affinity == Affinity::Cookie
}

fn set(name: &str, value: &str, life_s: u64) -> String {
    format!("{name}={value}; Path=/; Max-Age={life_s}; Secure; HttpOnly; SameSite=Lax")
}
