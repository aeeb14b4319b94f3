//! The global rate limit: calls in five minutes, counted per user across all of the user's tokens.
//!
//! Exceeding it blocks every call of that user for the next whole period, including the operator's
//! dashboard. So a client needs its own budget well below the limit. Source: Cloudflare's page on
//! API rate limits.
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::envelope::{Failure, Reply};

/// How many calls a user may make in a period.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// Calls allowed in one period.
    pub calls: u32,
    /// Length of the period, and of the block after it is exceeded.
    pub period: Duration,
}

impl Default for RateLimit {
    /// 1,200 calls in 300 s.
    fn default() -> Self {
        Self { calls: 1200, period: Duration::from_mins(5) }
    }
}

#[derive(Clone, Copy, Debug)]
struct Usage {
    since: Instant,
    calls: u32,
    blocked_until: Option<Instant>,
}

/// The counters of all users.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    users: BTreeMap<String, Usage>,
    /// How far the limiter's clock is ahead of the machine's.
    ahead: Duration,
}

/// The result of counting a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowance {
    Granted { remaining: u32, resets_in: Duration },
    Blocked { retry_after: Duration },
}

impl Limiter {
    /// Advances the clock for all users.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.ahead = self.ahead.saturating_add(time);
    }

    /// Counts one call of a user.
    pub(crate) fn count(&mut self, limit: RateLimit, user: &str, now: Instant) -> Allowance {
        let now = now.checked_add(self.ahead).unwrap_or(now);
        let fresh = Usage { since: now, calls: 0, blocked_until: None };
        let usage = self.users.entry(user.to_owned()).or_insert(fresh);
        let expired = match usage.blocked_until {
            Some(until) => now >= until,
            None => now.duration_since(usage.since) >= limit.period,
        };
        if expired {
            *usage = fresh;
        }
        if usage.blocked_until.is_none() {
            usage.calls += 1;
            if usage.calls > limit.calls {
                usage.blocked_until = Some(now + limit.period);
            }
        }
        match usage.blocked_until {
            Some(until) => Allowance::Blocked { retry_after: until.duration_since(now) },
            None => Allowance::Granted {
                remaining: limit.calls - usage.calls,
                resets_in: limit.period.saturating_sub(now.duration_since(usage.since)),
            },
        }
    }
}

/// The rate limit headers of a reply.
pub(crate) fn headers(limit: RateLimit, allowance: Allowance) -> Vec<(&'static str, String)> {
    let (remaining, resets_in) = match allowance {
        Allowance::Granted { remaining, resets_in } => (remaining, resets_in),
        Allowance::Blocked { retry_after } => (0, retry_after),
    };
    let mut headers = vec![
        ("x-ratelimit-limit", limit.calls.to_string()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-reset", http_date(Timestamp::now(), resets_in)),
    ];
    if let Allowance::Blocked { retry_after } = allowance {
        headers.push(("retry-after", whole_seconds(retry_after).to_string()));
    }
    headers
}

/// The reply to a blocked call.
pub(crate) fn blocked(limit: RateLimit) -> Reply {
    let message = format!(
        "More than {} requests per {} seconds reached. \
         Please wait and consider throttling your request speed",
        limit.calls,
        whole_seconds(limit.period),
    );
    Failure::new(429, 971, message).into()
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

fn http_date(now: Timestamp, later: Duration) -> String {
    let at = now.checked_add(later).unwrap_or(now);
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { calls: 2, period: Duration::from_mins(5) };

    fn blocked(allowance: Allowance) -> bool {
        matches!(allowance, Allowance::Blocked { .. })
    }

    #[test]
    fn the_call_over_the_limit_blocks_for_a_whole_period() {
        let (mut limiter, start) = (Limiter::default(), Instant::now());
        assert!(!blocked(limiter.count(LIMIT, "a", start)));
        assert!(!blocked(limiter.count(LIMIT, "a", start + Duration::from_secs(200))));
        let third = limiter.count(LIMIT, "a", start + Duration::from_secs(250));
        assert_eq!(third, Allowance::Blocked { retry_after: Duration::from_mins(5) });
        assert!(blocked(limiter.count(LIMIT, "a", start + Duration::from_secs(549))));
        assert!(!blocked(limiter.count(LIMIT, "a", start + Duration::from_secs(550))));
    }

    #[test]
    fn users_do_not_share_a_limit_and_a_new_period_starts_afresh() {
        let (mut limiter, start) = (Limiter::default(), Instant::now());
        limiter.count(LIMIT, "a", start);
        limiter.count(LIMIT, "a", start);
        assert!(!blocked(limiter.count(LIMIT, "b", start)));
        assert!(!blocked(limiter.count(LIMIT, "a", start + Duration::from_mins(5))));
    }

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        assert_eq!(whole_seconds(Duration::from_millis(299_001)), 300);
        assert_eq!(whole_seconds(Duration::from_mins(5)), 300);
    }
}
