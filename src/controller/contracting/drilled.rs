//! How long ago a service was last drilled.

use super::Case;
use crate::config::{DAY_MS, Service};
use crate::journal::EventKind;
use crate::time::Timestamp;

impl Case<'_> {
    /// Tells once that the last drill which moved clients and succeeded is older than is promised,
    /// and once that there was a new one. A service that was never drilled has as long from the
    /// moment on at which that was promised.
    pub(super) fn drills(&mut self, service: &Service) {
        let every_days = service.contract.and_then(|contract| contract.drill_every_days);
        let Some(every_days) = every_days else {
            (self.promises.drill_asked_since, self.promises.drill_overdue) = (None, None);
            return;
        };
        let now = self.view.now;
        let asked = *self.promises.drill_asked_since.get_or_insert(now);
        let last = self.view.state.drills.succeeded.get(self.id).copied();
        let since = last.unwrap_or(asked);
        let is_overdue = now.since(since) > u64::from(every_days).saturating_mul(DAY_MS);
        match (is_overdue, self.promises.drill_overdue) {
            (true, None) => {
                self.promises.drill_overdue = Some(now);
                let text = format!(
                    "{}: {}, and a drill every {every_days} days is promised",
                    self.id,
                    told(last, asked)
                );
                self.tell(EventKind::ContractBroken, text);
            }
            (false, Some(overdue)) => {
                self.promises.drill_overdue = None;
                let text = format!("{}: it was drilled again, overdue since {overdue}", self.id);
                self.tell(EventKind::ContractKept, text);
                self.tell_what_stays_broken();
            }
            _ => {}
        }
    }
}

fn told(last: Option<Timestamp>, asked: Timestamp) -> String {
    match last {
        Some(last) => format!("its last drill that succeeded ended at {last}"),
        None => format!("no drill of it has succeeded since that was promised at {asked}"),
    }
}
