//! How fast errors use up what the availability of a service allows.

use super::Case;
use super::page::tenths;
use crate::config::Service;
use crate::contract::burn::{self, Speed};
use crate::journal::EventKind;
use crate::traffic::Counts;

impl Case<'_> {
    /// Tells when errors begin to burn so fast, and when they no longer do. Of several speeds each
    /// is told for itself: a fast burn may end while a slow one goes on.
    pub(super) fn burns(&mut self, service: &Service) {
        let promised = service.contract.and_then(|contract| contract.availability_of_100_000);
        let Some(promised) = promised.filter(|_| !service.hosts.is_empty()) else {
            self.promises.burns.retain(|_, _| false);
            return;
        };
        for speed in Speed::ALL {
            let (long_ms, recent_ms) = speed.windows_ms();
            let (long, recent) = (self.counts(long_ms), self.counts(recent_ms));
            let is_burning = burn::is_burning(*speed, promised, &long, &recent);
            let since = self.promises.burns_since(*speed);
            match (is_burning, since) {
                (true, None) => self.begin_burn(*speed, promised, &long),
                (false, Some(since)) => {
                    self.promises.burns.remove(speed.as_str());
                    let kind = match speed.is_urgent() {
                        // It is over when no urgent speed is left.
                        true if self.burns_urgently() => continue,
                        true => EventKind::BurnOver,
                        false => EventKind::ContractKept,
                    };
                    let text = format!(
                        "{}: errors no longer use up its availability at {} times the rate that \
                         it allows, as they did since {since}",
                        self.id,
                        tenths(speed.tenths())
                    );
                    self.tell(kind, text);
                }
                _ => {}
            }
        }
    }

    fn burns_urgently(&self) -> bool {
        let mut urgent = Speed::ALL.iter().filter(|speed| speed.is_urgent());
        urgent.any(|speed| self.promises.burns_since(*speed).is_some())
    }

    fn begin_burn(&mut self, speed: Speed, promised: u32, long: &Counts) {
        self.promises.burns.insert(speed.as_str().to_owned(), self.view.now);
        let rate = burn::rate_tenths(promised, long).unwrap_or_default();
        let left = burn::left_of_1000(promised, &self.counts(burn::MONTH_MS)).unwrap_or(1_000);
        let text = format!(
            "{}: {} of {} requests failed; in {} errors use up its availability at {} times the \
             rate that it allows or more, at {} in the longer; of the budget of 30 days {} % is \
             left",
            self.id,
            long.failures,
            long.requests,
            speed.words(),
            tenths(speed.tenths()),
            tenths(rate),
            left.div_euclid(10)
        );
        let kind = if speed.is_urgent() { EventKind::Burn } else { EventKind::ContractBroken };
        self.tell(kind, text);
    }

    fn counts(&self, window_ms: u64) -> Counts {
        self.view.state.traffic.window(self.id, None, window_ms, self.view.now)
    }
}
