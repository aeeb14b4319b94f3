//! Whether a standby that is well would be promoted when it has to be.

use super::{AdviceCode, Adviser};
use crate::config::{Contract, Estate, Monitor, Promote, Service};
use crate::ids::ServiceId;
use crate::time::{Millis, SECOND, SKEW_MS_MAX};

/// The least age of a contact that may be refused: a replica of `PostgreSQL` that is idle and well
/// hears from its primary every 27 s, as measured.
const CONTACT_AGE_S_MIN: u32 = 30;
/// Probes that a reading of a standby waits for until it counts: its own, and one of the primary
/// that was begun after it.
const PROBES_UNTIL_COUNTED: u64 = 2;
/// How old the contact of a standby that is well may be when it is read.
const CONTACT_MS: Millis = 30 * SECOND;

impl Adviser<'_> {
    pub(super) fn promotion(&mut self) {
        let estate = Estate::of(self.config);
        for (id, service) in &self.config.services {
            let Some(promote) = &service.failover.promote else { continue };
            let path = format!("services.{id}.failover");
            self.contact_age(&path, promote);
            self.signatures(&path, promote);
            if promote.position_pointer.is_none() {
                let problem =
                    "nobody sees whether the position of a standby still moves".to_owned();
                let why = "a primary that answers no probe may go on to write; only the fence ends \
                           that";
                let hint = "add `position_pointer`";
                let path = format!("{path}.promote");
                self.advise_with(&path, AdviceCode::W153, problem, why, Some(hint));
            }
            self.provable(id, service, &estate);
        }
    }

    fn contact_age(&mut self, path: &str, promote: &Promote) {
        let max_s = promote.max_contact_age_s;
        if promote.contact_age_pointer.is_some() && max_s < CONTACT_AGE_S_MIN {
            let problem = format!("a contact may be {max_s} s old at most");
            let why = "replicas that are idle and well hear from their primary every 10 to 27 s, \
                       so they would be called unfit";
            let hint = "allow 30 s or more";
            let path = format!("{path}.promote.max_contact_age_s");
            self.advise_with(&path, AdviceCode::W150, problem, why, Some(hint));
        }
    }

    fn signatures(&mut self, path: &str, promote: &Promote) {
        for (key, _) in promote.hooks().filter(|(_, hook)| hook.secret.is_none()) {
            let problem = "the hook is called without a signature".to_owned();
            let why = "whoever finds its URL can have your databases promoted and fenced";
            let hint = "make a secret `whsec_…`, put it into the Worker, and name it in `secret`";
            let path = format!("{path}.{key}.url");
            self.advise_with(&path, AdviceCode::W152, problem, why, Some(hint));
        }
    }

    /// The gate counts from the last reading while the primary was up until the fence. What it
    /// cannot prove to be within the contract it refuses, although less may be lost.
    fn provable(&mut self, id: &ServiceId, service: &Service, estate: &Estate) {
        let Some(rpo_s) = service.contract.and_then(|Contract { rpo_s, .. }| rpo_s) else { return };
        let leaves = self.config.leaves(&service.monitor);
        let monitors = leaves.iter().filter_map(|leaf| self.config.monitors.get(leaf));
        let proved_ms = |monitor: &Monitor| {
            PROBES_UNTIL_COUNTED * monitor.interval_ms + estate.detection(monitor).total_ms()
        };
        let Some(longest) = monitors.map(proved_ms).max() else { return };
        let bound_s = (longest + CONTACT_MS + SKEW_MS_MAX).div_ceil(SECOND);
        if bound_s > u64::from(rpo_s) {
            let problem = format!(
                "{rpo_s} s may be lost, and in the worst case only {bound_s} s can be proved"
            );
            let why = "readings of a standby that are older than the fault count from their time, \
                       until the fault is detected; a promotion that cannot be proved is refused";
            let hint = "shorten `interval_s` of the monitor, raise `rpo_s`, or ask a person by \
                        `unknown = \"ask\"`";
            let path = format!("services.{id}.contract.rpo_s");
            self.advise_with(&path, AdviceCode::W151, problem, why, Some(hint));
        }
    }
}
