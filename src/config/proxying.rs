//! How the proxy treats the requests of a service. The config and the routing table use the same
//! shape.

use crate::json::{Within, shape, words};
use crate::residency::Pattern;
use crate::time::Millis;

/// The default of `retry_on`: statuses of gateways (502 to 504), and those by which Cloudflare says
/// that the origin could not be reached or gave no answer. A 500 is not one of them: it is the
/// application's answer to this request. Source:
/// developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors.
const RETRY_ON: [u32; 11] = [502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530];

shape! {
    /// How the proxy treats the requests of a service.
    pub struct Proxying {
        /// Most tries of one request, the first included.
        attempts: Within<1, 5> = Within(3),
        /// Statuses that mean that a region cannot serve. The next region is then tried, if that is
        /// safe.
        retry_on: Vec<Within<500, 599>> = RETRY_ON.map(Within).to_vec(),
        /// Percent of requests that may be retried, beyond a few that always may.
        retry_budget_percent: Within<0, 100> = Within(20),
        /// Whether a request that is slower than 95 in 100 is also sent to the next region.
        hedge: bool = false,
        /// Failures in a row after which the breaker of a region opens.
        breaker_failures: Within<1, 100> = Within(5),
        /// Success rate over ten seconds, in percent, below which the breaker of a region opens.
        breaker_success_percent: Within<0, 100> = Within(50),
        /// How long the affinity cookie keeps a client with its region.
        affinity_ttl_s: Within<60, 604_800> = Within(82_800),
        /// Paths whose responses are public. They are cached at the edge, and served marked as
        /// stale if no permitted region is usable.
        stale_paths: Vec<Pattern> = Vec::new(),
        /// How old such a response may be.
        stale_for_s: Within<1, 604_800> = Within(86_400),
        /// Longest time in which no byte of a body arrives, of a request's or of an answer's, in
        /// milliseconds; 0 if bodies may rest for as long as they like.
        body_idle_timeout_ms: Within<0, 300_000> = Within(60_000),
        /// Whether responses say which region served them and why: `X-Pointsman`, `Server-Timing`.
        debug_headers: bool = true,
        /// Whether an answer that leads clients to an origin's own name names the client's host
        /// instead: in `Location`, `Content-Location`, `Refresh`, `Link`, and in a cookie's
        /// `Domain`.
        rewrite_origin_host: bool = true,
        /// Where the rest of a download may come from that names no version.
        resume: Resume = Resume::Any,
        /// What the service is called on its public status page, `/.pointsman/public` at its own
        /// hosts; empty where it has none.
        status_page: String = String::new(),
    }
}

words! {
    /// Where the rest of a download may come from that names no version.
    pub enum Resume {
        /// From any region that serves the request.
        Any = "any",
        /// From the region in which it began, or from nowhere.
        SameVersion = "same_version",
    }
}

/// The defaults of the config.
impl Default for Proxying {
    fn default() -> Self {
        Self {
            attempts: Within(3),
            retry_on: RETRY_ON.map(Within).to_vec(),
            retry_budget_percent: Within(20),
            hedge: false,
            breaker_failures: Within(5),
            breaker_success_percent: Within(50),
            affinity_ttl_s: Within(82_800),
            stale_paths: Vec::new(),
            stale_for_s: Within(86_400),
            body_idle_timeout_ms: Within(60_000),
            debug_headers: true,
            rewrite_origin_host: true,
            resume: Resume::Any,
            status_page: String::new(),
        }
    }
}

impl Proxying {
    /// Longest time in which no byte of a body arrives; `None` if there is no such limit.
    #[must_use]
    pub fn body_idle_timeout_ms(&self) -> Option<Millis> {
        Some(self.body_idle_timeout_ms.get().into()).filter(|ms| *ms > 0)
    }

    /// Whether this status means that a region cannot serve.
    #[must_use]
    pub fn retries_on(&self, status: u16) -> bool {
        self.retry_on.iter().any(|listed| listed.get() == u32::from(status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn what_nobody_wrote_is_the_default() {
        let read: Proxying = json::from_value(&serde_json::json!({})).unwrap();
        assert_eq!(read, Proxying::default());
    }

    #[test]
    fn a_status_that_is_listed_is_tried_again() {
        let proxy = Proxying::default();
        let tried: Vec<u16> = (100..=999).filter(|status| proxy.retries_on(*status)).collect();
        assert_eq!(tried, [502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530]);
    }
}
