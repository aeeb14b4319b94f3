//! Who is not called, and when nobody is.

use super::{AdviceCode, Adviser};
use crate::config::{Config, Receiver};
use crate::ids::ServiceId;
use crate::journal::EventKind;
use crate::time::{MINUTE, SECOND};

/// A run comes each minute, and may be a minute late.
const SILENCE_MS_MIN: u64 = 2 * MINUTE;

impl Adviser<'_> {
    pub(super) fn alerts(&mut self) {
        let config = self.config;
        if config.alerts.is_empty() {
            return;
        }
        for id in config.services.keys().filter(|id| !is_told_of(config, id)) {
            let problem = format!("nobody is called at once when a region of `{id}` is down");
            let why = "no receiver of tier 1 hears of `down` events of this service";
            let hint = "add the service to a receiver, or take its filters out";
            self.advise_with("alerts", AdviceCode::W122, problem, why, Some(hint));
        }
        let same = |a: &Receiver, b: &Receiver| {
            a.kind == b.kind && a.url_secret == b.url_secret && a.key_secret == b.key_secret
        };
        for (index, second) in config.alerts.iter().enumerate() {
            let is_second = second.escalate_after_ms.is_some();
            let mut first = config.alerts.iter().filter(|it| it.escalate_after_ms.is_none());
            if is_second && first.any(|first| same(first, second)) {
                let problem = "this receiver of tier 2 is one of tier 1 once more".to_owned();
                let why = "an alert that nobody acknowledges goes to the same place again";
                self.advise(&format!("alerts[{index}]"), AdviceCode::W122, problem, why);
            }
        }
        let watchdog = &config.watchdog;
        if watchdog.heartbeat_secret.is_none() {
            let problem = "nobody outside notices that no alert can be sent".to_owned();
            let why = "if the account or the Worker is gone, all is quiet";
            let hint = "set `watchdog.heartbeat_secret`, and let an external monitor watch";
            let code = AdviceCode::W126;
            self.advise_with("watchdog.heartbeat_secret", code, problem, why, Some(hint));
        }
        if let Some(ms) = watchdog.silent_after_ms.filter(|ms| *ms < SILENCE_MS_MIN) {
            let problem = format!("{} s without a run are taken for silence", ms / SECOND);
            let why = "runs come each minute and may be a minute late, so this calls for nothing";
            let code = AdviceCode::W127;
            self.advise("watchdog.silent_after_s", code, problem, why);
        }
    }
}

fn is_told_of(config: &Config, service: &ServiceId) -> bool {
    config.alerts.iter().any(|receiver| {
        receiver.escalate_after_ms.is_none()
            && receiver.hears_of(Some(service))
            && receiver.is_called_for(EventKind::Down)
    })
}
