//! How the proxy treats the requests of a service. One shape for the config and for the routing
//! table: nothing here needs another form to decide by.

use crate::json::{Within, shape};
use crate::residency::Pattern;

/// Where the config does not say by which statuses a region says that it cannot: its gateways' own
/// (502 to 504), and those by which the edge says that it did not reach it. Source:
/// developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors.
const RETRY_ON: [u32; 9] = [502, 503, 504, 521, 522, 523, 525, 526, 530];

shape! {
    /// How the proxy treats the requests of a service.
    pub struct Proxying {
        /// Tries of one request, the first included.
        attempts: Within<1, 5> = Within(3),
        /// Statuses by which a region says that it cannot; the next one is tried then, where that
        /// is safe.
        retry_on: Vec<Within<500, 599>> = RETRY_ON.map(Within).to_vec(),
        /// How many requests in a hundred may be sent once more, beyond a few that always may.
        retry_budget_percent: Within<0, 100> = Within(20),
        /// Whether a request that is later than 95 in 100 is sent to the next region as well.
        hedge: bool = false,
        /// Failures in a row after which a region is left alone.
        breaker_failures: Within<1, 100> = Within(5),
        /// Share of good answers in ten seconds below which a region is left alone, in percent.
        breaker_success_percent: Within<0, 100> = Within(50),
        /// How long the affinity cookie keeps a client with its region.
        affinity_ttl_s: Within<60, 604_800> = Within(82_800),
        /// Paths whose answers are public: kept at the edge, and given, marked as old, when no
        /// permitted region is usable.
        stale_paths: Vec<Pattern> = Vec::new(),
        /// How old such an answer may be.
        stale_for_s: Within<1, 604_800> = Within(86_400),
        /// Whether answers say which region gave them and why: `X-Pointsman`, `Server-Timing`.
        debug_headers: bool = true,
    }
}

/// What the config means where it says nothing.
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
            debug_headers: true,
        }
    }
}

impl Proxying {
    /// Whether by this status a region says that it cannot.
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
        assert_eq!(tried, [502, 503, 504, 521, 522, 523, 525, 526, 530]);
    }
}
