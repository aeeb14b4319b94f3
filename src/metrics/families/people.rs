//! What people have to know: incidents, orders, plans, drills, alerts.

use crate::metrics::family::{Group, Samples};
use crate::metrics::sources::Sources;
use crate::recovery::{Recovery, Stage};

pub(super) const GROUP: Group = Group {
    lines: "\
gauge incidents_open - Incidents that go on.
gauge service_incidents_open service Those that hurt a service.
gauge orders_in_force - Orders that are in force.
gauge recovery_stage service,stage Where its recovery stands: 1 for its stage.
gauge plan_under_way service Whether a plan moves a service.
gauge drill_under_way service Whether a service is drilled.
gauge alerts_open - Alerts that are not over.
gauge alerts_undelivered receiver Messages that a receiver has not taken yet.
gauge receiver_failing receiver Whether all last tries at a receiver failed.
gauge heartbeat_failing - Whether the last heartbeat was not taken.
counter otlp_exports_total result Pushes of metrics by OTLP: taken, or failed.",
    make,
};

fn make(s: &Sources<'_>, out: &mut Samples<'_>) {
    out.len("incidents_open", s.state.open_incidents().count());
    let in_force = s.state.orders.iter().filter(|order| order.is_in_force(s.now));
    out.len("orders_in_force", in_force.count());
    let drill = s.state.drills.under_way();
    for service in &s.services {
        let labels = [service.id.as_str()];
        let open = s.state.open_incidents_of(service.id).map(|_| 1).sum();
        out.count("service_incidents_open", &labels, open);
        let stage = service.recovery.map_or(Stage::Normal, |it| it.stage);
        out.one_of("recovery_stage", &labels, Stage::WORDS, stage.as_str());
        let plan = service.recovery.and_then(Recovery::under_way);
        out.flag("plan_under_way", &labels, plan.is_some());
        let is_drilled = drill.is_some_and(|drill| drill.service == *service.id);
        out.flag("drill_under_way", &labels, is_drilled);
    }
    let alerts = &s.status.alerts;
    out.len("alerts_open", alerts.open.len());
    for (id, receiver) in &alerts.receivers {
        let labels = [id.as_str()];
        out.count("alerts_undelivered", &labels, receiver.undelivered);
        out.flag("receiver_failing", &labels, receiver.failing_since.is_some());
    }
    if let Some(heartbeat) = &alerts.heartbeat {
        out.flag("heartbeat_failing", &[], heartbeat.last_failure.is_some());
    }
    out.count("otlp_exports_total", &["taken"], s.counters.exports);
    out.count("otlp_exports_total", &["failed"], s.counters.exports_failed);
}
