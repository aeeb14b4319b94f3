//! What a decision looks at: the request, and what this isolate has measured.

use super::stable_hash::StableHash;
use crate::config::Affinity;
use crate::country::Country;
use crate::geo::{Area, LbRegion, Within};
use crate::latency::Location;
use crate::passive::Seen;
use crate::routes::{Candidate, Pin, Serving};
use crate::time::Timestamp;
use std::fmt;

/// What is known of a request.
#[derive(Clone, Copy)]
pub struct RequestFacts<'a> {
    /// The host that was asked for, in lower case, without a port.
    pub host: &'a str,
    /// The path as it was sent, without the query.
    pub path: &'a str,
    /// The method, in upper case.
    pub method: &'a str,
    /// The value of a header by its name in lower case.
    pub header: &'a dyn Fn(&str) -> Option<String>,
    /// The client's country, if known.
    pub country: Option<Country>,
    /// The code of the client's state, province or the like in its country, if known.
    pub subdivision: Option<&'a str>,
    /// The client's location, if known.
    pub location: Option<Location>,
    /// The Cloudflare data center that took the request.
    pub colo: Option<&'a str>,
    /// What identifies the client, if anything does.
    pub client: Option<StableHash>,
    /// The region that a verified affinity cookie names.
    pub pinned_region: Option<&'a str>,
    /// Whether a verified cookie says that the client has just written.
    pub wrote_just_now: bool,
    /// What KV says about the tenant, if [`super::needs_pin`] asks for it.
    pub kv_pin: KvPin<'a>,
    /// A random number of this request alone.
    pub seed: u64,
    /// The time.
    pub now: Timestamp,
}

impl fmt::Debug for RequestFacts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Leaves out headers and everything that identifies the client.
        f.debug_struct("RequestFacts")
            .field("host", &self.host)
            .field("method", &self.method)
            .field("country", &self.country)
            .finish_non_exhaustive()
    }
}

impl<'a> RequestFacts<'a> {
    /// A request for the root of `host` of which nothing else is known.
    #[must_use]
    pub fn new(host: &'a str) -> Self {
        Self {
            host,
            path: "/",
            method: "GET",
            header: &|_| None,
            country: None,
            subdivision: None,
            location: None,
            colo: None,
            client: None,
            pinned_region: None,
            wrote_just_now: false,
            kv_pin: KvPin::Unread,
            seed: 0,
            now: Timestamp::default(),
        }
    }

    /// Whether its method changes nothing.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        is_safe(self.method)
    }

    /// Cloudflare's load-balancing region of the client, if its country is known.
    pub(super) fn lb_region(&self) -> Option<LbRegion> {
        let longitude = self.location.map(Location::longitude);
        self.country?.lb_region(Within { subdivision: self.subdivision, longitude })
    }

    /// The area of the client, if its country is known.
    pub(super) fn area(&self) -> Option<Area> {
        let longitude = self.location.map(Location::longitude);
        self.country?.area(Within { subdivision: self.subdivision, longitude })
    }

    /// The region that the client's affinity cookie names. `None` where the service has no affinity
    /// by cookie, or no such region.
    pub(super) fn pinned_candidate<'t>(&self, service: &'t Serving) -> Option<&'t Candidate> {
        let region =
            self.pinned_region.filter(|_| service.steering.affinity == Affinity::Cookie)?;
        service.candidates.iter().find(|candidate| candidate.entry.id.as_str() == region)
    }
}

/// Whether a method changes nothing. Source: RFC 9110 §9.2.1.
#[must_use]
pub fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
}

/// What KV says about a tenant that the table does not name.
#[derive(Debug, Clone, Copy, Default)]
pub enum KvPin<'a> {
    /// It was not read, or could not be.
    #[default]
    Unread,
    /// There is no entry.
    Absent,
    /// The regions that the tenant may be in.
    Is(&'a Pin),
}

/// What this isolate has measured of the regions of the service. Empty at first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence<'e> {
    /// Each region, in failover order.
    pub seen: &'e [Seen],
    /// The region that was chosen last for clients like this one, by its index in the table.
    pub incumbent: Option<usize>,
}

impl<'e> Evidence<'e> {
    /// What was measured of a region.
    pub(super) fn of(&self, region: &Candidate) -> Option<&'e Seen> {
        self.seen.get(region.failover_index)
    }
}
