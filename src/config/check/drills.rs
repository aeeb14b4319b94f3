//! Drills by schedule, and the times in which none begins.

use super::{Checker, item, under};
use crate::config::Service;
use crate::config::diagnostic::Code;
use crate::config::drills::{
    BLOCKED_MAX, Blocked, BlockedWhen, DRILL_SCHEDULES_MAX, DrillKind, DrillSchedule,
};
use crate::config::raw::{RawBlocked, RawDrill};
use crate::ids::ServiceId;
use crate::ordered::Map;

impl Checker<'_> {
    pub(super) fn drills(
        &mut self,
        raw: &[RawDrill],
        services: &Map<ServiceId, Service>,
    ) -> Vec<DrillSchedule> {
        let mut drills: Vec<DrillSchedule> = Vec::new();
        for (index, drill) in self.bounded("drills", raw, DRILL_SCHEDULES_MAX) {
            let path = item("drills", index);
            if drills.iter().any(|other| other.id == drill.id) {
                self.twice(under(&path, "id"), drill.id.as_str());
            }
            self.place_of(&path, drill, services);
            drills.push(DrillSchedule {
                id: drill.id.clone(),
                service: drill.service.clone(),
                kind: drill.kind,
                region: drill.region.clone(),
                every_days: drill.every_days.get(),
                at_ms: drill.at.ms(),
                weekdays: drill.weekdays.clone(),
            });
        }
        drills
    }

    fn place_of(&mut self, path: &str, drill: &RawDrill, services: &Map<ServiceId, Service>) {
        let Some(service) = services.get(&drill.service) else {
            let known = services.keys().map(ServiceId::as_str);
            self.unknown(&under(path, "service"), "a service", drill.service.as_str(), known);
            return;
        };
        if let Some(region) = drill.region.as_ref().filter(|it| !service.regions.contains(it)) {
            let known = service.regions.iter().map(crate::ids::RegionId::as_str);
            let what = "a region of the service";
            self.unknown(&under(path, "region"), what, region.as_str(), known);
        }
        if drill.kind == DrillKind::Canary && !service.has_shares() {
            let problem = format!(
                "nothing divides the clients of `{}`: it has no hosts, and no pool with weights",
                drill.service
            );
            let allowed = "`full`, `decision` or `plan`";
            self.report(under(path, "kind"), Code::E014, problem, allowed);
        }
    }

    pub(super) fn blocked(&mut self, raw: &[RawBlocked]) -> Vec<Blocked> {
        let mut blocked = Vec::new();
        for (index, times) in self.bounded("blocked", raw, BLOCKED_MAX) {
            let when = self.blocked_when(&item("blocked", index), times);
            blocked.extend(when.map(|when| Blocked { when, reason: times.reason.clone() }));
        }
        blocked
    }

    fn blocked_when(&mut self, path: &str, raw: &RawBlocked) -> Option<BlockedWhen> {
        let RawBlocked { from, until, weekdays, .. } = raw;
        if let Some((from_ms, until_ms)) = from.time_ms().zip(until.time_ms()) {
            let weekdays = weekdays.clone();
            return Some(BlockedWhen::Weekly { weekdays, from_ms, until_ms });
        }
        let allowed = "two times of the day such as `22:00`, or two instants such as \
                       `2026-12-20T00:00:00Z` without `weekdays`";
        let Some((from, until)) = from.instant().zip(until.instant()) else {
            let problem =
                format!("`{}` and `{}` are not two of a kind", from.as_ref(), until.as_ref());
            self.report(path, Code::E014, problem, allowed);
            return None;
        };
        if !weekdays.is_empty() {
            let problem = "what happens once has no days of the week";
            self.report(under(path, "weekdays"), Code::E014, problem, allowed);
        }
        if until <= from {
            let problem = format!("it would end at {until}, before it begins at {from}");
            self.report(under(path, "until"), Code::E014, problem, "an instant after `from`");
        }
        Some(BlockedWhen::Once { from, until })
    }
}
