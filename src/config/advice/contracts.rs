//! Promises that nothing can speak against.

use super::{AdviceCode, Adviser};
use crate::config::{BoundRole, ComponentKind, Service};
use crate::ids::ServiceId;

/// What the contract of a backup has to bound: what looks fresh may hold nothing.
const OF_A_BACKUP: [(BoundRole, &str); 3] = [
    (BoundRole::LastRun, "when the last run ended well"),
    (BoundRole::LastProof, "when a check or a test restore last passed"),
    (BoundRole::Size, "how much it holds"),
];

impl Adviser<'_> {
    pub(super) fn contracts(&mut self) {
        for (id, service) in &self.config.services {
            self.backups(id, service);
            self.live_traffic(id, service);
        }
    }

    fn backups(&mut self, id: &ServiceId, service: &Service) {
        let backups = service.components.iter();
        for (name, backup) in backups.filter(|(_, it)| it.kind == ComponentKind::Backup) {
            let missing = OF_A_BACKUP.iter().filter(|(role, _)| backup.bound_of(*role).is_none());
            let missing: Vec<String> =
                missing.map(|(role, what)| format!("`{}` ({what})", role.as_str())).collect();
            if missing.is_empty() {
                continue;
            }
            let path = format!("services.{id}.contract.components.{name}.bounds");
            let problem = format!("no bound of this backup is {}", missing.join(", "));
            let why = "a backup that runs each night and holds nothing keeps this contract";
            let hint = "publish these three, and bound each: `{ max_age_s = 90000, is = \
                        \"last_run\" }`";
            self.advise_with(&path, AdviceCode::W155, problem, why, Some(hint));
        }
    }

    /// The proxy alone sees requests.
    fn live_traffic(&mut self, id: &ServiceId, service: &Service) {
        if !service.hosts.is_empty() {
            return;
        }
        let availability = service.contract.is_some_and(|it| it.availability_of_100_000.is_some());
        let keys = [
            ("contract.availability", availability),
            ("failover.trigger", service.failover.trigger.is_some()),
        ];
        for (key, _) in keys.into_iter().filter(|(_, is_there)| *is_there) {
            let path = format!("services.{id}.{key}");
            let problem = "the proxy serves no host of this service".to_owned();
            let why = "its requests are counted by nobody, so this never speaks";
            let hint = "give the service `hosts`, or count its requests elsewhere";
            self.advise_with(&path, AdviceCode::W156, problem, why, Some(hint));
        }
    }
}
