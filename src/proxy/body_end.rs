//! Answers that break off behind their head.
//!
//! A region that sends a head counts as one that served. If the rest does not follow, that word is
//! taken back.

use super::isolate::Isolate;
use super::service::limits;
use super::token::Token;
use super::try_end::BodyEnd;
use crate::passive::LostBody;
use crate::time::Timestamp;

impl Isolate {
    /// Folds in that the body of an answer is not whole.
    pub fn body_lost(&mut self, token: Token, end: BodyEnd, now: Timestamp) {
        self.counts.bodies_lost += 1;
        let table = self.table.clone();
        let Some(service) = self.service_of(table.as_ref(), token) else { return };
        self.unsettle(Some(service));
        self.count_lost_body(service.index, token);
        self.note_lost_body(service.index, token);
        let (is_silent, silent_ms) = match end {
            BodyEnd::Stalled(ms) => (true, ms),
            BodyEnd::BrokeOff => (false, 0),
        };
        let since = Timestamp::from_millis(now.millis().saturating_sub(silent_ms));
        let mut is_known = false;
        self.learn(service.index, token, |seen, origin| {
            is_known = true;
            let lost = LostBody { origin, since, is_silent, now };
            seen.body_lost(lost, limits(&service.proxy));
        });
        if is_silent && is_known {
            self.looks.doubt();
        }
    }
}
