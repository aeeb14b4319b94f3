//! When a client that we turn away should come back.
//!
//! Clients that heed `Retry-After` come at exactly that second. A number that is the same for all
//! would bring back everybody whom one outage turned away in the same second, as a wave onto the
//! region that has just recovered. So each request gets a number of its own.
//!
//! Source: RFC 9110 §10.2.3. A whole number of seconds is the form that every library reads: some
//! ignore a date, and some repeat at once after 0 or give up above 300.

use super::Response;
use crate::fingerprint::Fingerprint;

/// The shortest time that a client is asked to wait.
pub const RETRY_AFTER_S_MIN: u32 = 15;
/// The longest time that a client is asked to wait.
pub const RETRY_AFTER_S_MAX: u32 = 45;

/// The name of the header.
const RETRY_AFTER: &str = "retry-after";

/// How many seconds the client of a request should wait: from [`RETRY_AFTER_S_MIN`] to
/// [`RETRY_AFTER_S_MAX`], evenly spread over the requests, and the same for the same `request`.
#[must_use]
pub fn retry_after_s(request: &str) -> u32 {
    let choices = u64::from(RETRY_AFTER_S_MAX - RETRY_AFTER_S_MIN + 1);
    let extra = Fingerprint::of(request.as_bytes()).number() % choices;
    u32::try_from(extra).map_or(RETRY_AFTER_S_MAX, |extra| RETRY_AFTER_S_MIN + extra)
}

impl Response {
    /// Asks the client to come back, if another time may end otherwise: after 429, 502, 503 and
    /// 504. The answer has one `Retry-After` then and never two, of which each library makes
    /// something else. `request` is what tells this request from others, such as its id.
    #[must_use]
    pub fn with_retry_after(mut self, request: &str) -> Self {
        if matches!(self.status, 429 | 502..=504) {
            self.headers.retain(|(name, _)| *name != RETRY_AFTER);
            self.headers.push((RETRY_AFTER, retry_after_s(request).to_string()));
        }
        self
    }

    /// Whether it says already when to come back.
    #[must_use]
    pub fn has_retry_after(&self) -> bool {
        self.headers.iter().any(|(name, _)| *name == RETRY_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::document;
    use std::collections::BTreeMap;

    /// The id of a request, as the shell makes them: random, of version 4.
    fn id(number: u32) -> String {
        let spread = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("{number:08x}-0000-4000-8000-{:012x}", spread >> 16)
    }

    #[test]
    fn clients_are_asked_to_come_back_at_different_seconds_evenly() {
        let mut seconds: BTreeMap<u32, u32> = BTreeMap::new();
        for number in 0..31_000 {
            *seconds.entry(retry_after_s(&id(number))).or_default() += 1;
        }
        let (first, last) = (seconds.keys().next(), seconds.keys().next_back());
        assert_eq!((first, last), (Some(&RETRY_AFTER_S_MIN), Some(&RETRY_AFTER_S_MAX)));
        // 31 cells of 1,000 expected; five standard deviations are 156.
        for (second, clients) in seconds {
            assert!(clients.abs_diff(1_000) < 156, "{second} s: {clients} of 31,000");
        }
    }

    #[test]
    fn a_request_is_told_one_number_however_often_it_is_asked_about() {
        assert_eq!(retry_after_s(&id(7)), retry_after_s(&id(7)));
        assert!((1..=300).contains(&RETRY_AFTER_S_MIN) && (1..=300).contains(&RETRY_AFTER_S_MAX));
    }

    #[test]
    fn an_answer_that_another_time_may_change_has_one_retry_after_and_others_have_none() {
        for status in [200, 400, 401, 404, 428, 429, 430, 451, 500, 501, 502, 503, 504, 505, 508] {
            let mut response = document(status, String::new());
            response.headers.push(("retry-after", "86400".to_owned()));
            let told = response.with_retry_after(&id(1));
            let times: Vec<_> =
                told.headers.iter().filter(|(name, _)| *name == RETRY_AFTER).collect();
            let may_end_otherwise = matches!(status, 429 | 502 | 503 | 504);
            assert_eq!(times.len(), 1, "{status}");
            let own = retry_after_s(&id(1)).to_string();
            assert_eq!(times[0].1 == own, may_end_otherwise, "{status}");
        }
    }
}
